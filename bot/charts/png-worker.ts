import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Resvg } from '@resvg/resvg-js';

/** Twice the size it is shown at, for screens that have the dots. */
const SCALE = 2;
const fonts = join(import.meta.dirname, '..', 'fonts');

/** Without these files it would draw no text at all, and say nothing about it. */
const drawn = new Resvg(workerData as string, {
  fitTo: { mode: 'zoom', value: SCALE },
  font: {
    fontFiles: [join(fonts, 'DejaVuSans.ttf'), join(fonts, 'DejaVuSans-Bold.ttf')],
    loadSystemFonts: false,
    defaultFontFamily: 'DejaVu Sans',
  },
}).render();
parentPort?.postMessage(new Uint8Array(drawn.asPng()));
