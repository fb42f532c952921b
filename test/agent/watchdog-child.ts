/**
 * A machine's watchdog without the rest of its agent, to be watched and killed. Its argument says what it senses; on
 * standard input it hears `engine spoke`; each line it prints is one event. Its clock runs fast, its work does not.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { placeAt } from '../../engine/agent/place.ts';
import { type LastStandOrder, lastStand } from '../../engine/agent/watchdog/last-stand.ts';
import { takeBack } from '../../engine/agent/watchdog/last-word.ts';
import { openWatchdog } from '../../engine/agent/watchdog/watchdog.ts';

export interface Sensed {
  readonly root: string;
  readonly restic: string;
  readonly within: number;
  readonly silentMs: number;
  readonly atWork: string | null;
  readonly order: LastStandOrder;
}

const { root, restic, within, silentMs, atWork, order } = JSON.parse(process.argv[2] ?? '') as Sensed;
const place = placeAt(root, `${root}/opt/dumont`, restic, within);
const say = (event: string, facts: object = {}): void => console.log(JSON.stringify({ event, ...facts }));
let spoke = false;
const watchdog = openWatchdog({
  silentMs: () => (spoke ? 0 : silentMs),
  orders: () => order.orders,
  atWork: () => atWork,
  busy: () => null,
  stand: (_orders, onEnding, signal) => lastStand(order, place, onEnding, signal),
  takeBack: (orders, signal) => takeBack(place, orders.proofUrl, signal),
  onSaved: (taken) => say('saved', { taken }),
  log: say,
});
createInterface({ input: process.stdin }).on('line', () => {
  spoke = true;
  void watchdog.heard().then(() => say('heard'));
});
for (let now = 0; ; now += 5 * 60_000) {
  await watchdog.look(now);
  say('looked');
  await sleep(50);
}
