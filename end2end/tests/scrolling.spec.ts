// The page scrolls when its reader scrolls, and follows the newest text only while that is in view.

import type { Locator } from '@playwright/test';

import { importLong, textOf } from '../harness/long.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

const PARAGRAPH = `${'A line that is long enough to take some room on the page. '.repeat(8)}\n\n`;

/** The vertical position of an element in the window. */
const top = (element: Locator) => element.evaluate((e) => e.getBoundingClientRect().top);

/** Waits for two frames, after which all pending changes are drawn. */
const drawn = (element: Locator) =>
  element.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );

test('the newest text stays in view until the reader scrolls up', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(
    answer(PARAGRAPH.repeat(4)),
    answer(PARAGRAPH, hold, PARAGRAPH, hold, PARAGRAPH.repeat(3), 'The end.'),
  );
  await console.openLive();
  await console.ask('Write.');
  await console.isIdle();
  await expect(console.newer).toBeHidden();
  await console.ask('Write more.');
  const answered = console.answer;
  await upstream.release();
  await expect(answered.locator('p')).toHaveCount(2);
  await expect(answered.locator('p').last()).toBeInViewport({ ratio: 0.9 });

  await console.scroller.hover();
  await page.mouse.wheel(0, -500);
  await expect(console.newer).toBeVisible();
  await drawn(console.scroller);
  const first = console.answers.first();
  const before = await top(first);
  await upstream.release();
  await expect(answered).toContainText('The end.');
  await console.isIdle();
  await drawn(console.scroller);
  expect(Math.abs((await top(first)) - before)).toBeLessThanOrEqual(1);
  await expect(console.newer).toBeVisible();

  await console.newer.press('Enter');
  await expect(answered.getByText('The end.')).toBeInViewport();
  await expect(console.newer).toBeHidden();
  await expect(console.scroller).toBeFocused();
});

test('the finished answer does not jump', async ({ console, upstream }) => {
  await upstream.plays(
    answer('First *one*\n\n', hold, '```rust\nfn main() {}\n```\n\nSecond [a].\n\n[a]: https://a.example'),
  );
  await console.openLive();
  await console.ask('Write.');
  const first = console.answer.locator('p').first();
  await expect(first).toHaveText('First one');
  const before = await top(first);
  await first.evaluate((element) => Object.assign(element, { kept: true }));
  await upstream.release();
  await console.isIdle();
  expect(await top(first)).toBe(before);
  expect(await first.evaluate((element) => 'kept' in element)).toBe(true);
});

test('sending scrolls to the newest message', async ({ console, page, upstream }) => {
  await upstream.plays(answer(PARAGRAPH.repeat(6)), answer('Yes.'));
  await console.openLive();
  await console.ask('Write.');
  await console.isIdle();
  await console.scroller.hover();
  await page.mouse.wheel(0, -400);
  await expect(console.newer).toBeVisible();
  await console.ask('Did you?');
  await expect(console.answer).toBeInViewport();
});

test.describe('a long conversation', () => {
  test('earlier messages load automatically, and the scroll position is kept', async ({
    companion,
    console,
    page,
  }) => {
    const worker = await importLong(companion, 240);
    await console.openLive(`/c/${worker}`);
    await expect(console.messages).toHaveCount(50);
    const read = console.messages.filter({ hasText: textOf(190) });
    await read.evaluate((e) => e.scrollIntoView());
    await expect.poll(() => console.messages.count()).toBeGreaterThanOrEqual(100);
    // The message that was being read is still in view.
    await drawn(console.scroller);
    await expect(read).toBeInViewport();

    await read.evaluate((e) => e.scrollIntoView({ block: 'center' }));
    await drawn(console.scroller);
    const before = await top(read);
    await page.reload();
    await console.isLive();
    await expect(read).toBeInViewport();
    await expect.poll(async () => Math.abs((await top(read)) - before)).toBeLessThanOrEqual(2);

    // A reader at the newest message is there again after a reload.
    await console.newer.click();
    await expect(console.newer).toBeHidden();
    await page.reload();
    await console.isLive();
    await expect(console.messages.last()).toBeInViewport();
  });

  test('messages off screen can be found, linked, focused and printed', async ({
    companion,
    console,
    page,
  }) => {
    const worker = await importLong(companion, 150);
    await console.openLive(`/c/${worker}`);
    await expect(async () => {
      await console.scroller.evaluate((e) => e.scrollTo(0, -e.scrollHeight));
      await expect(console.earlier).toBeHidden({ timeout: 100 });
    }).toPass();
    await console.newer.click();
    const first = page.locator('.message').first();
    const rendered = () =>
      console.textOf(first).evaluate((e) => e.checkVisibility({ contentVisibilityAuto: true }));
    await expect.poll(rendered).toBe(false);
    const find = (words: string) =>
      (window as unknown as { find: (words: string) => boolean }).find(words);
    expect(await page.evaluate(find, textOf(0))).toBe(true);
    expect(await first.evaluate((e) => e.contains(getSelection()?.anchorNode ?? null))).toBe(true);
    await first.evaluate((e) => (location.hash = e.id));
    await expect(first).toBeInViewport();

    // Selected text stays rendered, so the selection is removed.
    await page.evaluate(() => getSelection()?.removeAllRanges());
    await console.newer.click();
    await expect.poll(rendered).toBe(false);
    await first.getByText('Edit').evaluate((e) => e.focus());
    await expect(first).toBeInViewport();

    await page.emulateMedia({ media: 'print' });
    const run = page.locator('.run').first();
    expect(await run.evaluate((e) => getComputedStyle(e).contentVisibility)).toBe('visible');
  });
});
