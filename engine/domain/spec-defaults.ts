import type { Settings } from './settings.ts';
import type { WorkspaceSpec } from './workspace.ts';

/** What a workspace is made with, as far as nobody said otherwise. */
export function specDefaults(settings: Pick<Settings, 'plan' | 'save'>): WorkspaceSpec {
  return {
    image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
    need: {},
    diskGb: 40,
    publicKeys: [],
    environment: {},
    ports: [],
    include: [],
    exclude: [],
    fileBytesMax: settings.save.fileBytesMax,
    plan: settings.plan,
    backupEveryMs: null,
    retentionDays: null,
    idle: {},
    wakeImage: true,
    afterWake: null,
  };
}
