import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { command, flag } from '../command.ts';
import { readSecret } from '../read-secret.ts';
import { plural } from '../words.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'recover-main.ts');

interface Recovered {
  readonly accounts: number;
  readonly reserved: readonly string[];
  readonly foreign: readonly string[];
  readonly workspaces: readonly {
    readonly id: string;
    readonly snapshots: number;
    readonly missing: readonly string[];
    readonly unreadable: readonly string[];
  }[];
}

export const recover = command({
  name: 'recover',
  options: { confirm: flag('You have looked: what storage and the marketplaces hold is all there is') },
  examples: [
    ['dumont recover', 'asks for the recovery key; the settings say where storage is, and no engine runs'],
    ['dumont recover --confirm', 'later, to a running engine: it may rent, destroy and tidy up again'],
  ],
  async run({ options, engine, screen, signal }) {
    if (options.confirm) {
      const { confirmed } = await engine.post<{ confirmed: boolean }>('/api/v1/recovery/confirm', {}, signal);
      if (screen.json) screen.printJson({ confirmed });
      else
        screen.print(
          confirmed ? 'Confirmed. The engine acts again.' : 'There was nothing to confirm: the engine acts.',
        );
      return 0;
    }
    const key = await readSecret('Recovery key: ', screen, signal, 'recovery key');
    const child = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'], signal });
    child.stdin.on('error', () => undefined); // it has ended, and said why
    child.stdin.end(`${key}\n`);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) return code ?? 1;
    const recovered = JSON.parse(said) as Recovered;
    if (screen.json) screen.printJson(recovered);
    else screen.print(...lines(recovered));
    return 0;
  },
});

function lines({ workspaces, accounts, reserved, foreign }: Recovered): string[] {
  return [
    ...workspaces.flatMap(({ id, snapshots, missing, unreadable }) => [
      `${id}: ${plural(snapshots, 'snapshot')}`,
      ...missing.map((snapshot) => `  ${snapshot.slice(0, 8)} is in the catalogue, and its data in no copy`),
      ...unreadable.map((why) => `  not readable: ${why}`),
    ]),
    `${plural(workspaces.length, 'workspace')} recovered, all asleep. Start the engine with "npm start": it adopts what runs`,
    'and rents, destroys and removes nothing until you say "dumont recover --confirm".',
    ...(foreign.length > 0
      ? [`Not recovered, since another installation's key sealed them: ${foreign.join(', ')}.`]
      : []),
    accounts > 0
      ? `${plural(accounts, 'account')} came back with their passwords; logins and tokens did not: log in again, make tokens anew.`
      : 'No account was in storage: the next start shows the password of "admin" once.',
    ...(reserved.length > 0
      ? [
          `Names that workspaces carry and that have no account: ${reserved.join(', ')}. They are kept, and nobody comes in by one`,
          'before an admin says so: "dumont users NAME --again --role operator --password".',
        ]
      : []),
    'Storage does not hold, so these are lost with the store: budgets, planned reports, what Discord was set to, operations,',
    'and alerts: say them anew. The folder "journals" in the engine\'s home holds the audit, what was paid, drills and their',
    'times and what hosts did; where that is lost too, they begin with nothing.',
  ];
}
