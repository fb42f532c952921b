import { command, text, WORKSPACE } from '../command.ts';

export const snapshotCreate = command({
  path: 'snapshot create',
  verb: 'snapshot',
  changes: true,
  options: {
    workspace: WORKSPACE,
    description: text({ en: 'What it is, for later', pt: 'O que é, para depois' }, { max: 500 }),
    tags: text(
      { en: 'Words to find it by, with commas between', pt: 'Palavras para achá-lo, separadas por vírgula' },
      { max: 200 },
    ),
  },
  async run({ options: { workspace, description = '', tags = '' }, engine, asked, follow }) {
    const list = tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== '');
    return await follow(await engine.snapshot(workspace, { description, tags: list }, asked));
  },
});
