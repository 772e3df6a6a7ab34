// The client-only console behind the real nginx, with the configuration of the docs.

import { request } from 'node:http';

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test.use({ front: 'nginx' });

test('a message is sent and its answer streams', async ({ companion, console, page, upstream }) => {
  await upstream.plays(answer('One ', hold, 'two.'));
  await console.openLive();
  const sockets = page.waitForEvent('websocket');
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One');
  await page.reload();
  expect(new URL((await sockets).url()).pathname).toMatch(/^\/ws\/api\//);
  await expect(console.answer).toHaveText('One');
  await console.isLive();
  await upstream.release();
  await expect(console.answer).toHaveText('One two.');
  await console.isIdle();
  await console.openDetails();
  await console.answers.last().getByRole('link', { name: 'What the model saw' }).click();
  await expect(page.locator('.sent')).toBeVisible();
  await page.getByRole('link', { name: 'Back to the conversation' }).click();
  await console.isLive();
  // A conversation that is created elsewhere appears in the list, which has its own WebSocket.
  const title = 'From elsewhere';
  await companion.api.create(title);
  await expect(console.list).toContainText(title);
});

test('files are cached, pages are not, and events are not buffered', async ({
  companion,
  page,
  site,
  upstream,
}) => {
  const index = await page.goto(site.url);
  const header = (name: string): string => index?.headers()[name] ?? '';
  expect(header('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(header('content-security-policy')).not.toContain('unsafe-inline');
  expect(header('cache-control')).toBe('private, no-cache');
  for (const hint of ['modulepreload', 'preload']) {
    const path = (await page.locator(`link[rel=${hint}]`).getAttribute('href')) ?? '';
    const file = await page.request.get(site.url + path);
    expect(file.headers()['cache-control']).toBe('public, max-age=31536000, immutable');
  }
  const gone = await page.request.get(`${site.url}/frontend-ffffffffffffffff.js`);
  expect(gone.status()).toBe(404);

  // Server-Sent Events are not buffered: a frame arrives while the answer is still being written.
  await upstream.plays(answer('One ', hold, 'two.'));
  const worker = await companion.api.newest();
  const events = await fetch(
    `${site.url}/api/v1/runtimes/backend-internal/workers/${worker}/events`,
    { headers: { accept: 'text/event-stream' } },
  );
  await companion.api.send(worker, 'Count.');
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) throw new Error('the answer has no body');
  let told = '';
  while (!told.includes('One ')) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended: ${told}`);
    told += value;
  }
  await reader.cancel();
  await upstream.release();
});

test('a foreign host name is refused, and a large file is forwarded', async ({
  frontPort,
  page,
  site,
  watch,
}) => {
  const closed = await new Promise<string>((done) => {
    const asked = request({
      port: frontPort,
      host: '127.0.0.1',
      path: '/data',
      headers: { host: `evil.example:${frontPort}` },
    });
    asked.on('response', (answer) => done(`${answer.statusCode}`));
    asked.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? ''));
    asked.end();
  });
  expect(closed).toBe('ECONNRESET');
  watch.allow(/^answer 422/, /status of 422/);
  // The file is larger than nginx allows by default. It is not an export, so the server refuses it.
  await page.goto(`${site.url}/data`);
  const buffer = Buffer.alloc(3 << 20, 'no conversation ');
  await page.setInputFiles('input[type=file]', { name: 'x.json', mimeType: 'text/plain', buffer });
  await page.getByRole('button', { name: 'Import' }).click();
  await expect(page.getByRole('alert').locator('[data-kind=error]')).toBeVisible();
});

test('when the server is unreachable at load, an error offers to try again', async ({
  companion,
  console,
  page,
  watch,
}) => {
  watch.allowAbsence();
  watch.allow(/^answer 502/, /status of 502/);
  await companion.kill();
  await console.open();
  await expect(page.getByText('The server can’t be reached')).toBeVisible();
  await companion.start();
  await page.getByRole('link', { name: 'Reload the page' }).click();
  await console.isLive();
});
