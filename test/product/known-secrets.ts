import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ports, Storage } from '../../engine/domain/ports.ts';
import type { Dumont } from '../../engine/main.ts';

/** Whatever is given out while it runs. */
export function noteIssued(secrets: Map<string, string>): (ports: Ports) => Ports {
  return (ports) => ({
    ...ports,
    storage: Object.assign(Object.create(ports.storage) as Storage, {
      async issue(scope: Parameters<Storage['issue']>[0]) {
        const issued = await ports.storage.issue(scope);
        const of = `${scope.access} ${secrets.size}`;
        secrets.set(`issued key ${of}`, issued.secretAccessKey).set(`issued session ${of}`, issued.sessionToken);
        return issued;
      },
      async presign(...what: Parameters<Storage['presign']>) {
        const url = await ports.storage.presign(...what);
        secrets.set(`signed address ${secrets.size}`, new URL(url).searchParams.get('X-Amz-Signature') ?? '');
        return url;
      },
    }),
    heartbeats: {
      ...ports.heartbeats,
      tokenFor(machine, epoch) {
        const token = ports.heartbeats.tokenFor(machine, epoch);
        secrets.set(`word of ${machine}`, token);
        return token;
      },
    },
  });
}

/** Those that an installation has from its first moment on. */
export function ownSecrets(home: string, dumont: Dumont): readonly (readonly [string, string])[] {
  const text = (name: string): string => readFileSync(join(home, name), 'utf8').trim();
  const keys = readdirSync(join(home, 'keys')).filter((name) => text(join('keys', name)).includes('PRIVATE KEY'));
  return [
    ['master key', text('master.key')],
    ['recovery key', dumont.first?.recoveryKey ?? ''],
    ['password of an account', dumont.first?.password ?? ''],
    ['key of the storage', JSON.parse(text('installation.json')).storageKey.secretAccessKey],
    ['token of this computer', text('token')],
    ...keys.map((name) => [`private key ${name}`, text(join('keys', name)).split('\n')[2] ?? ''] as const),
  ];
}
