import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import { readIfThere, writeWhole } from '../../../files/whole-file.ts';

export interface HostKey {
  readonly privateKey: string;
  /** As in a .pub file, without a comment. */
  readonly publicKey: string;
  /** `SHA256:...` */
  readonly fingerprint: string;
}

/** The machine's own host key; made at its first start, the same at every later one. */
export function hostKeyOf(file: string): HostKey {
  const privateKey = readIfThere(file) ?? freshKey();
  writeWhole(file, privateKey);
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const bytes = parsed.getPublicSSH();
  return {
    privateKey,
    publicKey: `${parsed.type} ${bytes.toString('base64')}`,
    fingerprint: `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`,
  };
}

/** ssh2 spoils one key in 256, each whose public half begins with a zero: it then cannot read it back itself. */
function freshKey(): string {
  for (;;) {
    const { private: key } = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(key) instanceof Error)) return key;
  }
}
