// The sidebar belongs to the layout, so it stays in the page when another conversation is opened.

import { expect, test } from '../harness/test.ts';

test('navigation keeps the sidebar with its state and does not load the list again', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  const first = console.worker;
  const other = await companion.api.create('The other one');
  const third = await companion.api.create('A third one');
  await expect(console.conversations).toHaveCount(3);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  // The mark shows later whether the element is still the same.
  await page.locator('#sidebar').evaluate((sidebar) => Object.assign(sidebar, { mark: 'same' }));
  const search = console.list.getByRole('searchbox');

  await console.conversation(other).click();
  await expect(console.title).toHaveText('The other one');
  await expect(console.conversation(other)).toBeFocused();
  await expect(console.conversation(other)).toHaveAttribute('aria-current', 'page');
  await expect(console.list.locator('[aria-current]')).toHaveCount(1);
  // What is being looked for takes the place of the list, and stays.
  await search.fill('half a word');
  await page.goBack();
  await expect(console.title).not.toHaveText('The other one');
  await page.goForward();
  await expect(console.title).toHaveText('The other one');
  await expect(search).toHaveValue('half a word');
  await search.fill('');
  await expect(console.conversation(other)).toHaveAttribute('aria-current', 'page');
  await page.goBack();
  await expect(console.conversation(first)).toHaveAttribute('aria-current', 'page');
  await page.goForward();
  await expect(console.title).toHaveText('The other one');

  // A title that is being edited is not disturbed when another conversation is shown beside it.
  await console.choose(third, 'Rename');
  await console.entryTitle.fill('Half a na');
  await page.evaluate(() => history.back());
  await expect(console.title).not.toHaveText('The other one');
  await expect(console.entryTitle).toBeFocused();
  await expect(console.entryTitle).toHaveValue('Half a na');
  await page.keyboard.press('Escape');

  await console.choose(third, 'Delete');
  await expect(console.undo).toBeFocused();
  const mark = await page
    .locator('#sidebar')
    .evaluate((sidebar) => (sidebar as unknown as { mark: string }).mark);
  expect(mark).toBe('same');
  expect(asked.filter((path) => /\/api\/fn\/(sidebar|workers)/.test(path))).toEqual([]);
});

test('the archive replaces the list, and the conversation stays', async ({
  companion,
  console,
  page,
}) => {
  const archived = await companion.api.create('Put away');
  await companion.api.change(archived, { place: 'archived' });
  await console.openLive();
  await console.composer.fill('Not sent yet');
  await console.list.getByRole('link', { name: 'Archived conversations' }).press('Enter');
  await expect(console.conversations).toHaveText(/Put away/);
  await expect(page).toHaveURL(/\?place=archived$/);
  await expect(console.composer).toHaveValue('Not sent yet');
  const back = console.list.getByRole('link', { name: 'Back to all conversations' });
  await expect(back).toBeFocused();
  await back.press('Enter');
  await expect(console.conversations).not.toHaveText(/Put away/);
  await expect(page).toHaveURL(/\/c\/[^?]+$/);
  await page.goBack();
  await expect(console.conversations).toHaveText(/Put away/);
});

test('on a narrow screen the sidebar closes after a page was chosen in it', async ({
  companion,
  console,
  page,
}) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await console.openLive();
  const other = await companion.api.create('The other one');
  await console.openList.click();
  await console.conversation(other).click();
  await expect(console.title).toHaveText('The other one');
  await expect(console.list).toBeHidden();
  // A link within the list does not close it.
  await console.openList.click();
  await console.list.getByRole('link', { name: 'Archived conversations' }).click();
  await expect(console.list.getByRole('link', { name: 'Back to all conversations' })).toBeVisible();
  await expect(console.list).toBeVisible();
  await console.new.click();
  await expect(console.welcome).toBeVisible();
  await expect(console.list).toBeHidden();
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('the list stands beside a conversation that does not exist', async ({
      companion,
      console,
      page,
      watch,
    }) => {
      watch.allow(/404/);
      const there = await companion.api.newest();
      await console.open('/c/00000000-0000-7000-8000-000000000000');
      await expect(console.title).toHaveText('Page not found');
      await expect(console.conversations).toHaveCount(1);
      await expect(console.new).toHaveCount(1);
      await console.conversation(there).click();
      await expect(console.composer).toBeVisible();
      await page.goBack();
      await expect(console.title).toHaveText('Page not found');
    });

    test('the archive has a link back to all conversations', async ({ companion, console }) => {
      const archived = await companion.api.create('Put away');
      await companion.api.change(archived, { place: 'archived' });
      await console.open(`/c/${archived}?place=archived`);
      await expect(console.conversations).toHaveText(/Put away/);
      await expect(console.conversations).toHaveAttribute('aria-current', 'page');
      await console.list.getByRole('link', { name: 'Back to all conversations' }).click();
      await expect(console.conversations).not.toHaveText(/Put away/);
    });
  });
}

test('everything about a conversation can be reached on a low screen', async ({ console, page }) => {
  // The pages' part of a screen of 768 pixels in Firefox has 682; a phone that lies on its side less.
  await page.setViewportSize({ width: 740, height: 360 });
  await console.openLive();
  await console.manage.click();
  await console.delete.click();
  await console.deleteIt.click();
  await expect(console.undo).toBeVisible();
});

test('the list is hidden on a wide screen, opens over the page, and stays again', async ({ companion, console, page }) => {
  const other = await companion.api.create('Another one');
  await console.openLive();
  const hide = page.getByRole('button', { name: 'Hide the list' });
  await hide.click();
  await expect(console.list).toBeHidden();
  await expect(console.openList).toBeFocused();
  // The server's next page has it hidden from the beginning, and so have the pages without a script.
  await page.reload();
  await expect(console.list).toBeHidden();
  await console.isLive();
  // Such a page has a form for it.
  await console.open('/search?q=nothing');
  await expect(console.list).toBeHidden();
  await console.openList.click();
  await page.getByRole('button', { name: 'Keep the list open' }).click();
  await expect(page).toHaveURL(/\/search\?q=nothing$/);
  await expect(console.openList).toBeHidden();
  await hide.click();
  await expect(page).toHaveURL(/\/search\?q=nothing$/);
  await expect(console.list).toBeHidden();
  await console.openList.click();
  await console.conversation(other).click();
  await console.isLive();
  await expect(console.list).toBeHidden();
  await console.openList.click();
  await expect(console.list).toBeVisible();
  await page.getByRole('button', { name: 'Keep the list open' }).click();
  await expect(console.list).toBeVisible();
  await expect(hide).toBeFocused();
  await expect(console.openList).toBeHidden();
  await page.reload();
  await expect(console.list).toBeVisible();
  await console.isLive();
  await expect(hide).toBeVisible();
});

test('beside a page without a script, the list leads to the older conversations', async ({ companion, console, page }) => {
  const made: string[] = [];
  for (let i = 0; i < 51; i += 1) made.push(await companion.api.create(`Number ${i}`));
  await console.open('/settings');
  await expect(console.conversation(made.at(-1) ?? '')).toBeVisible();
  await expect(console.conversation(made[0] ?? '')).toHaveCount(0);
  await console.older.click();
  await expect(console.conversation(made[0] ?? '')).toBeVisible();
  await expect(page).toHaveURL(/\/c\//);
});
