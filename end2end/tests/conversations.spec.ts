// The list: create, open, rename and delete conversations. Drafts stay with their conversation.

import { expect, test } from '../harness/test.ts';

test('conversations are created, renamed and deleted', async ({ companion, console, page }) => {
  await console.openLive();
  const first = console.worker;
  await console.manage.click();
  await console.titleField.fill('  Tides  ');
  await console.save.click();
  await expect(console.title).toHaveText('Tides');
  await expect(page).toHaveTitle('Tides · Companion');
  await expect(console.conversations.filter({ hasText: 'Tides' })).toBeVisible();

  await console.new.click();
  await expect(page).not.toHaveURL(new RegExp(first));
  await expect(console.conversations).toHaveCount(2);
  await console.isLive();
  const second = console.worker;

  await console.manage.click();
  await console.delete.click();
  await console.deleteIt.click();
  await expect(page).toHaveURL(new RegExp(first));
  await expect(console.title).toHaveText('Tides');
  await expect(console.conversations).toHaveCount(1);
  const gone = await companion.api.raw(
    'GET',
    `/api/v1/runtimes/backend-internal/workers/${second}`,
  );
  expect(gone.status).toBe(404);
});

test('deleting the last conversation creates a new one', async ({ console, page }) => {
  await console.openLive();
  const first = console.worker;
  await console.manage.click();
  await console.delete.click();
  await console.deleteIt.click();
  await expect(page).not.toHaveURL(new RegExp(`/c/${first}`));
  // There always is a conversation, so a new one has replaced the deleted one.
  await expect(page).toHaveURL(/\/c\//);
  await expect(console.undo).toBeVisible();
  // It is the one that is begun, so there are not two in which nothing was said.
  await console.new.click();
  await expect(console.undo).toHaveCount(0);
  await expect(console.conversations).toHaveCount(1);
  await console.isLive();
  await console.ask('Still there?');
  await expect(console.answer).toHaveText('You said: Still there?');
});

test('a title that is changed in one tab appears in the other', async ({ console, tab }) => {
  await console.openLive();
  const other = await tab();
  await other.isLive();
  await console.manage.click();
  await console.titleField.fill('Moons');
  await console.titleField.press('Enter');
  await expect(other.title).toHaveText('Moons');
  await expect(other.conversations.filter({ hasText: 'Moons' })).toBeVisible();
});

test('typed text stays with its conversation', async ({ console, page }) => {
  await console.openLive();
  const first = console.worker;
  await console.ask('Hello');
  await expect(console.answer).toHaveText('You said: Hello');
  await console.composer.fill('Half a thought');
  await console.new.click();
  await expect(page).not.toHaveURL(new RegExp(first));
  await expect(console.welcome).toBeVisible();
  await expect(console.composer).toHaveValue('');
  await console.composer.fill('Another');
  await console.conversation(first).click();
  await expect(console.answer).toHaveText('You said: Hello');
  await expect(console.composer).toHaveValue('Half a thought');
  await page.goBack();
  await expect(console.composer).toHaveValue('Another');
});

test.describe('with short pages', () => {
  test.use({ settings: { TRANSCRIPT_PAGE: '4' } });

  test('earlier messages load automatically, and without JavaScript by a link', async ({
    browser,
    console,
    page,
  }) => {
    await console.openLive();
    const all: string[] = [];
    for (let n = 1; n <= 5; n += 1) {
      await console.ask(`Q${n}`);
      await expect(console.answer).toHaveText(`You said: Q${n}`);
      await console.isIdle();
      all.push(`Q${n}`, `You said: Q${n}`);
    }
    await page.reload();
    await console.isLive();
    await expect(console.messages).toHaveCount(10);
    await expect(console.earlier).toBeHidden();
    expect(await console.texts()).toEqual(all);

    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(page.url());
    await plain.getByRole('link', { name: 'Earlier messages' }).click();
    const texts = plain.getByRole('log').locator('.message-text');
    await expect(texts).toHaveText(all.slice(2, 6));
    await plain.getByRole('link', { name: 'Back to the newest messages' }).click();
    await expect(texts).toHaveText(all.slice(-4));
    await context.close();
  });
});
