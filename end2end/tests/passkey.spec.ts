// Passkeys with the virtual authenticator of Chromium: the set-up, the own account, the login, and the
// note where there is no script. The browser reaches the server as `localhost`, because browsers have no
// passkeys at an IP address.

import { AxeBuilder } from '@axe-core/playwright';
import type { CDPSession, Page } from '@playwright/test';

import { LOGIN_REQUIRED, OWNER, makeOwner, setUpCode } from '../harness/accounts.ts';
import type { Companion } from '../harness/companion.ts';
import { expect, pathOf, test as base } from '../harness/test.ts';

/** A device in the browser that holds passkeys, and whose person agrees to everything at once. */
class Device {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  static async in(page: Page): Promise<Device> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Device(session, authenticatorId);
  }

  /** How many passkeys it holds that a login finds without a name. */
  async count(): Promise<number> {
    const { authenticatorId } = this;
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId });
    return credentials.filter(({ isResidentCredential }) => isResidentCredential).length;
  }

  /** From now on its person does not agree, as if the dialog was cancelled. */
  async refuses(): Promise<void> {
    const { authenticatorId } = this;
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  }
}

const test = base.extend<{ address: string }>({
  settings: async ({}, use) => {
    await use({ ...LOGIN_REQUIRED });
  },
  address: async ({ companion, watch }, use) => {
    const address = addressOf(companion);
    watch.allowedHosts.push(new URL(address).host);
    await use(address);
  },
});

function addressOf(companion: Companion): string {
  return `http://localhost:${new URL(companion.url).port}`;
}

async function isSound(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target)}`)).toEqual([]);
}

async function logInWithPassword(page: Page, address: string): Promise<void> {
  await page.goto(`${address}/login?next=/account`);
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByLabel('Password', { exact: true }).fill(OWNER.password);
  await page.getByRole('button', { name: 'Log in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Passkeys' })).toBeVisible();
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.getByLabel('Passkey name').fill(name);
  await page.locator('#passkey-password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
}

test('the owner is made with a passkey, and logs in with it', async ({ address, companion, console, page }) => {
  const device = await Device.in(page);
  await page.goto(`${address}/setup`);
  await isSound(page);
  await page.getByLabel('Set-up code').fill(await setUpCode(companion));
  await page.getByLabel('Name').fill(OWNER.name);
  await page.getByRole('button', { name: 'Continue with a passkey' }).click();
  await expect(console.composer).toBeVisible();
  expect(await device.count()).toBe(1);

  await page.goto(`${address}/account`);
  await expect(page.locator('[data-account]')).toContainText(OWNER.name);
  await expect(page.locator('#passkeys')).toContainText('its only passkey can’t be removed');
  await expect(page.getByRole('button', { name: 'Change the password' })).toHaveCount(0);
  await isSound(page);
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');

  await page.goto(`${address}/login?next=/data`);
  await isSound(page);
  await page.getByRole('button', { name: 'Log in with a passkey' }).click();
  await expect(page).toHaveURL(/\/data$/);
});

test('a passkey is added to an account, used and removed', async ({ address, companion, page, watch }) => {
  watch.allow(/401/);
  await makeOwner(companion);
  const device = await Device.in(page);
  await logInWithPassword(page, address);
  await addPasskey(page, 'my phone');
  await expect(page.getByRole('status')).toContainText('Passkey added.');
  await expect(page.locator('#passkeys')).toContainText('my phone');
  await isSound(page);
  // The same device has one already, and the page says so.
  await addPasskey(page, 'again');
  await expect(page.getByRole('alert')).toContainText('already in use for an account');
  expect(await device.count()).toBe(1);

  await page.goto(`${address}/account`);
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('button', { name: 'Log in with a passkey' }).click();
  await page.waitForURL(/\/c\//);
  await page.goto(`${address}/account`);
  await expect(page.locator('#passkeys')).toContainText('last used');

  await page.getByRole('button', { name: 'Remove the passkey my phone' }).click();
  await expect(page.getByRole('status')).toContainText('Passkey removed');
  await page.getByRole('button', { name: 'Log out' }).click();
  // Nobody has a passkey any more, so the login says nothing about them.
  await expect(page.getByRole('button', { name: 'Log in with a passkey' })).toHaveCount(0);
});

test('a login that is cancelled says so and can be tried again', async ({ address, companion, page }) => {
  await makeOwner(companion);
  const device = await Device.in(page);
  await logInWithPassword(page, address);
  await addPasskey(page, 'my phone');
  await expect(page.getByRole('status')).toContainText('Passkey added.');
  await page.getByRole('button', { name: 'Log out' }).click();
  await device.refuses();
  await page.getByRole('button', { name: 'Log in with a passkey' }).click();
  await expect(page.getByRole('alert')).toContainText('Nothing was changed');
  await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeFocused();
  await isSound(page);
  await page.getByRole('link', { name: 'Back to the page' }).click();
  expect(pathOf(page)).toBe('/login');
});

test('at an IP address the pages say why there are no passkeys, and only where it matters', async ({
  companion,
  console,
  page,
  address,
}) => {
  await page.goto(`${companion.url}/setup`);
  await expect(page.getByText('Passkeys don’t work at an IP address.')).toBeVisible();
  await makeOwner(companion);
  await console.open('/login');
  await expect(page.getByText(/passkey/i)).toHaveCount(0);
  await Device.in(page);
  await logInWithPassword(page, address);
  await addPasskey(page, 'my phone');
  await expect(page.getByRole('status')).toContainText('Passkey added.');
  await console.open('/login');
  await expect(page.getByText('Passkeys don’t work at an IP address.')).toBeVisible();
});

test.describe('without a script', () => {
  test.use({ javaScriptEnabled: false });

  test('the page that would ask for a passkey says what is missing', async ({ address, companion, page }) => {
    await page.goto(`${address}/setup`);
    await page.getByLabel('Set-up code').fill(await setUpCode(companion));
    await page.getByLabel('Name').fill(OWNER.name);
    await page.getByRole('button', { name: 'Continue with a passkey' }).click();
    // Playwright finds no text within `noscript`.
    const without = page.locator('noscript');
    await expect(without).toHaveCount(1);
    expect(await without.innerHTML()).toContain('Passkeys need JavaScript, which is off in this browser.');
    await expect(page.getByRole('button')).toHaveCount(0);
    await page.getByRole('link', { name: 'Back to the page' }).click();
    expect(pathOf(page)).toBe('/setup');
  });
});

test('the buttons speak Japanese', async ({ address, browser, companion }) => {
  const context = await browser.newContext({ locale: 'ja' });
  const page = await context.newPage();
  await page.goto(`${address}/setup`);
  await expect(page.getByRole('button', { name: 'パスキーで続ける' })).toBeVisible();
  await page.goto(`${companion.url}/setup`);
  await expect(page.getByText('IP アドレスではパスキーを使えません。')).toBeVisible();
  await context.close();
});
