// A message is left out of what the model is sent, and an answer has a version of its reader.

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

const menu = { name: 'More options for this message' };

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a message that is left out stays in view and is not sent', async ({ console, companion, page, upstream }) => {
      await upstream.plays(answer('First.'), answer('Second.'), answer('Third.'));
      await console.open();
      if (javaScriptEnabled) await console.isLive();
      await console.ask('One, which is a long question?');
      await expect(console.answer).toHaveText('First.');
      const question = console.questions.first();
      const choose = async (name: string) => {
        if (javaScriptEnabled) await question.getByRole('button', menu).click();
        const place = javaScriptEnabled ? page.locator('#message-menu') : question;
        await place.getByRole('button', { name }).click();
      };
      await choose('Leave out of what’s sent');
      await expect(question).toHaveAttribute('data-omitted', 'Not sent to the model · about 10 tokens');
      const words = await question.evaluate((message) => getComputedStyle(message, '::before').content);
      expect(words).toContain('Not sent to the model');
      await console.ask('Two?');
      await expect(console.answer).toHaveText('Second.');
      const sent = async (turn: number) =>
        (await upstream.asked())[turn]?.body?.messages.slice(1).map(({ content }) => content);
      expect(await sent(1)).toEqual(['Two?']);
      await console.answers.last().locator('.figures summary').click();
      await console.answers.last().getByRole('link', { name: 'What the model saw' }).click();
      await expect(page.getByText('Not sent because you had left them out:')).toBeVisible();
      await page.getByRole('main').getByRole('link', { name: 'message 1' }).click();
      await expect(question).toBeVisible();
      await choose('Send again with the rest');
      await expect(question).not.toHaveAttribute('data-omitted');
      await page.goto(`${companion.url}/c/${console.worker}`);
      if (javaScriptEnabled) await console.isLive();
      await console.ask('Three?');
      await expect(console.answer).toHaveText('Third.');
      expect(await sent(2)).toEqual(['One, which is a long question?', 'First.', 'Two?', 'Second.', 'Three?']);
    });

    test('an answer is edited, and both versions are kept', async ({ console, page, upstream }) => {
      await upstream.plays(answer('It is **wrong**.'), answer('Indeed.'));
      await console.open();
      if (javaScriptEnabled) await console.isLive();
      await console.ask('Which?');
      await expect(console.answer).toHaveText('It is wrong.');
      if (javaScriptEnabled) {
        await console.answers.first().getByRole('button', menu).click();
        await page.getByRole('button', { name: 'Edit this answer' }).click();
      } else {
        await console.answers.first().locator('.figures summary').click();
        await page.getByRole('link', { name: 'Edit this answer' }).click();
      }
      await expect(console.composer).toHaveValue('It is **wrong**.');
      await expect(page.getByText('Your own version of this answer.')).toBeVisible();
      await console.composer.fill('It is **right**.');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await expect(console.answer).toHaveText('It is right.');
      await expect(console.answers.last().locator('strong')).toHaveText('right');
      await expect(console.answers.last().getByText('You wrote this version.').first()).toBeVisible();
      await expect(console.answers.last().locator('.versions')).toContainText('2/2');
      expect(await upstream.asked()).toHaveLength(1);
      await console.answers.last().getByRole('link', { name: 'Previous version' }).click();
      await expect(console.answer).toHaveText('It is wrong.');
      await console.answers.last().getByRole('link', { name: 'Next version' }).click();
      await expect(console.answer).toHaveText('It is right.');
      await console.ask('Sure?');
      await expect(console.answer).toHaveText('Indeed.');
      const sent = (await upstream.asked())[1]?.body?.messages.slice(1).map(({ content }) => content);
      expect(sent).toEqual(['Which?', 'It is **right**.', 'Sure?']);
    });
  });
}

test('a second tab shows what is left out and what was edited', async ({ console, companion, page, context, upstream }) => {
  await upstream.plays(answer('Once.'));
  await console.openLive();
  await console.ask('One?');
  await expect(console.answer).toHaveText('Once.');
  const other = await context.newPage();
  await other.goto(`${companion.url}/c/${console.worker}`);
  await console.answers.first().getByRole('button', menu).click();
  await page.getByRole('button', { name: 'Leave out of what’s sent' }).click();
  await expect(other.locator('.message[data-role="assistant"]')).toHaveAttribute('data-omitted');
  await console.answers.first().getByRole('button', menu).click();
  await page.getByRole('button', { name: 'Edit this answer' }).click();
  await console.composer.fill('Twice.');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(other.locator('.message[data-role="assistant"] .message-text')).toHaveText('Twice.');
});
