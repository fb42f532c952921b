import { expect, test } from 'vitest';
import { callEnd, endItself } from '../../engine/agent/watchdog/end-itself.ts';
import { openRunpodWorld } from '../marketplaces/runpod/runpod-world.ts';
import { ORDER } from '../marketplaces/standin-world.ts';
import { podKey } from '../standins/runpod/account.ts';

const never = new AbortController().signal;
const nothing = async (): Promise<void> => undefined;

test('switched off at once: nothing that stands still hears of it, and what was written is on the disk before', async () => {
  const done: string[] = [];
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    done.push([program, ...args].join(' '));
    if (program === 'systemctl') throw new Error('there is no systemd here');
  };
  await endItself({ by: 'power off' }, () => done.push('granted'), never, { run });
  expect(done).toEqual(['sync', 'granted', 'systemctl poweroff --force --force', 'poweroff -f']);
});

test('at RunPod with the key that the pod was born with: where REST refuses it, GraphQL ends this pod and no other', async () => {
  await using world = await openRunpodWorld();
  const { marketplace, account, need } = world;
  const rent = async (label: string): Promise<string> => {
    const [offer] = await marketplace.offers(need, never);
    return await marketplace.rent(offer!, { ...ORDER, label }, nothing, never);
  };
  const [mine, other] = [await rent('dumont-t-m1-lab'), await rent('dumont-t-m2-lab')];
  const environment = () => ({ RUNPOD_API_KEY: podKey(mine) });
  let granted = 0;
  const notMine = endItself(marketplace.endItself!(other), () => (granted += 1), never, { environment });
  await expect(notMine).rejects.toMatchObject({ code: 'backup_failed', message: expect.stringContaining('an error') });
  expect(granted).toBe(0);
  await endItself(marketplace.endItself!(mine), () => (granted += 1), never, { environment });
  expect(granted).toBe(1);
  expect((await marketplace.list(never)).map(({ instance }) => instance)).toEqual([other]);
  expect(account.asked).toContain(`DELETE /v2/pods/${mine}`);
});

test('without that key it says so, and nothing ends', async () => {
  await using world = await openRunpodWorld();
  const way = world.marketplace.endItself!('p1');
  const ended = endItself(way, () => expect.unreachable(), never, { environment: () => ({}) });
  await expect(ended).rejects.toThrow('it has no RUNPOD_API_KEY to end itself with');
});

test('nobody but the pod hears its key', async () => {
  await using world = await openRunpodWorld();
  const call = {
    method: 'DELETE',
    url: `${world.url}/v2/pods/p1`,
    headers: { authorization: 'Bearer guess' },
    body: null,
  } as const;
  await expect(callEnd(call, never)).rejects.toMatchObject({ message: expect.not.stringContaining('guess') });
});
