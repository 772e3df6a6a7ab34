// A streaming answer is shown after reloads and in several tabs.

import { expect, journey, pathOf, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

const PIECES = ['Tides ', 'follow ', hold, 'the moon, ', '月に従う。', hold, ' Always.'] as const;
const HALF = 'Tides follow ';
const MORE = 'Tides follow the moon, 月に従う。';
const WHOLE = 'Tides follow the moon, 月に従う。 Always.';

test('a reload during an answer shows its text so far, and then the rest', journey, async ({
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer(...PIECES));
  await console.openLive();
  await console.ask('Why are there tides?');
  await expect(console.answer).toHaveText(HALF);

  // The server's page already contains the text, before any script runs.
  const html = await (await fetch(companion.url + pathOf(page))).text();
  expect(html).toContain(HALF.trim());
  await page.reload();
  await expect(console.answer).toHaveText(HALF);
  await expect(console.stop).toBeVisible();

  await upstream.release();
  await expect(console.answer).toHaveText(MORE);
  await page.reload();
  await upstream.release();
  await expect(console.answer).toHaveText(WHOLE);
  await console.isIdle();
  await expect(console.figures.filter({ hasText: 'scripted-model' })).toHaveCount(1);
  expect(await console.texts()).toEqual(['Why are there tides?', WHOLE]);
  const { messages } = await companion.api.transcript(console.worker);
  expect(messages.map((message) => message.text)).toEqual(['Why are there tides?', WHOLE]);
  expect(await upstream.asked()).toHaveLength(1);
});

test('two tabs see the same bytes, one of them from the middle on', journey, async ({
  companion,
  console,
  tab,
  upstream,
}) => {
  await upstream.plays(answer(...PIECES));
  await console.openLive();
  const early = await tab();
  await early.isLive();
  await console.ask('Why are there tides?');
  await expect(early.answer).toHaveText(HALF);
  const late = await tab();
  await late.isLive();
  await expect(late.answer).toHaveText(HALF);
  await upstream.release(2);
  for (const each of [console, early, late]) {
    await expect(each.answer).toHaveText(WHOLE);
    await each.isIdle();
  }
  const texts = await console.texts();
  expect(texts[1]).toBe(WHOLE);
  expect(await early.texts()).toEqual(texts);
  expect(await late.texts()).toEqual(texts);
  const { messages } = await companion.api.transcript(console.worker);
  expect(messages.map((message) => message.text)).toEqual(texts);
  expect(await late.figures.allTextContents()).toEqual(await console.figures.allTextContents());
});

test('text that was shown is never taken back', async ({ console, upstream }) => {
  const words = Array.from({ length: 200 }, (_, n) => `word-${n} `);
  await upstream.plays(answer(...words));
  await console.openLive();
  await console.recordGrowth();
  await console.ask('Many words, please.');
  await console.isIdle();
  await expect(console.answer).toHaveText(words.join(''));
  const growth = await console.growth();
  growth.slice(1).forEach((text, n) => expect(text.startsWith(growth[n] ?? '')).toBe(true));
  expect(growth.at(-1)).toBe(words.join('').trim());
});

test('an answer is asked for once, with the system prompt and the committed messages', async ({
  console,
  upstream,
}) => {
  await upstream.plays(answer('First.'), answer('Second.'));
  await console.openLive();
  await console.ask('One?');
  await expect(console.answer).toHaveText('First.');
  await console.isIdle();
  await console.ask('Two?');
  await expect(console.answer).toHaveText('Second.');
  await console.isIdle();
  const asked = await upstream.asked();
  expect(asked).toHaveLength(2);
  const [system, ...rest] = asked[1]?.body?.messages ?? [];
  expect(system?.role).toBe('system');
  expect(rest).toEqual([
    { role: 'user', content: 'One?' },
    { role: 'assistant', content: 'First.' },
    { role: 'user', content: 'Two?' },
  ]);
});
