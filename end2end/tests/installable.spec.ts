// The console can be installed as an app: it has everything that browsers require for that.

import { expect, test } from '../harness/test.ts';

interface Manifest {
  name: string;
  start_url: string;
  display: string;
  icons: { src: string; sizes: string; type: string; purpose: string }[];
}

test('the browser finds no installability errors', async ({
  companion,
  console,
  context,
  page,
}) => {
  await console.openLive();
  const cdp = await context.newCDPSession(page);
  const { url, errors } = await cdp.send('Page.getAppManifest');
  expect(new URL(url).pathname).toBe('/manifest.webmanifest');
  expect(errors).toEqual([]);
  const { installabilityErrors } = await cdp.send('Page.getInstallabilityErrors');
  // Browsers cannot install apps from a private window, and contexts of these tests are private.
  expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito']);

  const { headers, body } = await companion.api.raw('GET', '/manifest.webmanifest');
  expect(headers['content-type']).toBe('application/manifest+json');
  const manifest = JSON.parse(body.toString()) as Manifest;
  expect(manifest.icons.map(({ purpose }) => purpose)).toContain('maskable');
  for (const { src, sizes, type } of manifest.icons.filter(({ type }) => type === 'image/png')) {
    const icon = await companion.api.raw('GET', new URL(src, url).pathname);
    expect(icon.headers['content-type'], src).toBe(type);
    // A PNG begins with eight bytes, the length and name of the first chunk, the width and the
    // height.
    const [width, height] = [icon.body.readUInt32BE(16), icon.body.readUInt32BE(20)];
    expect(`${width}x${height}`, src).toBe(sizes);
  }
});

test('only the conversation is printed', async ({ console, page }) => {
  await console.openLive();
  await console.ask('On paper?');
  await console.isIdle();
  await page.emulateMedia({ media: 'print' });
  await expect(console.textOf(console.questions)).toBeVisible();
  await expect(console.answer).toBeVisible();
  for (const hidden of [console.list, console.composer, console.edit, console.send]) {
    await expect(hidden).toBeHidden();
  }
  // Nothing is cut off, because the page is as long as its text.
  const cut = await page.locator('.scroller').evaluate((s) => s.scrollHeight - s.clientHeight);
  expect(cut).toBeLessThan(2);
});
