import { Secret } from '../../../engine/domain/secret.ts';
import { gcp } from '../../../engine/marketplaces/gcp/gcp.ts';
import type { MarketplaceWorld } from '../../contracts/marketplace.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { keyFile, openProject, type Project } from '../../standins/gcp/project.ts';
import { serveGcp } from '../../standins/gcp/serve.ts';
import { selfMoving } from '../self-moving.ts';
import { lookingIn, ORDER } from '../standin-world.ts';

export interface GcpWorld extends MarketplaceWorld {
  readonly project: Project;
  readonly clock: FakeClock;
}

/** A project at the stand-in and a client of it, under one clock. */
export async function openGcpWorld(change: (key: string) => string = (key) => key): Promise<GcpWorld> {
  const clock = new FakeClock();
  const project = openProject(clock);
  const standin = await serveGcp(project);
  const key = new Secret(change(keyFile(project, standin.url)));
  const options = { api: standin.api, key, zones: project.zones.slice(0, 3), machineType: 'e2-standard-4' };
  return {
    project,
    clock,
    marketplace: gcp({ ...options, clock: selfMoving(clock) }),
    base: { kind: 'cpu' },
    need: { kind: 'cpu' },
    order: ORDER,
    until: lookingIn(clock),
    [Symbol.asyncDispose]: async () => await standin[Symbol.asyncDispose](),
  };
}
