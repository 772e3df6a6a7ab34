// Tests the drivers themselves: they have to notice the problems of a page.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, test } from '../test.ts';

const PAGE = `<!doctype html><title>Faults</title><script>
  addEventListener('faults', () => {
    for (const address of ['/missing.png', 'http://other.invalid/picture.png']) {
      const picture = document.body.appendChild(new Image());
      picture.onerror = () => picture.alt = 'failed';
      picture.src = address;
    }
    console.error('said aloud');
    setTimeout(() => { throw new Error('nobody caught it'); });
  });
</script>`;

/**
 * Serves pages, each by its path, until `use` has ended. It also serves the icon that Firefox may
 * request at any time, because a missing icon would be reported as a problem of a page.
 */
async function serving(pages: Record<string, string>, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    const page = { '/favicon.ico': '', ...pages }[request.url ?? ''];
    response.writeHead(page === undefined ? 404 : 200, {
      'content-type': 'text/html',
      'content-security-policy': "img-src 'self'",
    });
    response.end(page ?? '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

test('errors, failed loads and violated policies of a page are reported', async ({ driver }) => {
  await serving({ '/': PAGE }, async (url) => {
    await driver.goto(`${url}/`);
    await driver.run(() => void dispatchEvent(new Event('faults')));
    await expect
      .poll(() => driver.run(() => document.querySelectorAll('[alt=failed]').length))
      .toBe(2);
    const problems = await driver.takeProblems();
    for (const like of [/said aloud/, /nobody caught it/, /missing\.png/, /img-src/]) {
      expect(problems).toContainEqual(expect.stringMatching(like));
    }
  });
});

test('errors of a page are reported after the reader has left it by a link', async ({ driver }) => {
  const link = (path: string) => `<!doctype html><title>A link</title><a href="${path}">on</a>`;
  await serving({ '/': link('/next'), '/next': link('/last'), '/last': link('/') }, async (url) => {
    const follow = async (path: string) => {
      await driver.run(() => document.querySelector('a')?.click());
      await expect.poll(() => driver.run(() => location.pathname)).toBe(path);
    };
    await driver.goto(`${url}/`);
    await follow('/next');
    await driver.run(() => console.error('said in between'));
    await follow('/last');
    expect(await driver.takeProblems()).toContainEqual(expect.stringMatching(/said in between/));
  });
});
