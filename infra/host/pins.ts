import { RESTIC_ASSETS, RESTIC_DOWNLOADS, RESTIC_VERSION } from '../../engine/tools/restic-release.ts';

/** A file that is fetched once, and only as it was when its checksum was written down here. */
export interface Download {
  readonly url: string;
  readonly sha256: string;
}

export interface Program {
  readonly version: string;
  /** By what `uname -m` says. */
  readonly of: { readonly x86_64: Download; readonly aarch64: Download };
}

const NODE_VERSION = '24.15.0';
const NODE_DOWNLOADS = 'https://nodejs.org/dist';

export const NODE: Program = {
  version: NODE_VERSION,
  of: {
    x86_64: node('x64', '472655581fb851559730c48763e0c9d3bc25975c59d518003fc0849d3e4ba0f6'),
    aarch64: node('arm64', 'f3d5a797b5d210ce8e2cb265544c8e482eaedcb8aa409a8b46da7e8595d0dda0'),
  },
};

/** The same that machines get. */
export const RESTIC: Program = {
  version: RESTIC_VERSION,
  of: { x86_64: restic('linux-x64'), aarch64: restic('linux-arm64') },
};

function node(arch: string, sha256: string): Download {
  return { url: `${NODE_DOWNLOADS}/v${NODE_VERSION}/node-v${NODE_VERSION}-linux-${arch}.tar.xz`, sha256 };
}

function restic(platform: 'linux-x64' | 'linux-arm64'): Download {
  const { file, sha256 } = RESTIC_ASSETS[platform]!;
  return { url: `${RESTIC_DOWNLOADS}/v${RESTIC_VERSION}/${file}`, sha256 };
}
