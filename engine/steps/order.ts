import type { Machine } from '../domain/lifecycle.ts';
import type { Order } from '../domain/marketplace.ts';
import type { Ports } from '../domain/ports.ts';
import { bootConfig, bootScript } from '../remote/boot-script.ts';
import { workspaceOf } from './step.ts';

/** What we ask the marketplace to start: the workspace's image, our keys, and the script that fetches the tools while SSH comes up. */
export async function orderFor(machine: Machine, ports: Ports): Promise<Order> {
  const workspace = await workspaceOf(machine, ports);
  const kit = await ports.kit();
  const tools = kit.tools.map(async ({ name, sha256, key }) => ({
    name,
    sha256,
    url: await ports.storage.presign('GET', key, TOOL_URL_MS),
  }));
  return {
    label: machine.label,
    image: workspace?.spec.image ?? '',
    diskGb: workspace?.spec.diskGb ?? 0,
    publicKeys: [ports.publicKey, ...(workspace?.spec.publicKeys ?? [])],
    bootScript: bootScript(),
    bootConfig: bootConfig(await Promise.all(tools)),
    environment: workspace?.spec.environment ?? {},
    ports: workspace?.spec.ports ?? [],
  };
}

/** Machines boot for minutes; a URL must not end before they do. */
const TOOL_URL_MS = 60 * 60_000;
