// Users of the keyboard never lose the focus.

import { importLong } from '../harness/long.ts';
import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

test('the composer of a new conversation has the focus', async ({ console, page }) => {
  await console.openLive();
  await console.ask('Hello');
  await expect(console.answer).toHaveText('You said: Hello');
  const first = console.worker;
  await console.new.press('Enter');
  await expect(page).not.toHaveURL(new RegExp(first));
  await expect(console.welcome).toBeVisible();
  await expect(console.composer).toBeFocused();
  await expect(console.conversations).toHaveCount(2);
});

test('cancelling an edit, archiving and deleting leave the focus on the composer, the next entry or the undo button', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  await console.ask('Hello');
  await console.isIdle();
  const shown = console.worker;
  const below = await companion.api.create('Below');
  const archived = await companion.api.create('Archived');
  await expect(console.conversation(archived)).toBeVisible();

  await console.composer.fill('Typed before');
  await console.edit.click();
  await expect(console.composer).toHaveValue('Hello');
  await page.keyboard.press('Escape');
  await expect(console.composer).toHaveValue('Typed before');
  await expect(console.composer).toBeFocused();

  await console.choose(archived, 'Archive');
  await expect(console.conversation(archived)).toHaveCount(0);
  await expect(console.conversation(below)).toBeFocused();
  await console.choose(below, 'Delete');
  await expect(console.undo).toBeFocused();
  // The offer disappears when it is declined.
  await page.getByRole('link', { name: 'Close' }).click();
  await expect(console.undo).toHaveCount(0);
  await expect(page).toHaveURL(new RegExp(`/c/${shown}$`));
  await expect(console.composer).toHaveValue('Typed before');
});

test('an archived conversation is marked as archived in its head', async ({ companion, console, page }) => {
  await console.openLive();
  await companion.api.change(console.worker, { place: 'archived' });
  const mark = page.locator('.top').getByText('Archived', { exact: true });
  await expect(mark).toBeVisible();
  await companion.api.change(console.worker, { place: 'listed' });
  await expect(mark).toHaveCount(0);
});

test('a page of earlier messages links to later ones, and its answers can be retried', async ({
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('A new answer.'));
  const worker = await importLong(companion, 300);
  const { messages } = await companion.api.transcript(worker);
  expect(messages.length).toBeGreaterThan(0);
  await console.open('/search?q=number%20100:');
  await page.getByRole('link', { name: /number 100/ }).first().click();
  await expect(page).toHaveURL(/\?m=/);
  await expect(page.getByText('Question number 100:')).toBeVisible();
  await expect(page.getByText('Question number 130:')).toHaveCount(0);
  await page.getByRole('link', { name: 'Later messages' }).click();
  await expect(page.getByText('Question number 130:')).toBeVisible();
  // This page has no message box in which a message could be edited.
  await expect(console.edit).toHaveCount(0);
  await console.answers.last().getByRole('button', { name: 'Regenerate' }).click();
  await expect(console.answer).toHaveText('A new answer.');
});
