// A conversation is shared by its menu, read by a stranger, saved as a file, and revoked.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

const ANSWER = [
  'Because of the **moon**.',
  // Without a language: a debug build takes long to highlight code.
  '```\nfn tide() { high }\n```',
  '| sea | height |\n| --- | --- |\n| Fundy | 16 m |',
  'So $F = G m M / r^2$, as [here](https://example.com/tides).',
].join('\n\n');

/** Checks a page with axe, and that it does not scroll sideways. */
async function isSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
  const [content, width] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  expect(content, 'the page does not scroll sideways').toBeLessThanOrEqual(width ?? 0);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('a conversation is shared, read by a stranger on a phone, and revoked', async ({
      browser,
      companion,
      console,
      page,
      upstream,
      watch,
    }) => {
      watch.allow(/404/);
      await upstream.plays(answer(ANSWER), answer('A later answer.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask('Why are there tides?');
      await expect(console.answer).toContainText('Because of the moon.');
      await console.isIdle();

      await console.manage.click();
      await page.getByRole('link', { name: 'Share…' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Share');
      await expect(page.getByLabel('Up to which message')).toContainText('2. Companion: Because of');
      if (javaScriptEnabled) await isSound(page);

      // The preview is what others will see, with the choices as they are.
      await page.getByLabel('Title').fill('About tides');
      await page.getByLabel('The system prompt').check();
      const opened = page.context().waitForEvent('page');
      await page.getByRole('button', { name: 'Preview what others will see' }).click();
      const preview = await opened;
      await expect(preview.getByText('This is a preview.')).toBeVisible();
      await expect(preview.getByRole('heading', { level: 1 })).toHaveText('About tides');
      await expect(preview.getByText('System prompt')).toBeVisible();
      await preview.close();

      await page.getByLabel('The system prompt').uncheck();
      await page.getByRole('button', { name: 'Create link' }).click();
      await expect(page.getByRole('status')).toContainText('The link is ready');
      const field = page.getByLabel('Link', { exact: true });
      const address = await field.inputValue();
      expect(address).toMatch(new RegExp(`^${companion.url}/s/[0-9a-f]{32}$`));
      const copy = page.getByRole('button', { name: 'Copy the link of “About tides”' });
      if (javaScriptEnabled) {
        await isSound(page);
        await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
        await copy.click();
        await expect(copy).toHaveText('Copied');
        expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(address);
      } else {
        await expect(copy).toBeHidden();
      }

      await console.open();
      await console.ask('And later?');
      await expect(console.answer).toContainText('A later answer.');

      // A stranger: another browser, without scripts, at the width of a phone.
      const context = await browser.newContext({
        javaScriptEnabled: false,
        viewport: { width: 360, height: 640 },
      });
      await watch.over(context);
      const stranger = await context.newPage();
      await stranger.goto(address);
      await expect(stranger).toHaveTitle(/^About tides/);
      await expect(stranger.getByRole('heading', { level: 1 })).toHaveText('About tides');
      await expect(stranger.getByRole('article')).toHaveCount(2);
      await expect(stranger.getByRole('article').first()).toContainText('Why are there tides?');
      await expect(stranger.locator('strong')).toHaveText('moon');
      await expect(stranger.getByRole('cell', { name: 'Fundy' })).toBeVisible();
      await expect(stranger.getByText('A later answer.')).toHaveCount(0);
      await expect(stranger.getByText('System prompt')).toHaveCount(0);
      await expect(stranger.getByRole('button')).toHaveCount(0);
      await context.close();

      // With scripts, for axe, in both colour schemes; the page itself has none.
      for (const colorScheme of ['light', 'dark'] as const) {
        const viewport = { width: 360, height: 640 };
        const context = await browser.newContext({ javaScriptEnabled: true, colorScheme, viewport });
        await watch.over(context);
        const reader = await context.newPage();
        await reader.goto(address);
        await isSound(reader);
        await context.close();
      }

      await page.goto(`${companion.url}/shares`);
      await page.getByRole('button', { name: 'Revoke the share “About tides”' }).click();
      await expect(page.getByRole('status')).toContainText('The share was revoked.');
      await page.goto(address);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('This link doesn’t lead to a conversation');
    });
  });
}

test('a saved file opens from a disk and asks for nothing', async ({
  browser,
  companion,
  console,
  folder,
  page,
  upstream,
}) => {
  await upstream.plays(answer(ANSWER));
  await console.openLive();
  await console.ask('Why are there tides?');
  await expect(console.answer).toContainText('Because of the moon.');
  await console.isIdle();
  const { path } = await companion.api.share(console.worker);

  await console.manage.click();
  const begun = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Web page' }).click();
  const download = await begun;
  expect(download.suggestedFilename()).toMatch(/^Why-are-there-tides-[0-9a-f]{8}\.html$/);
  const shared = await companion.api.raw('GET', `${path}/file`);
  const files = { exported: await readFile(await download.path()), shared: shared.body };
  for (const [name, bytes] of Object.entries(files)) {
    const file = join(folder, `${name}.html`);
    await writeFile(file, bytes);
    const context = await browser.newContext({ viewport: { width: 360, height: 640 } });
    const requests: string[] = [];
    context.on('request', (request) => requests.push(request.url()));
    const reader = await context.newPage();
    const complaints: string[] = [];
    reader.on('console', (message) => complaints.push(message.text()));
    await reader.goto(`file://${file}`);
    await expect(reader.getByRole('heading', { level: 1 })).toHaveText('Why are there tides?');
    await expect(reader.getByRole('cell', { name: 'Fundy' })).toBeVisible();
    await isSound(reader);
    // The style is in force: code has a border, and nothing runs out of the page.
    const border = await reader.locator('.code').evaluate((code) => getComputedStyle(code).borderTopWidth);
    expect(border).toBe('1px');
    expect(requests).toEqual([`file://${file}`]);
    expect(complaints).toEqual([]);
    await context.close();
  }
});

test('the branch that is shown is shared, up to a message that was chosen', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('First version.'), answer('Second version.'), answer('Further.'));
  await console.openLive();
  await console.ask('Which?');
  await expect(console.answer).toHaveText('First version.');
  await console.isIdle();
  await console.again.click();
  await expect(console.answer).toHaveText('Second version.');
  await console.isIdle();
  await console.versionBefore.click();
  await expect(console.answer).toHaveText('First version.');
  await console.manage.click();
  await page.getByRole('link', { name: 'Share…' }).click();
  await page.getByRole('button', { name: 'Create link' }).click();
  const field = page.getByLabel('Link', { exact: true });
  await page.goto(await field.inputValue());
  await expect(page.getByText('First version.')).toBeVisible();
  await expect(page.getByText('Second version.')).toHaveCount(0);

  await console.openLive();
  await console.ask('And then?');
  await expect(console.answer).toHaveText('Further.');
  await console.isIdle();
  await console.answers.first().getByRole('button', { name: 'More' }).click();
  await page.getByRole('button', { name: 'Share up to here…' }).click();
  await page.getByRole('button', { name: 'Create link' }).click();
  await expect(page.getByRole('status')).toContainText('The link is ready');
  await page.goto(await field.first().inputValue());
  await expect(page.getByRole('article')).toHaveCount(2);
  await expect(page.getByText('Further.')).toHaveCount(0);
});
