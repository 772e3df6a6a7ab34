// Runs the main journeys in Firefox and WebKitGTK. Only the test runner is Playwright's; each
// browser is driven by the protocol that it supports itself.

import { defineConfig } from '@playwright/test';

const MINUTE = 60_000;

export default defineConfig<{ engine: 'firefox' | 'webkit' }>({
  globalSetup: './setup.ts',
  testDir: 'journeys',
  outputDir: '../test-results/browsers',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  retries: 0,
  timeout: 2 * MINUTE,
  globalTimeout: 20 * MINUTE,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  projects: [
    { name: 'firefox', use: { engine: 'firefox' } },
    { name: 'webkit', use: { engine: 'webkit' } },
  ],
});
