// The live connection drops, repeats frames or loses one, and yet the text is complete.

import type { WebSocketRoute } from '@playwright/test';

import { COME_BACK_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test('a dropped connection resumes by its cursor without lost or doubled text', async ({
  console,
  page,
  upstream,
}) => {
  const opened: { url: string; route: WebSocketRoute }[] = [];
  await page.routeWebSocket(/\/events/, (route) => {
    opened.push({ url: route.url(), route });
    route.connectToServer();
  });
  await upstream.plays(answer('One ', hold, 'two ', hold, 'three ', hold, 'four.'));
  await console.openLive();
  await console.ask('Count.');
  let shown = 'One ';
  for (const next of ['two ', 'three ']) {
    await expect(console.answer).toHaveText(shown);
    const before = opened.length;
    await opened.at(-1)?.route.close({ code: 1012 });
    // The model writes more while no connection is open.
    await upstream.release();
    await expect.poll(() => opened.length, { timeout: COME_BACK_MS }).toBeGreaterThan(before);
    shown += next;
  }
  await expect(console.answer).toHaveText(shown);
  await upstream.release();
  await expect(console.answer).toHaveText('One two three four.');
  await console.isIdle();
  expect(await console.texts()).toEqual(['Count.', 'One two three four.']);
  const cursors = opened.map(({ url }) => new URL(url).searchParams.get('cursor'));
  expect(cursors.every(Boolean), 'each connection names where to go on').toBe(true);
  expect(new Set(cursors).size).toBe(cursors.length);
});

test('repeated frames change nothing', async ({ console, page, upstream }) => {
  await page.routeWebSocket(/\/events/, (route) => {
    const server = route.connectToServer();
    server.onMessage((message) => {
      route.send(message);
      route.send(message);
    });
  });
  await upstream.plays(answer('One ', hold, 'two ', 'three.'));
  await console.openLive();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One ');
  await upstream.release();
  await expect(console.answer).toHaveText('One two three.');
  await console.isIdle();
  expect(await console.texts()).toEqual(['Count.', 'One two three.']);
});

test('a lost frame is detected and repaired', async ({ console, page, upstream }) => {
  let lost = 0;
  await page.routeWebSocket(/\/events/, (route) => {
    const server = route.connectToServer();
    server.onMessage((message) => {
      if (lost === 0 && message.toString().includes('two')) lost += 1;
      else route.send(message);
    });
  });
  await upstream.plays(answer('One ', hold, 'two ', hold, 'three.'));
  await console.openLive();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One ');
  await upstream.release();
  await expect.poll(() => lost).toBe(1);
  await upstream.release();
  await expect(console.answer).toHaveText('One two three.', { timeout: COME_BACK_MS });
  await console.isIdle();
  expect(await console.texts()).toEqual(['Count.', 'One two three.']);
});

test('without any live connection, a message is still answered', async ({
  console,
  page,
  upstream,
  watch,
}) => {
  watch.allow(/WebSocket connection/);
  // The handshake fails, as it does behind a proxy without WebSockets.
  await page.addInitScript(() => {
    window.WebSocket = class extends WebSocket {
      constructor(url: string | URL) {
        super(String(url).replace('/events', '/no-events'));
      }
    };
  });
  await upstream.plays(answer('Here ', hold, 'it is.'));
  await console.open();
  await expect(console.link).not.toHaveAttribute('data-link', 'off');
  await console.submit('Can you hear me?');
  await expect(console.answer).toHaveText('Here ', { timeout: COME_BACK_MS });
  await upstream.release();
  await expect(console.answer).toHaveText('Here it is.', { timeout: COME_BACK_MS });
});

test('the events of one page cannot be used to change anything', async ({ console, page }) => {
  await console.openLive();
  const closed = await page.evaluate(
    (path) =>
      new Promise<{ code: number; reason: string }>((done) => {
        const socket = new WebSocket(path);
        socket.onopen = () => socket.send(JSON.stringify({ cancel: true }));
        socket.onclose = ({ code, reason }) => done({ code, reason });
      }),
    `/api/v1/runtimes/backend-internal/workers/${console.worker}/events`,
  );
  expect(closed).toEqual({ code: 1008, reason: 'invalid_input' });
});
