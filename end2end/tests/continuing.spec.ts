// An answer that was cut off is continued in a sibling, and the old answer stays.

import { expect, test } from '../harness/test.ts';
import { type Step, answer, cut, hold } from '../harness/upstream.ts';

/** An answer that ends because it reached the limit of its length. */
function tooLong(text: string): Step[] {
  return [{ do: 'answer', pieces: [text], finish: 'length' }];
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a failed answer and one that reached its length limit can be continued', async ({
      companion,
      console,
      upstream,
    }) => {
      await upstream.plays(answer('One two', cut), tooLong(' three'), answer(' four.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.submit('Count to four.');
      await expect(console.note).toHaveAttribute('data-code', 'provider');
      await expect(console.answer).toHaveText('One two');
      await console.goOn.click();
      await expect(console.answer).toHaveText('One two three');
      await expect(console.versions).toHaveText('‹2/2›');
      await expect(console.note).toHaveText(/length limit/);
      await console.goOn.click();
      await expect(console.answer).toHaveText('One two three four.');
      await expect(console.versions).toHaveText('‹3/3›');
      await expect(console.goOn).toHaveCount(0);

      const { messages } = await companion.api.transcript(console.worker);
      expect(messages.map(({ text }) => text)).toEqual([
        ...['Count to four.', 'One two', 'One two three', 'One two three four.'],
      ]);
      const sent = (await upstream.asked())[2]?.body?.messages.slice(1);
      expect(sent).toEqual([
        { role: 'user', content: 'Count to four.' },
        { role: 'assistant', content: 'One two three' },
      ]);
    });
  });
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(`in a closed conversation, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, () => {
    test.use({ javaScriptEnabled });

    test('no control is shown that would ask the model', async ({ companion, console, page, upstream }) => {
      await upstream.plays(tooLong('One two'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.submit('Count.');
      await expect(console.answer).toHaveText('One two');
      for (const asks of [console.goOn, console.again, console.edit]) await expect(asks).toBeVisible();
      await companion.api.close(console.worker);
      if (!javaScriptEnabled) await page.reload();
      for (const asks of [console.goOn, console.again, console.edit]) await expect(asks).toBeHidden();
      await expect(console.answer).toHaveText('One two');

      // An empty conversation that is closed offers no sample questions either.
      const empty = await companion.api.create('Empty');
      await companion.api.close(empty);
      await console.open(`/c/${empty}`);
      await expect(console.welcome).toBeVisible();
      await expect(page.locator('.samples')).toBeHidden();
    });
  });
}

test('a stopped answer can be continued, and only the new part is measured', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer('One ', hold, 'no'), answer('two', hold, '.'));
  await console.openLive();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One ');
  // An answer cannot be continued while it is written.
  await expect(console.goOn).toHaveCount(0);
  await console.stop.click();
  await console.goOn.press('Enter');
  await expect(console.composer).toBeFocused();
  await expect(console.answer).toHaveText('One two');
  await expect(console.goOn).toHaveCount(0);
  await upstream.release(2);
  await console.isIdle();
  await expect(console.answer).toHaveText('One two.');
  const { turns } = await companion.api.transcript(console.worker);
  expect(turns.map(({ state }) => state)).toEqual(['cancelled', 'completed']);
});
