import type { Program } from './pins.ts';

/** What a control host shall be, as data. It holds no secret: those travel beside it. */
export interface Wanted {
  readonly node: Program;
  readonly restic: Program;
  readonly release: Release;
  /** The engine's environment, settings that everybody may see. */
  readonly settings: Readonly<Record<string, string>>;
  /** Where the copies of the host's own state go; opened by secrets of `STATE_SECRETS`. */
  readonly stateRepository: string;
  /** Each copy stays for so long; its bucket lets none be removed sooner. */
  readonly stateKeepDays: number;
  /** Where the API listens, on loopback. */
  readonly port: number;
  /** There is a Cloudflare Tunnel, whose token is the secret `TUNNEL_TOKEN`. */
  readonly tunnel: boolean;
  /** How long a new release may take to answer before the previous one is put back. */
  readonly healthSeconds: number;
}

/** A packed release. It goes by its checksum; `file` says where it lies on the computer that runs Pulumi. */
export interface Release {
  readonly sha256: string;
  readonly file: string;
}

/** Under these names the engine finds them in $CREDENTIALS_DIRECTORY. */
export type Secrets = Readonly<Record<string, string>>;

/** Not for the engine: they open the copies of its state, which hold its master key. */
export const STATE_SECRETS = ['STATE_ACCESS_KEY_ID', 'STATE_SECRET_ACCESS_KEY', 'STATE_PASSWORD'] as const;
export const TUNNEL_TOKEN = 'TUNNEL_TOKEN';

/** A file as it shall be on the host. */
export interface File {
  readonly path: string;
  readonly mode: '0600' | '0644' | '0755';
  readonly text: string;
}

export const nodeHome = ({ node }: Wanted): string => `/opt/dumont/node-${node.version}`;
export const resticFile = ({ restic }: Wanted): string => `/opt/dumont/restic-${restic.version}`;
export const releaseId = ({ release }: Wanted): string => release.sha256.slice(0, 16);
export const releaseHome = (wanted: Wanted): string => `/opt/dumont/releases/${releaseId(wanted)}`;
