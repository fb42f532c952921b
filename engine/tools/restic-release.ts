/** The restic that Dumont is made for, and the oldest whose output it can read. */
export const RESTIC_VERSION = '0.19.1';
export const RESTIC_MINIMUM = '0.17.0';

export const RESTIC_DOWNLOADS = 'https://github.com/restic/restic/releases/download';

export interface ReleaseAsset {
  readonly file: string;
  /** Of the packed file, as in the release's signed SHA256SUMS. */
  readonly sha256: string;
}

/** What the project released, by Node's names for platform and architecture. Nothing else is ever fetched. */
export const RESTIC_ASSETS: Readonly<Record<string, ReleaseAsset>> = {
  'linux-x64': asset('linux_amd64', 'f415415624dcc452f2a02b8c33641791a8c6d6d3b65bbb3543fcf9a25151585c'),
  'linux-arm64': asset('linux_arm64', 'a5f64aaab53d51e311fa3829124c5b703f2d14cf187d8640b6be3b2b49376465'),
  'darwin-x64': asset('darwin_amd64', 'c38d579622cf602f665234c5a8c315030b6cf70656028fe6dc29a786b60e5f35'),
  'darwin-arm64': asset('darwin_arm64', '7be0a144ccc377880f294204aa271d76e4b79554b42a751151d425ce6ebac143'),
};

function asset(target: string, sha256: string): ReleaseAsset {
  return { file: `restic_${RESTIC_VERSION}_${target}.bz2`, sha256 };
}
