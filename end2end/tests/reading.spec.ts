// A keyboard and a screen reader go from message to message.

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test('Alt and an arrow go from message to message, and back to the message box', async ({ console, page, upstream }) => {
  await upstream.plays(answer('First.'), answer('Second.'));
  await console.openLive();
  await console.ask('One?');
  await expect(console.answer).toHaveText('First.');
  await console.ask('Two?');
  await expect(console.answer).toHaveText('Second.');
  await expect(console.composer).toBeFocused();
  const messages = page.locator('.scroller .message');
  await page.keyboard.press('Alt+ArrowUp');
  await expect(messages.last()).toBeFocused();
  for (const at of [2, 1, 0, 0]) {
    await page.keyboard.press('Alt+ArrowUp');
    await expect(messages.nth(at)).toBeFocused();
  }
  for (const at of [1, 2, 3]) {
    await page.keyboard.press('Alt+ArrowDown');
    await expect(messages.nth(at)).toBeFocused();
  }
  await page.keyboard.press('Alt+ArrowDown');
  await expect(console.composer).toBeFocused();
  // In a text that is being written, the keys are the text's own.
  await console.composer.fill('A text');
  await page.keyboard.press('Alt+ArrowUp');
  await expect(console.composer).toBeFocused();
});

test('each message has a heading that names who wrote it', async ({ console, page }) => {
  await console.openLive();
  await console.ask('One?');
  await expect(console.answer).toHaveText('You said: One?');
  const headings = page.locator('.scroller').getByRole('heading', { level: 2 });
  await expect(headings).toHaveText(['You', 'Companion']);
});

test('Escape stops an answer while a message has the focus', async ({ console, page, upstream }) => {
  await upstream.plays(answer('First.'));
  await console.openLive();
  await console.ask('One?');
  await expect(console.answer).toHaveText('First.');
  await upstream.plays(answer('Begun ', hold, 'and ended.'));
  await console.ask('Two?');
  await expect(console.answer).toHaveText('Begun');
  await page.keyboard.press('Alt+ArrowUp');
  await page.keyboard.press('Escape');
  await console.isIdle();
  await expect(console.answers.last()).toContainText('You stopped this answer.');
});
