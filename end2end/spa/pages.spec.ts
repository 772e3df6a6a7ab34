// The server's own pages through the proxy, and their links back to the console.

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

test('each page of the server is shown with its style and links back to the console', async ({
  console,
  page,
}) => {
  await console.openLive();
  const { worker } = console;
  await console.ask('Hello?');
  await console.isIdle();
  const here = page.locator('.answers-here');
  const settings = page.getByRole('option', { name: 'More settings…' });
  const home = page.getByRole('link', { name: 'To the latest conversation' });
  const pages = [
    { link: page.getByRole('link', { name: 'Settings' }), path: '/settings', back: home },
    { link: page.getByRole('link', { name: 'Your data' }), path: '/data', back: home },
    { link: page.getByRole('link', { name: /^Choose profile/ }), path: '/new', back: home },
    {
      link: here,
      path: `/profile/${worker}`,
      back: page.getByRole('link', { name: 'Back to the conversation' }),
    },
    {
      link: console.answers.last().getByRole('link', { name: 'What the model saw' }),
      path: /^\/turns\/[\w-]+\/[\w-]+$/,
      back: page.getByRole('link', { name: 'Back to the conversation' }),
    },
  ];
  for (const { link, path, back } of pages) {
    if (!(await link.isVisible())) await console.openDetails();
    await link.click();
    // The list of models leads on to the page.
    if (link === here) {
      await page.getByRole('option', { name: /^Profile default/ }).waitFor();
      await settings.click();
    }
    await expect(page).toHaveURL((url) =>
      typeof path === 'string' ? url.pathname === path : path.test(url.pathname),
    );
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    // The page uses the server's style sheet, by its hashed name below /pkg.
    const style = page.locator('link[rel=stylesheet]');
    await expect(style).toHaveAttribute('href', /^\/pkg\/companion\.[\w-]+\.css$/);
    await expect(page.locator('main.plain')).toHaveCSS('display', 'grid');
    await back.first().click();
    await console.isLive();
    expect(console.worker).toBe(worker);
  }
  await page.goBack();
  await expect(page.locator('main.plain')).toBeVisible();
  await page.goForward();
  await console.isLive();
});

test('the forms of the server work through the proxy and lead to the console', async ({
  companion,
  console,
  page,
}) => {
  await console.open('/new');
  await page.getByRole('radio', { name: /Concise/ }).check();
  await page.getByRole('textbox', { name: 'Title' }).fill('Short talk');
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(page).toHaveURL(/\/c\/[\w-]+$/);
  await console.isLive();
  await expect(console.title).toHaveText('Short talk');
  await page.locator('.answers-here').click();
  await page.getByRole('option', { name: /^Profile default/ }).waitFor();
  await page.getByRole('option', { name: 'More settings…' }).click();
  await page.getByRole('radio', { name: /Code/ }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await console.isLive();
  await expect(page.locator('.answers-here')).toContainText('Code');

  // A search starts in the console, and its hit leads to the message.
  await console.ask('Where is the otter?');
  await console.isIdle();
  await console.manage.click();
  await page.locator('#manage').getByRole('searchbox').fill('otter');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/search\?/);
  await page.locator('a.hit').first().click();
  await console.isLive();
  await expect(page.locator(new URL(page.url()).hash)).toBeFocused();

  // The conversation is exported, and the exported file is imported.
  await console.open('/data');
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export all' }).click();
  const path = await (await download).path();
  // The conversation is deleted permanently, because an import skips one that can be restored.
  await companion.api.delete(await companion.api.newest(), 'for good');
  await page.setInputFiles('input[type=file]', path);
  await page.getByRole('button', { name: 'Import' }).click();
  await expect(page.getByRole('status')).toContainText('1 conversation imported');
  await page.getByRole('link', { name: 'Open the first one' }).click();
  await console.isLive();
  await expect(console.title).toHaveText('Short talk');
});

test('back and forward show each conversation with its messages and its draft', async ({
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('Yes.'));
  const other = await companion.api.create('Another');
  const first = await companion.api.create('The first');
  await console.openLive(`/c/${first}`);
  await console.ask('Is it so?');
  await console.isIdle();
  await console.composer.fill('Half a thought');
  await console.conversation(other).click();
  await expect(console.title).toHaveText('Another');
  await page.getByRole('link', { name: 'Settings' }).click();
  await expect(page).toHaveURL(/\/settings$/);
  await page.goBack();
  await expect(console.title).toHaveText('Another');
  await page.goBack();
  await expect(console.title).toHaveText('The first');
  await expect(console.answer).toHaveText('Yes.');
  await expect(console.composer).toHaveValue('Half a thought');
  await page.goForward();
  await expect(console.title).toHaveText('Another');
  await expect(console.composer).toHaveValue('');
  await console.isLive();
});
