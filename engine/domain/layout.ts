/** Where things lie in storage, and how our machines are named. One place, because credentials and sweeps depend on it. */

/** All that a machine of this workspace may ever touch lies under this. */
export const repositoryPrefix = (workspace: string): string => `${workspace}/repo/`;

/** Its wake image. Below the repository, since that is where a machine may write; restic looks only into folders of its own. */
export const imagePrefix = (workspace: string): string => `${repositoryPrefix(workspace)}image/`;

/** Each wraps the same key of all data under one password. */
export const keysPrefix = (workspace: string): string => `${repositoryPrefix(workspace)}keys/`;

export const repositoryUrl = (endpoint: string, bucket: string, workspace: string): string =>
  `s3:${endpoint}/${bucket}/${workspace}/repo`;

/** What lies beside the data, a folder for each snapshot. */
export const besidePrefix = (workspace: string): string => `${workspace}/backup_`;

/** What is about the installation: no workspace can have this name. */
const OWN = '_dumont/';
/** Its name, once for each master key that opens it. */
export const INSTALLATION = `${OWN}installation`;
export const installationKey = (mark: string): string => `${INSTALLATION}-${mark}.json`;
export const DESCRIPTIONS = `${OWN}workspaces/`;
export const descriptionPrefix = (workspace: string): string => `${DESCRIPTIONS}${workspace}/`;
export const descriptionKey = (workspace: string, hash: string): string =>
  `${descriptionPrefix(workspace)}${hash}.json`;

/** Who may come in: named by the master key that opens it, and by what it holds. */
export const ACCOUNTS = `${OWN}accounts/`;
export const accountsPrefix = (mark: string): string => `${ACCOUNTS}${mark}-`;
export const accountsKey = (mark: string, hash: string): string => `${accountsPrefix(mark)}${hash}.json`;

/** That this workspace, and no later one of its name, was destroyed: what a vault still has of it goes when its lock ends. */
export const DESTROYED = `${OWN}destroyed/`;
export const destroyedKey = (inVault: string): string => `${DESTROYED}${inVault}`;

/** Under what a vault keeps a workspace. Nothing there can be written over, so one that is made anew under an old name has another. */
export const vaultName = ({ id, createdAt }: { readonly id: string; readonly createdAt: number }): string =>
  `${id}.${createdAt}`;

/** Since when the hot repository lacks what a vault has. */
export const absentKey = (workspace: string, vault: string): string => `${workspace}/absent-${vault}.json`;

/** What a fresh machine's restic would ask for one by one, in one object. */
export const headStartKey = (workspace: string): string => `${workspace}/head-start`;

/** The catalogue beside the data. Written by the control host only. */
export const metadataKey = (workspace: string, snapshot: string): string =>
  `${besidePrefix(workspace)}${snapshot}/metadata.json`;

/** That this one is pinned: what a vault has of its metadata was copied once, and is as it was then. */
export const pinnedKey = (workspace: string, snapshot: string): string =>
  `${besidePrefix(workspace)}${snapshot}/pinned.json`;

/** That this one was removed. It stays as long as a vault still holds the rest, or the catalogue would come back from there with it. */
export const removedKey = (workspace: string, snapshot: string): string =>
  `${besidePrefix(workspace)}${snapshot}${REMOVED}`;
const REMOVED = '/removed.json';

/** The snapshots that were removed, as the names of what lies beside the data say. */
export function removedIn(keys: readonly { readonly key: string }[], workspace: string): ReadonlySet<string> {
  const removed = keys.filter(({ key }) => key.startsWith(besidePrefix(workspace)) && key.endsWith(REMOVED));
  return new Set(removed.map(({ key }) => key.slice(besidePrefix(workspace).length, -REMOVED.length)));
}

/** The list of files with their hashes, under the id of the machine that wrote it until its snapshot is proved. */
export const manifestKey = (workspace: string, snapshot: string): string =>
  `${besidePrefix(workspace)}${snapshot}/manifest.jsonl.gz`;
export const draftsPrefix = (workspace: string, machine: string): string => `${workspace}/drafts/${machine}-`;
export const draftManifestKey = (workspace: string, machine: string, draft: string): string =>
  `${draftsPrefix(workspace, machine)}${draft}.jsonl.gz`;

/** What a machine left when it saved and ended itself, and the draft of its last manifest. It may write these two only. */
export const watchdogProofKey = (workspace: string, machine: string): string =>
  `${draftsPrefix(workspace, machine)}watchdog.json`;

/** The programs machines fetch. No machine can write here. */
export const kitKey = (sha256: string): string => `kit/${sha256}.gz`;

const LABEL = /^dumont-([a-z0-9]+)-([a-z0-9]+)-([a-z][a-z0-9-]*)$/;

/** What a marketplace shows as a machine's name: whose it is, which record it belongs to, and for people, which workspace. */
export function labelOf(installation: string, machine: string, workspace: string): string {
  return `dumont-${installation}-${machine}-${workspace}`;
}

export function readLabel(label: string | null): { installation: string; machine: string; workspace: string } | null {
  const match = LABEL.exec(label ?? '');
  if (!match) return null;
  const [, installation = '', machine = '', workspace = ''] = match;
  return { installation, machine, workspace };
}
