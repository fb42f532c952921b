#!/usr/bin/env node
// The way in for whatever Node the computer has: this file is plain JavaScript for Node 18 and later. Dumont itself
// needs a Node that runs TypeScript, which "npm ci" brings along as the package "node".
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 12)) {
  // What was compiled once is kept: an answer comes in half the time. Not in the system's temporary folder, where
  // somebody else could put code for us to run.
  module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/dumont', import.meta.url)));
  await import('./main.ts');
} else {
  const node = ownNode();
  if (node) await runUnder(node);
  else {
    const found = `Dumont needs Node 24.12 or newer and found ${process.version}.`;
    process.stderr.write(`${found} Run "npm ci" in its folder; that brings one.\n`);
    process.exitCode = 69;
  }
}

function ownNode() {
  try {
    const folder = dirname(module.createRequire(import.meta.url).resolve('node/package.json'));
    const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(file) ? file : null;
  } catch {
    return null;
  }
}

/** Starts this file again under the other Node. Ctrl-C reaches both from the terminal; other signals are passed on. */
function runUnder(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  process.on('SIGINT', () => {});
  for (const name of ['SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, killedBy) => {
      process.exitCode = code ?? 128 + constants.signals[killedBy];
      resolve();
    });
  });
}
