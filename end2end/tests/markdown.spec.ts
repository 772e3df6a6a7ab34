// Answers are rendered as Markdown, in the same way in the server's page and while they arrive.

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

const ANSWER = [
  '## A heading',
  'Some *emphasis*, `code`, a [link](https://example.org/) and $x^2$.',
  '| a | b |\n|---|---|\n| 1 | 2 |',
  '```rust\nfn main() {\n    println!("Hello");\n}\n```',
  '1. one\n2. two\n   - three',
  '> A quote.',
  'Ends 日本語.',
].join('\n\n');

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('an answer is rendered', async ({ console, page, upstream }) => {
      await upstream.plays(answer(ANSWER));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask('Show me.');
      await expect(console.answer).toContainText('Ends 日本語.');
      await expect(console.answer).toMatchAriaSnapshot(`
        - heading "A heading" [level=3]
        - paragraph:
          - emphasis: emphasis
          - code: code
          - link "link":
            - /url: https://example.org/
        - table:
          - rowgroup:
            - row "a b"
          - rowgroup:
            - row "1 2"
        - code: /fn main/
        - list:
          - listitem: one
          - listitem:
            - list:
              - listitem: three
        - blockquote:
          - paragraph: A quote.
        - paragraph: Ends 日本語.
      `);
      await expect(console.answer.locator('math')).toBeVisible();
      await expect(console.answer.locator('.code .s-keyword, .code .s-storage')).not.toHaveCount(0);
      // Comments that mark places for the page's own script are ignored.
      const html = async (): Promise<string> =>
        (await console.answer.innerHTML()).replaceAll('<!---->', '');
      const live = await html();
      await page.reload();
      if (javaScriptEnabled) await console.isLive();
      expect(await html()).toBe(live);
    });
  });
}

test('while an answer streams, only its last block changes', async ({ console, upstream }) => {
  const parts = ANSWER.split('\n\n').map((part) => `${part}\n\n`);
  await upstream.plays(answer(parts[0] ?? '', parts[1] ?? '', hold, ...parts.slice(2)));
  await console.openLive();
  await console.ask('Show me.');
  await expect(console.answer.locator('p')).toHaveCount(1);
  // A selection in an earlier block stays.
  await console.answer.locator(':scope > *').first().evaluate((element) => {
    getSelection()?.selectAllChildren(element);
    element.setAttribute('data-kept', '');
  });
  await upstream.release();
  await expect(console.answer).toContainText('Ends 日本語.');
  await console.isIdle();
  await expect(console.answer.locator('[data-kept]')).toHaveCount(1);
  expect(await console.answer.evaluate(() => String(getSelection()))).toContain('A heading');
});

test('a selection in code that still streams is kept', async ({ console, upstream }) => {
  await upstream.plays(
    answer('Here:\n\n```js\nlet first = 1;\n', hold, 'let a', ' < b;\n', hold, '```\n\nDone.'),
  );
  await console.openLive();
  await console.ask('Show me.');
  const code = console.answer.locator('pre code');
  await expect(code).toHaveText(/first/);
  await code.evaluate((element) => {
    getSelection()?.selectAllChildren(element);
    element.setAttribute('data-kept', '');
  });
  await upstream.release();
  await expect(code).toHaveText('let first = 1;\nlet a < b;\n');
  await expect(code).toHaveAttribute('data-kept', '');
  expect(await code.evaluate(() => String(getSelection()))).toContain('let first = 1;');
  const height = await code.evaluate((element) => element.getBoundingClientRect().height);
  await upstream.release();
  await console.isIdle();
  // When the block ends, it gets colours, and nothing moves.
  await expect(code.locator('span').first()).toBeVisible();
  await expect(code).toHaveText('let first = 1;\nlet a < b;\n');
  expect(await code.evaluate((element) => element.getBoundingClientRect().height)).toBe(height);
  await expect(console.answer.locator('p')).toHaveText(['Here:', 'Done.']);
});

test('an answer that the server rendered partly continues in the page', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('One.\n\nTw', hold, 'o.\n\n```js\nlet a', hold, ' = 1\n```\n'));
  await console.openLive();
  await console.ask('Show me.');
  await expect(console.answer).toContainText('Tw');
  await page.reload();
  await console.isLive();
  await upstream.release();
  await expect(console.answer.locator('.code')).toHaveCount(1);
  await expect(console.answer.locator('p')).toHaveText(['One.', 'Two.']);
  await upstream.release();
  await console.isIdle();
  await expect(console.answer.locator('.code')).toHaveText(/js\s*let a = 1/);
  await expect(console.answer.locator(':scope > *')).toHaveCount(3);
});
