import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Chamber } from './chamber.ts';
import { environmentOf } from './environment.ts';
import { furnish } from './furnish.ts';
import { openNamespaces } from './namespaces.ts';
import { openSharedRoot } from './shared-root.ts';
import { type Isolation, type MachineFiles, type MachineSpec, machineFiles } from './spec.ts';

/** `lead` is what to start every program with; asked for each time. */
export async function openChamber(
  files: MachineFiles,
  spec: MachineSpec,
  lead: () => readonly string[] = () => [],
): Promise<Chamber> {
  return spec.isolation === 'prefix' ? openSharedRoot(files, spec) : await openNamespaces(files, spec, lead);
}

/** The best that works here, found out by opening one and running a program in it, since no setting tells for sure. */
export async function bestIsolation(folder: string, searchPath: string): Promise<Isolation> {
  if (process.platform !== 'linux') return 'prefix';
  const first = process.getuid?.() === 0 ? (['namespaces'] as const) : [];
  for (const isolation of [...first, 'user-namespaces'] as const) {
    if (await works(join(folder, `try-${randomBytes(4).toString('hex')}`), isolation, searchPath)) return isolation;
  }
  return 'prefix';
}

async function works(folder: string, isolation: Isolation, searchPath: string): Promise<boolean> {
  const files = machineFiles(folder);
  const spec: MachineSpec = {
    instance: 'try',
    isolation,
    searchPath,
    loadingMs: 0,
    sshMs: 0,
    publicKeys: [],
    bootScript: '',
    bootConfig: '',
    environment: {},
    endKey: null,
  };
  try {
    mkdirSync(folder, { recursive: true });
    furnish(files, spec, '');
    const chamber = await openChamber(files, spec);
    try {
      const { child } = chamber.run(
        ['/bin/bash', '-c', 'cd /root && test -d /proc/self && test "$$" -lt 100'],
        environmentOf(chamber, {}),
      );
      const [code] = await once(child, 'exit');
      return code === 0;
    } finally {
      await chamber.close();
    }
  } catch {
    return false; // that is the answer
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
