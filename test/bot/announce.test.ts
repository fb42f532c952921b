import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Talk } from '../../engine/domain/events.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { type Stage, stage } from './stage.ts';

const raised = (why: string): Talk => ({
  event: 'alert.raised',
  workspace: 'lab',
  kind: 'backups_failing',
  why,
  mend: '',
});
const resolved: Talk = { event: 'alert.resolved', workspace: 'lab', kind: 'backups_failing', why: '', forMs: 60_000 };
const texts = (s: Stage) => s.standin.messages(s.ops).map(({ message }) => message.content);

describe.concurrent('what is told', () => {
  test('is told once on a store that takes its time, is over when it is over, and is not told again by later starts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dumont-told-'));
    {
      await using rows = await openStore(folder);
      await using s = await stage({ rows });
      await s.restart(() => {
        s.fake.tell(raised('three backups in a row failed'));
        s.fake.tell(resolved);
        s.fake.tell(raised('four backups in a row failed'));
        s.fake.tell(raised('five backups in a row failed'));
      });
      await s.standin.until(() => texts(s).some((text) => text.startsWith('🔴')));
      expect(texts(s)).toHaveLength(1);
      s.fake.tell(resolved);
      await s.standin.until(() => texts(s).some((text) => text.startsWith('🟢')));
      await s.restart();
      await s.restart();
      s.fake.tell({ ...raised('it is late'), kind: 'backup_late' } as Talk);
      await s.standin.until(() => texts(s).some((text) => text.includes('a backup is late')));
      expect(texts(s)).toHaveLength(2);
    }
    await rm(folder, { recursive: true, force: true });
  });
});
