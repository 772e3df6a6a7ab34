// The appearance of texts that only a browser can show, while an answer is written and afterwards.

import type { Locator } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer, hold, thinks } from '../harness/upstream.ts';

/** An answer's HTML, without the comments that mark places for the page's own script. */
async function html(answer: Locator): Promise<string> {
  return (await answer.innerHTML()).replaceAll('<!---->', '');
}

test('a table is shown as a table while it is written', async ({ console, page, upstream }) => {
  await upstream.plays(
    answer('Here:\n\n| a | b |\n|---|---|\n', hold, '|', ' 1 |', hold, ' 2 |\n| 3 |', ' 4 |\n\nDone.'),
  );
  await console.openLive();
  await console.ask('Show me.');
  const rows = console.answer.locator('table tr');
  await expect(rows).toHaveText([/a\s*b/]);
  await upstream.release();
  await expect(rows).toHaveCount(2);
  await expect(rows.last().locator('td').first()).toHaveText('1');
  await expect(console.answer.locator('p')).toHaveText(['Here:']);
  await upstream.release();
  await console.isIdle();
  await expect(rows).toHaveCount(3);
  await expect(console.answer.locator('td')).toHaveText(['1', '2', '3', '4']);
  await expect(console.answer.locator('p')).toHaveText(['Here:', 'Done.']);
  const live = await html(console.answer);
  await page.reload();
  await console.isLive();
  expect(await html(console.answer)).toBe(live);
});

test('a link gets its address when its definition arrives', async ({ console, upstream }) => {
  await upstream.plays(
    answer('See [the page][1].\n\nMore.\n\n', hold, '[1]: https://a.example', '/b\n', hold, '\nDone.'),
  );
  await console.openLive();
  await console.ask('Show me.');
  await expect(console.answer).toContainText('See [the page][1].');
  await upstream.release();
  const link = console.answer.getByRole('link', { name: 'the page' });
  await expect(link).toHaveAttribute('href', 'https://a.example/b');
  await upstream.release();
  await console.isIdle();
  await expect(console.answer.locator('p')).toHaveText(['See the page.', 'More.', 'Done.']);
});

const ARABIC = 'مرحبا بالعالم! أنا هنا (الآن).';

test('each paragraph has the direction of its script, and each message the side of its author', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(
    answer(`Here is it:\n\n${ARABIC}\n\n- ${ARABIC}\n- one\n\n\`\`\`js\nlet a = 1;\n\`\`\`\n\n\`ls\` ${ARABIC}`),
  );
  await console.openLive();
  await console.ask(ARABIC);
  await console.isIdle();
  const direction = (locator: Locator): Promise<string> =>
    locator.evaluate((element) => getComputedStyle(element).direction);
  const paragraphs = console.answer.locator(':scope > p');
  expect(await direction(paragraphs.nth(0))).toBe('ltr');
  expect(await direction(paragraphs.nth(1))).toBe('rtl');
  expect(await direction(paragraphs.nth(2))).toBe('rtl');
  expect(await direction(console.answer.locator('li').nth(0))).toBe('rtl');
  expect(await direction(console.answer.locator('li').nth(1))).toBe('ltr');
  expect(await direction(console.answer.locator('pre'))).toBe('ltr');
  // The marker of an item is within the list, on the side where the item's text begins.
  const right = async (locator: Locator): Promise<number> => {
    const box = await locator.boundingBox();
    return (box?.x ?? 0) + (box?.width ?? 0);
  };
  const list = await right(console.answer.locator('ul'));
  expect(await right(console.answer.locator('li').nth(0))).toBeLessThan(list - 8);
  expect(await right(console.answer.locator('li').nth(1))).toBeCloseTo(list, 0);
  // The user's messages are on the right, and their box is not wider than their text.
  const message = console.questions.last();
  const box = message.locator('.message-text');
  expect(await right(box)).toBeCloseTo(await right(message), 0);
  expect((await box.boundingBox())?.width).toBeLessThan(((await message.boundingBox())?.width ?? 0) * 0.8);
  expect(await direction(box)).toBe('rtl');
  await page.reload();
  await console.isLive();
  expect(await right(box)).toBeCloseTo(await right(message), 0);
});

test('long lines of code and wide tables are printed completely', async ({ console, page, upstream }) => {
  const long = 'x'.repeat(400);
  await upstream.plays(
    answer(`\`\`\`js\nlet ${long}END;\n\`\`\`\n\n| a | b |\n|---|---|\n| ${long}END | 2 |\n\n<details><summary>More</summary>\n\nHidden.\n\n</details>`),
  );
  await console.openLive();
  await console.ask('Show me.');
  await console.isIdle();
  await expect(console.answer.getByText('Hidden.')).toBeHidden();
  await page.emulateMedia({ media: 'print' });
  await page.setViewportSize({ width: 700, height: 900 });
  for (const element of ['pre', 'pre code', 'table', '.code']) {
    const cut = await console.answer.locator(element).first().evaluate((element) => {
      const { right } = element.getBoundingClientRect();
      return element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0 ? right : 0;
    });
    expect(cut, element).toBe(0);
  }
  const widest = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(widest).toBeLessThanOrEqual(700);
  await expect(console.answer.getByText('Hidden.')).toBeVisible();
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('folded parts of an answer can be opened', async ({ console, upstream }) => {
      await upstream.plays(
        answer('<details><summary>**More**</summary>\n\nHidden *text*.\n\n</details>\n\nPress <kbd>Esc</kbd>: H<sub>2</sub>O.'),
      );
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask('Show me.');
      await expect(console.answer).toContainText('Press Esc: H2O.');
      const hidden = console.answer.getByText('Hidden text.');
      await expect(hidden).toBeHidden();
      await console.answer.getByText('More').click();
      await expect(hidden).toBeVisible();
      await expect(console.answer.locator('kbd, sub')).toHaveText(['Esc', '2']);
    });
  });
}

test('a formula that is longer than its line can be scrolled to its end', async ({
  console,
  page,
  upstream,
}) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const sum = Array.from({ length: 60 }, (_, n) => `a_{${n}}`).join('+');
  await upstream.plays(answer(`It is $${sum}$\n\n- one: $${sum}$\n\nThe end.`));
  await console.openLive();
  await console.ask('How long?');
  await expect(console.answer).toContainText('The end.');
  for (const block of ['p:has(math)', 'ul']) {
    const hidden = await console.answer.locator(block).first().evaluate((element) => {
      const formula = element.querySelector('math');
      if (!formula) throw new Error('there is no formula');
      const end = () =>
        formula.getBoundingClientRect().right - element.getBoundingClientRect().right;
      const before = end();
      element.scrollLeft = 1_000_000;
      return { before, after: end() };
    });
    expect(hidden.before, block).toBeGreaterThan(100);
    expect(hidden.after, block).toBeLessThan(2);
  }
  const fits = await page.evaluate(
    () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
  );
  expect(fits).toBe(true);
});

test('other line ends and NUL characters look the same live and after a reload', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(
    answer(thinks('a\r'), thinks('\nb\rc\0d'), 'one\r', '\ntwo\rthree\0', '\n\n```\ncode\r', '\n\0\n```\n'),
  );
  await console.openLive();
  await console.ask('one\r\ntwo');
  await console.isIdle();
  const shown = async (): Promise<string[]> => [
    (await console.questions.last().locator('.message-text').textContent()) ?? '',
    (await console.answers.last().locator('.reasoning-text').textContent()) ?? '',
    await html(console.answer),
  ];
  const live = await shown();
  expect(live[1]).toBe('a\nb\nc\uFFFDd');
  expect(live[2]).toContain('one<br>\ntwo<br>\nthree\uFFFD');
  await page.reload();
  await console.isLive();
  expect(await shown()).toEqual(live);
});

for (const [what, word] of Object.entries({
  'one long word': 'x'.repeat(300),
  'an address': `https://a.example/${'b'.repeat(300)}`,
  'letters from right to left': 'ا'.repeat(300),
})) {
  test(`a page of hits is no wider than the window: ${what}`, async ({ console, page, upstream }) => {
    await upstream.plays(answer(`Found: ${word}`));
    await console.openLive();
    await console.ask(word);
    await console.isIdle();
    const worker = console.worker;
    await page.setViewportSize({ width: 320, height: 600 });
    const query = encodeURIComponent(word.slice(0, 200));
    for (const within of ['', `&in=${worker}`]) {
      await console.open(`/search?q=${query}${within}`);
      await expect(page.getByRole('main')).toBeVisible();
      expect(await console.overflow()).toBeLessThanOrEqual(0);
      // Nothing on the page is cut off at the side either.
      const over = await page.evaluate(() =>
        [...document.querySelectorAll('main *')]
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      expect(over).toEqual([]);
    }
  });
}
