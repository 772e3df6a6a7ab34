// The palette and the other keyboard shortcuts, used with the keyboard only.

import { expect, journey, test } from '../harness/test.ts';

test('a conversation is found by a few letters of its title', journey, async ({
  companion,
  console,
  page,
}) => {
  const tides = await companion.api.create('High tides and the moon');
  const trains = await companion.api.create('Night trains');
  const japanese = await companion.api.create('潮の満ち引きについて');
  await console.openLive();
  await console.composer.focus();
  await page.keyboard.press('Control+k');
  await expect(console.paletteField).toBeFocused();
  // The conversations that were used last are offered first, and one entry is always selected.
  await expect(console.choices.nth(0)).toHaveText('潮の満ち引きについて');
  await expect(console.chosen).toHaveText('潮の満ち引きについて');
  await page.keyboard.type('mon tid');
  await expect(console.chosen).toHaveText('High tides and the moon');
  const active = await console.paletteField.getAttribute('aria-activedescendant');
  await expect(console.chosen).toHaveAttribute('id', active ?? '');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(tides));
  await expect(console.palette).toBeHidden();

  await page.keyboard.press('Control+k');
  await page.keyboard.type('満ち');
  await expect(console.chosen).toHaveText('潮の満ち引きについて');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(japanese));

  await page.keyboard.press('Control+k');
  await page.keyboard.type('ntrains');
  await expect(console.chosen).toHaveText('Night trains');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(trains));
});

test('a palette that was opened during a navigation stays open with its text', async ({
  companion,
  console,
  page,
}) => {
  const trains = await companion.api.create('Night trains');
  const tides = await companion.api.create('High tides');
  await console.openLive(`/c/${tides}`);
  let letIt = (): void => {};
  const may = new Promise<void>((resolve) => (letIt = resolve));
  await page.route('**/api/fn/console', async (route) => {
    await may;
    await route.continue();
  });
  const asked = page.waitForRequest('**/api/fn/console');
  await console.conversation(trains).click();
  await asked;
  await page.keyboard.press('Control+k');
  await page.keyboard.type('high');
  await expect(console.chosen).toHaveText('High tides');
  letIt();
  await expect(console.title).toHaveText('Night trains');
  await expect(console.paletteField).toBeFocused();
  await expect(console.paletteField).toHaveValue('high');
  await page.keyboard.type(' ti');
  await expect(console.paletteField).toHaveValue('high ti');
  await expect(console.chosen).toHaveText('High tides');
  await page.keyboard.press('Enter');
  await expect(console.title).toHaveText('High tides');
  await expect(page.locator('dialog[open]')).toHaveCount(0);
});

test('closing the palette returns the focus to the text and the caret position', async ({ console, page }) => {
  await console.openLive();
  await console.composer.fill('Half a thought');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Control+k');
  await expect(console.paletteField).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(console.palette).toBeHidden();
  await expect(console.composer).toBeFocused();
  await page.keyboard.type('!');
  await expect(console.composer).toHaveValue('Half a though!t');
  await expect(page.locator('dialog[open]')).toHaveCount(0);
  // The same key also closes the palette. On a Mac it is another key.
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Control+k');
  await expect(page.locator('dialog[open]')).toHaveCount(0);
  await page.keyboard.press('Meta+k');
  await expect(console.palette).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.locator('dialog[open]')).toHaveCount(0);
  // The closed dialog restores the focus, perhaps only after this call, so the steps are repeated.
  await expect(async () => {
    await console.openPalette.focus();
    await page.keyboard.press('Enter');
    await expect(console.palette).toBeVisible({ timeout: 1000 });
  }).toPass();
  await page.keyboard.press('Escape');
  await expect(console.openPalette).toBeFocused();
});

test('commands are chosen by arrows and Enter', async ({ companion, console, page }) => {
  await console.openLive();
  const first = console.worker;
  await console.ask('Hello');
  await expect(console.answer).toHaveText('You said: Hello');
  await console.isIdle();

  await page.keyboard.press('Control+k');
  await expect(console.chosen).toHaveText('Hello');
  await page.keyboard.press('ArrowUp');
  await expect(console.chosen).toHaveText('Keyboard shortcuts');
  await page.keyboard.press('ArrowDown');
  await expect(console.chosen).toHaveText('Hello');
  await page.keyboard.type('rename');
  await expect(console.chosen).toHaveText('Rename this conversation');
  await page.keyboard.press('Enter');
  await expect(console.titleField).toBeFocused();
  await page.keyboard.press('Control+a');
  await page.keyboard.type('Greetings');
  await page.keyboard.press('Enter');
  await expect(console.title).toHaveText('Greetings');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('message box');
  await expect(console.chosen).toHaveText('Go to the message box');
  await page.keyboard.press('Enter');
  await expect(console.composer).toBeFocused();
  await expect(page.locator('dialog[open]')).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await page.keyboard.type('new con');
  await expect(console.chosen).toHaveText('New conversation');
  await page.keyboard.press('Enter');
  await expect(page).not.toHaveURL(new RegExp(first));
  await expect(console.welcome).toBeVisible();
  expect((await companion.api.newest()) === first).toBe(false);
});

test('the last answer is copied', async ({ console, context, page }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await console.openLive();
  await console.ask('Hello');
  await expect(console.answer).toHaveText('You said: Hello');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('copy');
  await expect(console.chosen).toHaveText('Copy the last answer');
  await page.keyboard.press('Enter');
  await expect(page.getByText('The answer was copied.')).toBeAttached();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe('You said: Hello');
});

test('a matching command comes before a search', async ({ console, page }) => {
  await console.openLive();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('sett');
  await expect(console.chosen).toHaveText('Settings');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/settings$/);
});

test('the Enter of an input method chooses nothing', async ({ companion, console, page }) => {
  const title = '潮の話';
  await companion.api.create(title);
  await companion.api.create('Another');
  await console.openLive();
  const here = page.url();
  await page.keyboard.press('Control+k');
  await console.paletteField.fill('潮');
  await expect(console.chosen).toHaveText(title);
  const press = (init: { key: string; isComposing: boolean; keyCode: number }) =>
    console.paletteField.evaluate((field, how) => {
      const event = new KeyboardEvent('keydown', { bubbles: true, cancelable: true, ...how });
      return field.dispatchEvent(event);
    }, init);
  // The first key is pressed while composing. The second one is as Safari sends it, just after the
  // composition has ended.
  expect(await press({ key: 'Enter', isComposing: true, keyCode: 229 })).toBe(true);
  expect(await press({ key: 'Enter', isComposing: false, keyCode: 229 })).toBe(true);
  expect(await press({ key: 'ArrowDown', isComposing: true, keyCode: 229 })).toBe(true);
  await expect(console.palette).toBeVisible();
  await expect(console.chosen).toHaveText(title);
  expect(page.url()).toBe(here);
  expect(await press({ key: 'Enter', isComposing: false, keyCode: 13 })).toBe(false);
  await expect(page).not.toHaveURL(here);
});

test('the keyboard shortcuts are listed, and none interferes with typing', async ({ console, page }) => {
  await console.openLive();
  await console.composer.focus();
  await page.keyboard.type('What?');
  await expect(console.composer).toHaveValue('What?');
  await expect(console.shortcuts).toBeHidden();
  await page.keyboard.press('Control+/');
  await expect(console.shortcuts).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(console.composer).toBeFocused();
  // The closed dialog restores the focus, perhaps only after this call, so the steps are repeated.
  await expect(page.locator('dialog[open]')).toHaveCount(0);
  await expect(async () => {
    await console.openPalette.focus();
    await page.keyboard.type('?');
    await expect(console.shortcuts).toBeVisible({ timeout: 1000 });
  }).toPass();
  // Only one dialog is open at a time.
  await page.keyboard.press('Control+k');
  await expect(console.palette).toBeHidden();
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await expect(console.shortcuts).toBeHidden();
  await expect(console.openPalette).toBeFocused();
});

test('the accessibility tree describes the palette', async ({ companion, console, page }) => {
  await companion.api.create('Tides');
  await console.openLive();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('tid');
  await expect(console.choices).toHaveCount(2);
  await expect(page.locator('dialog')).toMatchAriaSnapshot(`
    - dialog "Conversations and commands":
      - combobox "Type a title or command" [expanded]: tid
      - listbox "Conversations and commands":
        - option "Tides" [selected]
        - option "Search all messages for “tid”"
      - status: 2 matches
  `);
});
