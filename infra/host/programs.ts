import type { Program } from './pins.ts';
import { type Step, word } from './step.ts';
import { nodeHome, resticFile, type Wanted } from './wanted.ts';

/** Programs that are fetched once, checked against what is pinned, and put in place whole. */
export function node(wanted: Wanted): Step {
  const home = nodeHome(wanted);
  return {
    name: `node ${wanted.node.version}`,
    check: `[ "$(${home}/bin/node --version 2>/dev/null)" = v${wanted.node.version} ]`,
    make: `${fetched(wanted.node)}
umask 022
rm -rf ${home}.new ${home}
mkdir ${home}.new
tar -xf "$fetched" --strip-components=1 --no-same-owner -C ${home}.new
rm -f "$fetched"
mv ${home}.new ${home}`,
  };
}

export function restic(wanted: Wanted): Step {
  const file = resticFile(wanted);
  return {
    name: `restic ${wanted.restic.version}`,
    check: `${file} version 2>/dev/null | grep -q '^restic ${wanted.restic.version} '`,
    make: `${fetched(wanted.restic)}
bunzip2 < "$fetched" > ${file}.new
rm -f "$fetched"
chmod 0755 ${file}.new
mv ${file}.new ${file}`,
  };
}

function fetched({ download: { url, sha256 } }: Program): string {
  return `case "$(uname -m)" in
  x86_64) fetch ${word(url)} ${sha256} ;;
  *) say "there is no program for this processor, $(uname -m)"; false ;;
esac`;
}
