// Logging in with a real provider of identities (the package `oidc-provider`), with and without
// JavaScript.

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { LOGIN_REQUIRED, OWNER, makeOwner } from '../harness/accounts.ts';
import { IdentityProvider } from '../harness/identity-provider.ts';
import { expect, pathOf, test as base } from '../harness/test.ts';

const test = base.extend<{ home: IdentityProvider }>({
  home: async ({}, use) => {
    const home = await IdentityProvider.start({
      eve: { preferred_username: 'eve', groups: ['chat', 'staff'] },
      mallory: { preferred_username: OWNER.name, groups: ['staff'] },
      twin: { preferred_username: OWNER.name, groups: ['chat'] },
    });
    await use(home);
    await home.stop();
  },
  settings: async ({ home }, use) => {
    await use({ ...LOGIN_REQUIRED, ...home.settings });
  },
  companion: async ({ companion, home }, use) => {
    home.serve(companion.url);
    await makeOwner(companion);
    await use(companion);
  },
  watch: async ({ watch, home }, use) => {
    watch.allowedHosts.push(home.host);
    await use(watch);
  },
});

/** Presses the button of the login, and says at the provider who one is; '' goes back. */
async function comeAs(page: Page, who: string): Promise<void> {
  await page.getByRole('button', { name: 'Log in with Home' }).click();
  await expect(page.getByRole('heading')).toHaveText('Who are you?');
  await page.getByLabel('Who').fill(who);
  await page.getByRole('button', { name: 'Continue' }).click();
}

async function isSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with a script' : 'without a script', () => {
    test.use({ javaScriptEnabled });

    test('a person logs in with the provider, and finds the same account again', async ({ console, page }) => {
      await console.open('/data');
      expect(pathOf(page)).toBe('/login?next=/data');
      if (javaScriptEnabled) await isSound(page);
      await comeAs(page, 'eve');
      await expect(page).toHaveURL(/\/data$/);
      await console.open('/account');
      await expect(page.locator('[data-account]')).toContainText('eve');
      await expect(page.locator('[data-account]')).toContainText('Member');
      await expect(page.getByRole('button', { name: 'Change the password' })).toHaveCount(0);
      if (javaScriptEnabled) await isSound(page);

      await page.getByRole('button', { name: 'Log out' }).click();
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
      // The provider still knows who this is, and asks nothing.
      await page.getByRole('button', { name: 'Log in with Home' }).click();
      await expect(console.composer).toBeVisible();
      await console.open('/account');
      await expect(page.locator('[data-account]')).toContainText('eve');
    });

    test('nobody comes in who may not, or who goes back', async ({ console, page, watch }) => {
      watch.allow(/403/);
      await console.open('/login');
      await comeAs(page, '');
      await expect(page.getByRole('alert')).toHaveText('Home didn’t let you in, or you went back.');
      if (javaScriptEnabled) await isSound(page);
      // From the page with the mistake, it can be tried again.
      await comeAs(page, 'mallory');
      await expect(page.getByRole('alert')).toContainText('Home knows you');
      await console.open('/account');
      expect(pathOf(page)).toBe('/login?next=/account');
    });

    test('an account is connected with the provider, and disconnected', async ({ console, page }) => {
      await console.open('/login?next=/account');
      await page.getByLabel('Name').fill(OWNER.name);
      await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
      await page.getByRole('button', { name: 'Log in', exact: true }).click();
      await page.getByRole('button', { name: 'Connect with Home' }).click();
      await page.getByLabel('Who').fill('eve');
      await page.getByRole('button', { name: 'Continue' }).click();
      await expect(page.getByRole('status')).toHaveText('The account is connected.');
      if (javaScriptEnabled) await isSound(page);
      await page.getByRole('button', { name: 'Log out' }).click();
      await page.getByRole('button', { name: 'Log in with Home' }).click();
      await expect(console.composer).toBeVisible();
      await console.open('/account');
      await expect(page.locator('[data-account]')).toContainText(OWNER.name);
      await page.getByRole('button', { name: 'Disconnect from Home' }).click();
      await expect(page.getByRole('status')).toContainText('The account was disconnected');
      await expect(page.getByRole('button', { name: 'Connect with Home' })).toBeVisible();
    });
  });
}

test('somebody of the same name gets an account of their own', async ({ console, page }) => {
  await console.open('/login');
  await comeAs(page, 'twin');
  await expect(console.composer).toBeVisible();
  await console.open('/account');
  await expect(page.locator('[data-account]')).toContainText(`${OWNER.name}-2`);
});

test('without the provider, passwords go on working', async ({ console, home, page, watch }) => {
  watch.allow(/503/);
  await console.open('/login');
  await home.stop();
  await page.getByRole('button', { name: 'Log in with Home' }).click();
  await expect(page.getByRole('alert')).toContainText('Home can’t be reached right now.');
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(console.composer).toBeVisible();
});

test('the button speaks Japanese', async ({ browser, companion }) => {
  const context = await browser.newContext({ locale: 'ja' });
  const page = await context.newPage();
  await page.goto(`${companion.url}/login`);
  await expect(page.getByRole('button', { name: 'Home でログイン' })).toBeVisible();
  await context.close();
});
