// Measures how busy the main thread is with five thousand messages in the page and an answer of 200
// tokens per second below them. Prints the figures, and asserts the limit that is promised.

import type { Page } from '@playwright/test';

import { importLong } from '../harness/long.ts';
import { expect, test } from '../harness/test.ts';

const MESSAGES = 5_000;
const SECONDS = 10;
const PER_SECOND = 200;

/** The longest task that is allowed on the main thread, in milliseconds. */
const LONGEST_MS = 50;

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

  await record(page);
  const began = performance.now();
  // This scrolls like a reader who holds the key that goes up.
  await page.evaluate(
    (all) =>
      new Promise<void>((done) => {
        const scroller = document.querySelector('.scroller');
        const messages = document.getElementsByClassName('message');
        const up = () => {
          scroller?.scrollTo(0, -scroller.scrollHeight);
          if (messages.length < all) setTimeout(up, 50);
          else done();
        };
        up();
      }),
    MESSAGES,
  );
  const loading = await recorded(page);
  const loadMs = performance.now() - began;
  await page.evaluate(() => document.querySelector('.scroller')?.scrollTo(0, 0));
  await page.waitForTimeout(1_000);

  await record(page);
  await page.locator('#composer').fill('Go on for a while.');
  await page.locator('#composer').press('Enter');
  // Querying so large a page repeatedly from outside takes time on its main thread.
  await page.evaluate(
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
  const streaming = await recorded(page);
  const elements = await page.evaluate(() => document.querySelectorAll('*').length);
  process.stdout.write(
    [
      `\n${MESSAGES} messages, ${elements} elements; loaded upward in ${(loadMs / 1000).toFixed(1)} s`,
      `  while they load:    ${told(loading)}`,
      `  an answer of ${PER_SECOND} tokens/s for ${SECONDS} s: ${told(streaming)}\n`,
    ].join('\n'),
  );
  expect(streaming.frames).toBeGreaterThan(SECONDS * 20);
  expect(streaming.tasks.filter((ms) => ms > LONGEST_MS)).toEqual([]);
});

function word(n: number): string {
  if (n % 60 === 59) return 'end.\n\n';
  return n % 12 === 11 ? `*w${n}*. ` : `w${n} `;
}

interface Recorded {
  /** Tasks of more than 50 ms. */
  tasks: number[];
  frames: number;
  /** Times between frames. */
  p50: number;
  p99: number;
  longest: number;
}

async function record(page: Page): Promise<void> {
  await page.evaluate(() => {
    const [tasks, frames] = [[] as number[], [] as number[]];
    const observer = new PerformanceObserver((list) => {
      tasks.push(...list.getEntries().map(({ duration }) => duration));
    });
    observer.observe({ entryTypes: ['longtask'] });
    let last = performance.now();
    let on = true;
    const frame = (now: number) => {
      frames.push(now - last);
      last = now;
      if (on) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const end = () => {
      on = false;
      observer.disconnect();
      return { tasks, frames };
    };
    Object.assign(window, { end });
  });
}

async function recorded(page: Page): Promise<Recorded> {
  const { tasks, frames } = await page.evaluate(() =>
    (window as unknown as { end: () => { tasks: number[]; frames: number[] } }).end(),
  );
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return { tasks, frames: frames.length, p50: at(0.5), p99: at(0.99), longest: at(1) };
}

function told({ tasks, frames, p50, p99, longest }: Recorded): string {
  const long = tasks.map((ms) => ms.toFixed(0)).join(', ') || 'none';
  const times = [p50, p99, longest].map((ms) => ms.toFixed(1)).join(' / ');
  return `tasks over 50 ms: ${long}; ${frames} frames, ms between them p50/p99/max ${times}`;
}
