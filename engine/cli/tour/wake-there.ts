import { Failure } from '../../domain/failures.ts';
import { perHour } from '../../domain/money.ts';
import type { InstanceJson } from '../../http/json/instance.ts';
import type { NeedJson, OffersJson } from '../../http/json/offer.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import { duration, timeOf } from '../words.ts';
import { achieve, type OnTour, PATH, TOURED } from './on-tour.ts';
import type { Wake } from './report.ts';

/** Races for a machine, up to where somebody can work on it. */
export async function wakeThere(tour: OnTour, need: NeedJson = {}): Promise<Wake> {
  const { engine, signal } = tour;
  const ask = () => engine.post<OperationJson>(`${PATH}/wake`, { need }, signal);
  const ended = await achieve('the wake', ask, tour);
  const { machine } = await engine.get<InstanceJson>(PATH, {}, signal);
  if (!machine) throw new Failure('no_such_machine', { workspace: TOURED });
  const { host, gpu, region, dollars_per_hour } = machine.offer;
  const usable_ms = timeOf(ended.ended_at) - timeOf(ended.started_at);
  return { machine_id: machine.id, host, region, gpu, dollars_per_hour, usable_ms };
}

/** Only machines in other parts of the world than this one. */
export async function elsewhere({ region, gpu }: Wake, { engine, signal }: OnTour): Promise<NeedJson> {
  const { offers } = await engine.get<OffersJson>('/api/v1/offers', { gpu }, signal);
  const others = new Set(offers.map(({ offer }) => offer.region).filter((other) => other !== region));
  return others.size === 0 ? {} : { regions: [...others] };
}

export function whereWords({ usable_ms: ms, host, region, gpu, dollars_per_hour: price }: Wake): string {
  return `usable after ${duration(ms)}: ${gpu} at ${host}, ${region}, ${perHour(price)}`;
}
