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

test('errors, failed loads and violated policies of a page are reported', async ({ driver }) => {
  const server = createServer((request, response) => {
    const found = request.url === '/';
    response.writeHead(found ? 200 : 404, {
      'content-type': 'text/html',
      'content-security-policy': "img-src 'self'",
    });
    response.end(found ? PAGE : '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  try {
    await driver.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await driver.run(() => void dispatchEvent(new Event('faults')));
    await expect
      .poll(() => driver.run(() => document.querySelectorAll('[alt=failed]').length))
      .toBe(2);
    const problems = await driver.takeProblems();
    for (const like of [/said aloud/, /nobody caught it/, /missing\.png/, /img-src/]) {
      expect(problems).toContainEqual(expect.stringMatching(like));
    }
  } finally {
    server.close();
  }
});
