import { Failure, isFailure, sentence } from '../domain/failures.ts';
import { descriptionPrefix, imagePrefix, repositoryPrefix } from '../domain/layout.ts';
import type { Clone, Operation } from '../domain/operation.ts';
import type { Ports, StoredObject } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { mending } from '../steps/mending.ts';
import { endOperation } from '../steps/operation.ts';
import { update } from '../steps/update.ts';
import { given, tellOfGift } from './give.ts';
import { finish, type Original, originalOf, workspaceMadeOf } from './made-of-snapshot.ts';

/**
 * Makes a workspace of its own from a snapshot, for whoever asked or for somebody else. Its data goes past no machine; the
 * row comes last, so a crash leaves objects that the next try finds done, and no workspace that is half there.
 */
export async function makeClone(operation: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const asked = await ports.store.read('operations', operation);
  if (!asked || asked.endedAt !== null || !asked.intent) return;
  const gift = 'give' in asked.intent ? asked.intent.give : null;
  const wanted = 'clone' in asked.intent ? asked.intent.clone : gift;
  if (!wanted) return;
  const { into } = wanted;
  try {
    const found = await originalOf(asked, wanted, ports);
    const made =
      'id' in found
        ? found
        : await mending(found.source, ports, signal, async (again) => {
            if (gift) return await given(gift, asked, found, ports, signal);
            if (again) await sweep(into, ports, signal); // what was damaged was copied as it was
            return await cloned(wanted, asked, found, ports, signal);
          });
    const forOther = gift !== null && gift.to !== asked.by;
    if (forOther) await tellOfGift(gift, asked, made, ports);
    const end = forOther ? `, and belongs to ${gift.to}.` : gift ? `. ${LEFT_BEHIND}` : '.';
    const say = `${into} is made of ${wanted.snapshot.slice(0, 8)}: ${made.fileCount} files. It is asleep${end}`;
    await endOperation(operation, { ok: true, say, facts: { workspace: into, snapshot: made.id } }, ports);
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || cause.code === 'fenced') throw cause;
    if (cause.row.retry && cause.code !== 'proof_failed' && (await mayTryAgain(asked, cause, ports))) throw cause;
    if (cause.code !== 'workspace_exists') await sweep(into, ports, signal);
    const say = sentence(cause.code, cause.facts);
    await endOperation(operation, { ok: false, code: cause.code, say, facts: cause.facts }, ports);
  }
}

/** Storage may be away for a while; what restic cannot do with it there, and no vault could mend, soon stays so. */
async function mayTryAgain({ id, workspace }: Operation, { code, message }: Failure, ports: Ports): Promise<boolean> {
  const row = await update(ports.store, 'operations', id, (now) => ({ ...now, tries: (now.tries ?? 0) + 1 }));
  const tries = row?.tries ?? 0;
  const most = code === 'restore_failed' ? BROKEN_TRIES : TRIES;
  ports.log('clone.failed', { workspace, operation: id, why: message, tries, of: most }, 'WARNING');
  return tries < most;
}

/** What is left of a try that came to nothing: whoever takes the name next finds nothing there. */
async function sweep(into: string, { store, storage }: Ports, signal: AbortSignal): Promise<void> {
  if (await store.read('workspaces', into)) return;
  for (const prefix of [`${into}/`, descriptionPrefix(into)])
    for (const { key } of await storage.list(prefix, signal)) await storage.remove(key, signal);
  for (const snapshot of await store.list('snapshots'))
    if (snapshot.workspace === into) await store.remove('snapshots', snapshot);
}

async function cloned(
  { snapshot: id, into }: Clone,
  asked: Operation,
  original: Original,
  ports: Ports,
  signal: AbortSignal,
): Promise<Snapshot> {
  const { source, snapshot } = original;
  if (source.owner !== asked.by) throw new Failure('forbidden', { account: asked.by, verb: 'clone', needed: 'owner' });
  // With the password of the original: its keys are copied too, and machines get credentials for their own prefix only.
  const { spec, sealedPassword } = source;
  const workspace = workspaceMadeOf(source, asked, { id: into, owner: asked.by, spec, sealedPassword });
  const mustStillOpen = async (): Promise<void> => {
    const now = await ports.store.read('workspaces', source.id);
    if (now?.sealedPassword !== sealedPassword) throw new Failure('row_changed', { what: source.id });
  };
  await copyRepository(source, snapshot, into, ports, signal);
  await mustStillOpen();
  const own = await ports.repositories.rehost(workspace, id, signal);
  // Which packs a snapshot needs is only known from its trees, and restic says it to nobody but itself: those that are not
  // needed are copied inside storage, which moves no data here, and taken out of the copy.
  await ports.repositories.dropUnused(workspace, signal);
  await mustStillOpen();
  return await finish(workspace, own, original, { cloned_from: `${source.id}/${id}` }, ports, signal);
}

/**
 * Objects of a repository never change, they only come and go: a copy is whole when nothing that was copied has gone from the
 * original meanwhile.
 */
async function copyRepository(
  { id: from }: Workspace,
  { id }: Snapshot,
  into: string,
  { storage, settings }: Ports,
  signal: AbortSignal,
): Promise<void> {
  const prefix = repositoryPrefix(from);
  const needed = (key: string): boolean =>
    !key.startsWith(`${prefix}locks/`) &&
    !key.startsWith(imagePrefix(from)) &&
    (!key.startsWith(`${prefix}snapshots/`) || key.endsWith(`/${id}`));
  const list = async (): Promise<readonly StoredObject[]> =>
    (await storage.list(prefix, signal)).filter(({ key }) => needed(key));
  for (let tries = 1; ; tries += 1) {
    const before = await list();
    const left = [...before];
    const copyNext = async (): Promise<void> => {
      for (let object = left.pop(); object; object = left.pop()) {
        const as = `${repositoryPrefix(into)}${object.key.slice(prefix.length)}`;
        await storage.copyFrom(storage, object, { as, replace: false }, signal);
      }
    };
    await Promise.all(Array.from({ length: settings.save.connections }, copyNext));
    const after = new Set((await list()).map(({ key }) => key));
    if (before.every(({ key }) => after.has(key))) return;
    if (tries === COPIES) throw new Failure('repository_locked', { workspace: from, why: 'it is being put together' });
  }
}

const COPIES = 3;
/** About half an hour, and seconds. */
const TRIES = 12;
const BROKEN_TRIES = 3;
const LEFT_BEHIND = 'It has a key of its own; the environment, SSH keys and command after a wake were not copied.';
