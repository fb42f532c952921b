import type { NewUserJson, UserJson, UsersJson } from '../../http/json/account.ts';
import { asPerson } from '../as-person.ts';
import { command, flag, text } from '../command.ts';
import { confirm } from '../confirm.ts';
import { wrong } from '../read-args.ts';
import { readSecret } from '../read-secret.ts';
import { table } from '../table.ts';
import { ago } from '../words.ts';

export const users = command({
  name: 'users',
  takes: [{ name: 'ACCOUNT', say: 'Whom it is about; without it they are listed', optional: true }],
  options: {
    create: flag('A new account, with a password that is shown once'),
    role: text('ROLE', 'viewer, operator or admin'),
    password: flag('A new password for it, which is asked for; ends every login of it'),
    end: flag('Nobody comes in by it any more; every login and token of it ends at once'),
    again: flag('Let it in again'),
  },
  examples: [
    ['dumont users', ''],
    [
      'dumont users joao --create --role operator',
      'he may make workspaces, and works on those that are shared with him',
    ],
    ['dumont users joao --role viewer', ''],
    ['dumont users joao --end', ''],
  ],
  async run({ words: [name], options, engine, screen, signal }) {
    const { create, role, password, end, again } = options;
    if (name === undefined) {
      const answer = await engine.get<UsersJson>('/api/v1/users', {}, signal);
      if (screen.json) screen.printJson(answer);
      else screen.print(...listLines(answer.users, screen));
      return 0;
    }
    if ([create, end, again].filter(Boolean).length > 1) throw wrong(users, 'takes one of --create, --end and --again');
    if (create) {
      const made = await asPerson(engine, screen, signal, (person) =>
        person.post<NewUserJson>('/api/v1/users', { name, role: role ?? 'operator' }, signal),
      );
      if (screen.json) screen.printJson(made);
      else {
        screen.print(`${made.name} may come in as ${made.role}.`, `password: ${made.password}`);
        screen.note('The password is shown this once.');
      }
      return 0;
    }
    if (!role && !password && !end && !again)
      throw wrong(users, 'needs one of --create, --role, --password, --end and --again');
    if (end) await confirm(`Every login and token of ${name} ends at once.`, name, screen, signal);
    const wanted = {
      ...(role && { role }),
      ...(password && { password: await readSecret(`New password of ${name}: `, screen, signal) }),
      ...((end || again) && { ended: end }),
    };
    const changed = await asPerson(engine, screen, signal, (person) =>
      person.patch<UserJson>(`/api/v1/users/${encodeURIComponent(name)}`, wanted, signal),
    );
    if (screen.json) screen.printJson(changed);
    else screen.print(`${changed.name} is ${changed.ended_at === null ? changed.role : 'shut out'}.`);
    return 0;
  },
});

function listLines(rows: readonly UserJson[], screen: Parameters<typeof table>[2]): string[] {
  const now = Date.now();
  return table<UserJson>(
    [
      { title: 'ACCOUNT', of: (it) => it.name },
      { title: 'ROLE', of: (it) => (it.ended_at === null ? it.role : 'ended') },
      { title: 'DISCORD', of: (it) => it.discord_user_id ?? '-', drop: 1 },
      { title: 'SINCE', of: (it) => ago(it.created_at, now), drop: 2 },
      { title: 'BY', of: (it) => it.created_by, drop: 3 },
    ],
    rows,
    screen,
  );
}
