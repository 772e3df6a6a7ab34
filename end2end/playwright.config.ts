import { defineConfig } from '@playwright/test';

import type { Options } from './harness/test.ts';
import { chromium } from './harness/programs.ts';

/** Time limits for a machine with other work; no test normally waits this long. */
const MINUTE = 60_000;

export default defineConfig<Options>({
  globalSetup: './harness/setup.ts',
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  // With hundreds of tests on a machine with other work, one may stumble over a pause. It runs again, and the
  // report of failures names it with its error, so that nobody overlooks it.
  retries: 1,
  timeout: 2 * MINUTE,
  globalTimeout: 40 * MINUTE,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['./harness/failures.ts']],
  use: {
    launchOptions: {
      executablePath: chromium,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
    locale: 'en-GB',
    timezoneId: 'UTC',
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    screenshot: 'only-on-failure',
    trace: process.env.TRACE ? 'on' : 'off',
  },
  projects: [
    { name: 'console', testDir: 'tests' },
    // The client-only console, served by Trunk: its own tests, and the main journeys of all.
    {
      name: 'spa',
      testDir: '.',
      testMatch: ['spa/*.spec.ts', 'tests/*.spec.ts'],
      grep: /spa\/[\w-]+\.spec\.ts|@journey/,
      use: { front: 'trunk' },
    },
    // Started by tools/development.sh. It mostly builds, so it runs in one worker.
    { name: 'development', testDir: 'development', workers: 1 },
    // `make measure`: figures depend on the machine, so no test run asks for them.
    { name: 'measure', testDir: 'measure', workers: 1 },
    // Started by tools/peers.sh. It uses one worker, because the servers need more than the
    // product.
    { name: 'peers', testDir: 'peers', workers: 1 },
    // Started by tools/attacks.sh, which sets the size and the seed.
    { name: 'attacks', testDir: 'attacks' },
  ],
});
