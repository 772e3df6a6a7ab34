// Measures how busy the main thread is while five thousand messages are loaded into the page, and
// while an answer of 200 tokens per second arrives below them. Prints the figures. Speed fails
// nothing, because it depends on the machine.

import type { Page } from '@playwright/test';

import { importLong } from '../harness/long.ts';
import { expect, test } from '../harness/test.ts';
import { Recording, told } from './tasks.ts';

const MESSAGES = 5_000;
const SECONDS = 10;
const PER_SECOND = 200;

/** The time between two presses of the key while it is held, in milliseconds. */
const REPEAT_MS = 50;

test.setTimeout(600_000);

test('a fast answer below five thousand messages', async ({
  companion,
  console,
  page,
  upstream,
}) => {
  const worker = await importLong(companion, MESSAGES);
  const words = Array.from({ length: SECONDS * PER_SECOND }, (_, n) => word(n));
  await upstream.plays([{ do: 'answer', pieces: words, delay_ms: 1_000 / PER_SECOND }]);
  await console.openLive(`/c/${worker}`);

  // Nothing that the test does takes time on the page's main thread while it is recorded, except
  // for a look at one element now and then.
  await console.scroller.evaluate((scroller) => scroller.focus());
  const allLoaded = page.evaluate(
    () =>
      new Promise<void>((done) => {
        const first = () => document.querySelector('.column')?.firstElementChild;
        const timer = setInterval(() => {
          if (first()?.matches('.earlier')) return;
          clearInterval(timer);
          done();
        }, 100);
      }),
  );
  const upward = await Recording.start(page);
  const began = performance.now();
  let loadMs = 0;
  void allLoaded.then(() => (loadMs = performance.now() - began));
  // Like a reader who holds the key that goes up.
  while (loadMs === 0) {
    await page.keyboard.press('Home');
    await page.waitForTimeout(REPEAT_MS);
  }
  const loading = await upward.end();
  await expect(console.messages).toHaveCount(MESSAGES);

  await page.keyboard.press('End');
  await console.composer.fill('Go on for a while.');
  await page.waitForTimeout(2_000);
  const answered = untilAnswered(page);
  const below = await Recording.start(page);
  const frames = await countFrames(page);
  await page.keyboard.press('Enter');
  await answered;
  await page.waitForTimeout(500);
  const streaming = await below.end();
  const shown = await frames();
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  process.stdout.write(
    [
      `\n${MESSAGES} messages, ${elements} elements; loaded upward in ${(loadMs / 1000).toFixed(1)} s`,
      ...told(loading).map((line) => `  ${line}`),
      `an answer of ${PER_SECOND} tokens/s for ${SECONDS} s, in ${shown} frames`,
      ...told(streaming).map((line) => `  ${line}`),
      '',
    ].join('\n'),
  );
  const text = await page.locator('.message').last().locator('.message-text').textContent();
  expect(text?.replace(/\s/g, '')).toBe(words.join('').replace(/[\s*]/g, ''));
});

function word(n: number): string {
  if (n % 60 === 59) return 'end.\n\n';
  return n % 12 === 11 ? `*w${n}*. ` : `w${n} `;
}

/** Waits until an answer has begun and ended. */
function untilAnswered(page: Page): Promise<void> {
  return page.evaluate(
    () =>
      new Promise<void>((done) => {
        const log = document.querySelector('.transcript');
        let began = false;
        const observer = new MutationObserver(() => {
          const busy = log?.getAttribute('aria-busy') === 'true';
          began ||= busy;
          if (began && !busy) {
            observer.disconnect();
            done();
          }
        });
        if (log) observer.observe(log, { attributes: true });
      }),
  );
}

/** Counts the frames until the function that it returns is called. */
async function countFrames(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    let frames = 0;
    const frame = () => {
      frames += 1;
      if (!('ended' in window)) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(window, { frames: () => frames });
  });
  return () =>
    page.evaluate(() => {
      Object.assign(window, { ended: true });
      return (window as unknown as { frames: () => number }).frames();
    });
}
