// A message is answered by several models, one after the other, side by side.

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

const models = ['scripted-model', 'second-model', 'third-model'];

test.describe('with JavaScript', () => {
  test('several models answer, and the conversation continues from the chosen answer', async ({
    console,
    page,
    upstream,
  }) => {
    await upstream.offers(models, answer('Red.'), answer('Green', hold, '.'), answer('Blue.'));
    await console.openLive();
    const add = async (name: string) => {
      await page.getByRole('option', { name: new RegExp(name) }).click();
    };
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('ask several');
    await page.keyboard.press('Enter');
    await add('second-model');
    await expect(page.getByText('Then also asks, one after the other:')).toBeVisible();
    await page.getByRole('button', { name: 'Add a model' }).click();
    await add('third-model');
    await expect(page.getByRole('button', { name: 'Don’t ask second-model' })).toBeVisible();

    await console.submit('Which colour?');
    const beside = page.getByRole('group', { name: 'Answers side by side' });
    await expect(beside.locator('.message')).toHaveCount(2);
    await expect(beside.locator('.message').first()).toContainText('Red.');
    await expect(beside.locator('.message').nth(1)).toContainText('Green');
    await expect(page.getByText('Then 1 more.')).toBeVisible();
    await upstream.release();
    await expect(beside.locator('.message')).toHaveCount(3);
    await expect(beside.locator('.message').nth(2)).toContainText('Blue.');
    expect((await upstream.asked()).map(({ body }) => body?.model)).toEqual(models);

    await expect(page.getByText('Then 1 more.')).toHaveCount(0);

    // The page is the same after a reload, and the newest answer is the one that continues.
    await page.reload();
    await console.isLive();
    await expect(beside.locator('.message')).toHaveCount(3);
    await expect(beside.locator('.together-model')).toHaveText(models);
    await beside.getByRole('link', { name: 'Continue from this one' }).first().click();
    await expect(beside.locator('[data-kept]')).toContainText('Red.');
    await upstream.plays(answer('Indeed.'));
    await console.ask('Sure?');
    await expect(console.answer).toHaveText('Indeed.');
    await expect(beside).toBeHidden();
    const sent = (await upstream.asked()).at(-1)?.body?.messages.slice(1).map(({ content }) => content);
    expect(sent).toEqual(['Which colour?', 'Red.', 'Sure?']);
    await expect(console.answers.first().locator('.versions')).toContainText('1/3');
  });

  test('Stop ends the answer and all that were to follow', async ({ console, page, upstream }) => {
    await upstream.offers(models, answer('Red', hold, '.'), answer('Green.'));
    await console.openLive();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('ask several');
    await page.keyboard.press('Enter');
    await page.getByRole('option', { name: /second-model/ }).click();
    await console.submit('Which colour?');
    await expect(console.answer).toContainText('Red');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(page.getByRole('button', { name: 'Send', exact: true })).toBeVisible();
    await expect(page.getByRole('group', { name: 'Answers side by side' })).toHaveCount(0);
    expect(await upstream.asked()).toHaveLength(1);
    await page.getByRole('button', { name: 'Don’t ask second-model' }).click();
    await expect(page.getByText('Then also asks')).toHaveCount(0);
  });
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a message is answered again by several models', async ({ console, page, upstream }) => {
    await upstream.offers(models, answer('Red.'), answer('Green.'), answer('Blue.'));
    await console.open();
    await console.ask('Which colour?');
    await expect(console.answer).toHaveText('Red.');
    await console.answers.first().locator('.figures summary').click();
    await page.getByRole('link', { name: 'Regenerate with…' }).click();
    await page.getByText('Ask several models…').click();
    await page.getByLabel('Also ask 1').selectOption('openai/second-model');
    await page.getByRole('button', { name: 'Regenerate' }).click();
    const beside = page.getByRole('group', { name: 'Answers side by side' });
    await expect(async () => {
      await page.reload();
      await expect(beside.locator('.message')).toHaveCount(2);
      await expect(beside.locator('.message').nth(1)).toContainText('Blue.');
    }).toPass();
    await beside.getByRole('link', { name: 'Continue from this one' }).click();
    await expect(beside.locator('[data-kept]')).toContainText('Green.');
  });
});
