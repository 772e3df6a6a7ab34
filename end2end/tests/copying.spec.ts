// Copying: code byte for byte, messages as text or as Markdown, and links.

import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

const CODE = 'fn main() {\n\tprintln!("<b>&amp; 日本</b>");\n\n}  \n';
const MARKDOWN = `Look at **this**:\n\n\`\`\`rust\n${CODE}\`\`\`\n\n- done`;

const clipboard = (page: Page) => page.evaluate(() => navigator.clipboard.readText());

test.beforeEach(async ({ context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
});

test('code is copied to the byte, and a toast says so', async ({ console, page, upstream }) => {
  await upstream.plays(answer(MARKDOWN));
  await console.openLive();
  await console.ask('Show me.');
  await console.isIdle();
  const block = console.answer.locator('.code');
  await block.hover();
  await block.getByRole('button', { name: 'Copy code' }).click();
  await expect(console.toast).toHaveText('Copied');
  expect(await clipboard(page)).toBe(CODE);
  // This also works in a page that the server rendered.
  await page.reload();
  await console.isLive();
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await block.getByRole('button', { name: 'Copy code' }).press('Enter');
  await expect(console.toast).toHaveText('Copied');
  expect(await clipboard(page)).toBe(CODE);
});

test('the choice to wrap long lines is kept', async ({
  console,
  page,
  tab,
  upstream,
}) => {
  await upstream.plays(answer(`\`\`\`text\n${'long '.repeat(100)}\n\`\`\``));
  await console.openLive();
  await console.ask('A long line.');
  await console.isIdle();
  const code = console.answer.locator('pre');
  const scrolls = () => code.evaluate((pre) => pre.scrollWidth > pre.clientWidth);
  expect(await scrolls()).toBe(true);
  // A code block that scrolls can be focused with the keyboard.
  await code.focus();
  await expect(code).toBeFocused();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => code.evaluate((pre) => pre.scrollLeft)).toBeGreaterThan(0);
  await page.getByRole('button', { name: 'Wrap long lines' }).click();
  expect(await scrolls()).toBe(false);
  const other = await tab();
  await other.isLive();
  await expect(other.page.getByRole('button', { name: 'Don’t wrap long lines' })).toBeVisible();
  await other.page.getByRole('button', { name: 'Don’t wrap long lines' }).click();
  await page.reload();
  await console.isLive();
  await expect(page.getByRole('button', { name: 'Wrap long lines', exact: true })).toBeVisible();
  expect(await scrolls()).toBe(true);
});

test('a message is copied as it was written, as text and as a link', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer(MARKDOWN));
  await console.openLive();
  await console.ask('Show *me*.');
  await console.isIdle();
  const last = console.answers.last();
  await last.getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(console.toast).toHaveText('Copied');
  expect(await clipboard(page)).toBe(MARKDOWN);

  const more = last.getByRole('button', { name: 'More options for this message' });
  await more.press('Enter');
  await page.getByRole('button', { name: 'Copy as plain text' }).click();
  await expect.poll(() => clipboard(page)).toContain('Look at this:');
  const text = await clipboard(page);
  expect(text).toContain('println!("<b>&amp; 日本</b>");');
  expect(text).not.toMatch(/\*\*|```|rust/);
  await expect(page.getByRole('button', { name: 'Copy as plain text' })).toBeHidden();

  await console.questions.getByRole('button', { name: 'More options for this message' }).click();
  await page.getByRole('button', { name: 'Copy link' }).click();
  const id = await console.questions.getAttribute('id');
  const link = `${new URL(page.url()).origin}/c/${console.worker}?m=${id?.slice(2)}#${id}`;
  await expect.poll(() => clipboard(page)).toBe(link);
  await page.goto(link);
  await expect(console.questions).toBeInViewport();
});

test('a toast says that the browser does not allow copying', async ({ console, page, upstream }) => {
  await page.addInitScript(() => {
    navigator.clipboard.writeText = () => Promise.reject(new Error('no'));
  });
  await upstream.plays(answer(MARKDOWN));
  await console.openLive();
  await console.ask('Show me.');
  await console.isIdle();
  await console.answers.last().getByRole('button', { name: 'Copy', exact: true }).click();
  await expect(console.toast).toHaveText(/The browser didn’t allow copying/);
});

test('in an insecure context, a toast says that there is no clipboard', async ({
  console,
  page,
  upstream,
}) => {
  await page.addInitScript(() => {
    Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined });
  });
  await upstream.plays(answer(MARKDOWN));
  await console.openLive();
  await console.ask('Show me.');
  await console.isIdle();
  await console.answer.getByRole('button', { name: 'Copy code' }).click();
  await expect(console.toast).toHaveText(/The browser didn’t allow copying/);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('no buttons are shown that need JavaScript', async ({ console, upstream }) => {
    await upstream.plays(answer(MARKDOWN));
    await console.open();
    await console.ask('Show me.');
    await expect(console.answer).toContainText('println');
    await expect(console.log.getByRole('button', { name: /Copy|More|Wrap/ })).toHaveCount(0);
    await expect(console.again).toBeVisible();
  });
});
