import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 30_000,
    // Most files wait for processes, not for the processor.
    maxWorkers: 3,
    // No transform of ours is needed: Node runs the TypeScript as it does in production.
    experimental: { viteModuleRunner: false },
  },
});
