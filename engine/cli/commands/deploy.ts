import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { writeWhole } from '../../files/whole-file.ts';
import { command, text } from '../command.ts';
import { releaseFiles } from '../deploy/release-files.ts';
import { tarGz } from '../deploy/tar.ts';
import { bytes } from '../words.ts';

export const deploy = command({
  name: 'deploy',
  options: { out: text('FILE', 'Where the packed release goes; .dumont/release.tgz if you do not say') },
  examples: [
    [
      'dumont deploy && npx pulumi up',
      'this version on your control host; the one there comes back if it does not answer',
    ],
  ],
  async run({ options, screen }) {
    const root = join(import.meta.dirname, '..', '..', '..');
    const file = resolve(options.out ?? join(root, '.dumont', 'release.tgz'));
    const files = releaseFiles(root);
    const packed = tarGz(files);
    const sha256 = createHash('sha256').update(packed).digest('hex');
    mkdirSync(dirname(file), { recursive: true });
    writeWhole(file, packed, { mode: 0o644 });
    if (screen.json) screen.printJson({ file, sha256, size_bytes: packed.length, files: files.length });
    else {
      screen.print(`Packed ${files.length} files, ${bytes(packed.length)}, as ${file}.`, `Its SHA-256 is ${sha256}.`);
      screen.note('Next: "npx pulumi up" puts it on the control host.');
    }
    return 0;
  },
});
