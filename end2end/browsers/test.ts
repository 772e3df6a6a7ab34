// The fixtures: the same servers as in the tests of the console, and a browser for each test. Where
// PICTURES names a folder, each test writes a picture of its last page into it.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Canary } from '../harness/canary.ts';
import { test as base, expect } from '../harness/test.ts';
import { Watch } from '../harness/watch.ts';
import type { Driver, Setup } from './drivers/driver.ts';
import { Firefox } from './drivers/firefox.ts';
import { WebKit } from './drivers/webkit.ts';
import { ConsolePage } from './page/console-page.ts';

export { expect };

interface Options {
  engine: 'firefox' | 'webkit';
  setup: Setup;
}

interface Fixtures {
  driver: Driver;
  /** The console in the browser that is driven. */
  view: ConsolePage;
}

export const test = base.extend<Options & Fixtures>({
  engine: ['firefox', { option: true }],
  setup: [{ scripts: true, dark: false }, { option: true }],

  // This fixture watches Playwright's own browser, which these tests do not start.
  watch: async ({}, use) => use(new Watch()),
  // Nor does the other one see what these browsers get.
  canary: async ({}, use) => use(new Canary()),

  // The driver depends on the server, so the browser is closed before the server ends; otherwise
  // its pages would report a lost connection.
  driver: async ({ companion: _, engine, folder, setup }, use, info) => {
    const driver = await (engine === 'firefox' ? Firefox : WebKit).start(folder, setup);
    try {
      await use(driver);
      if (info.status !== info.expectedStatus) {
        await keepPicture(driver, info.outputPath('seen-at-the-end.png'));
      }
      if (process.env.PICTURES) {
        const name = `${engine} ${info.title}.png`;
        await keepPicture(driver, join(process.env.PICTURES, name));
      }
      expect.soft(await driver.takeProblems(), 'what no page should do').toEqual([]);
    } finally {
      await driver.close();
      await info.attach('log of the browser', { body: driver.log, contentType: 'text/plain' });
    }
  },

  view: async ({ driver, companion }, use) => {
    await use(new ConsolePage(driver, companion));
    // The server's log shows every refused request, also those that the driver does not report.
    const refused = companion.log.split('\n').filter((line) => / status=[45]\d\d /.test(line));
    expect.soft(refused, 'requests that the server refused').toEqual([]);
  },
});

async function keepPicture(driver: Driver, file: string): Promise<void> {
  await writeFile(file, await driver.screenshot());
}
