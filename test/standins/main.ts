import { once } from 'node:events';
import { stage } from '../bot/stage.ts';

/** `npm run standin discord`: a server to look at, with a bot in it and an engine that tells stories at their real pace. */
const [which] = process.argv.slice(2);
if (which !== 'discord') {
  console.error('There is one stand-in to look at: npm run standin discord');
  process.exit(64);
}
await using s = await stage({ pace: 1, names: ['lab', 'slow', 'unlucky'], guild: { language: 'en' } });
console.log(`Discord, as ana (admin), rui (operator, pt-BR) and vi (viewer) see it: ${s.standin.url}/?as=ana`);
console.log('Type a command below, such as /wake workspace:lab, or press what you see. Ctrl-C ends it.');
await once(process, 'SIGINT');
