// The keys of the composer: Enter, Shift+Enter, and the Enter that belongs to an input method.

import type { CDPSession, Locator } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test('Enter sends, Shift+Enter breaks the line', async ({ console, upstream }) => {
  await console.openLive();
  await console.composer.press('Enter');
  await console.composer.pressSequentially('first');
  await console.composer.press('Shift+Enter');
  await console.composer.pressSequentially('second');
  await expect(console.composer).toHaveValue('first\nsecond');
  await console.composer.press('Enter');
  await expect(console.textOf(console.questions)).toHaveText('first\nsecond');
  await expect(console.composer).toHaveValue('');
  await expect(console.composer).toBeFocused();
  await console.isIdle();
  expect(await console.texts()).toEqual(['first\nsecond', 'You said: first\nsecond']);
  expect(await upstream.asked()).toHaveLength(1);
});

test('an Enter that ends a composition does not send; the next one does', async ({
  console,
  context,
  page,
  upstream,
}) => {
  await console.openLive();
  await console.composer.focus();
  const cdp = await context.newCDPSession(page);
  for (const [kana, kanji] of [
    ['にほん', '日本'],
    ['ご', '語'],
  ] as const) {
    await compose(cdp, kana);
    await compose(cdp, kanji);
    await enterOfInputMethod(cdp);
    await cdp.send('Input.insertText', { text: kanji });
  }
  await expect(console.composer).toHaveValue('日本語');
  await expect(console.messages).toHaveCount(0);
  await console.composer.press('Enter');
  await expect(console.answer).toHaveText('You said: 日本語');
  expect(await console.texts()).toEqual(['日本語', 'You said: 日本語']);
  expect(await upstream.asked()).toHaveLength(1);
});

interface Key {
  key: string;
  keyCode: number;
  isComposing: boolean;
}

// The events of the Enter key that accepts a candidate, as each browser engine sends them.
const ENTERS: Record<string, Key> = {
  'Chromium and Firefox': { key: 'Enter', keyCode: 229, isComposing: true },
  'Chromium on Windows': { key: 'Process', keyCode: 229, isComposing: true },
  'Firefox without the old key code': { key: 'Enter', keyCode: 13, isComposing: true },
  'Safari, after the composition has ended': { key: 'Enter', keyCode: 229, isComposing: false },
};
for (const [engine, key] of Object.entries(ENTERS)) {
  test(`the Enter of an input method in ${engine} is left alone`, async ({ console }) => {
    await console.openLive();
    await console.composer.fill('変換中');
    expect(await keydown(console.composer, key), 'its default happens').toBe(true);
    await expect(console.composer).toHaveValue('変換中');
    await console.composer.press('Enter');
    await expect(console.answer).toHaveText('You said: 変換中');
    await expect(console.questions).toHaveCount(1);
  });
}

test('typed text is kept over a reload, in its own conversation', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  const first = console.worker;
  const other = await companion.api.create('Another');
  await console.composer.pressSequentially('half a thou');
  await page.reload();
  await console.isLive();
  await expect(console.composer).toHaveValue('half a thou');
  // A conversation with a draft is one in which nothing was said, so it is not left by the button.
  await console.new.click();
  await expect(console.composer).toHaveValue('half a thou');
  await console.conversation(other).click();
  await expect(page).not.toHaveURL(new RegExp(first));
  await expect(console.composer).toHaveValue('');
  await console.composer.fill('another');
  await console.openLive(`/c/${first}`);
  await expect(console.composer).toHaveValue('half a thou');
  await console.composer.fill('a whole thought');
  await console.send.click();
  await console.isIdle();
  await page.reload();
  await console.isLive();
  await expect(console.composer).toHaveValue('');
});

test('an unfinished edit and the draft of the next message are kept over a reload', async ({
  console,
  page,
}) => {
  await console.openLive();
  await console.ask('One?');
  await console.isIdle();
  await console.composer.fill('the next');
  await console.edit.click();
  await expect(console.composer).toHaveValue('One?');
  await console.composer.fill('One, or two?');
  await page.reload();
  await console.isLive();
  await expect(console.composer).toHaveValue('the next');
  await console.edit.click();
  await expect(console.composer).toHaveValue('One, or two?');
  await console.send.click();
  await expect(console.answer).toHaveText('You said: One, or two?');
  await expect(console.composer).toHaveValue('the next');
});

test('the composer grows with its text up to a limit', async ({ console, page }) => {
  await console.openLive();
  const height = async (): Promise<number> =>
    (await console.composer.boundingBox())?.height ?? Number.NaN;
  const one = await height();
  await console.composer.fill('a\nb\nc\nd');
  await expect.poll(height).toBeGreaterThan(one * 1.5);
  await console.composer.fill('line\n'.repeat(200));
  expect(await height()).toBeLessThan((page.viewportSize()?.height ?? 0) * 0.6);
  await expect(console.send).toBeInViewport();
});

function compose(cdp: CDPSession, text: string): Promise<unknown> {
  const end = text.length;
  return cdp.send('Input.imeSetComposition', { text, selectionStart: end, selectionEnd: end });
}

async function enterOfInputMethod(cdp: CDPSession): Promise<void> {
  const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 };
  await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', ...key });
  await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', ...key });
}

/** Whether the event's default action was not prevented. */
function keydown(target: Locator, key: Key): Promise<boolean> {
  return target.evaluate(
    (element, key) =>
      element.dispatchEvent(
        new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...key }),
      ),
    key,
  );
}

test('Escape stops the answer, but closes first what is open', async ({
  console,
  page,
  upstream,
}) => {
  const counted = answer('One ', hold, 'two.');
  await upstream.plays(counted, counted);
  await console.openLive();
  const stopped = console.note.filter({ hasText: 'stopped' });
  await console.ask('Count to two.');
  await expect(console.answer).toHaveText('One');
  // The palette is open, then the text of an edit is in the box: neither Escape stops.
  await page.keyboard.press('ControlOrMeta+k');
  await expect(console.palette).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(console.palette).toBeHidden();
  await console.composer.focus();
  await page.keyboard.press('ArrowUp');
  await expect(console.composer).toHaveValue('Count to two.');
  await page.keyboard.press('Escape');
  await expect(console.composer).toHaveValue('');
  await expect(console.stop).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(stopped).toBeVisible();
  await console.isIdle();

  await console.ask('Count again.');
  await expect(console.answer).toHaveText('One');
  await console.composer.blur();
  await expect(page.locator('body')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(stopped).toBeVisible();
  await console.isIdle();
  expect(await console.texts()).toEqual(['Count to two.', 'One', 'Count again.', 'One']);
});

test('the arrow up edits the last message if the box is empty', async ({ console, page, upstream }) => {
  await upstream.plays(answer('Yes.'), answer('No.'), answer('Maybe.'));
  await console.openLive();
  for (const question of ['First?', 'Second?']) {
    await console.ask(question);
    await console.isIdle();
  }
  await console.composer.fill('a draft');
  await console.composer.press('ArrowUp');
  await expect(console.composer).toHaveValue('a draft');
  await console.composer.fill('');
  await console.composer.press('ArrowUp');
  await expect(console.composer).toHaveValue('Second?');
  await console.composer.fill('Third?');
  await page.keyboard.press('Enter');
  await expect(console.answer).toHaveText('Maybe.');
  expect(await console.texts()).toEqual(['First?', 'Yes.', 'Third?', 'Maybe.']);
});

test('Ctrl+Shift+O begins a conversation, with the focus in its box', async ({ console, page }) => {
  await console.openLive();
  await console.ask('Hello');
  await console.isIdle();
  const before = page.url();
  await page.keyboard.press('ControlOrMeta+Shift+O');
  await expect(page).not.toHaveURL(before);
  await console.isLive();
  await expect(console.composer).toBeFocused();
});

test.describe('near the limit', () => {
  test.use({ settings: { MESSAGE_CHARS: '1000' } });

  test('the length of a text is told before it is too long', async ({ console }) => {
    await console.openLive();
    await console.composer.fill('a'.repeat(899));
    await expect(console.hint).toContainText('Enter');
    await console.composer.pressSequentially('b');
    await expect(console.hint).toHaveText('900 of 1,000 characters');
    await console.composer.fill('語'.repeat(1_001));
    await expect(console.hint).toContainText('1,001 characters; the limit is 1,000.');
    await expect(console.hint).toHaveAttribute('data-over', '');
    await console.composer.fill('a short one');
    await expect(console.hint).toContainText('Enter');
  });
});
