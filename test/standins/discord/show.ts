import { stage } from '../../bot/stage.ts';
import { gallery } from './gallery.ts';

/** A server to look at, with a bot in it and an engine that tells stories at their real pace. */
export async function showDiscord([what, folder = 'gallery']: readonly string[]): Promise<AsyncDisposable> {
  if (what === 'gallery') {
    await gallery(folder);
    process.exit();
  }
  const s = await stage({ pace: 1, names: ['lab', 'slow', 'unlucky'], guild: { language: 'en' } });
  console.log(`Discord, as ana (admin), rui (operator, pt-BR) and vi (viewer) see it: ${s.standin.url}/?as=ana`);
  console.log('Type a command below, such as /wake workspace:lab, or press what you see. Ctrl-C ends it.');
  console.log('"npm run standin discord -- gallery" takes pictures of every answer and every panel instead.');
  return s;
}
