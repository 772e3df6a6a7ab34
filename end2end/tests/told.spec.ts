// A reader who looks at something else is told that the answer is complete.

import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

/** Makes the page believe that it is in the background, or in view again. */
const look = (page: Page, hidden: boolean): Promise<void> =>
  page.evaluate((is) => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: is });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);

interface Shown {
  title: string;
  /** The options, of which none may have a text of the conversation. */
  options: string;
}

/** Records the notifications in place of showing them. `answer` is what the reader tells the browser. */
async function recorded(page: Page, permission: 'granted' | 'denied'): Promise<() => Promise<Shown[]>> {
  await page.addInitScript((told) => {
    const shown: Shown[] = [];
    class Recorded {
      static permission = 'default';
      static requestPermission(): Promise<string> {
        Recorded.permission = told;
        return Promise.resolve(told);
      }
      onclick: unknown = null;
      constructor(title: string, options?: NotificationOptions) {
        shown.push({ title, options: Object.keys(options ?? {}).join() });
      }
      close(): void {}
    }
    Object.assign(window, { Notification: Recorded, shownToReader: shown });
  }, permission);
  return () => page.evaluate(() => (window as unknown as { shownToReader: Shown[] }).shownToReader);
}

const COMMAND = 'Turn notifications of complete answers on or off';

test('the title of the window says that an answer is complete, until the page is in view', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('One ', hold, 'two.'), answer('Three.'));
  await console.openLive();
  await console.ask('Count.');
  await expect(console.answer).toContainText('One');
  await look(page, true);
  await expect(page).toHaveTitle('Count. · Companion');
  const icon = page.locator('link[rel=icon]');
  await upstream.release();
  await expect(page).toHaveTitle('● Count. · Companion');
  await expect(icon).toHaveAttribute('href', '/favicon-done.svg');
  expect((await page.request.get(new URL('/favicon-done.svg', page.url()).href)).status()).toBe(200);
  await look(page, false);
  await expect(page).toHaveTitle('Count. · Companion');
  await expect(icon).toHaveAttribute('href', '/favicon.svg');
  // Who looks at the page needs no mark.
  await console.ask('And?');
  await expect(console.answer).toHaveText('Three.');
  await console.isIdle();
  await expect(page).toHaveTitle('Count. · Companion');
});

test('a notification tells of a complete answer, where the reader has asked for it', async ({ console, page, upstream }) => {
  const shown = await recorded(page, 'granted');
  await upstream.plays(answer('One.'), answer('Two', hold, '.'), answer('Three', hold, '.'));
  await console.openLive();
  await look(page, true);
  await console.ask('First?');
  await expect(console.answer).toHaveText('One.');
  await console.isIdle();
  expect(await shown()).toEqual([]);
  await look(page, false);

  const toggle = async (): Promise<void> => {
    await console.openPalette.click();
    await console.paletteField.fill('notifications');
    await console.choices.filter({ hasText: COMMAND }).click();
  };
  await toggle();
  await expect(page.locator('.told')).toContainText('You’ll be notified');
  await expect(page.locator('.told')).toBeVisible();
  await console.ask('Second?');
  await look(page, true);
  await upstream.release();
  await expect.poll(shown).toEqual([{ title: 'The answer is complete.', options: 'tag' }]);

  await look(page, false);
  await toggle();
  await expect(page.locator('.told')).toHaveText('Notifications are off.');
  await console.ask('Third?');
  await look(page, true);
  await upstream.release();
  await expect(console.answer).toHaveText('Three.');
  await console.isIdle();
  expect(await shown()).toHaveLength(1);
});

test('a refusal of the browser is said', async ({ console, page }) => {
  await recorded(page, 'denied');
  await console.openLive();
  await console.openPalette.click();
  await console.paletteField.fill('notifications');
  await console.choices.filter({ hasText: COMMAND }).click();
  await expect(page.locator('.told')).toHaveText('The browser doesn’t allow notifications from this page.');
});
