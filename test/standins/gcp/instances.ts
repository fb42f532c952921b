import { type Answer, Refusal } from './answer.ts';
import { type InsertBody, type Machine, type Operation, type Project, statusOf } from './project.ts';

const OPERATION_MS = 3_000;
const PAGE = 3;

/** POST instances: 200 says that an operation was begun. */
export function insert(project: Project, zone: string, requestId: string | null, body: InsertBody): Answer {
  const { traps, machines, clock, operations } = project;
  if (!project.zones.includes(zone)) throw new Refusal(404, 'notFound', `The resource 'zones/${zone}' was not found`);
  check(body, zone);
  const earlier = [...machines.values()].find((one) => requestId !== null && one.requestId === requestId);
  const known = [...operations.values()].find((one) => earlier && one.type === 'insert' && one.target === earlier.name);
  if (known) return { status: 200, body: operationShown(project, known) };
  if (find(project, zone, body.name))
    throw new Refusal(409, 'alreadyExists', `The resource '${body.name}' already exists`);
  if (traps.has('quota'))
    throw new Refusal(403, 'quotaExceeded', "Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1.");
  if (traps.has('zone-full')) {
    const code = 'ZONE_RESOURCE_POOL_EXHAUSTED';
    const message = `The zone '${zone}' does not have enough resources available to fulfill the request.`;
    return begin(project, 'insert', zone, body.name, { code, message });
  }
  const now = clock.now();
  const number = machines.size + 1;
  machines.set(`${number}`, {
    ...{ name: body.name, zone, body, requestId, number },
    ...{ createdAt: now, upSince: now, stoppingSince: null, endedAt: null, printed: '', ranMs: 0 },
  });
  const answer = begin(project, 'insert', zone, body.name, null);
  if (traps.has('insert-502')) throw new Refusal(502, 'backendError', 'Bad gateway');
  return answer;
}

function check(body: InsertBody, zone: string): void {
  const bad = (message: string): never => {
    throw new Refusal(400, 'invalid', `Invalid value for field ${message}`);
  };
  if (!/^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(body.name ?? '')) bad("'resource.name': it must match RFC1035");
  if (!body.machineType?.startsWith(`zones/${zone}/machineTypes/`)) bad("'resource.machineType'");
  if (typeof (body.disks?.[0]?.initializeParams?.diskSizeGb ?? '10') !== 'string')
    bad("'resource.disks[0]': int64 is a string");
  for (const value of Object.values(body.labels ?? {})) if (!/^[a-z0-9_-]{0,63}$/.test(value)) bad("'resource.labels'");
  const { maxRunDuration, instanceTerminationAction } = body.scheduling ?? {};
  if (maxRunDuration && !instanceTerminationAction)
    bad("'resource.scheduling': maxRunDuration needs an instanceTerminationAction");
  const seconds = Number(maxRunDuration?.seconds ?? 30);
  if (seconds < 30 || seconds > 120 * 86_400) bad("'resource.scheduling.maxRunDuration': 30 seconds to 120 days");
}

export function find({ machines }: Project, zone: string, name: string): Machine | undefined {
  return [...machines.values()].find((one) => one.zone === zone && one.name === name && one.endedAt === null);
}

export function mustFind(project: Project, zone: string, name: string): Machine {
  const machine = find(project, zone, name);
  if (!machine) throw new Refusal(404, 'notFound', `The resource 'zones/${zone}/instances/${name}' was not found`);
  return machine;
}

export function act(project: Project, zone: string, name: string, action: string): Answer {
  const machine = mustFind(project, zone, name);
  const now = project.clock.now();
  if (action === 'stop' && machine.upSince !== null) {
    machine.ranMs += now - machine.upSince;
    machine.upSince = null;
    machine.stoppingSince = now;
  }
  if (action === 'start' && machine.upSince === null) {
    if (statusOf(machine, project) === 'STOPPING')
      throw new Refusal(400, 'resourceNotReady', `The resource '${name}' is not ready`);
    if (project.traps.has('zone-full')) {
      const message = `The zone '${zone}' does not have enough resources available to fulfill the request.`;
      return begin(project, 'start', zone, name, { code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message });
    }
    machine.upSince = now;
    machine.stoppingSince = null;
  }
  return begin(project, action, zone, name, null);
}

export function remove(project: Project, zone: string, name: string): Answer {
  const machine = mustFind(project, zone, name);
  machine.endedAt = project.clock.now();
  return begin(project, 'delete', zone, name, null);
}

function begin(project: Project, type: string, zone: string, target: string, error: Operation['error']): Answer {
  const name = `operation-${project.operations.size + 1}`;
  const ms = project.traps.has('slow-operations') ? 300_000 : OPERATION_MS;
  const operation = { name, zone, type, target, doneAt: project.clock.now() + ms, error };
  project.operations.set(name, operation);
  return { status: 200, body: operationShown(project, operation) };
}

export function operationShown({ id, clock }: Project, operation: Operation): object {
  const done = clock.now() >= operation.doneAt;
  const { error } = operation;
  return {
    kind: 'compute#operation',
    name: operation.name,
    operationType: operation.type,
    status: done ? 'DONE' : 'RUNNING',
    progress: done ? 100 : 0,
    targetLink: `https://www.googleapis.com/compute/v1/projects/${id}/zones/${operation.zone}/instances/${operation.target}`,
    ...(done && error && { error: { errors: [error] }, httpErrorStatusCode: 503 }),
  };
}

/** GET aggregated/instances, a few on a page. Zones without any are there as well, with a warning. */
export function aggregated(project: Project, query: URLSearchParams): Answer {
  if (project.traps.has('list-500')) throw new Refusal(500, 'backendError', 'Internal error');
  const [, label = '', value = ''] = /^labels\.(\w+)=([\w-]+)$/.exec(query.get('filter') ?? '') ?? [];
  const all = [...project.machines.values()].filter(
    (one) => one.endedAt === null && (label === '' || one.body.labels?.[label] === value),
  );
  const from = Number(query.get('pageToken') ?? 0);
  const page = all.slice(from, from + PAGE);
  const more = from + PAGE < all.length;
  const items = Object.fromEntries(
    project.zones.map((zone, i) => {
      if (i === 0 && project.traps.has('zone-unreachable'))
        return [`zones/${zone}`, { warning: { code: 'UNREACHABLE', message: 'The zone cannot be reached.' } }];
      const instances = page.filter((one) => one.zone === zone).map((one) => shown(project, one));
      return instances.length > 0
        ? [`zones/${zone}`, { instances }]
        : [`zones/${zone}`, { warning: { code: 'NO_RESULTS_ON_PAGE', message: 'There are no results on this page.' } }];
    }),
  );
  const body = { kind: 'compute#instanceAggregatedList', items, ...(more && { nextPageToken: String(from + PAGE) }) };
  return { status: 200, body };
}

export function shown(project: Project, machine: Machine): object {
  const base = `https://www.googleapis.com/compute/v1/projects/${project.id}/zones/${machine.zone}`;
  const status = statusOf(machine, project);
  const running = status === 'RUNNING';
  return {
    kind: 'compute#instance',
    id: String(1_000_000 + machine.number),
    name: machine.name,
    description: machine.body.description ?? '',
    zone: base,
    machineType: `https://www.googleapis.com/compute/v1/projects/${project.id}/${machine.body.machineType}`,
    status,
    creationTimestamp: new Date(machine.createdAt).toISOString(),
    labels: machine.body.labels ?? {},
    disks: machine.body.disks.map((disk) => ({ diskSizeGb: disk.initializeParams?.diskSizeGb ?? '10' })),
    networkInterfaces: [{ accessConfigs: [running ? { natIP: `127.0.1.${machine.number}` } : {}] }],
    scheduling: machine.body.scheduling ?? {},
  };
}
