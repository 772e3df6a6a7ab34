// The console below a path of a host whose root is another program's, behind the real nginx with the
// configuration of the docs: everything that a browser asks for is below that path.

import { LOGIN_REQUIRED, OWNER, logIn, makeOwner } from '../harness/accounts.ts';
import { BASE, type Below, OTHER } from '../harness/below.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test.use({ settings: { ...LOGIN_REQUIRED, BASE_PATH: BASE } });

const PROXIES: Below[] = ['passes the base path on', 'removes the base path'];

for (const front of PROXIES) {
  test.describe(`behind a proxy that ${front}`, () => {
    test.use({ front });

    test('the console asks for nothing beside its path', async ({
      companion,
      console,
      context,
      page,
      site,
      upstream,
      watch,
    }) => {
      await makeOwner(companion);
      const { origin } = new URL(site.url);
      await page.goto(`${origin}/`);
      await expect(page.getByRole('heading')).toHaveText(OTHER);
      await page.evaluate(() => localStorage.setItem('theirs', 'kept'));
      await context.addCookies([{ name: 'theirs', value: 'kept', url: origin }]);
      watch.forget();
      const sockets: string[] = [];
      page.on('websocket', (socket) => sockets.push(new URL(socket.url()).pathname));

      // The login leads on to the page that was asked for.
      await console.open('/data');
      await expect(page).toHaveURL(`${site.url}/login?next=/data`);
      await logIn(page, OWNER);
      await expect(page).toHaveURL(`${site.url}/data`);
      const cookies = await context.cookies();
      const ours = cookies.filter(({ name }) => name.startsWith('companion-'));
      expect(ours.map(({ path }) => path)).toEqual([BASE, BASE]);
      await page.getByRole('link', { name: 'Go to the latest conversation' }).click();
      await console.isLive();
      await expect(page).toHaveURL(new RegExp(`^${site.url}/c/`));

      // A message is sent, and its answer arrives over the WebSocket, also after a reload.
      await upstream.plays(answer('One ', hold, 'two.'), answer('The otter swims.'));
      await console.ask('Count.');
      await expect(console.answer).toHaveText('One ');
      await page.reload();
      await console.isLive();
      await upstream.release();
      await expect(console.answer).toHaveText('One two.');
      await console.isIdle();
      const first = console.worker;
      expect(sockets.length).toBeGreaterThan(0);

      // What the page does itself: a title, a new conversation, the list, the palette, an undo.
      await console.manage.click();
      await console.titleField.fill('Counting');
      await console.save.click();
      await expect(console.title).toHaveText('Counting');
      await console.new.click();
      await expect(console.welcome).toBeVisible();
      await expect(page).toHaveURL(new RegExp(`^${site.url}/c/`));
      const second = console.worker;
      expect(second).not.toBe(first);
      await console.ask('Where is the otter?');
      await expect(console.answer).toHaveText('The otter swims.');
      await console.isIdle();
      await console.conversation(first).click();
      await expect(page).toHaveURL(`${site.url}/c/${first}`);
      await expect(console.title).toHaveText('Counting');
      await page.goBack();
      await expect(page).toHaveURL(`${site.url}/c/${second}`);
      await page.keyboard.press('Control+k');
      await page.keyboard.type('Counting');
      await expect(console.chosen).toHaveText('Counting');
      await page.keyboard.press('Enter');
      await expect(page).toHaveURL(`${site.url}/c/${first}`);
      await console.choose(first, 'Delete');
      await expect(page).toHaveURL(new RegExp(`^${site.url}/.*deleted=${first}$`));
      await console.undo.click();
      await expect(page).toHaveURL(`${site.url}/c/${first}`);
      await expect(console.answer).toHaveText('One two.');

      // What only the server renders.
      await page.getByRole('searchbox', { name: 'Search conversations' }).fill('OTTER');
      await page.keyboard.press('Enter');
      await expect(page).toHaveURL(`${site.url}/search?q=OTTER`);
      await page.locator('.hit').first().click();
      await expect(page).toHaveURL(new RegExp(`^${site.url}/c/${second}\\?m=.*#m-`));
      await console.isLive();
      await console.openDetails();
      await console.answers.last().getByRole('link', { name: 'What the model saw' }).click();
      await expect(page.locator('.sent')).toBeVisible();
      await page.getByRole('link', { name: 'Back to the conversation' }).click();
      await page.getByRole('link', { name: 'Settings' }).click();
      await page.getByLabel('Dark').check();
      await page.getByRole('button', { name: 'Save' }).click();
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
      await console.openLive();
      await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
      const manifest = await page.locator('link[rel=manifest]').evaluate((link) =>
        fetch((link as HTMLLinkElement).href).then((answer) => answer.json()),
      );
      expect(manifest).toMatchObject({ start_url: './', scope: './' });

      // A logout removes the drafts, and leaves to the other program what it has stored.
      await console.composer.fill('a draft that was never sent');
      const keys = (): Promise<string[]> => page.evaluate(() => Object.keys(localStorage).sort());
      const draft = expect.stringMatching(/^\/companiondraft:/);
      await expect.poll(keys).toEqual([draft, 'companion-seen', 'theirs']);
      await page.getByRole('button', { name: 'Log out' }).click();
      await expect(page).toHaveURL(`${site.url}/login`);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log in');
      expect(await keys()).toEqual(['theirs']);
      const left = (await context.cookies()).filter(({ name }) => !/^companion[-_]/.test(name));
      expect(left.map(({ name, path }) => [name, path])).toEqual([['theirs', '/']]);

      const paths = [...watch.requests.map(({ url }) => new URL(url).pathname), ...sockets];
      expect(paths.filter((path) => !path.startsWith(`${BASE}/`))).toEqual([]);
      for (const kind of ['script', 'stylesheet', 'fetch']) {
        expect(watch.requests.map(({ kind }) => kind)).toContain(kind);
      }
    });

    test.describe('without JavaScript', () => {
      test.use({ javaScriptEnabled: false });

      test('pages and forms stay below the path', async ({
        companion,
        console,
        page,
        site,
        upstream,
        watch,
      }) => {
        await makeOwner(companion);
        await upstream.plays(answer('One ', hold, 'two.'));
        await console.open();
        await expect(page).toHaveURL(`${site.url}/login`);
        await logIn(page, OWNER);
        await expect(page).toHaveURL(new RegExp(`^${site.url}/c/`));
        await console.ask('Count.');
        await expect(console.answer).toHaveText('One ');
        await upstream.release();
        await expect(console.answer).toHaveText('One two.');
        const first = console.worker;
        await console.manage.click();
        await console.titleField.fill('Counting');
        await console.save.click();
        await expect(console.title).toHaveText('Counting');
        await console.new.click();
        await expect(page).not.toHaveURL(new RegExp(first));
        await console.conversation(first).click();
        await expect(page).toHaveURL(`${site.url}/c/${first}`);
        await page.getByRole('link', { name: 'Settings' }).click();
        await page.getByLabel('Dark').check();
        await page.getByRole('button', { name: 'Save' }).click();
        await expect(page).toHaveURL(`${site.url}/settings?saved=true`);
        await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
        await console.open();
        await page.getByRole('button', { name: 'Log out' }).click();
        await expect(page).toHaveURL(`${site.url}/login`);
        const paths = watch.requests.map(({ url }) => new URL(url).pathname);
        expect(paths.filter((path) => path !== BASE && !path.startsWith(`${BASE}/`))).toEqual([]);
      });
    });
  });
}

test('a browser at the address of the server itself is told where the console is', async ({
  companion,
  page,
  watch,
}) => {
  watch.allow(/404/);
  await page.goto(new URL('/', companion.url).href);
  await expect(page.getByText('Companion is at /companion/.')).toBeVisible();
  await page.getByRole('link', { name: 'Go to the latest conversation' }).click();
  await expect(page).toHaveURL(/\/companion\/(setup|login)$/);
  await page.goto(companion.url);
  await expect(page).toHaveURL(/\/companion\/(setup|login)$/);
});
