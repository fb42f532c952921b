import { openDumont } from '../../engine/main.ts';
import { type Config, readConfig } from '../../engine/process/config.ts';

/** The product's engine as a process of its own, so that it can be killed. It ends when whoever started it does. */
async function main(): Promise<void> {
  // biome-ignore lint/style/noProcessEnv: as the engine's own start does.
  await using dumont = await openDumont(tenTimesFaster(readConfig(process.env)), () => undefined);
  console.log(dumont.url);
  for await (const _ of process.stdin);
}

/** So that two hundred rounds take half an hour: what waits for minutes in life waits for seconds here. */
function tenTimesFaster(config: Config): Config {
  const { settings } = config;
  const { agent, save, idle, lease, release, watch } = settings;
  const tenth = (ms: number): number => ms / 10;
  return {
    ...config,
    settings: {
      ...settings,
      agent: {
        ...agent,
        heartbeatMs: tenth(agent.heartbeatMs),
        silentMs: tenth(agent.silentMs),
        compareEveryMs: tenth(agent.compareEveryMs),
        backupEveryMs: BACKUP_EVERY_MS,
      },
      idle: { ...idle, hibernate: false },
      lease: { ms: tenth(lease.ms), renewMs: tenth(lease.renewMs) },
      release: { ...release, retryMs: release.retryMs.map(tenth), tellAfterMs: tenth(release.tellAfterMs) },
      save: { ...save, retryMs: save.retryMs.map(tenth) },
      watch: { ...watch, sweepMs: tenth(watch.sweepMs) },
      retryMs: settings.retryMs.map(tenth),
      rewakesPerHour: 1_000,
    },
  };
}

const BACKUP_EVERY_MS = 3_000;

await main();
