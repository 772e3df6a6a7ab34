// Search, with and without JavaScript: finds texts in all conversations and links to them.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

/** The violations that axe finds, as `rule: where`. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`);
}

const field = (page: Page) => page.getByRole('searchbox', { name: 'Search conversations' });
const hits = (page: Page) => page.locator('.hit');

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('messages are found, and a hit links to its message', async ({ console, page, upstream }) => {
      await upstream.plays(answer('The otter swims.'), answer('犬が好きです。'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      const first = console.worker;
      await console.ask('Where is the otter?');
      await expect(console.answer).toHaveText('The otter swims.');
      await console.isIdle();
      await console.new.click();
      await expect(page).not.toHaveURL(new RegExp(first));
      await expect(console.welcome).toBeVisible();
      const second = console.worker;
      await console.ask('何が好きですか?');
      await expect(console.answer).toHaveText('犬が好きです。');
      await console.isIdle();

      await field(page).fill('OTTER');
      await field(page).press('Enter');
      await expect(page).toHaveURL(/\/search\?q=OTTER$/);
      await expect(page).toHaveTitle('Search · Companion');
      await expect(field(page)).toHaveValue('OTTER');
      // The title was derived from the question.
      await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toHaveText('Where is the otter?');
      await expect(page.getByRole('main').getByRole('heading', { level: 2 }).locator('mark')).toHaveText('otter');
      await expect(hits(page)).toHaveCount(2);
      await expect(hits(page).first()).toContainText('The otter swims.');
      await expect(hits(page).locator('mark')).toHaveText(['otter', 'otter']);
      await hits(page).first().click();
      await expect(page).toHaveURL(new RegExp(`/c/${first}\\?m=.*#m-`));
      await expect(console.answers).toBeInViewport();
      await expect(console.answers).toHaveAttribute('data-found', '');
      if (javaScriptEnabled) await expect(console.answers).toBeFocused();

      await field(page).fill('犬');
      await field(page).press('Enter');
      await expect(hits(page)).toHaveCount(1);
      await hits(page).click();
      await expect(page).toHaveURL(new RegExp(`/c/${second}\\?m=`));
    });

    test('no hits, an empty query and a too long query have their messages', async ({
      companion,
      console,
      page,
      watch,
    }) => {
      watch.allow(/422|404/);
      await console.open('/search');
      await expect(page.getByText('Search for words in messages and titles.')).toBeVisible();
      expect(await field(page).inputValue()).toBe('');
      await field(page).fill('"nowhere" OR *');
      await field(page).press('Enter');
      await expect(page.getByRole('status')).toContainText('No results');
      await page.goto(`${companion.url}/search?q=${'x'.repeat(300)}`);
      await expect(console.alert).toContainText('Use at most 200 characters and 16 words.');
      await page.goto(`${companion.url}/search?q=x&in=019aabcd-0123-7abc-8def-0123456789ab`);
      await expect(console.alert).toContainText('doesn’t exist');
    });
  });
}

test.describe('in a conversation of several pages', () => {
  test.use({ settings: { TRANSCRIPT_PAGE: '4' } });

  test('a message on a page that is not loaded is found and shown in its context', async ({
    companion,
    console,
    page,
  }) => {
    await console.openLive();
    const worker = console.worker;
    for (const word of ['zero', 'one', 'two', 'three', 'four', 'five']) {
      await console.submit(`Question ${word}?`);
      await expect(console.answer).toHaveText(`You said: Question ${word}?`);
      await console.isIdle();
    }
    // The server's page ends before this message. A script loads more if there is room.
    const { body } = await companion.api.raw('GET', `/c/${worker}`);
    expect(body.toString()).not.toContain('Question one?');
    await console.openLive(`/c/${worker}`);
    await console.manage.click();
    const here = page.getByRole('searchbox', { name: 'Find in this conversation' });
    await here.fill('question one');
    await here.press('Enter');
    await expect(page).toHaveURL(new RegExp(`in=${worker}`));
    await expect(page.getByText('Searching only this conversation:')).toBeVisible();
    await expect(hits(page)).toHaveCount(2);
    await hits(page).last().click();
    const found = console.questions.filter({ hasText: 'one' });
    await expect(found).toBeInViewport();
    await expect(found).toBeFocused();
    await expect(page.getByText('These are earlier messages')).toBeVisible();

    // A hit in the newest page is shown there, and the conversation can be continued.
    await page.goto(`${companion.url}/search?q=five`);
    await hits(page).first().click();
    await console.isLive();
    await expect(console.composer).toBeVisible();
  });
});

test('hits are shown in pages', async ({ companion, console, page }) => {
  await console.openLive();
  const worker = console.worker;
  for (let number = 0; number < 16; number += 1) {
    await console.submit(`Needle ${number}.`);
    await expect(console.answer).toHaveText(`You said: Needle ${number}.`);
    await console.isIdle();
  }
  // The hits are sixteen questions, as many answers, and the title.
  await page.goto(`${companion.url}/search?q=needle&in=${worker}`);
  await expect(hits(page)).toHaveCount(30);
  await expect(hits(page).first()).toContainText('You said: Needle 15.');
  await page.getByRole('link', { name: 'Older results' }).click();
  await expect(hits(page)).toHaveCount(2);
  await expect(page.getByRole('link', { name: 'Older results' })).toHaveCount(0);
  await page.getByRole('link', { name: 'Back to the newest results' }).click();
  await expect(hits(page).first()).toContainText('Needle 15.');
});

test('the address of an unknown message shows the conversation and a notice', async ({
  console,
  upstream,
}) => {
  await upstream.plays(answer('An answer.'));
  await console.openLive();
  await console.ask('A question?');
  const unknown = '019aabcd-0123-7abc-8def-0123456789ab';
  await console.openLive(`/c/${console.worker}?m=${unknown}#m-${unknown}`);
  await expect(console.alert).toContainText('isn’t in this conversation');
  await expect(console.answer).toHaveText('An answer.');
  await expect(console.composer).toBeVisible();
});

test('a message of another branch is shown on its branch', async ({ console, page, upstream }) => {
  await upstream.plays(answer('First heron.'), answer('Second crane.'));
  await console.openLive();
  await console.ask('Which bird?');
  await console.isIdle();
  await console.again.click();
  await expect(console.answer).toHaveText('Second crane.');
  await console.isIdle();
  await field(page).fill('heron');
  await field(page).press('Enter');
  await hits(page).click();
  await expect(console.answer).toHaveText('First heron.');
  await expect(console.versions).toContainText('1/2');
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const viewport of [
    { width: 1280, height: 800 },
    { width: 360, height: 640 },
  ]) {
    test.describe(`${colorScheme}, ${viewport.width} wide`, () => {
      test.use({ colorScheme, viewport });

      test('axe finds nothing', async ({ companion, console, page, upstream, watch }) => {
        watch.allow(/422/);
        const long = `${'unbreakable'.repeat(30)} otter ${'犬'.repeat(300)}`;
        await upstream.plays(answer(long));
        await console.openLive();
        await console.ask('Where is the otter?');
        await expect(console.answer).toContainText('otter');
        await console.isIdle();
        for (const query of ['', '?q=otter', '?q=nowhere', `?q=${'x'.repeat(300)}`]) {
          await page.goto(`${companion.url}/search${query}`);
          expect(await faults(page), query).toEqual([]);
          expect(await console.overflow(), query).toBe(0);
        }
        await page.goto(`${companion.url}/search?q=otter`);
        await hits(page).first().click();
        await expect(page.locator('[data-found]')).toBeFocused();
        expect(await faults(page), 'found').toEqual([]);
      });
    });
  }
}

test.describe('in Japanese', () => {
  test.use({ locale: 'ja-JP' });

  test('the search page is in Japanese', async ({ console, page, upstream }) => {
    await upstream.plays(answer('東京です。'));
    await console.open('/search?q=ｶﾞｲﾄﾞ');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('検索');
    await expect(page.getByRole('status')).toContainText('見つかりませんでした。');
  });
});
