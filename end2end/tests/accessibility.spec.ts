// The console is accessible: axe checks every state, and the keyboard alone and a phone are enough.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer, hold, refusal } from '../harness/upstream.ts';

const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 360, height: 640 };

/** The violations that axe finds, as `rule (impact): where`. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.map(
    ({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.target).join(' | ')}`,
  );
}

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [width, viewport] of [
    ['wide', WIDE],
    ['narrow', NARROW],
  ] as const) {
    test.describe(`${colorScheme} and ${width}`, () => {
      test.use({ colorScheme, viewport, contextOptions: { reducedMotion: 'reduce' } });

      test('axe finds nothing in any state of the page', async ({
        companion,
        console,
        page,
        upstream,
        watch,
      }) => {
        watch.allow(/404/);
        await upstream.plays(
          answer('A first answer.'),
          answer('One ', hold, 'two.'),
          answer('Three ', hold, 'four.'),
          refusal(401, 'no'),
        );
        await console.openLive();
        expect(await faults(page), 'at first').toEqual([]);
        await console.ask('A question?');
        await expect(console.answer).toHaveText('A first answer.');
        await console.isIdle();
        expect(await faults(page), 'answered').toEqual([]);
        await console.ask('Count.');
        await expect(console.answer).toHaveText('One ');
        expect(await faults(page), 'while it answers').toEqual([]);
        await console.stop.click();
        await expect(console.note).toBeVisible();
        expect(await faults(page), 'stopped').toEqual([]);
        await upstream.release();
        await console.ask('Count on.');
        await expect(console.answer).toHaveText(/Three/);
        await upstream.release();
        await console.isIdle();
        await console.ask('Fail.');
        await expect(console.note).toHaveAttribute('data-code', 'provider');
        expect(await faults(page), 'failed').toEqual([]);
        await console.manage.click();
        await expect(console.titleField).toBeVisible();
        expect(await faults(page), 'with the menu open').toEqual([]);
        await page.keyboard.press('Escape');
        if (viewport === NARROW) {
          await console.openList.click();
          await expect(console.list).toBeVisible();
          expect(await faults(page), 'with the list open').toEqual([]);
        }
        await console.more(console.worker).click();
        await expect(console.entryMenu).toBeVisible();
        expect(await faults(page), 'with the menu of an entry open').toEqual([]);
        await page.getByRole('menuitem', { name: 'Rename' }).click();
        await expect(console.entryTitle).toBeFocused();
        expect(await faults(page), 'while an entry is renamed').toEqual([]);
        await page.keyboard.press('Escape');
        await expect(console.conversation(console.worker)).toBeFocused();
        if (viewport === NARROW) await page.keyboard.press('Escape');
        await companion.api.send(await companion.api.create('Elsewhere'), 'Hello');
        await expect(page.locator('[data-unread]')).toHaveCount(1);
        expect(await faults(page), 'with an unread mark').toEqual([]);
        await page.keyboard.press('Control+k');
        await expect(console.palette).toBeVisible();
        expect(await faults(page), 'with the palette open').toEqual([]);
        await page.keyboard.type('no such thing');
        await expect(console.choices).toHaveCount(1);
        expect(await faults(page), 'where nothing is found').toEqual([]);
        await page.keyboard.press('Escape');
        await page.keyboard.press('Control+/');
        await expect(console.shortcuts).toBeVisible();
        expect(await faults(page), 'with the keys open').toEqual([]);
        await page.keyboard.press('Escape');
        await console.open('/nowhere');
        expect(await faults(page), 'nowhere').toEqual([]);
      });
    });
  }
}

test.describe('on a phone', () => {
  test.use({ viewport: NARROW, hasTouch: true, isMobile: true });

  test('everything can be reached, and nothing scrolls sideways', async ({
    companion,
    console,
    page,
    upstream,
    watch,
  }) => {
    watch.allow(/404/);
    const wide = `${'unbreakable'.repeat(40)} https://example.com/${'path/'.repeat(60)}`;
    await upstream.plays(answer(`${wide}\n    ${'code '.repeat(80)}`, hold, ' End.'));
    await console.openLive();
    expect(await console.overflow()).toBe(0);
    await console.composer.fill(wide);
    await expect(console.send).toBeInViewport({ ratio: 1 });
    await console.send.tap();
    await expect(console.answer).toHaveText(/code/);
    await expect(console.stop).toBeInViewport({ ratio: 1 });
    expect(await console.overflow()).toBe(0);
    await upstream.release();
    await console.isIdle();
    expect(await console.overflow()).toBe(0);

    await expect(console.list).toBeHidden();
    await console.openList.tap();
    await expect(console.list).toBeVisible();
    const first = console.worker;
    await console.new.tap();
    await expect(page).not.toHaveURL(new RegExp(first));
    await expect(console.welcome).toBeVisible();
    await expect(console.list).toBeHidden();
    expect(await console.overflow()).toBe(0);
    await page.goto(`${companion.url}/nowhere-${'long'.repeat(30)}`);
    expect(await console.overflow()).toBe(0);
  });

  test('touch targets are large enough', async ({ console, page }) => {
    await console.openLive();
    await console.openList.tap();
    const small = await page
      .locator('button:visible, a:visible, summary:visible, textarea:visible')
      .evaluateAll((all) =>
        all
          .map((element) => ({ box: element.getBoundingClientRect(), name: element.textContent }))
          .filter(({ box }) => box.width > 1 && (box.width < 24 || box.height < 24))
          .map(({ box, name }) => `${name}: ${box.width} x ${box.height}`),
      );
    expect(small).toEqual([]);
  });
});

test('everything can be done with the keyboard', async ({ console, page, upstream }) => {
  await upstream.plays(answer('One ', hold, 'two.'), answer('Three.'));
  await console.openLive();
  // Writing is the next thing to do.
  await expect(console.composer).toBeFocused();
  await page.keyboard.type('Count.');
  await page.keyboard.press('Enter');
  await expect(console.answer).toHaveText('One ');
  await page.keyboard.press('Tab');
  await expect(console.stop).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(console.note).toHaveText(/You stopped/);
  // Focus is never lost.
  await expect(console.composer).toBeFocused();
  await page.keyboard.type('Go on.');
  await page.keyboard.press('Enter');
  await expect(console.answer).toHaveText('Three.');
  await console.isIdle();

  await page.reload();
  await console.isLive();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the message box' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(console.composer).toBeFocused();
});

test('the accessibility tree describes the page', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('You said: ', hold, 'Hello'));
  await console.openLive();
  await console.ask('Hello');
  await expect(console.activity).toHaveText('Answering…');
  await upstream.release();
  await console.isIdle();
  await expect(page.locator('body')).toMatchAriaSnapshot(`
    - link "Skip to the message box"
    - navigation "Conversations":
      - button "New conversation"
      - button "Find a conversation or command"
      - group "Today":
        - heading "Today" [level=2]
        - list:
          - listitem:
            - link /^Hello/
            - button "Options for “Hello”"
      - link "Archived conversations"
      - region "Model"
    - main:
      - heading "Hello" [level=1]
      - button "Rename, export or delete"
      - region "Transcript":
        - log:
          - article "You":
            - text: Hello
          - article "Companion":
            - paragraph: "You said: Hello"
      - status: The answer is complete.
      - status: Live
      - textbox "Your message"
      - button "Send"
  `);
  await expect(console.openList).toBeHidden();
});
