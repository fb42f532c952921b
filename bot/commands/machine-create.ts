import { isFailure } from '../../engine/domain/failures.ts';
import type { WorkspaceSpec } from '../../engine/domain/workspace.ts';
import { command, number, required, text } from '../command.ts';
import { plain } from '../discord/message.ts';
import { NEED, needOf } from '../need.ts';

export const machineCreate = command({
  path: 'machine create',
  verb: 'create',
  changes: true,
  options: {
    workspace: required(
      text(
        { en: 'Its name: small letters, digits and dashes', pt: 'O nome: letras minúsculas, números e hífens' },
        { max: 40 },
      ),
    ),
    ...NEED,
    image: text({ en: 'The container image it runs on', pt: 'A imagem de container em que roda' }, { max: 500 }),
    disk: number({ en: 'The size of its disk in GB', pt: 'O tamanho do disco em GB' }, { min: 1, max: 100_000 }),
  },
  async run({ options, engine, asked, words, who, deed }) {
    const { workspace, image, disk } = options;
    const spec: Partial<WorkspaceSpec> = {
      need: needOf(options),
      ...(image !== undefined && { image }),
      ...(disk !== undefined && { diskGb: disk }),
    };
    try {
      await engine.create(workspace, spec, asked);
    } catch (cause) {
      if (!isFailure(cause, 'workspace_exists')) throw cause;
      // The same question, delivered again after we had done it and before we had said so.
      const [view] = await engine.status(workspace).catch(() => []);
      if (view?.workspace.owner !== who.name || view.workspace.createdAt < deed.at) throw cause;
    }
    return { content: words.say.created(plain(workspace), workspace) };
  },
});
