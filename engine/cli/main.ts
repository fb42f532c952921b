import { complain } from './complain.ts';
import { INTERRUPTED } from './exit-codes.ts';
import { runCommand } from './run-command.ts';
import { openScreen } from './screen.ts';

/** The first Ctrl-C ends in order what is going on; by the second the system ends this process. */
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const argv = process.argv.slice(2);
const screen = openScreen(argv);
try {
  process.exitCode = await runCommand(argv, screen, stop.signal);
} catch (thrown) {
  process.exitCode = stop.signal.aborted ? INTERRUPTED : await complain(thrown, screen);
}
