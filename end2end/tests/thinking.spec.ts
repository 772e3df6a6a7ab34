// A model thinks before it answers. The thinking is shown live, folded and stored, with and without
// JavaScript.

import { expect, test } from '../harness/test.ts';
import { answer, hold, thinks, thoughtOut } from '../harness/upstream.ts';

test('reasoning streams, folds when the answer begins, and is kept', async ({
  companion,
  console,
  page,
  upstream,
}) => {
  const parts = [thinks('Two and two.\nThat '), hold, thinks('is four.'), hold, 'Four', hold, '.'];
  await upstream.plays(answer(...parts), answer('Yes.'));
  await console.openLive();
  await console.ask('What is two and two?');
  await expect(console.reasoning).toHaveAttribute('open', '');
  await expect(console.reasoningText).toHaveText('Two and two.\nThat ');
  await expect(console.reasoning.locator('summary')).toContainText(/Thinking….*\d+ s/);
  await expect(console.activity).toHaveAttribute('data-activity', 'thinking');
  await expect(console.activity).toHaveText('Thinking…');
  await expect(page.locator('.status .thought')).toContainText(/\d+ s.*That/);
  // A screen reader must not hear a text that changes every second.
  await expect(page.locator('.status .thought')).toHaveAttribute('aria-hidden', 'true');

  await page.reload();
  await console.isLive();
  await expect(console.reasoning).toHaveAttribute('open', '');
  await upstream.release();
  await expect(console.reasoningText).toHaveText('Two and two.\nThat is four.');
  await upstream.release();
  await expect(console.answer).toHaveText('Four');
  await expect(console.reasoning).not.toHaveAttribute('open');
  await expect(console.activity).toHaveAttribute('data-activity', 'generating');

  await console.reasoning.locator('summary').click();
  await upstream.release();
  await console.isIdle();
  await expect(console.answer).toHaveText('Four.');
  await expect(console.reasoning).toHaveAttribute('open', '');
  await expect(console.reasoning.locator('summary')).toHaveText(/^Thought for [\d.]+ s \(2 tokens\)$/);

  await page.reload();
  await console.isLive();
  await expect(console.reasoning).not.toHaveAttribute('open');
  await expect(console.reasoningText).toHaveText('Two and two.\nThat is four.');
  const { messages } = await companion.api.transcript(console.worker);
  const { text, reasoning } = messages[1] ?? {};
  expect({ text, reasoning }).toEqual({ text: 'Four.', reasoning: 'Two and two.\nThat is four.' });
  // The thinking is not sent with the next question.
  await console.ask('Sure?');
  await console.isIdle();
  const sent = (await upstream.asked())[1]?.body?.messages.map((message) => message.content);
  expect(sent?.slice(1)).toEqual(['What is two and two?', 'Four.', 'Sure?']);
});

test('reasoning that the reader opened stays open', async ({ console, upstream }) => {
  await upstream.plays(answer(thinks('Hm.'), hold, 'Yes.'));
  await console.openLive();
  await console.ask('Is it?');
  const summary = console.reasoning.locator('summary');
  await expect(console.reasoning).toHaveAttribute('open', '');
  await summary.click();
  await expect(console.reasoning).not.toHaveAttribute('open');
  await summary.click();
  await upstream.release();
  await expect(console.answer).toHaveText('Yes.');
  await console.isIdle();
  await expect(console.reasoning).toHaveAttribute('open', '');
});

test('text that turns out to be reasoning leaves the answer', async ({ console, page, upstream }) => {
  await upstream.plays(answer('So I *think*.\n\nAnd', hold, '</thi', 'nk>\n\n', 'Hello ', hold, 'there!'));
  await console.openLive();
  await console.ask('Hi');
  await expect(console.answer).toHaveText(/So I think\.\s*And/);
  const late = page.url();
  await page.goto(late);
  await console.isLive();
  await upstream.release();
  await expect(console.answer).toHaveText('Hello');
  await expect(console.reasoningText).toHaveText('So I *think*.\n\nAnd');
  await upstream.release();
  await console.isIdle();
  await expect(console.answer).toHaveText('Hello there!');
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('if reasoning used up the budget, the page says so and offers an answer', async ({
      console,
      page,
      upstream,
    }) => {
      await upstream.plays(thoughtOut('On and on.'), answer('Now.'));
      await console.open();
      if (javaScriptEnabled) await console.isLive();
      await console.ask('What is it?');
      await expect(console.note).toHaveText('The model spent its whole output limit on thinking.');
      if (javaScriptEnabled) await expect(page.locator('.activity')).toHaveText('');
      await expect(console.reasoningText).toHaveText('On and on.');
      await expect(console.reasoning).toHaveAttribute('open', '');
      await console.answerNow.click();
      await expect(console.answer).toHaveText('Now.');
      await expect(console.versions).toContainText('2/2');
      const asked = await upstream.asked();
      expect(asked).toHaveLength(2);
      expect(asked.map(({ body }) => body?.reasoning_effort)).toEqual([undefined, 'none']);
      await expect(console.answers.last()).toContainText('thinking effort: None');
    });
  });
}

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('reasoning is open until the answer begins, and folded then', async ({ console, upstream }) => {
    await upstream.plays(answer(thinks('Two and two.'), hold, 'Four.', hold));
    await console.open();
    await console.ask('What is two and two?');
    await expect(console.reasoning).toHaveAttribute('open', '');
    await expect(console.reasoningText).toHaveText('Two and two.');
    await upstream.release();
    await expect(console.answer).toHaveText('Four.');
    await expect(console.reasoning).not.toHaveAttribute('open');
    await console.reasoning.locator('summary').click();
    await expect(console.reasoningText).toBeVisible();
    await upstream.release();
    await expect(console.reasoning.locator('summary')).toHaveText(/^Thought for/);
  });
});
