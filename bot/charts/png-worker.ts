import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { Resvg } from '@resvg/resvg-js';

/** Three times the size it is shown at, for screens that have the dots. */
const SCALE = 3;
const fonts = join(import.meta.dirname, '..', 'fonts');

parentPort?.on('message', ({ id, svg }: { readonly id: number; readonly svg: string }) => {
  try {
    parentPort?.postMessage({ id, bytes: draw(svg), why: '' });
  } catch (cause) {
    parentPort?.postMessage({ id, bytes: null, why: String(cause) });
  }
});

/** Without these files it would draw no text at all, and say nothing about it. */
function draw(svg: string): Uint8Array {
  const options = {
    fitTo: { mode: 'zoom' as const, value: SCALE },
    font: {
      fontFiles: [join(fonts, 'DejaVuSans.ttf'), join(fonts, 'DejaVuSans-Bold.ttf')],
      loadSystemFonts: false,
      defaultFontFamily: 'DejaVu Sans',
    },
  };
  return new Uint8Array(new Resvg(svg, options).render().asPng());
}
