import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import {
  GpuJson,
  LocalBillJson,
  LocalMachinesJson,
  localBillJson,
  localMachineJson,
  MisbehaveJson,
} from '../json/local.ts';
import { type House, route } from '../route.ts';

/** The local marketplace's levers. */
export const localRoutes = [
  route({
    method: 'get',
    path: '/api/v1/local/machines',
    verb: null,
    say: 'Machines of the local marketplace, also those of nobody',
    answers: { 200: LocalMachinesJson },
    async answer(call) {
      const local = localOf(call);
      const machines = await local.machines();
      return { status: 200, body: { machines: machines.map(localMachineJson), modes: local.modes } };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/local/misbehave',
    verb: null,
    say: 'Let machines of the local marketplace fail as rented ones do',
    body: MisbehaveJson,
    answers: { 204: null },
    async answer(call) {
      const local = localOf(call);
      const { target, mode } = call.body;
      if (mode !== null && !Object.hasOwn(local.modes, mode)) {
        const known = Object.keys(local.modes).join(', ');
        throw new Failure('bad_request', { why: `There is no way to misbehave called "${mode}". Known: ${known}.` });
      }
      await local.misbehave(target, mode);
      await call.record('local', target, mode === null ? 'behaves again' : `misbehaves: ${mode}`);
      return new Response(null, { status: 204 });
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/local/gpu',
    verb: null,
    say: 'What a local machine says of its GPU',
    body: GpuJson,
    answers: { 204: null },
    async answer(call) {
      const { target, utilization_percent, memory_used_mb } = call.body;
      await localOf(call).setGpu(target, { utilizationPercent: utilization_percent, memoryUsedMb: memory_used_mb });
      await call.record('local', target, `its GPU says ${utilization_percent} %`);
      return new Response(null, { status: 204 });
    },
  }),

  route({
    method: 'get',
    path: '/api/v1/local/bill',
    verb: null,
    say: 'What the local marketplace would charge',
    answers: { 200: LocalBillJson },
    async answer(call) {
      return { status: 200, body: localBillJson(await localOf(call).bill()) };
    },
  }),

  route({
    method: 'post',
    path: '/api/v1/local/end-all',
    verb: null,
    say: 'End every local machine at once, whatever is on it',
    answers: { 200: z.object({ ended: z.number() }) },
    async answer(call) {
      const ended = await localOf(call).endAll();
      await call.record('local', 'every machine', `ended ${ended}`);
      return { status: 200, body: { ended } };
    },
  }),
];

function localOf({ local }: House) {
  if (local === null) throw new Failure('no_local_marketplace');
  return local;
}
