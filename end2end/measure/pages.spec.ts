// Measures a visit of each page with the browser's own figures: paints, shifts, long tasks, axe.
// Prints the figures, and asserts only what does not depend on the machine.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { Console } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

const ANSWER = `# An answer\n\nWith **Markdown**, \`code\` and\n\n\`\`\`rust\nfn main() {}\n\`\`\`\n`;

interface Cost {
  firstPaintMs: number;
  largestPaintMs: number;
  shift: number;
  blockedMs: number;
  longestTaskMs: number;
  bytes: number;
}

/** The figures of the page so far. */
function cost(page: Page): Promise<Cost> {
  return page.evaluate(async () => {
    const entries = (type: string): Promise<PerformanceEntry[]> =>
      new Promise((resolve) => {
        const seen: PerformanceEntry[] = [];
        const observer = new PerformanceObserver((list) => seen.push(...list.getEntries()));
        observer.observe({ type, buffered: true });
        setTimeout(() => {
          observer.disconnect();
          resolve(seen);
        }, 200);
      });
    const [paints, largest, shifts, tasks] = await Promise.all(
      ['paint', 'largest-contentful-paint', 'layout-shift', 'longtask'].map(entries),
    );
    const first = paints?.find(({ name }) => name === 'first-contentful-paint')?.startTime ?? 0;
    const durations = (tasks ?? []).map(({ duration }) => duration);
    const sizes = [
      ...performance.getEntriesByType('navigation'),
      ...performance.getEntriesByType('resource'),
    ].map((entry) => (entry as PerformanceResourceTiming).encodedBodySize);
    return {
      firstPaintMs: first,
      largestPaintMs: largest?.at(-1)?.startTime ?? first,
      shift: (shifts ?? []).reduce((sum, e) => sum + ((e as { value?: number }).value ?? 0), 0),
      blockedMs: durations.reduce((sum, ms) => sum + Math.max(0, ms - 50), 0),
      longestTaskMs: Math.max(0, ...durations),
      bytes: sizes.reduce((sum, size) => sum + size, 0),
    };
  });
}

test('the cost of each page, and the findings of axe', async ({
  browser,
  companion,
  console,
  upstream,
  watch,
}) => {
  watch.allow(/404/);
  await upstream.plays(answer(ANSWER));
  await console.openLive();
  await console.ask('A question?');
  await console.isIdle();
  const conversation = `/c/${console.worker}`;
  const rows: string[] = [];
  for (const [name, path] of Object.entries({
    conversation,
    search: '/search?q=question',
    settings: '/settings',
    data: '/data',
    'new conversation': '/new',
    missing: '/nowhere',
  })) {
    for (const javaScriptEnabled of [true, false]) {
      // A new context has nothing in its cache.
      const context = await browser.newContext({ javaScriptEnabled, locale: 'en-GB' });
      const page = await context.newPage();
      const began = performance.now();
      await page.goto(companion.url + path, { waitUntil: 'commit' });
      const here = new Console(page, companion);
      let usable = '';
      if (path === conversation) {
        await here.composer.waitFor();
        if (javaScriptEnabled) await here.isLive();
        usable = `${(performance.now() - began).toFixed(0)} ms`;
      }
      await page.waitForLoadState('networkidle');
      if (javaScriptEnabled) {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect.soft(violations.map(({ id }) => id), `axe in ${name}`).toEqual([]);
        const seen = await cost(page);
        expect.soft(seen.shift, `${name}: what stood somewhere stays there`).toBeLessThan(0.1);
        rows.push(row(name, seen, usable));
      } else if (usable) {
        rows.push(`${`${name}, no script`.padEnd(26)} composer usable after ${usable}`);
      }
      await context.close();
    }
  }
  process.stdout.write(
    `\nEach page, first visit (paint: first and largest; shift: CLS; blocked: TBT)\n${rows
      .map((line) => `  ${line}\n`)
      .join('')}\n`,
  );
});

function row(name: string, seen: Cost, usable: string): string {
  const { firstPaintMs, largestPaintMs, shift, blockedMs, longestTaskMs, bytes } = seen;
  return [
    name.padEnd(26),
    `paint ${firstPaintMs.toFixed(0)}/${largestPaintMs.toFixed(0)} ms`,
    `shift ${shift.toFixed(3)}`,
    `blocked ${blockedMs.toFixed(0)} ms (longest task ${longestTaskMs.toFixed(0)})`,
    `${(bytes / 1000).toFixed(1)} KB`,
    usable && `composer usable after ${usable}`,
  ]
    .filter(Boolean)
    .join('  ');
}
