// The client-only console while it loads, and how it learns the reader's choices.

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

test('a text is shown until the WASM has loaded, and is then removed', async ({
  console,
  page,
}) => {
  let letIt = (): void => {};
  const may = new Promise<void>((resolve) => (letIt = resolve));
  await page.route('**/*.wasm', async (route) => {
    await may;
    await route.continue();
  });
  // This waits for the load of the page, which needs its files.
  const loaded = console.open();
  await expect(page.getByRole('status').filter({ hasText: 'Loading…' })).toBeVisible();
  await expect(page.getByText('読み込んでいます…')).toBeHidden();
  await expect(page.locator('#start .wordmark')).toBeVisible();
  // The texts for browsers without scripts are not shown.
  await expect(page.locator('#start')).toHaveText(/^\s*Companion\s*Loading…\s*$/, {
    useInnerText: true,
  });
  letIt();
  await loaded;
  await console.isLive();
  await expect(page.locator('#start')).toHaveCount(0);
  await expect(console.welcome).toBeVisible();
});

test('when a file cannot be loaded, an error offers to try again', async ({
  console,
  page,
  watch,
}) => {
  watch.allow(/\.wasm/, /ERR_FAILED/, /Failed to fetch/);
  await page.route('**/*.wasm', (route) => route.abort());
  await console.open();
  const failed = page.getByRole('alert').filter({ hasText: 'The console couldn’t be loaded' });
  await expect(failed).toBeVisible();
  await page.unroute('**/*.wasm');
  await failed.getByRole('link', { name: 'Reload the page' }).click();
  await console.isLive();
});

test('an error at load stays when the server answers late', async ({ console, page, watch }) => {
  watch.allow(/\.js/, /ERR_FAILED/, /Failed to fetch/, /preloaded using link preload but not used/);
  // The page would give up waiting for the answer after some seconds.
  await page.addInitScript(() => {
    AbortSignal.timeout = () => new AbortController().signal;
  });
  await page.route('**/frontend-*.js', (route) => route.abort());
  let answer = (): void => {};
  const may = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/api/fn/reader', async (route) => {
    await may;
    await route.continue();
  });
  await console.open();
  const failed = page.getByRole('alert').filter({ hasText: 'The console couldn’t be loaded' });
  await expect(failed).toBeVisible();
  const answered = page.waitForResponse('**/api/fn/reader');
  answer();
  await (await answered).finished();
  // The page handles the answer in its own tasks, which are done before this one.
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
  await expect(failed).toBeVisible();
  await expect(page.getByText('Loading…')).toBeHidden();
});

test.describe('a Japanese browser', () => {
  test.use({ locale: 'ja-JP' });

  test('the page is in Japanese from the beginning', async ({ page, site }) => {
    await page.goto(site.url);
    await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
    await expect(page.getByRole('textbox', { name: 'メッセージ' })).toBeVisible();
    await expect(page.locator('[data-link]')).toHaveAttribute('data-link', 'live');
  });
});

test('the language, the theme and the Enter key follow the settings', async ({
  console,
  page,
}) => {
  await console.open('/settings');
  await page.getByRole('radio', { name: '日本語' }).check();
  await page.getByRole('radio', { name: 'Dark' }).check();
  await page.locator('input[name=enter][value=breaks]').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(/\/settings\?saved=true$/);
  await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
  await console.open('/');
  const root = page.locator('html');
  await expect(page.locator('[data-link]')).toHaveAttribute('data-link', 'live');
  await expect(root).toHaveAttribute('lang', 'ja');
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await expect(root).toHaveAttribute('data-enter', 'breaks');
  await expect(page.locator('meta[name=theme-color]')).toHaveAttribute('content', '#131412');
  await expect(page.locator('.loading')).toHaveCount(0);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the page says that it needs JavaScript, and links to pages that do not', async ({ console, page }) => {
    await console.open('/');
    await expect(page.getByRole('heading', { name: /needs JavaScript/ })).toBeVisible();
    await page.getByRole('link', { name: 'settings' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Settings' })).toBeVisible();
  });
});

test('nothing scrolls sideways on a phone', async ({ console, page, upstream }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  await upstream.plays(answer('| a | b |\n|---|---|\n| 1 | 2 |\n\nand a long-word '.repeat(3)));
  await console.openLive();
  expect(await console.overflow()).toBe(0);
  await console.ask('A table, please.');
  await console.isIdle();
  expect(await console.overflow()).toBe(0);
  await console.openList.click();
  await expect(console.conversation(console.worker)).toBeVisible();
  expect(await console.overflow()).toBe(0);
});
