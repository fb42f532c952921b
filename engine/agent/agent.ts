import { isMainThread } from 'node:worker_threads';
import './thread.ts';

// Bundled into agent.mjs, from which its threads start too. They load what they do, and not the rest of it.
if (isMainThread) {
  const { main } = await import('./main.ts');
  await main(process.argv.slice(2), process.argv[1] ?? '');
}
