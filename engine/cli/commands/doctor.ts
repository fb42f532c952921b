import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isFailure, reasonOf } from '../../domain/failures.ts';
import type { HealthJson } from '../../http/json/health.ts';
import { command } from '../command.ts';
import type { EngineClient } from '../engine-client.ts';
import { table } from '../table.ts';

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly say: string;
  readonly mend: string | null;
}

export const doctor = command({
  name: 'doctor',
  examples: [['dumont doctor', 'as root on the control host, everything that "pulumi up" promised']],
  async run({ engine, screen, signal }) {
    const findings = (await Promise.all([ofEngine(engine, signal), ofHere(signal)])).flat();
    const bad = findings.filter(({ ok }) => !ok);
    if (screen.json) screen.printJson({ ok: bad.length === 0, findings });
    else {
      const columns = [
        { title: 'WHAT', of: (it: Finding) => it.name },
        {
          title: '',
          of: (it: Finding) => (it.ok ? 'well' : 'NOT WELL'),
          style: (it: Finding) => (it.ok ? 'green' : 'red'),
        } as const,
        { title: 'SEEN', of: (it: Finding) => it.say, min: 20 },
      ];
      screen.print(...table(columns, findings, screen));
      for (const { name, mend } of bad) if (mend) screen.print('', `${name}: ${mend}`);
    }
    return bad.length === 0 ? 0 : UNAVAILABLE;
  },
});

const UNAVAILABLE = 69;

const MENDS: Readonly<Record<string, string>> = {
  store: 'Look at the disk, and at who owns the folder of the engine: "ls -ld /var/lib/dumont" on a control host.',
  storage: 'What "credentials" and "endpoint" say below is the cause.',
  discord:
    'If its token was reset, "dumont discord setup" takes the new one, or "pulumi config set --secret discordToken" and "pulumi up".',
};
const MARKETPLACE = 'Look whether its key still holds, and whether the marketplace itself is up.';
const ELSE = 'The engine tries again by itself; "dumont logs" tells more.';

/** What the engine sees of what it needs: store, storage, marketplaces, and whatever else it is connected to. */
async function ofEngine(engine: EngineClient, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    const { parts } = await engine.get<HealthJson>('/api/v1/health', {}, signal);
    const seen = parts.map((part) => ({
      ...part,
      mend: part.ok ? null : (part.mend ?? `${MENDS[part.name] ?? MARKETPLACE} ${ELSE}`),
    }));
    return [{ name: 'engine', ok: true, say: `answers at ${engine.url()}`, mend: null }, ...seen];
  } catch (cause) {
    signal.throwIfAborted();
    const mend = isFailure(cause, 'engine_down')
      ? 'On a control host: "systemctl status dumont" and "journalctl -u dumont"; elsewhere "npm start".'
      : null;
    return [{ name: 'engine', ok: false, say: reasonOf(cause), mend }];
  }
}

/** In a process of its own, since it reads the engine's settings and secrets. */
async function ofHere(signal: AbortSignal): Promise<readonly Finding[]> {
  const program = join(import.meta.dirname, '..', '..', 'doctor', 'main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program], { signal });
  return JSON.parse(stdout) as readonly Finding[];
}
