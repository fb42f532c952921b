import { allInstances } from '../all-instances.ts';
import { command } from '../command.ts';
import { completionFor, SHELLS } from '../completion.ts';
import { wrong } from '../read-args.ts';

export const completion = command({
  name: 'completion',
  takes: [{ name: 'SHELL', say: 'bash, zsh or fish' }],
  examples: [
    ['dumont completion bash > ~/.local/share/bash-completion/completions/dumont', ''],
    ['dumont completion zsh > ~/.zfunc/_dumont', 'in a folder of your fpath'],
    ['dumont completion fish > ~/.config/fish/completions/dumont.fish', ''],
  ],
  async run({ words: [given = ''], engine, screen, signal, commands }) {
    if (given === 'workspaces') {
      const instances = await allInstances(engine, signal);
      screen.print(...instances.map(({ id }) => id));
      return 0;
    }
    const shell = SHELLS.find((one) => one === given);
    if (!shell) throw wrong(completion, `knows ${SHELLS.join(', ')}, not "${given}"`);
    process.stdout.write(completionFor(shell, await commands())); // as it is: a script is no text for people
    return 0;
  },
});
