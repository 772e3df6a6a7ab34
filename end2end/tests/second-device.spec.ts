// The console as a phone in the same network uses it: over TLS, from another machine, with a login.

import { devices } from '@playwright/test';

import { OWNER, logIn, setUpCode } from '../harness/accounts.ts';
import { type Certificate, makeCertificate } from '../harness/certificate.ts';
import { Console } from '../harness/console.ts';
import { Device } from '../harness/device.ts';
import { test as base, expect, pathOf } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

interface Fixtures {
  device: Device;
  certificate: Certificate;
}

const test = base.extend<Fixtures>({
  device: async ({}, use, info) => {
    const device = await Device.plug().catch((error: Error) => error);
    if (device instanceof Error) {
      // Root in CI: there it must not be left out in silence.
      if (process.getuid?.() === 0 && process.env.CI) throw device;
      info.skip(true, `no second device can be made here: ${device.message}`);
      return;
    }
    await use(device);
    await device.unplug();
  },

  certificate: async ({ device, folder }, use) => {
    await use(await makeCertificate(folder, device.machine));
  },

  settings: async ({ certificate, device }, use) => {
    await use({
      LISTEN: `${device.machine}:0`,
      TLS_CERT: certificate.certificate,
      TLS_KEY: certificate.key,
    });
  },
});

// The desk trusts the certificate, as its owner would tell it to.
test.use({ ignoreHTTPSErrors: true });

test('a phone sets up, sends and follows, until the desk ends its session in mid-answer', async ({
  canary,
  certificate,
  companion,
  console: desk,
  device,
  folder,
  page,
  upstream,
  watch,
}) => {
  watch.allow(/401/, /HTTP Authentication failed/);
  await upstream.plays(answer('One ', hold, 'two ', hold, 'three.'));
  const browser = await device.browser(folder, certificate.spki);
  try {
    const { defaultBrowserType: _, ...phoneLike } = devices['Pixel 7'];
    const context = await browser.newContext({ ...phoneLike, locale: 'en-GB' });
    await watch.over(context);
    canary.over(context);
    const phone = new Console(await context.newPage(), companion);
    expect(companion.url).toMatch(new RegExp(`^https://${device.machine.replaceAll('.', '\\.')}:`));

    // The first start: the code that the server printed makes the owner.
    await phone.open();
    await expect(phone.page).toHaveURL(/\/setup$/);
    expect(await phone.page.evaluate(() => isSecureContext)).toBe(true);
    await phone.page.getByLabel('Set-up code').fill(await setUpCode(companion));
    await phone.page.getByLabel('Name').fill(OWNER.name);
    await phone.page.getByLabel('Password', { exact: true }).fill(OWNER.password);
    await phone.page.getByLabel('Repeat the password').fill(OWNER.password);
    await phone.page.getByRole('button', { name: 'Create the account' }).click();
    await phone.isLive();
    const [session] = (await context.cookies()).filter(({ name }) => name.includes('session'));
    expect(session).toMatchObject({ name: '__Host-companion-session', secure: true, httpOnly: true });

    // What is sent is streamed to both.
    await phone.ask('Count.');
    await expect(phone.answer).toHaveText('One ');
    await desk.open(`/login?next=${pathOf(phone.page)}`);
    await logIn(page, OWNER);
    await desk.isLive();
    await expect(desk.answer).toHaveText('One ');
    await upstream.release();
    await expect(phone.answer).toHaveText('One two ');
    await expect(desk.answer).toHaveText('One two ');
    await phone.composer.fill('and then I typed this');

    // The phone is lost. Its session ends at once, while it streams.
    const other = await page.context().newPage();
    await other.goto(`${companion.url}/account`);
    const rows = other.locator('#sessions').getByRole('listitem');
    await expect(rows).toHaveCount(2);
    await expect(rows.filter({ hasText: 'Android' })).toHaveCount(1);
    await rows.filter({ hasText: 'Android' }).getByRole('button', { name: 'End' }).click();
    await expect(other.getByRole('status')).toHaveText('The session has ended.');
    await expect(phone.link).toHaveAttribute('data-link', 'logged-out');
    await upstream.release();
    await expect(desk.answer).toHaveText('One two three.');
    await expect(phone.alert.filter({ hasText: 'You’re logged out' })).toBeVisible();
    await expect(phone.answer).toHaveText('One two ');
    await expect(phone.composer).toHaveValue('and then I typed this');
    const asked = await context.request.get(`${companion.url}/api/v1/runtimes`, { ignoreHTTPSErrors: true });
    expect(asked.status()).toBe(401);
    await phone.page.reload();
    await expect(phone.page.getByRole('heading', { level: 1 })).toHaveText('Log in');
  } finally {
    await browser.close();
  }
});
