import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceJson } from '../../engine/http/json/instance.ts';
import { sshConnect } from '../../engine/ssh/connect.ts';
import { ownKey } from '../../engine/ssh/own-key.ts';
import type { Dice } from '../simulation/dice.ts';
import type { Catalogue } from './catalogue.ts';
import { type History, historyOf } from './history.ts';
import { LAB, type People } from './people.ts';
import { programsOn } from './programs.ts';
import type { Rig } from './rig.ts';
import { Violation } from './violation.ts';
import { contentBelow, openWriter, TICKS, type Writer } from './writer.ts';

/** One machine, from the moment on which it can be worked. */
export interface Life extends Disposable {
  readonly machine: string;
  readonly instance: string;
  readonly root: string;
  readonly history: History;
  readonly writer: Writer;
}

/** Waits until the workspace is awake and all its files are there, and compares them with the snapshot they came from. */
export async function beginLife(rig: Rig, who: People, catalogue: Catalogue, dice: Dice): Promise<Life> {
  const view = await awake(who);
  const { id: machine, restored_snapshot_id: from } = view.machine!;
  const instance = (await rig.market.machines()).find(({ label }) => label?.includes(`-${machine}-`))?.instance;
  if (!instance) throw new Violation('woken', `${machine} is called awake, and the marketplace does not have it`);
  const root = rig.market.rootOf(instance);
  const newest = catalogue.newestBefore(machine);
  if (newest && from !== newest.id)
    throw new Violation('newest', `woken from ${from}, while ${newest.id} (number ${newest.sequence}) is the newest`);
  const base = from === null ? { files: new Map<string, string>(), ticks: '' } : await catalogue.contentOf(from);
  const here = contentBelow(join(root, 'workspace'));
  const history = historyOf(base.files, base.ticks);
  const fault = history.fault(here.files, here.ticks, Date.now(), Date.now());
  if (fault) throw new Violation('woken', `on ${machine}, from ${from?.slice(0, 8)}: ${fault}`);
  const writer = openWriter(root, history, dice);
  const looking = setInterval(() => {
    const at = Date.now();
    const file = join(root, 'workspace', TICKS);
    if (existsSync(file)) history.sawTicks(readFileSync(file, 'latin1'), at);
  }, LOOK_MS);
  catalogue.know(machine, history);
  return {
    ...{ machine, instance, root, history, writer },
    [Symbol.dispose]() {
      clearInterval(looking);
      writer[Symbol.dispose]();
    },
  };
}

export async function awake(who: People): Promise<InstanceJson> {
  let view = await who.look();
  for (const until = performance.now() + AWAKE_MS; ; view = await who.look()) {
    if (view.status === 'awake' && view.machine?.complete) return view;
    if (performance.now() > until)
      throw new Violation('ends', `it does not wake: ${view.status}, ${view.why}; ${view.machine?.why}`);
    await sleep(LOOK_MS);
  }
}

/** A program of the user's that writes all the time, so that a last save has something to stop. Started again after a reboot. */
export async function keepTicking(rig: Rig, who: People, life: Life, stop: AbortSignal): Promise<void> {
  if (programsOn(life.root).some(({ argv }) => argv.includes(TICKER))) return;
  const { machine } = await who.look();
  if (machine?.id !== life.machine || !machine.address || !machine.host_key) return;
  const key = await ownKey(join(rig.home, 'keys'));
  const signal = AbortSignal.any([stop, AbortSignal.timeout(10_000)]);
  try {
    await using shell = await sshConnect(key.privateKey)(machine.address, machine.host_key, signal);
    await shell.run({ argv: ['bash', '-c', TICK], timeoutMs: 5_000 }, signal);
  } catch {
    stop.throwIfAborted(); // it is away just now; the next round tries again
  }
}

const TICKER = '/tmp/ticker.sh';
const TICK = `cat > ${TICKER} <<'END'
mkfifo /tmp/never 2>/dev/null; exec 3<>/tmp/never
for ((n = 1; ; n++)); do echo "${LAB} $n"; read -t 0.1 -u 3; done >> /workspace/${TICKS} 2>/dev/null
END
setsid bash ${TICKER} > /dev/null 2>&1 < /dev/null &`;
const LOOK_MS = 100;
const AWAKE_MS = 300_000;
