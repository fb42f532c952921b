import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { type LiveMachine, liveMachine } from './life.ts';
import { type MachineSpec, machineFiles } from './spec.ts';

/**
 * The process of one machine of the local marketplace. It outlives the engine, keeps the machine's programs alive, and is
 * told by a file and SIGHUP how to misbehave. Its end is the end of everything inside.
 */
const files = machineFiles(process.argv[2]!);
const spec = JSON.parse(readFileSync(files.spec, 'utf8')) as MachineSpec; // our own words of a moment ago
let machine: LiveMachine | null = null;

// Before the machine says that it is there, since from then on it may be signalled.
process.on('SIGTERM', () => machine?.end('it was stopped'));
process.on('SIGHUP', () => machine?.reconsider());
// Of one login, say. A computer does not stop because one of its programs failed.
process.on('uncaughtException', (cause) => console.error(cause));

machine = liveMachine(files, spec);
flushCompileCache(); // the next machine starts sooner; this one may never end in an orderly way
await machine.over;
