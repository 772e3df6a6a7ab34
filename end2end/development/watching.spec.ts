// `make dev` as a developer uses it: it starts, its page works, and changed files are seen in it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Page, expect, test } from '@playwright/test';

import { Upstream, answer } from '../harness/upstream.ts';
import { Watch } from '../harness/watch.ts';
import { Development } from './clone.ts';

const MINUTE = 60_000;
/** How long the first build may take, when nothing of the development server is built yet. */
const FIRST_BUILD_MS = 20 * MINUTE;
/**
 * How long a change may take until it is seen. It takes half a minute at most on an idle machine.
 */
const SEEN_MS = 8 * MINUTE;

test('changes of a style and of a component appear in the open page', async ({
  context,
  page,
}) => {
  test.setTimeout(FIRST_BUILD_MS + 3 * SEEN_MS);
  const folder = await mkdtemp(join(tmpdir(), 'companion-development-'));
  const upstream = await Upstream.start(folder);
  await upstream.plays(answer('Written ', 'while developing.'));
  const copy = process.env.DEVELOPMENT_COPY;
  if (!copy) throw new Error('run this by tools/development.sh, which copies the tree first');
  const development = await Development.start(copy, upstream.baseUrl);
  try {
    await development.ready(FIRST_BUILD_MS);
    const watch = new Watch();
    await watch.over(context);

    await page.goto(development.url);
    await page.getByRole('textbox', { name: 'Your message' }).fill('Hello');
    await page.keyboard.press('Enter');
    const written = page.getByRole('log').getByText('Written while developing.');
    await expect(written).toBeVisible();

    // A changed style is put into the open page without a reload.
    await page.evaluate(() => (document.body.dataset.loaded = 'once'));
    let began = Date.now();
    await development.change(
      'style/_utilities.scss',
      '@layer utilities {',
      '@layer utilities {\n  body { outline-color: rgb(1, 2, 3); }',
    );
    await expect
      .poll(() => outline(page), { timeout: SEEN_MS })
      .toBe('rgb(1, 2, 3)');
    expect(await page.evaluate(() => document.body.dataset.loaded)).toBe('once');
    console.log(`    a style was seen after ${seconds(began)} s`);

    // A changed component restarts the server and reloads the page, which shows the same
    // conversation.
    began = Date.now();
    await development.change(
      'app/src/components/conversation_header.rs',
      '<header class="top">',
      '<header class="top"><p id="changed-while-developing">"changed"</p>',
    );
    watch.allowAbsence();
    watch.allow(/Live-reload disconnected/);
    await expect(page.locator('#changed-while-developing').first()).toBeAttached({
      timeout: SEEN_MS,
    });
    console.log(`    a component was seen after ${seconds(began)} s`);
    await expect(written).toBeVisible();
    await expect.poll(() => outline(page)).toBe('rgb(1, 2, 3)');
    expect(watch.unexpected, 'what a development page says on the console').toEqual([]);

    expect(await development.interrupt(), 'it ends by Ctrl-C').toBe(true);
    await expect(fetch(development.url)).rejects.toThrow();
  } finally {
    await development.interrupt();
    await upstream.stop();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
});

function outline(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.body).outlineColor);
}

function seconds(began: number): string {
  return ((Date.now() - began) / 1000).toFixed(1);
}
