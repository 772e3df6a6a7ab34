// The script hydrates the server's page without console messages, flashes or a second request.
// (`Watch` checks in every test that nothing is printed, violated or requested from other hosts.)

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test('hydration requests only the files and the events', async ({
  console,
  page,
  upstream,
  watch,
}) => {
  await upstream.plays(answer('One.'), answer('Two ', hold, 'three.'));
  await console.openLive();
  await console.ask('First?');
  await console.isIdle();
  await console.ask('Second?');
  await expect(console.answer).toHaveText('Two ');
  for (const path of ['/', `/c/${console.worker}`]) {
    watch.requests.length = 0;
    await page.goto(new URL(path, page.url()).href);
    await console.isLive();
    const kinds = watch.requests.map(({ kind, path, method }) => `${method} ${kind} ${path}`);
    const calls = watch.requests.filter(({ path }) => path.startsWith('/api/'));
    expect(calls, kinds.join('\n')).toEqual([]);
    const paths = watch.requests.map(({ path }) => path);
    expect(new Set(paths).size, kinds.join('\n')).toBe(paths.length);
  }
  await upstream.release();
  await expect(console.answer).toHaveText('Two three.');
});

test('the first client render equals the page of the server to the byte', async ({
  browser,
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('A *fine* answer,\n\n  with  spaces & <tags>.\n'));
  await console.openLive();
  await console.ask('\n  A question\n\twith breaks?\n');
  await console.isIdle();
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const server = await plain.newPage();
  await server.goto(page.url());
  await page.reload();
  await console.isLive();
  // What a person reads: all but the times, which turn to the reader's zone, and the
  // words on the connection.
  const read = (): string[] =>
    [...document.querySelectorAll('h1, h2, h3, p, li, a, button, label, .message-text')]
      .filter((element) => !element.closest('[data-link], noscript'))
      .map((element) => {
        const copy = element.cloneNode(true) as Element;
        copy.querySelectorAll('time, noscript').forEach((part) => part.remove());
        return `${element.tagName} ${copy.textContent}`;
      });
  expect(await page.evaluate(read)).toEqual(await server.evaluate(read));
  const { messages } = await companion.api.transcript(console.worker);
  const [question, shown] = await console.texts();
  expect(question).toBe(messages[0]?.text);
  expect(shown).toBe('A fine answer,with  spaces & <tags>.');
  await plain.close();
});

test('text that was typed before hydration is kept', async ({ console, page }) => {
  let letGo = (): void => {};
  const gate = new Promise<void>((open) => (letGo = open));
  await page.route(/\.wasm$/, async (route) => {
    await gate;
    await route.continue();
  });
  await console.open();
  await console.composer.fill('Typed early');
  await expect(console.link).toHaveAttribute('data-link', 'off');
  letGo();
  await console.isLive();
  await expect(console.composer).toHaveValue('Typed early');
  await console.send.click();
  await expect(console.answer).toHaveText('You said: Typed early');
});

test('navigating between conversations loads no new document', async ({ console, page, watch }) => {
  await console.openLive();
  await console.ask('In the first');
  await expect(console.answer).toHaveText('You said: In the first');
  const first = console.worker;
  const documents = (): number => watch.requests.filter(({ kind }) => kind === 'document').length;
  const before = documents();
  await console.new.click();
  await expect(page).not.toHaveURL(new RegExp(first));
  await console.isLive();
  await expect(console.welcome).toBeVisible();
  await page.goBack();
  await expect(console.answer).toHaveText('You said: In the first');
  await console.isLive();
  expect(documents()).toBe(before);
});

test('every page has a strict content security policy, and its files are cached forever', async ({
  companion,
  console,
  page,
  watch,
}) => {
  await console.openLive();
  const { headers } = await companion.api.raw('GET', new URL(page.url()).pathname);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src [^;]*'nonce-[^']+'/);
  expect(policy).toContain("require-trusted-types-for 'script'; trusted-types default;");
  expect(policy).not.toContain('unsafe-inline');
  expect(policy).not.toContain("'unsafe-eval'");
  const files = watch.requests.filter(({ path }) => path.startsWith('/pkg/'));
  expect(files.length).toBeGreaterThanOrEqual(3);
  for (const { path } of files) {
    const file = await companion.api.raw('GET', path, { 'accept-encoding': 'br' });
    expect(file.status, path).toBe(200);
    expect(file.headers['content-encoding'], path).toBe('br');
    expect(file.headers['cache-control'], path).toContain('immutable');
  }
});

test('no text becomes a script, and no other code can make a policy that lets it', async ({
  console,
  page,
  watch,
}) => {
  await console.openLive();
  const tried = await page.evaluate(() => {
    const refused = (attempt: () => unknown) => {
      try {
        attempt();
        return false;
      } catch (error) {
        return error instanceof TypeError;
      }
    };
    const types = Reflect.get(window, 'trustedTypes');
    const script = document.createElement('script');
    return {
      text: refused(() => (script.text = 'window.ran = true')),
      source: refused(() => (script.src = '/pkg/other.js')),
      policy: refused(() => types.createPolicy('another', { createScript: (text: string) => text })),
      // Messages come as HTML.
      html: refused(() => (document.createElement('div').innerHTML = '<b>shown</b>')),
      ran: 'ran' in window,
    };
  });
  expect(tried).toEqual({ text: true, source: true, policy: true, html: false, ran: false });
  watch.allow(/policy/i, /trusted/i, /script-src/);
});

test('the content security policy blocks a script without the nonce', async ({
  console,
  page,
  watch,
}) => {
  await console.openLive();
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.append('window.ran = true');
    document.body.append(script);
  });
  expect(await page.evaluate(() => 'ran' in window)).toBe(false);
  // Chromium asks for a trusted script before it looks for a nonce.
  expect(watch.unexpected.join('\n')).toMatch(/policy violated: script-src|TrustedScript/);
  watch.allow(/policy/i, /script-src/, /trusted/i);
});
