// Conversations are exported as files and imported again, with and without JavaScript.

import { readFile } from 'node:fs/promises';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

/** The file that a browser saves when a link is clicked: its name and its text. */
async function kept(page: Page, click: () => Promise<void>): Promise<[string, string]> {
  const begun = page.waitForEvent('download');
  await click();
  const download = await begun;
  return [download.suggestedFilename(), await readFile(await download.path(), 'utf8')];
}

const upload = (name: string, text: string) => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(text),
});

const CHATGPT = JSON.stringify([
  {
    id: 'tides',
    title: '潮の満ち引き',
    create_time: 1735702200,
    current_node: 'c',
    mapping: {
      a: { parent: null, message: null },
      b: {
        parent: 'a',
        message: {
          author: { role: 'user' },
          create_time: 1735702200,
          content: { content_type: 'text', parts: ['なぜ？'] },
        },
      },
      c: {
        parent: 'b',
        message: {
          author: { role: 'assistant' },
          create_time: 1735702210,
          content: { content_type: 'text', parts: ['月のため。'] },
          metadata: { model_slug: 'gpt-4o' },
        },
      },
    },
  },
]);

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a conversation is exported, deleted, and imported again', async ({
      companion,
      console,
      page,
      upstream,
      watch,
    }) => {
      watch.allow(/422/);
      await upstream.plays(answer('An answer,\n\nas it was written.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      const worker = console.worker;
      await console.ask('A question of tides?');
      await expect(console.answer).toContainText('as it was written.');
      await console.isIdle();

      await console.manage.click();
      const [markdownName, markdown] = await kept(page, () =>
        page.getByRole('link', { name: 'Markdown' }).click(),
      );
      expect(markdownName).toMatch(/^A-question-of-tides-[0-9a-f]{8}\.md$/);
      expect(markdown).toContain('# A question of tides?');
      expect(markdown).toContain('An answer,\n\nas it was written.');
      const [jsonName, json] = await kept(page, () =>
        page.getByRole('link', { name: 'JSON' }).click(),
      );
      expect(jsonName).toMatch(/\.jsonl$/);
      expect(json.split('\n').at(-2)).toContain('"end"');
      await expect(page).toHaveURL(new RegExp(worker));

      await console.open();
      await console.manage.click();
      await console.delete.click();
      await console.deleteIt.click();
      await expect(page).not.toHaveURL(new RegExp(`/c/${worker}`));

      await page.getByRole('link', { name: 'Your data' }).click();
      await expect(console.title).toHaveText('Your data');
      // An import does not overwrite a conversation that can still be restored.
      await page.locator('summary', { hasText: 'Delete for good' }).click();
      await page.getByRole('button', { name: /^Delete it for good/ }).click();
      await expect(page.getByText('Nothing to restore.')).toBeVisible();
      const file = page.getByLabel('File');
      const send = page.getByRole('button', { name: 'Import these files' });
      await file.setInputFiles(upload('damaged.jsonl', json.replace('tides?', 'tidal?')));
      await send.click();
      const line = json.split('\n').findIndex((text) => text.includes('tides?')) + 1;
      const refused = page.getByRole('alert');
      await expect(refused).toContainText(`line ${line}: `);
      await expect(refused).toContainText('Nothing was imported.');

      await file.setInputFiles(upload('whole.jsonl', json));
      await send.click();
      const done = page.getByRole('status');
      await expect(done).toContainText('1 conversation imported (Companion export).');
      await file.setInputFiles(upload('whole.jsonl', json));
      await send.click();
      await expect(done).toContainText('1 was already here.');

      await page.goto(`${companion.url}/c/${worker}`);
      await expect(console.answer).toContainText('as it was written.');
      await expect(console.conversation(worker)).toBeVisible();
    });

    test('all conversations are exported to one file, and exports of other programs are imported', async ({
      console,
      page,
      upstream,
      watch,
    }) => {
      watch.allow(/422/);
      await upstream.plays(answer('Here too.'));
      await console.open('/data');
      await page.getByRole('button', { name: 'Import these files' }).click();
      // The browser itself reports that the file is missing.
      await expect(page.getByLabel('File')).toBeFocused();
      await page.getByLabel('File').setInputFiles(upload('conversations.json', CHATGPT));
      await page.getByRole('button', { name: 'Import these files' }).click();
      await expect(page.getByRole('status')).toContainText('imported (ChatGPT export)');
      const [name, all] = await kept(page, () =>
        page.getByRole('link', { name: 'Export all conversations' }).click(),
      );
      expect(name).toMatch(/^companion-\d{4}-\d{2}-\d{2}\.jsonl$/);
      expect(all).toContain('月のため。');
      expect(all.split('\n').at(-2)).toContain('"conversations":2');

      await page.getByRole('link', { name: 'Open the first one' }).click();
      await expect(console.title).toHaveText('潮の満ち引き');
      await expect(console.answer).toHaveText('月のため。');
      await expect(console.figures.filter({ hasText: 'gpt-4o' })).toHaveCount(1);
      if (javaScriptEnabled) await console.isLive();
      await console.ask('And here?');
      await expect(console.answer).toHaveText('Here too.');
      const [asked] = await upstream.asked();
      expect(JSON.stringify(asked)).toContain('月のため。');
    });
  });
}

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme}`, () => {
    test.use({ colorScheme, viewport: { width: 360, height: 640 } });

    test('axe finds nothing, and nothing scrolls sideways', async ({ console, page, watch }) => {
      watch.allow(/422/);
      const faults = async () => {
        const { violations } = await new AxeBuilder({ page })
          .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
          .analyze();
        return violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.target).join(' | ')}`);
      };
      await console.open('/data');
      expect(await faults(), 'at first').toEqual([]);
      expect(await console.overflow()).toBe(0);
      for (const [text, role] of [
        ['{}', 'alert'],
        [CHATGPT, 'status'],
      ] as const) {
        await page.getByLabel('File').setInputFiles(upload('file.json', text));
        await page.getByRole('button', { name: 'Import these files' }).click();
        await expect(page.getByRole(role)).toBeVisible();
        expect(await faults(), role).toEqual([]);
        expect(await console.overflow()).toBe(0);
      }
      expect(watch.requests.filter(({ kind }) => kind === 'script')).toEqual([]);
    });
  });
}
