import { RESTIC_ASSETS, RESTIC_DOWNLOADS, RESTIC_VERSION } from '../../engine/tools/restic-release.ts';

/** A file that is fetched once, and only as it was when its checksum was written down here. */
export interface Download {
  readonly url: string;
  readonly sha256: string;
}

export interface Program {
  readonly version: string;
  /** For x86-64: rented machines run the programs of the control host. */
  readonly download: Download;
}

const NODE_VERSION = '24.15.0';

export const NODE: Program = {
  version: NODE_VERSION,
  download: {
    url: `https://nodejs.org/dist/v${NODE_VERSION}/node-v${NODE_VERSION}-linux-x64.tar.xz`,
    sha256: '472655581fb851559730c48763e0c9d3bc25975c59d518003fc0849d3e4ba0f6',
  },
};

const ASSET = RESTIC_ASSETS['linux-x64']!;

/** The same that machines get. */
export const RESTIC: Program = {
  version: RESTIC_VERSION,
  download: { url: `${RESTIC_DOWNLOADS}/v${RESTIC_VERSION}/${ASSET.file}`, sha256: ASSET.sha256 },
};
