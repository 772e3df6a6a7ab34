// Takes pictures of the real console for the documentation, if SCREENSHOTS is set
// (`make screenshots`).

import type { Page } from '@playwright/test';

import { LOGIN_REQUIRED, OWNER, addMember, logIn, makeOwner, setUpCode } from '../harness/accounts.ts';
import { ANSWER_MS, type Console } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold, refusal, thinks } from '../harness/upstream.ts';

const WIDE = { width: 1200, height: 760 };
const NARROW = { width: 390, height: 760 };

test.beforeEach(() => {
  test.skip(!process.env.SCREENSHOTS, 'SCREENSHOTS is not set');
  test.setTimeout(4 * ANSWER_MS);
});

interface Place {
  dark?: boolean;
  viewport?: { width: number; height: number };
}

async function picture(page: Page, name: string, { dark, viewport }: Place = {}): Promise<void> {
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  await page.setViewportSize(viewport ?? WIDE);
  const path = `../docs/screenshots/${name}.png`;
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
}

/** Takes the same picture in both themes, and on a phone. */
async function pictures(page: Page, name: string): Promise<void> {
  await picture(page, name);
  await picture(page, `${name}-dark`, { dark: true });
  await picture(page, `${name}-narrow`, { viewport: NARROW });
}

test.describe('the embedded model', () => {
  test.use({ provider: 'local' });

  test('the console with its answers', async ({ console, page }) => {
    const ask = async (question: string): Promise<void> => {
      await console.ask(question);
      await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
      await console.isIdle(ANSWER_MS);
    };
    await console.openLive();
    await pictures(page, 'welcome');
    await page.setViewportSize(WIDE);
    await ask('Say hello to a new user.');
    const first = page.url();
    await console.new.click();
    await expect(page).not.toHaveURL(first);
    await console.isLive();
    await ask('What is the capital of France? Answer in one short sentence.');
    await ask('Explain in two sentences why the sky is blue.');
    await console.composer.blur();
    await pictures(page, 'console');
  });
});

const RICH = `The **quadratic formula** solves $ax^2 + bx + c = 0$:

$$x = \\frac{-b \\pm \\sqrt{b^2 - 4ac}}{2a}$$

| Discriminant | Roots |
| --- | --- |
| positive | two real ones |
| zero | one, counted twice |
| negative | two complex ones |

\`\`\`python
from cmath import sqrt

def roots(a: float, b: float, c: float) -> tuple[complex, complex]:
    """Both roots of ax^2 + bx + c."""
    d = sqrt(b * b - 4 * a * c)
    return (-b + d) / (2 * a), (-b - d) / (2 * a)
\`\`\`

- [x] derive it
- [ ] try it with *your own* numbers[^1]

[^1]: Any three will do, if the first is not zero.
`;

/** Creates a few conversations. The last one contains everything that an answer can contain. */
async function furnish(console: Console, words: readonly string[]): Promise<void> {
  for (const [n, question] of words.entries()) {
    if (n > 0) {
      const before = console.page.url();
      await console.page.locator('form.new button').click();
      await expect(console.page).not.toHaveURL(before);
      await console.isLive();
    }
    await console.page.locator('#composer').fill(question);
    await console.page.locator('#composer').press('Enter');
    await expect(console.messages).toHaveCount(2);
    await console.isIdle();
  }
}

test('an answer with every kind of content', async ({ console, page, upstream }) => {
  await upstream.plays(answer('A list, then.'), answer('Of course.'), answer(RICH));
  await console.openLive();
  await furnish(console, ['Plan a weekend in Kyoto', 'Proofread my letter', 'Solve ax² + bx + c = 0']);
  await pictures(page, 'answer');
});

const WRITTEN = {
  table: ['| Discriminant | Roots |\n| --- |', ' --- |\n| positive | two', ' real ones |\n| zero | one |\n'],
  formula: ['Both are\n\n$$x = \\frac{-b', ' \\pm \\sqrt{b^2 - 4ac}}{2a}$$', '\n\nwhere $a \\ne 0$, for $5 or less.'],
  list: ['1. derive it\n2. try it with **your', ' own** numbers\n   - three', ' of them\n   - or four\n3. done'],
};

for (const [name, [first = '', second = '', third = '']] of Object.entries(WRITTEN)) {
  test(`a ${name}, at three moments while it streams`, async ({ console, page, upstream }) => {
    await upstream.plays(answer(first, hold, second, hold, third));
    await page.setViewportSize({ width: 640, height: 480 });
    await console.openLive();
    await console.ask('How many roots are there?');
    const picture = async (moment: number, length: number): Promise<void> => {
      await expect.poll(async () => (await console.answer.innerHTML()).length).toBeGreaterThan(length);
      await console.answer.screenshot({
        path: `../docs/screenshots/written-${name}-${moment}.png`,
        animations: 'disabled',
      });
    };
    await picture(1, 0);
    for (const moment of [2, 3]) {
      const { length } = await console.answer.innerHTML();
      await upstream.release();
      await picture(moment, length);
    }
    await console.isIdle();
  });
}

test('reasoning, while it streams and folded', async ({ console, page, upstream }) => {
  const thought =
    'Two sentences are asked for.\n\nThe cause comes first: air scatters short waves more than long ones. Then what follows from it, which is what is seen.';
  const said = 'Air scatters blue light more than red light. So blue light comes from all sides of the sky.';
  await upstream.plays(answer(thinks(thought), hold, said));
  await console.openLive();
  await console.ask('Why is the sky blue? Two sentences, please.');
  await expect(console.reasoningText).toContainText('what is seen');
  await console.composer.blur();
  await pictures(page, 'thinking');
  await picture(page, 'thinking-narrow-dark', { dark: true, viewport: NARROW });
  await upstream.release();
  await console.isIdle();
  await pictures(page, 'thought');
});

test('an error and a running answer', async ({ console, page, upstream }) => {
  await upstream.plays(answer('Here is what I ', hold, 'think.'), refusal(401, 'no'));
  await console.openLive();
  await console.ask('What do you think?');
  await expect(console.answer).toHaveText('Here is what I');
  await console.composer.fill('And then?');
  await console.later.click();
  await picture(page, 'running');
  await page.getByRole('button', { name: 'Don’t send' }).click();
  await console.stop.click();
  await console.isIdle();
  await upstream.release();
  await console.send.click();
  await expect(console.note).toHaveAttribute('data-code', 'provider');
  await pictures(page, 'error');
});

test('the palette and the keyboard shortcuts', async ({ console, page, upstream }) => {
  await upstream.plays(answer('A list, then.'), answer('Of course.'));
  await console.openLive();
  await furnish(console, ['Plan a weekend in Kyoto', 'Proofread my letter']);
  await page.keyboard.press('ControlOrMeta+k');
  await expect(page.getByRole('dialog')).toBeVisible();
  await pictures(page, 'palette');
  await page.keyboard.press('Escape');
  const input = console.answers.first().locator('a[href*="/turns/"]');
  await console.open((await input.getAttribute('href')) ?? '');
  await pictures(page, 'input');
});

test('the other pages', async ({ console, page, upstream, watch }) => {
  watch.allow(/404/);
  await upstream.plays(answer('The sky scatters blue light most.'), answer('Blue, mostly.'));
  await console.openLive();
  await furnish(console, ['Why is the sky blue?', 'What colour is the sea?']);
  for (const [name, path] of Object.entries({
    settings: '/settings',
    data: '/data',
    search: '/search?q=blue',
    new: '/new',
    missing: '/nowhere',
  })) {
    await console.open(path);
    await pictures(page, name);
  }
});

test.describe('in Japanese', () => {
  test.use({ locale: 'ja-JP' });

  test('the console', async ({ console, page, upstream }) => {
    await upstream.plays(
      answer('はい、喜んで。'),
      answer('**京都**なら、朝は*伏見稲荷*、昼は錦市場、夕方は鴨川の散歩がおすすめです。'),
      refusal(401, 'no'),
    );
    await console.openLive();
    await picture(page, 'japanese-welcome');
    await furnish(console, ['手紙の下書きを手伝って', '京都で過ごす一日の計画を立ててください']);
    await pictures(page, 'japanese');
    await page.setViewportSize(WIDE);
    await page.locator('#composer').fill('ありがとう');
    await page.locator('#composer').press('Enter');
    await expect(page.locator('[data-code=provider]')).toBeVisible();
    await picture(page, 'japanese-error');
    await console.open('/settings');
    await picture(page, 'japanese-settings');
  });
});

test.describe('accounts', () => {
  test.use({ settings: LOGIN_REQUIRED });

  test('the way in, and the accounts', async ({ companion, console, page }) => {
    await console.open('/setup');
    await page.getByLabel('Set-up code').fill(await setUpCode(companion));
    await page.getByLabel('Name').fill(OWNER.name);
    await pictures(page, 'setup');
    await makeOwner(companion);
    await console.open('/login');
    await pictures(page, 'login');
    await logIn(page, OWNER);
    await addMember(page, companion.url);
    await console.open('/accounts');
    await pictures(page, 'accounts');
    await console.open('/account');
    await pictures(page, 'account');
    await console.open('/accounts/audit');
    await pictures(page, 'audit');
  });
});
