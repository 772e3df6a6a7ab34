// A conversation gets one answer at a time, and text that is typed meanwhile is not lost.

import { Console } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test('while an answer is written, a tab keeps the typed text', async ({
  console,
  tab,
  upstream,
}) => {
  await upstream.plays(answer('Slow', hold, ' answer.'), answer('Second.'));
  await console.openLive();
  const other = await tab();
  await other.isLive();
  await console.ask('First?');
  await expect(other.answer).toHaveText('Slow');

  await other.composer.fill('Second?');
  await other.composer.press('Enter');
  await expect(other.hint).toContainText('Your text stays here');
  await expect(other.composer).toHaveValue('Second?');
  await expect(other.send).toBeHidden();

  await upstream.release();
  await other.isIdle();
  await expect(other.composer).toHaveValue('Second?');
  await other.send.click();
  await expect(other.answer).toHaveText('Second.');
  await expect(console.answer).toHaveText('Second.');
  expect(await console.texts()).toEqual(['First?', 'Slow answer.', 'Second?', 'Second.']);
  expect(await upstream.asked()).toHaveLength(2);
});

test('a message can be queued until the answer before it is complete', async ({ console, page, upstream }) => {
  await upstream.plays(answer('Slow', hold, ' answer.'), answer('Second.'));
  await console.openLive();
  await console.ask('First?');
  await expect(console.answer).toHaveText('Slow');
  await expect(console.later).toBeHidden();
  await console.composer.fill('Second?');
  await console.later.click();
  await expect(console.hint).toHaveText('Your message will be sent as soon as this answer is complete.');
  // The waiting message is cancelled, and then sent again with the keyboard.
  await page.getByRole('button', { name: 'Don’t send' }).click();
  await console.composer.press('Enter');
  await expect(console.hint).toHaveText('Your message will be sent as soon as this answer is complete.');
  expect(await upstream.asked()).toHaveLength(1);
  await upstream.release();
  await expect(console.answer).toHaveText('Second.');
  await expect(console.composer).toHaveValue('');
  expect(await console.texts()).toEqual(['First?', 'Slow answer.', 'Second?', 'Second.']);
});

test('a queued message is not sent after the answer before it was stopped', async ({ console, upstream }) => {
  await upstream.plays(answer('Slow', hold, ' answer.'), answer('Second.'));
  await console.openLive();
  await console.ask('First?');
  await expect(console.answer).toHaveText('Slow');
  await console.composer.fill('Second?');
  await console.later.click();
  await console.stop.click();
  await console.isIdle();
  await expect(console.hint).toContainText('your message was not sent');
  await expect(console.composer).toHaveValue('Second?');
  await upstream.release();
  await console.send.click();
  await expect(console.answer).toHaveText('Second.');
});

test('a message from a tab that has missed the running answer is refused, and its text is kept', async ({
  companion,
  console,
  context,
  upstream,
  watch,
}) => {
  watch.allow(/409/);
  await upstream.plays(answer('Slow', hold, ' answer.'), answer('Second.'));
  await console.openLive();
  const page = await context.newPage();
  // The connection of this tab stays silent, so the tab learns of no event.
  await page.routeWebSocket(/\/events/, () => {});
  const other = new Console(page, companion);
  await other.openLive(`/c/${console.worker}`);

  await console.ask('First?');
  await expect(console.answer).toHaveText('Slow');
  await other.submit('Second?');
  await expect(other.alert).toHaveAttribute('data-code', 'busy');
  await expect(other.alert).toContainText('Your text is still in the message box.');
  await expect(other.composer).toHaveValue('Second?');
  await expect(other.composer).toBeEditable();

  // The refused message was not stored, and no model was asked.
  expect(await console.texts()).toEqual(['First?', 'Slow']);
  expect(await upstream.asked()).toHaveLength(1);
  await upstream.release();
  await console.isIdle();
  await other.send.click();
  await expect(console.answer).toHaveText('Second.');
  expect(await console.texts()).toEqual(['First?', 'Slow answer.', 'Second?', 'Second.']);
});

test('without JavaScript, a second message is refused and its text is kept', async ({
  browser,
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer('Slow', hold, ' answer.'), answer('Second.'));
  await console.openLive();
  const context = await browser.newContext({ javaScriptEnabled: false });
  const other = new Console(await context.newPage(), companion);
  await other.open(`/c/${console.worker}`);
  await console.ask('First?');
  await expect(console.answer).toHaveText('Slow');

  await other.submit('Second?\n\nAnd third?');
  await expect(other.alert).toHaveAttribute('data-code', 'busy');
  await expect(other.composer).toHaveValue('Second?\n\nAnd third?');
  expect(await console.texts()).toEqual(['First?', 'Slow']);
  // The page does not refresh itself now, because that would remove the text.
  await upstream.release();
  await console.isIdle();
  await other.send.click();
  await expect(console.answer).toHaveText('Second.');
  await expect(other.answer).toHaveText('Second.');
  expect((await console.texts())[2]).toBe('Second?\n\nAnd third?');
  expect(await upstream.asked()).toHaveLength(2);
  await context.close();
});
