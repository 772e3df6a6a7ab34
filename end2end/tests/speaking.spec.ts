// A screen reader hears each sentence of an answer once, and whether the answer ended badly.

import { expect, test } from '../harness/test.ts';
import { answer, cut, hold } from '../harness/upstream.ts';

test('an answer is announced sentence by sentence', async ({ console, upstream }) => {
  const pieces = 'The sea rises. It is the moon that pulls it, twice a day. And'.split(/(?<= )/);
  await upstream.plays(answer(...pieces, hold, ' so on. ', hold, 'The **end**'));
  await console.openLive();
  await console.recordSpeech();
  await console.ask('Why?');
  await expect(console.answer).toContainText('And');
  await expect.poll(() => console.speech()).not.toEqual([]);
  await upstream.release();
  await expect(console.answer).toContainText('so on.');
  await upstream.release();
  await console.isIdle();
  await expect.poll(async () => (await console.speech()).join(' ')).toBe(
    'The sea rises. It is the moon that pulls it, twice a day. And so on. The end',
  );
  for (const said of (await console.speech()).slice(0, -1)) expect(said).toMatch(/\.$/);
  // No other live region announces the answer.
  await expect(console.log).toHaveAttribute('aria-live', 'off');
});

test('many tokens make few announcements', async ({ console, upstream }) => {
  const words = Array.from({ length: 200 }, (_, n) => (n % 5 === 4 ? `w${n}. ` : `w${n} `));
  await upstream.plays([{ do: 'answer', pieces: words, delay_ms: 5 }]);
  await console.openLive();
  await console.recordSpeech();
  const began = Date.now();
  await console.ask('Go on.');
  await console.isIdle();
  const seconds = (Date.now() - began) / 1000;
  await expect.poll(async () => (await console.speech()).join(' ')).toBe(words.join('').trim());
  // There is one announcement per second, besides the first and the last.
  expect((await console.speech()).length).toBeLessThanOrEqual(seconds + 2);
});

test('a failed end is announced', async ({ console, upstream }) => {
  await upstream.plays(answer('Half a', cut));
  await console.openLive();
  await console.recordSpeech();
  await console.ask('Why?');
  await expect(console.note).toBeVisible();
  const note = (await console.note.locator('.note-title').textContent()) ?? '';
  await expect.poll(() => console.speech()).toEqual(['Half a', note]);
});
