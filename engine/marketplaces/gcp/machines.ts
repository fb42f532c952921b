import { hash } from 'node:crypto';
import {
  isIn,
  type Listed,
  type ListedStatus,
  type Need,
  NO_GPU,
  type Offer,
  type Order,
} from '../../domain/marketplace.ts';
import { DISK_DOLLARS_PER_GB_MONTH, DOLLARS_PER_GB_OUT, dollarsPerHour, sizeOf } from './prices.ts';
import type { Instance } from './shapes.ts';
import { STARTUP_SCRIPT } from './startup-script.ts';

/** One in each zone: a machine type is in stock there or not, and nobody says which machine it will be. */
export function offerIn(zone: string, machineType: string, diskGb: number): Omit<Offer, 'id'> {
  const { cpuCount, memoryGb } = sizeOf(machineType);
  return {
    marketplace: 'gcp',
    machine: `${machineType} ${zone}`,
    host: zone,
    region: zone.replace(/-[a-z]$/, ''),
    gpu: NO_GPU,
    gpuCount: 0,
    vramGb: 0,
    cpuCount,
    memoryGb,
    diskGb,
    dollarsPerHour: dollarsPerHour(machineType, diskGb, true),
    dollarsPerGbDown: 0,
    dollarsPerGbUp: DOLLARS_PER_GB_OUT,
    stoppedDollarsPerGbMonth: DISK_DOLLARS_PER_GB_MONTH,
    reliability: 0.99, // its service level for one machine in one zone is 99.9 %; stock is not part of that
    downMbps: null,
    upMbps: null,
    cuda: null,
    verified: true,
    spot: false,
  };
}

export function fits(offer: Omit<Offer, 'id'>, need: Need): boolean {
  return (
    need.kind === 'cpu' &&
    offer.dollarsPerHour <= (need.dollarsPerHourMax ?? Number.POSITIVE_INFINITY) &&
    isIn(offer.region, need.regions) &&
    (need.gpu === undefined || need.gpu === offer.gpu) &&
    offer.reliability >= (need.reliabilityMin ?? 0) &&
    offer.diskGb >= (need.diskGbMin ?? 0) &&
    offer.vramGb >= (need.vramGbMin ?? 0) &&
    offer.gpuCount >= (need.gpuCountMin ?? 0) &&
    (offer.cuda ?? 0) >= (need.cudaMin ?? 0)
  );
}

/** Names are the account's own and for ever: the same label is the same machine, however often it is asked for. */
export function nameFor(label: string): string {
  const plain = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/.test(label);
  return plain ? label : `dumont-${hash('sha256', label).slice(0, 24)}`;
}

/** The same for one label, as a UUID, so that an insert that is sent again is the same insert. */
export function requestIdFor(label: string): string {
  const digits = hash('sha256', `insert ${label}`);
  const [a, b, c, d, e] = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(13, 16),
    digits.slice(17, 20),
    digits.slice(20, 32),
  ];
  return `${a}-${b}-4${c}-8${d}-${e}`;
}

export function insertBody(zone: string, machineType: string, order: Order): object {
  const item = (key: string, value: string) => ({ key, value });
  const environment = Object.entries(order.environment).map(([name, value]) => `${name}=${value}\n`);
  return {
    name: nameFor(order.label),
    description: order.label,
    machineType: `zones/${zone}/machineTypes/${machineType}`,
    labels: { dumont: 'machine' },
    disks: [
      {
        boot: true,
        autoDelete: true,
        initializeParams: {
          sourceImage: 'projects/debian-cloud/global/images/family/debian-12',
          diskSizeGb: String(Math.max(10, order.diskGb)),
          diskType: `zones/${zone}/diskTypes/pd-balanced`,
        },
      },
    ],
    networkInterfaces: [
      { network: 'global/networks/default', accessConfigs: [{ type: 'ONE_TO_ONE_NAT', name: 'External NAT' }] },
    ],
    metadata: {
      items: [
        item('startup-script', STARTUP_SCRIPT),
        item('dumont-keys', order.publicKeys.map((key) => `${key}\n`).join('')),
        item('dumont-config', order.bootConfig),
        item('dumont-boot', order.bootScript),
        item('dumont-environment', environment.join('')),
      ],
    },
    // Should everybody forget it, it stops by itself. It is never deleted by a timer: there may be work on its disk, and which
    // timer it is can only be changed while it stands still.
    scheduling: {
      provisioningModel: 'STANDARD',
      onHostMaintenance: 'MIGRATE',
      instanceTerminationAction: 'STOP',
      maxRunDuration: { seconds: String(RUN_SECONDS_MAX) },
    },
  };
}

const RUN_SECONDS_MAX = 7 * 24 * 3_600;

export const zoneOf = (instance: Instance): string => instance.zone.split('/').at(-1) ?? '';

export function listed(instance: Instance): Listed {
  const zone = zoneOf(instance);
  const machineType = instance.machineType.split('/').at(-1) ?? '';
  const diskGb = instance.disks.reduce((sum, disk) => sum + Number(disk.diskSizeGb ?? 0), 0);
  const status = STATUS[instance.status] ?? 'unknown';
  const host = instance.networkInterfaces[0]?.accessConfigs?.[0]?.natIP;
  return {
    instance: `${zone}/${instance.name}`,
    label: instance.description || instance.name,
    status,
    statusMessage: instance.status.toLowerCase(),
    address: host && status === 'running' ? { host, port: 22 } : null,
    machine: `${machineType} ${zone}`,
    dollarsPerHour: dollarsPerHour(machineType, diskGb, status !== 'stopped'),
    startedAt: Date.parse(instance.creationTimestamp),
  };
}

const STATUS: Readonly<Record<string, ListedStatus>> = {
  PENDING: 'loading',
  PROVISIONING: 'loading',
  STAGING: 'loading',
  RUNNING: 'running',
  SUSPENDED: 'stopped',
  STOPPED: 'stopped',
  TERMINATED: 'stopped', // its word for stopped
};
