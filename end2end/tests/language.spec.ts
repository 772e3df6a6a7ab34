// The page is in English or Japanese, as the browser or the reader chooses, and never in a mix.

import type { Page } from '@playwright/test';

import type { Console } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold, refusal } from '../harness/upstream.ts';

/** Names that are the same in every language. */
const NAMES = [
  /[Cc]ompanion(?:-ja)?|OpenAI|Chat Completions|Responses API|ChatGPT|Claude|DeepSeek|LibreChat|Open WebUI|llama\.cpp|ZIP|SmolLM2[\w.-]*|scripted-model|SQLite|API|Markdown|JSON|GGUF|Cookie/g,
  /Shift|Ctrl|Enter|Mac|MB|UTC|conversations\.json|English|日本語|Esc|temperature|top_p|Top P/g,
  /sha256:[0-9a-f]+|https?:\S+|\b[0-9a-f]{8,}\b/g,
];

/**
 * The page's own texts and labels that a reader meets, without texts that people, models or
 * programs wrote.
 */
async function words(page: Page): Promise<string[]> {
  const said = await page.evaluate(() => {
    const others = 'code, pre, script, style, .message-text, .conversation-title, [lang=en] [lang=en]';
    const theirs = (element: Element | null): boolean => {
      if (!element) return false;
      const own = element.closest('[lang]');
      return Boolean(element.closest(others)) || (own !== null && own !== document.documentElement);
    };
    const texts: string[] = [document.title.replace(/.*·/, '')];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const { parentElement, textContent } = walker.currentNode;
      if (!theirs(parentElement)) texts.push(textContent ?? '');
    }
    for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]')) {
      if (theirs(element)) continue;
      for (const name of ['aria-label', 'placeholder', 'title']) {
        texts.push(element.getAttribute(name) ?? '');
      }
    }
    return texts;
  });
  return said
    .map((text) => NAMES.reduce((rest, name) => rest.replace(name, ''), text).trim())
    .filter((text) => text !== '');
}

/** Visits every page and state, one after the other. */
async function walk(
  console: Console,
  look: (state: string) => Promise<void>,
  upstream: { plays: (...turns: never[]) => Promise<void>; release: () => Promise<void> },
): Promise<void> {
  await (upstream.plays as (...turns: unknown[]) => Promise<void>)(
    answer('42 '),
    answer('1 ', hold, '2'),
    refusal(401, 'no'),
  );
  const { page } = console;
  await console.openLive();
  await look('welcome');
  await page.locator('#composer').fill('1?');
  await page.locator('[data-kind=send]').click();
  await console.isIdle();
  await expect(console.messages).toHaveCount(2);
  await look('answered');
  await page.locator('#composer').fill('2?');
  await page.locator('[data-kind=send]').click();
  await expect(console.messages).toHaveCount(4);
  await page.locator('#composer').fill('3?');
  await page.locator('#composer').press('Enter');
  await look('while it answers');
  await page.locator('#composer').press('Enter');
  await look('with a message that waits');
  await page.locator('[data-kind=stop]').click();
  await expect(page.locator('[data-kind=quiet]')).toBeVisible();
  await look('stopped');
  await upstream.release();
  await page.locator('[data-kind=send]').click();
  await expect(page.locator('[data-code=provider]')).toBeVisible();
  await look('failed');
  await page.keyboard.press('ControlOrMeta+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('with the palette open');
  await page.keyboard.press('Escape');
  const input = await console.answers.first().locator('a[href*="/turns/"]').getAttribute('href');
  for (const path of [
    '/settings',
    '/data',
    '/new',
    '/search',
    '/search?q=42',
    '/search?q=nowhere',
    input ?? '/nothing',
    '/nowhere',
  ]) {
    await console.open(path);
    await look(path);
  }
}

test.describe('in Japanese', () => {
  test.use({ locale: 'ja-JP' });

  test('no page contains English text', async ({ console, page, upstream, watch }) => {
    watch.allow(/404/);
    const look = async (state: string): Promise<void> => {
      await expect(page.locator('html')).toHaveAttribute('lang', 'ja');
      const english = (await words(page)).filter((text) => /[a-z]{2,}/i.test(text));
      expect.soft(english, state).toEqual([]);
    };
    await walk(console, look, upstream);
  });

  test('no page contains English text without JavaScript', async ({ browser, companion }) => {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'ja-JP' });
    const page = await context.newPage();
    for (const path of ['/', '/settings', '/data', '/new', '/search?q=a', '/nowhere']) {
      await page.goto(companion.url + path);
      const english = (await words(page)).filter((text) => /[a-z]{2,}/i.test(text));
      expect.soft(english, path).toEqual([]);
    }
    await context.close();
  });

  test('an error is shown in Japanese, with the message of the server for reference', async ({
    console,
    page,
    upstream,
  }) => {
    await upstream.plays(refusal(401, 'no'));
    await console.openLive();
    await page.locator('#composer').fill('どうですか?');
    await page.locator('#composer').press('Enter');
    const note = page.locator('[data-code=provider]');
    await expect(note).toContainText('エンドポイントがキーを拒否しました');
    await expect(note).toContainText('キーを確認してください');
    await expect(note.getByRole('link')).toHaveAttribute('href', '/settings#model');
    await note.locator('summary').click();
    await expect(note.locator('[lang=en]')).toBeVisible();
  });
});

test('in English no page contains Japanese text', async ({ console, page, upstream, watch }) => {
  watch.allow(/404/);
  const look = async (state: string): Promise<void> => {
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    const japanese = (await words(page)).filter((text) => /[\u3040-\u9fff]/.test(text));
    expect.soft(japanese, state).toEqual([]);
  };
  await walk(console, look, upstream);
});

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'a Japanese browser' : 'a Japanese browser without JavaScript', () => {
    test.use({ javaScriptEnabled, locale: 'ja-JP' });

    test('has the Japanese profile in a conversation that it begins', async ({ console, page, upstream }) => {
      await upstream.plays(answer('はい。'), answer('いいえ。'));
      const ask = async (text: string): Promise<string> => {
        await page.getByRole('textbox', { name: 'メッセージ' }).fill(text);
        await page.getByRole('button', { name: '送信', exact: true }).click();
        await expect(page.locator('.message[data-role=user] .message-text').last()).toHaveText(text);
        await expect.poll(async () => (await upstream.asked()).at(-1)?.body?.messages.at(-1)?.content).toBe(text);
        return (await upstream.asked()).at(-1)?.body?.messages[0]?.content ?? '';
      };
      // The first conversation was made by the server, before it knew any reader.
      await console.open();
      if (javaScriptEnabled) await console.isLive();
      await expect(page.locator('.answers-here')).toHaveText('コンパニオン · scripted-model');
      expect(await ask('一つ目')).toContain('話し相手となるアシスタント');
      await expect(page.locator('.message[data-role=assistant]').last()).toContainText('はい。');
      await page.getByRole('button', { name: '新しい会話', exact: true }).click();
      await expect(page.locator('.message')).toHaveCount(0);
      await expect(page.locator('.answers-here')).toHaveText('コンパニオン · scripted-model');
      if (javaScriptEnabled) await console.isLive();
      expect(await ask('二つ目')).toContain('話し相手となるアシスタント');
    });
  });
}
