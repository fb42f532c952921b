import { command, WORKSPACE } from '../command.ts';
import { block, plain } from '../discord/message.ts';

export const ssh = command({
  path: 'ssh',
  verb: 'ssh',
  options: { workspace: WORKSPACE },
  async run({ options: { workspace }, engine, words }) {
    const { address, hostKey, user } = await engine.ssh(workspace);
    const lines = block(`dumont ssh ${workspace}\nssh -p ${address.port} ${user}@${address.host}`);
    return { content: `${words.say.ssh(plain(workspace))}\n${lines}${words.say.hostKey}\n${block(hostKey)}` };
  },
});
