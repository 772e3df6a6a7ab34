// A long message of the reader shows its beginning, and all of it when asked for, on paper and without
// a script.

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

const LONG = Array.from({ length: 60 }, (_, line) => `Line ${line + 1} of a log that was pasted.`).join('\n');

test('a long message is folded, unfolded and folded again', async ({ console, page, upstream }) => {
  await upstream.plays(answer('Noted.'), answer('Again.'));
  await console.openLive();
  await console.ask(LONG);
  await expect(console.answer).toHaveText('Noted.');
  const text = console.textOf(console.questions.first());
  const height = async () => (await text.boundingBox())?.height ?? 0;
  expect(await height()).toBeLessThan(340);
  const button = page.getByRole('button', { name: 'Show all' });
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await button.click();
  expect(await height()).toBeGreaterThan(1000);
  const less = page.getByRole('button', { name: 'Show less' });
  await expect(less).toHaveAttribute('aria-expanded', 'true');
  await less.click();
  expect(await height()).toBeLessThan(340);
  await page.emulateMedia({ media: 'print' });
  expect(await height()).toBeGreaterThan(1000);
  await page.emulateMedia({ media: 'screen' });

  // A short one has no button, and what is copied is the whole text.
  await console.ask('Short.');
  await expect(console.answer).toHaveText('Again.');
  await expect(page.getByRole('button', { name: 'Show all' })).toHaveCount(1);
  expect((await console.texts())[0]).toBe(LONG);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a long message is shown as a whole', async ({ console, page }) => {
    await console.open();
    await console.ask(LONG);
    const text = console.textOf(console.questions.first());
    expect((await text.boundingBox())?.height ?? 0).toBeGreaterThan(1000);
    await expect(page.getByRole('button', { name: 'Show all' })).toBeHidden();
  });
});
