// Every test looks for secrets in what the server says (`harness/canary.ts`). These show that they
// would be found.

import { LOGIN_REQUIRED, beginAsOwner } from '../harness/accounts.ts';
import { API_KEY } from '../harness/canary.ts';
import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

test('a secret in a page, in a frame and in an answer is found', async ({
  canary,
  console,
  upstream,
}) => {
  await upstream.plays(answer('Yes: ', API_KEY));
  await console.openLive();
  await console.ask('Is there a key?');
  await console.isIdle();
  expect(await canary.found()).toContain('the key in a frame');
  await console.page.reload();
  const [path] = new URL(console.page.url()).pathname.split('?');
  await expect.poll(() => canary.found()).toContain(`the key in the answer of ${path}`);
  canary.forget();
});

test.describe('with a login', () => {
  test.use({ settings: LOGIN_REQUIRED });

  test('the secret of a session is known, and would be found', async ({
    canary,
    companion,
    console,
    page,
  }) => {
    await beginAsOwner(companion, console);
    const cookies = await page.context().cookies();
    const session = cookies.find(({ name }) => name === 'companion-session');
    canary.look('a test', `a page with ${session?.value}`);
    expect(await canary.found()).toEqual(['the cookie of /login in a test']);
    canary.forget();
  });
});
