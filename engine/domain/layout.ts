/** Where things lie in storage, and how our machines are named. One place, because credentials and sweeps depend on it. */

/** All that a machine of this workspace may ever touch lies under this. */
export const repositoryPrefix = (workspace: string): string => `${workspace}/repo/`;

export const repositoryUrl = (endpoint: string, bucket: string, workspace: string): string =>
  `s3:${endpoint}/${bucket}/${workspace}/repo`;

/** What lies beside the data, a folder for each snapshot. */
export const besidePrefix = (workspace: string): string => `${workspace}/backup_`;

/** Since when the hot repository lacks what a vault has. */
export const absentKey = (workspace: string, vault: string): string => `${workspace}/absent-${vault}.json`;

/** The catalogue beside the data. Written by the control host only. */
export const metadataKey = (workspace: string, snapshot: string): string =>
  `${besidePrefix(workspace)}${snapshot}/metadata.json`;

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
