// What was used, with and without JavaScript: a table by day, model and profile for a chosen period.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

/** Checks a page with axe, and that it does not scroll sideways. */
async function isSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
  const [content, width] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  expect(content, 'the page does not scroll sideways').toBeLessThanOrEqual(width ?? 0);
}

const table = (page: Page, name: string) => page.getByRole('table', { name });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('answers are counted by day, model and profile', async ({ console, page, upstream }) => {
      await upstream.plays(answer('One ', 'two.'), answer('Three.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      for (const question of ['A question?', 'Another?']) {
        await console.ask(question);
        await console.isIdle();
      }
      await page.getByRole('link', { name: 'Settings' }).first().click();
      await page.getByRole('link', { name: 'Usage' }).click();
      await expect(page).toHaveTitle('Usage · Companion');
      await page.getByRole('link', { name: 'Last 7 days' }).click();
      await expect(page.getByRole('link', { name: 'Last 7 days' })).toHaveAttribute('aria-current', 'true');

      for (const name of ['By day', 'By model', 'By profile']) {
        const rows = table(page, name).locator('tbody').getByRole('row');
        await expect(rows).toHaveCount(1);
        await expect(rows.getByRole('cell').first()).toHaveText('2');
      }
      await expect(table(page, 'By model').getByRole('rowheader')).toContainText('scripted-model');
      await expect(table(page, 'By day').locator('tfoot')).toContainText('Total');
      await expect(table(page, 'By account')).toHaveCount(0);
      // A script of the console tells the reader's clock; without one, days are those of UTC.
      const utc = page.getByText('Days begin at midnight UTC');
      await expect(utc).toHaveCount(javaScriptEnabled ? 0 : 1);
      // axe needs scripts in the page.
      if (!javaScriptEnabled) return;
      await isSound(page);
      await page.setViewportSize({ width: 360, height: 640 });
      await isSound(page);
    });
  });
}

test('the palette leads to it, in the language of the page', async ({ console, page, upstream }) => {
  await upstream.plays(answer('One.'));
  await console.openLive();
  await console.ask('A question?');
  await console.isIdle();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('usage');
  await expect(console.chosen).toHaveText('Usage');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/settings\/use$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Usage');
  await expect(table(page, 'By day')).toBeVisible();
});
