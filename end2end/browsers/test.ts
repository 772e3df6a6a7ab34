// The fixtures: servers as the tests of the console have them, and a browser for each test. With a
// folder named by PICTURES, each test leaves a picture there of what is seen at its end.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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

  // The tests of the console watch Playwright's own browser, which is not started here.
  watch: async ({}, use) => use(new Watch()),

  // A server that ends before its pages would be missed by them.
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
    // The server has seen every request, also those that a browser does not tell of.
    const refused = companion.log.split('\n').filter((line) => / status=[45]\d\d /.test(line));
    expect.soft(refused, 'requests that the server refused').toEqual([]);
  },
});

async function keepPicture(driver: Driver, file: string): Promise<void> {
  await writeFile(file, await driver.screenshot());
}
