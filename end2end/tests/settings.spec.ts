// The settings that readers choose for their browser, with and without JavaScript.

import { AxeBuilder } from '@axe-core/playwright';

import { expect, test } from '../harness/test.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('settings are kept and apply to every page', async ({ console, page }) => {
      await console.open('/settings');
      await page.getByLabel('日本語').check();
      await page.getByLabel('Dark').check();
      await page.getByRole('button', { name: 'Save' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('設定');
      await expect(page.getByRole('status')).toHaveText('保存しました。');
      await expect(page.getByLabel('日本語')).toBeChecked();
      await expect(page.getByLabel('ダーク')).toBeChecked();
      for (const path of ['/', '/data', '/settings']) {
        await console.open(path);
        await expect(page.getByText('保存しました。')).toHaveCount(0);
        const root = page.locator('html');
        await expect(root).toHaveAttribute('lang', 'ja');
        await expect(root).toHaveAttribute('data-theme', 'dark');
        await expect(root).toHaveCSS('color-scheme', 'dark');
      }
      // The settings can be reset to those of the browser and the system.
      await page.getByLabel('ブラウザーの設定').check();
      await page.getByLabel('システムの設定').check();
      await page.getByRole('button', { name: '保存' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');
      await expect(page.locator('html')).not.toHaveAttribute('data-theme');
    });
  });
}

test('Enter breaks the line if that was chosen, and Shift + Enter sends', async ({
  console,
  page,
}) => {
  await console.open('/settings');
  await page.getByLabel('Enter for a new line, Shift + Enter to send').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await console.openLive();
  await expect(console.hint).toHaveText('Enter for a new line, Shift + Enter to send');
  await console.composer.pressSequentially('one');
  await console.composer.press('Enter');
  await console.composer.pressSequentially('two');
  await expect(console.composer).toHaveValue('one\ntwo');
  await console.composer.press('Shift+Enter');
  await expect(console.textOf(console.questions)).toHaveText('one\ntwo');
  await console.isIdle();
  await console.composer.pressSequentially('three');
  await console.composer.press('Control+Enter');
  await expect(console.questions).toHaveCount(2);
});

test('axe finds nothing in the settings', async ({ console, page }) => {
  await console.open('/settings');
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
});
