// Titles are found while the reader types into the field above the list.

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

test('the list shows what is typed for, and all of it again afterwards', async ({ console, page, upstream }) => {
  await upstream.plays(answer('One.'), answer('Two.'));
  await console.openLive();
  await console.ask('Tides and the moon');
  await expect(console.answer).toHaveText('One.');
  const first = console.worker;
  await page.getByRole('button', { name: 'New conversation' }).first().click();
  await expect(page).not.toHaveURL(new RegExp(first));
  await console.ask('A recipe for bread');
  await expect(console.answer).toHaveText('Two.');
  const field = page.getByRole('navigation', { name: 'Conversations' }).getByRole('searchbox');
  const found = page.locator('.found-list').getByRole('link');
  await field.fill('moon');
  await expect(found).toHaveText(['Tides and the moon', 'Search all messages for “moon”']);
  await expect(page.locator('.conversations')).toBeHidden();
  await field.press('Escape');
  await expect(found).toHaveCount(0);
  await expect(page.locator('.conversations')).toBeVisible();
  await field.fill('tides');
  await found.first().click();
  await expect(console.title).toHaveText('Tides and the moon');
  await expect(field).toHaveValue('');
  await expect(page.locator('.conversations')).toBeVisible();
  // Words that no title has are searched for in all messages.
  await field.fill('One');
  await expect(found).toHaveText(['Search all messages for “One”']);
  await found.click();
  await expect(page).toHaveURL(/\/search\?q=One/);
  await expect(page.getByRole('main')).toContainText('One.');
});
