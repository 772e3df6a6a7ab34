// A conversation is continued from one of its messages in a new one.

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a conversation goes on in a copy, and the original stays as it is', async ({ console, page, upstream }) => {
      await upstream.plays(answer('First.'), answer('Second.'), answer('Third.'));
      await console.open();
      if (javaScriptEnabled) await console.isLive();
      await console.ask('One?');
      await expect(console.answer).toHaveText('First.');
      await console.ask('Two?');
      await expect(console.answer).toHaveText('Second.');
      const original = console.worker;

      const first = console.answers.first();
      if (javaScriptEnabled) {
        await first.getByRole('button', { name: 'More options for this message' }).click();
      } else {
        await first.locator('.figures summary').click();
      }
      await page.getByRole('button', { name: 'Continue in a new conversation' }).filter({ visible: true }).click();
      await expect(page).not.toHaveURL(new RegExp(original));
      await expect(console.title).toHaveText('Copy of One?');
      await expect(console.questions).toHaveCount(1);
      await expect(console.answer).toHaveText('First.');
      const copy = console.worker;
      expect(await console.order()).toEqual([copy, original]);
      if (javaScriptEnabled) {
        await console.isLive();
        await expect(console.composer).toBeFocused();
      }

      await console.ask('Instead?');
      await expect(console.answer).toHaveText('Third.');
      const sent = (await upstream.asked())[2]?.body?.messages.slice(1).map(({ content }) => content);
      expect(sent).toEqual(['One?', 'First.', 'Instead?']);
      // What the model saw of the copied answer is as it was.
      await console.answers.first().locator('.figures summary').click();
      await console.answers.first().getByRole('link', { name: 'What the model saw' }).click();
      await expect(page.locator('[data-role="user"]')).toContainText('One?');
      await page.goBack();

      await console.conversation(original).click();
      await expect(console.questions).toHaveCount(2);
      await expect(console.answer).toHaveText('Second.');
    });
  });
}

test('an answer that is being written cannot be taken, and the earlier ones can', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('First.'), answer('Slow', hold, 'ly.'));
  await console.openLive();
  await console.ask('One?');
  await expect(console.answer).toHaveText('First.');
  await console.ask('Well?');
  await expect(console.answer).toContainText('Slow');
  const original = console.worker;
  const menu = { name: 'More options for this message' };
  const fork = page.getByRole('button', { name: 'Continue in a new conversation' });
  // A question alone would leave a copy without an answer; it can be edited instead.
  await console.questions.first().getByRole('button', menu).click();
  await expect(page.getByRole('button', { name: 'Copy link' })).toBeVisible();
  await expect(fork).toBeHidden();
  await page.keyboard.press('Escape');
  await console.answers.last().getByRole('button', menu).click();
  await expect(page.getByRole('button', { name: 'Copy link' })).toBeVisible();
  await expect(fork).toBeHidden();
  await page.keyboard.press('Escape');
  await console.answers.first().getByRole('button', menu).click();
  await fork.click();
  await expect(page).not.toHaveURL(new RegExp(original));
  await expect(console.answer).toHaveText('First.');
  await expect(console.questions).toHaveCount(1);
  await upstream.release();
});
