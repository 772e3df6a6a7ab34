// Set-up, login, the own account and the management of accounts, with and without JavaScript.

import { AxeBuilder } from '@axe-core/playwright';
import { type Page, chromium } from '@playwright/test';

import { LOGIN_REQUIRED, MEMBER, OWNER, addMember, beginAsOwner, logIn, makeOwner, setUpCode } from '../harness/accounts.ts';
import { Companion } from '../harness/companion.ts';
import * as programs from '../harness/programs.ts';
import { expect, pathOf, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test.use({ settings: LOGIN_REQUIRED });

/** Checks a page with axe, and that it does not scroll sideways. */
async function isSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
  const [content, width] = await page.evaluate(() => {
    const root = document.documentElement;
    return [root.scrollWidth, root.clientWidth];
  });
  expect(content, 'the page does not scroll sideways').toBeLessThanOrEqual(width ?? 0);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('a new server is set up with its code, and then asks for a login', async ({
      companion,
      console,
      page,
      watch,
    }) => {
      watch.allow(/401|422|HTTP Authentication failed/);
      await console.open();
      await expect(page).toHaveURL(/\/setup$/);
      const send = async (code: string, password: string, again = password): Promise<void> => {
        await page.getByLabel('Set-up code').fill(code);
        await page.getByLabel('Name').fill(OWNER.name);
        await page.getByLabel('Password', { exact: true }).fill(password);
        await page.getByLabel('Repeat the password').fill(again);
        await page.getByRole('button', { name: 'Create the account' }).click();
      };
      await send('AAAA-BBBB-CCCC-DDDD', OWNER.password);
      await expect(page.getByLabel('Set-up code')).toHaveAccessibleDescription(/isn’t the set-up code/);
      await expect(page.getByLabel('Set-up code')).toBeFocused();
      await expect(page.getByLabel('Name')).toHaveValue(OWNER.name);
      const code = await setUpCode(companion);
      await send(code, 'password123');
      await expect(page.getByLabel('Password', { exact: true })).toHaveAccessibleDescription(/easy to guess/);
      await expect(page.getByLabel('Set-up code')).toHaveValue(code);
      await send(code, OWNER.password, 'something else');
      await expect(page.getByLabel('Repeat the password')).toHaveAccessibleDescription(/don’t match/);
      await send(code.toLowerCase(), OWNER.password);
      await expect(console.composer).toBeVisible();
      expect(page.url()).toContain('/c/');

      // The code is spent, and the page leads to the login.
      await page.context().clearCookies({ name: 'companion-session' });
      await console.open('/setup');
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
    });

    test('a login leads to the page that was asked for, and says nothing about what was wrong', async ({
      companion,
      console,
      page,
      watch,
    }) => {
      watch.allow(/401|422|429/);
      await makeOwner(companion);
      await console.open('/data?before=x');
      expect(pathOf(page)).toBe('/login?next=/data?before=x');
      for (const [name, password] of [
        [OWNER.name, 'a wrong password'],
        ['nobody', OWNER.password],
      ] as const) {
        await logIn(page, { name, password });
        const field = page.getByLabel('Password', { exact: true });
        await expect(field).toHaveAccessibleDescription(
          'The name or password is wrong, or the account is disabled.',
        );
        await expect(field).toBeFocused();
        await expect(field).toHaveValue('');
        await expect(page.getByLabel('Name')).toHaveValue(name);
      }
      await logIn(page, OWNER);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your data');
      expect(pathOf(page)).toBe('/data?before=x');
      // The login leads on at once now, but never to another site.
      await console.open('/login?next=/settings');
      expect(pathOf(page)).toBe('/settings');
      await console.open('/login?next=//example.org/');
      await expect(console.composer).toBeVisible();
      expect(new URL(page.url()).origin).toBe(companion.url);
    });

    test('after a logout, the page is closed and the way back shows nothing', async ({
      companion,
      console,
      page,
    }) => {
      await beginAsOwner(companion, console);
      await page.getByRole('link', { name: `Account: ${OWNER.name}` }).click();
      await page.getByRole('button', { name: 'Log out' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
      await page.goBack();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
      await page.goBack();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
      await expect(console.composer).toHaveCount(0);
    });

    test('the own password is changed, with the old one', async ({ companion, console, page, watch }) => {
      watch.allow(/422/);
      await makeOwner(companion);
      await console.open('/login?next=/account');
      await logIn(page, OWNER);
      const change = async (old: string, password: string): Promise<void> => {
        await page.getByLabel('Current password').fill(old);
        await page.getByLabel('New password', { exact: true }).fill(password);
        await page.getByLabel('Repeat the password').fill(password);
        await page.getByRole('button', { name: 'Change the password' }).click();
      };
      await change('a wrong password', 'an entirely new one');
      await expect(page.getByLabel('Current password')).toHaveAccessibleDescription(/current password is wrong/);
      await change(OWNER.password, 'short');
      await expect(page.getByLabel('New password', { exact: true })).toHaveAccessibleDescription(/too short/);
      await change(OWNER.password, 'an entirely new one');
      await expect(page.getByRole('status')).toHaveText(/The password was changed/);
      await page.getByRole('button', { name: 'Log out' }).click();
      await logIn(page, { ...OWNER, password: 'an entirely new one' });
      await expect(console.composer).toBeVisible();
    });

    test('a token is shown once, works, and is revoked', async ({ companion, console, page, request, watch }) => {
      watch.allow(/422/);
      await makeOwner(companion);
      await console.open('/login?next=/account');
      await logIn(page, OWNER);
      await page.getByLabel('Name').fill('backup job');
      await page.getByLabel('Read conversations').uncheck();
      await page.getByRole('button', { name: 'Create a token' }).click();
      await expect(page.getByText('Choose at least one permission.')).toBeVisible();
      await expect(page.getByLabel('Name')).toHaveValue('backup job');
      await page.getByLabel('Read conversations').check();
      await page.getByLabel('Valid for').selectOption('7 days');
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await page.getByRole('button', { name: 'Create a token' }).click();
      expect((await answered).headers()['cache-control']).toBe('no-store');
      const shown = page.getByLabel('Token', { exact: true });
      await expect(shown).toHaveValue(/^companion_/);
      await expect(shown).toHaveAttribute('readonly');
      const authorization = `Bearer ${await shown.inputValue()}`;
      const list = `${companion.url}/api/v1/runtimes/backend-internal/workers`;
      expect((await request.get(list, { headers: { authorization } })).status()).toBe(200);
      await console.open('/account');
      await expect(shown).toHaveCount(0);
      const row = page.getByRole('listitem').filter({ hasText: 'backup job' });
      await expect(row).toContainText('Read conversations');
      await expect(row).toContainText('last used');
      await row.getByRole('button', { name: 'Revoke' }).click();
      await expect(page.getByRole('status')).toHaveText('The token was revoked.');
      expect((await request.get(list, { headers: { authorization } })).status()).toBe(401);
    });

    test('an owner adds, changes and disables accounts, and the audit says so', async ({
      companion,
      console,
      page,
      watch,
    }) => {
      watch.allow(/422|403/);
      await makeOwner(companion);
      await console.open('/login?next=/accounts');
      await logIn(page, OWNER);
      await addMember(page, companion.url);
      const row = page.getByRole('listitem').filter({ hasText: MEMBER.name });
      await expect(row).toContainText('Member');
      // The same name again.
      await page.getByLabel('Name').fill(MEMBER.name.toUpperCase());
      await page.getByLabel('Password', { exact: true }).fill(MEMBER.password);
      await page.getByRole('button', { name: 'Add an account' }).click();
      await expect(page.getByLabel('Name')).toHaveAccessibleDescription('An account with this name already exists.');
      // The last owner stays one.
      await page.getByRole('link', { name: `Change the account “${OWNER.name}”` }).click();
      await page.getByLabel(/^Member:/).check();
      await page.getByRole('button', { name: 'Change the role' }).click();
      await expect(page.getByRole('alert')).toHaveText(/only owner who can log in/);
      await page.getByRole('button', { name: 'Disable the account' }).click();
      await expect(page.getByRole('alert')).toHaveText(/only owner who can log in/);

      await console.open('/accounts');
      await row.getByRole('link').click();
      await page.getByLabel('New password', { exact: true }).fill('another good one');
      await page.getByRole('button', { name: 'Set a new password' }).click();
      await expect(page.getByRole('status')).toHaveText(/The new password is set/);
      await row.getByRole('link').click();
      await expect(page.getByText(/Conversations: \d+, [\d.]+ k?B/)).toBeVisible();
      await page.getByRole('button', { name: 'Disable the account' }).click();
      await expect(page.getByRole('status')).toHaveText('The account was disabled.');
      await expect(row).toContainText('Disabled');
      await row.getByRole('link').click();
      await page.getByRole('button', { name: 'Enable the account' }).click();
      await expect(row).not.toContainText('Disabled');

      await page.getByRole('link', { name: 'Audit' }).click();
      const entries = page.getByRole('main').getByRole('listitem');
      await expect(entries.first()).toContainText(/Account enabled\s*ben/);
      await expect(entries.first()).toContainText(`by ${OWNER.name}`);
      await expect(entries.first()).toContainText('from 127.0.0.1');
      await expect(entries.last()).toContainText('First account created');
    });
  });
}

test('a member sees no accounts and no audit', async ({ companion, console, page, watch }) => {
  watch.allow(/403/);
  await makeOwner(companion);
  await console.open('/login?next=/accounts');
  await logIn(page, OWNER);
  await addMember(page, companion.url);
  await page.context().clearCookies({ name: 'companion-session' });
  await console.open('/login?next=/account');
  await logIn(page, MEMBER);
  await expect(page.getByText('Member', { exact: true })).toBeVisible();
  await expect(page.getByLabel('Manage accounts and the installation')).toHaveCount(0);
  for (const path of ['/accounts', '/accounts/audit', '/accounts/change?id=1']) {
    const response = await page.goto(companion.url + path);
    expect(response?.status(), path).toBe(403);
  }
});

test('a session that is ended elsewhere is gone at once, and what was typed stays', async ({
  browser,
  companion,
  console,
  page,
  upstream,
  watch,
}) => {
  watch.allow(/401/, /HTTP Authentication failed/);
  await upstream.plays(answer('One ', hold, 'two.'));
  await makeOwner(companion);
  await console.open('/login');
  await logIn(page, OWNER);
  await console.isLive();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One ');
  await console.composer.fill('and then I typed this');

  const other = await browser.newPage();
  await other.goto(`${companion.url}/login?next=/account`);
  await logIn(other, OWNER);
  const rows = other.locator('#sessions').getByRole('listitem');
  const browsers = rows.filter({ hasText: 'Chrome on Linux' });
  await expect(browsers).toHaveCount(2);
  await browsers.filter({ hasNotText: 'This browser' }).getByRole('button', { name: 'End' }).click();
  await expect(other.getByRole('status')).toHaveText('The session has ended.');
  await expect(browsers).toHaveCount(1);
  await expect(browsers).toContainText('This browser');

  await expect(console.link).toHaveAttribute('data-link', 'logged-out');
  const note = console.alert.filter({ hasText: 'You’re logged out' });
  await expect(note).toBeVisible();
  await expect(console.composer).toHaveValue('and then I typed this');
  // It does not try for ever.
  const asked = watch.requests.length;
  await page.waitForTimeout(5_000);
  expect(watch.requests.length).toBe(asked);

  const conversation = pathOf(page);
  await note.getByRole('link', { name: 'Log in' }).click();
  await logIn(page, OWNER);
  await console.isLive();
  expect(pathOf(page)).toBe(conversation);
  await expect(console.composer).toHaveValue('and then I typed this');
  await upstream.release();
  await expect(console.answer).toHaveText('One two.');
  await other.close();
});

test('many wrong passwords are delayed, and the page says for how long', async ({
  companion,
  console,
  page,
  watch,
}) => {
  watch.allow(/401|429/);
  await makeOwner(companion);
  await console.open('/login');
  for (let time = 0; time < 5; time += 1) {
    await logIn(page, { name: 'somebody', password: `wrong number ${time}` });
    await expect(page.getByLabel('Password', { exact: true })).toBeFocused();
  }
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await logIn(page, { name: 'somebody', password: 'wrong again' });
  expect((await answered).status()).toBe(429);
  expect(Number((await answered).headers()['retry-after'])).toBeGreaterThan(0);
  await expect(page.getByRole('alert')).toContainText(/Try again in \d+ second/);
  await expect(page.getByRole('alert')).toBeFocused();
  // Nobody is locked out by others' failures: the owner comes in at once.
  await logIn(page, OWNER);
  await expect(console.composer).toBeVisible();
});

// Playwright starts its browser without this cache.
test('no browser cache shows a page after the logout', async ({ companion }) => {
  await makeOwner(companion);
  const browser = await chromium.launch({
    executablePath: programs.chromium,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args: ['--headless', '--no-sandbox', '--disable-gpu'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${companion.url}/login?next=/data`);
    await logIn(page, OWNER);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your data');
    await page.goto(`${companion.url}/account`);
    await page.getByRole('button', { name: 'Log out' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
    // Playwright's own way back does not notice a page that comes from the cache.
    for (const path of ['/login?next=/account', '/login?next=/data']) {
      await page.evaluate(() => history.back());
      await expect(page).toHaveURL(companion.url + path);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
    }
  } finally {
    await browser.close();
  }
});

test('a logout erases what scripts have stored', async ({ companion, console, page }) => {
  await makeOwner(companion);
  await console.open('/login');
  await logIn(page, OWNER);
  await console.isLive();
  await console.composer.fill('a draft that was never sent');
  const drafts = (): Promise<string[]> =>
    page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('draft:')));
  await expect.poll(drafts).toHaveLength(1);
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
  expect(await drafts()).toEqual([]);
});

for (const [what, viewport, colorScheme] of [
  ['on a phone', { width: 360, height: 640 }, 'light'],
  ['on a screen in the dark', { width: 1280, height: 800 }, 'dark'],
] as const) {
  test.describe(what, () => {
    test.use({ viewport, colorScheme });

    for (const language of ['en', 'ja']) {
      test(`axe finds nothing in any page of accounts (${language})`, async ({
        companion,
        context,
        page,
        watch,
      }, info) => {
        watch.allow(/401|422/);
        const url = companion.url;
        await context.addCookies([{ name: 'companion_language', value: language, url }]);
        const look = async (name: string): Promise<void> => {
          await isSound(page);
          const file = info.outputPath(`${name}.png`);
          await page.screenshot({ path: file, fullPage: true });
          await info.attach(name, { path: file, contentType: 'image/png' });
        };
        const press = (): Promise<void> => page.locator('main button[type=submit]').first().click();
        await page.goto(`${url}/setup`);
        await look('setup');
        await page.locator('#code').fill('AAAA-BBBB-CCCC-DDDD');
        await page.locator('#name').fill(OWNER.name);
        await page.locator('#password').fill(OWNER.password);
        await page.locator('#password-again').fill(OWNER.password);
        await press();
        await look('setup-refused');
        await makeOwner(companion);
        await page.goto(`${url}/login?next=/account`);
        await look('login');
        await page.locator('#name').fill(OWNER.name);
        await page.locator('#password').fill('a wrong password');
        await press();
        await look('login-refused');
        await expect(page.locator('.mistake')).toHaveText(language === 'ja' ? /。$/ : /\.$/);
        await page.locator('#password').fill(OWNER.password);
        await press();
        await page.locator('#token-name').fill('x'.repeat(64));
        await page.locator('form[action="/account/tokens"] button').click();
        await expect(page.locator('#token-secret')).toBeVisible();
        await look('account');
        await page.goto(`${url}/accounts`);
        await page.locator('#name').fill('W'.repeat(64));
        await page.locator('#password').fill(MEMBER.password);
        await press();
        await look('accounts');
        await page.goto(`${url}/accounts/change?id=1`);
        await look('change');
        await page.goto(`${url}/accounts/audit`);
        await look('audit');
      });
    }
  });
}

test('at the server’s own machine no login is needed, and the first account is made there', async ({
  folder,
  page,
  watch,
}) => {
  const companion = new Companion(`${folder}/open`, 'none');
  await companion.start();
  watch.allowedHosts.push(new URL(companion.url).host);
  try {
    await page.goto(`${companion.url}/account`);
    await expect(page.getByText('where no login is needed')).toBeVisible();
    await isSound(page);
    await page.getByRole('link', { name: 'Create the first account' }).click();
    await page.getByLabel('Name').fill(OWNER.name);
    await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await page.getByRole('button', { name: 'Add an account' }).click();
    await expect(page.getByRole('status')).toHaveText('The account was added.');
    await expect(page.getByRole('main').getByRole('listitem')).toContainText('Owner');
    await page.goto(`${companion.url}/setup`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
    await logIn(page, OWNER);
    await expect(page.getByRole('link', { name: `Account: ${OWNER.name}` })).toBeVisible();
    // The console would look for a server that has ended.
    await page.goto('about:blank');
  } finally {
    await companion.stop();
  }
});
