// A browser that reaches the server over a slow link, or through a reverse proxy that lets no live
// connection through.

import { COME_BACK_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

/** How long it may take until a piece of an answer is shown. The page polls every 700 ms. */
const SOON_MS = 5_000;

test.describe('over a slow link', () => {
  test.use({ front: 'slow link' });

  test('text that is typed while a message is being sent is kept', async ({
    console,
    page,
    upstream,
  }) => {
    await upstream.plays(answer('Heard.'));
    await console.openLive();
    await console.composer.pressSequentially('First.');
    await page.keyboard.press('Enter');
    await page.keyboard.type('and I keep typing the next one', { delay: 30 });
    await expect(console.composer).toHaveValue('and I keep typing the next one');
    await expect(console.textOf(console.questions)).toHaveText(['First.']);
    await expect(console.answer).toHaveText('Heard.');
    await expect(console.composer).toHaveValue('and I keep typing the next one');
    await console.isIdle();
    await page.reload();
    await console.isLive();
    await expect(console.composer).toHaveValue('and I keep typing the next one');
  });

  test('a message that is being sent is shown at its final position', async ({ console, page, upstream }) => {
    await upstream.plays(answer('Heard.'));
    await console.openLive();
    await console.submit('On its way.');
    const pending = page.locator('[data-pending]');
    await expect(pending).toHaveText('On its way.');
    await expect(console.composer).toHaveValue('');
    await expect(console.textOf(console.questions)).toHaveText(['On its way.']);
    await expect(pending).toHaveCount(0);
  });

  test.describe(() => {
    test.use({ settings: { MESSAGE_CHARS: '10' } });
    test('a refused message is put back before the text that was typed since', async ({
      console,
      page,
      watch,
    }) => {
      watch.allow(/status of 422/, /answer 422/);
      await console.openLive();
      await console.composer.pressSequentially('This one is too long.');
      await page.keyboard.press('Enter');
      await page.keyboard.type('next', { delay: 30 });
      await expect(console.alert).toBeVisible();
      await expect(console.composer).toHaveValue('This one is too long.\n\nnext');
    });
  });
});

test.describe('behind a proxy that does not forward Upgrade', () => {
  test.use({ front: 'no upgrade' });

  test('the page follows by Server-Sent Events', async ({ console, page, upstream, watch }) => {
    watch.allow(/WebSocket/);
    await upstream.plays(answer('One ', hold, 'two ', hold, 'three.'));
    await console.openLive();
    const streams = page.waitForRequest((request) => request.url().includes('/events?html=true'));
    await page.reload();
    await streams;
    await console.isLive();
    await console.submit('Count.');
    await expect(console.answer).toHaveText('One ');
    await upstream.release();
    await expect(console.answer).toHaveText('One two ');
    await upstream.release();
    await expect(console.answer).toHaveText('One two three.');
    await console.isIdle();
    await expect(console.link).toHaveAttribute('data-link', 'live');
  });

  test('the list of conversations follows as well', async ({
    companion,
    console,
    page,
    watch,
  }) => {
    watch.allow(/WebSocket/);
    let sockets = 0;
    let reads = 0;
    page.on('websocket', (socket) => {
      if (socket.url().includes('/runtimes/backend-internal/events')) sockets += 1;
    });
    page.on('request', (request) => {
      if (new URL(request.url()).pathname.includes('/workers')) reads += 1;
    });
    await console.openLive();
    for (const title of ['From another device', 'And another one']) {
      await companion.api.create(title);
      await expect(page.getByRole('link', { name: title })).toBeVisible({ timeout: COME_BACK_MS });
    }
    // The list is polled at a steady pace, and not only after each failed WebSocket, which is tried
    // with longer and longer pauses.
    const [before, tried] = [reads, sockets];
    await expect.poll(() => reads - before, { timeout: COME_BACK_MS }).toBeGreaterThan(4);
    expect(sockets - tried).toBeLessThanOrEqual(2);
  });
});

test.describe('behind a proxy that buffers responses', () => {
  test.use({ front: 'holds back' });

  test('the page polls often enough to follow, and says so', async ({ console, upstream, watch }) => {
    watch.allow(/WebSocket/);
    const piece = (word: string): [string, typeof hold] => [`${word} `, hold];
    await upstream.plays(answer(...['one', 'two', 'three', 'four'].flatMap(piece), 'five'));
    await console.open();
    await expect(console.link).toHaveAttribute('data-link', 'polling', { timeout: COME_BACK_MS });
    await expect(console.link).toContainText('A proxy blocks the live connection');
    await console.submit('Count.');
    for (const seen of ['one ', 'one two ', 'one two three ', 'one two three four ']) {
      await expect(console.answer).toHaveText(seen, { timeout: SOON_MS });
      await upstream.release();
    }
    await expect(console.answer).toHaveText('one two three four five', { timeout: SOON_MS });
    await console.isIdle(SOON_MS);
    await expect(console.link).toHaveAttribute('data-link', 'polling');
  });
});

test.describe('when all observer slots are taken', () => {
  // A page takes two places: one for the conversation and one for the list.
  test.use({ settings: { MAX_OBSERVERS: '2' } });

  test('the page polls and says so, and is live when a slot is free', async ({
    console,
    tab,
    upstream,
    watch,
  }) => {
    watch.allow(/WebSocket/, /status of 429/, /answer 429/);
    await upstream.plays(answer('One ', hold, 'two.'));
    await console.openLive();
    await expect.poll(async () => (await console.page.locator('[data-link]').getAttribute('data-link'))).toBe('live');
    const second = await tab();
    await expect(second.link).toHaveAttribute('data-link', 'polling', { timeout: COME_BACK_MS });
    await expect(second.link).toContainText('Too many windows');
    await second.submit('Count.');
    await expect(second.answer).toHaveText('One ', { timeout: SOON_MS });
    await upstream.release();
    await expect(second.answer).toHaveText('One two.', { timeout: SOON_MS });
  });
});

test.describe('on a touch screen', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  test('Enter begins a line, and the button sends', async ({ console, page, upstream }) => {
    await upstream.plays(answer('Heard.'));
    await console.openLive();
    await expect(console.hint).toHaveText('Enter for a new line, the button to send');
    await console.composer.tap();
    await page.keyboard.type('one');
    await page.keyboard.press('Enter');
    await page.keyboard.type('two');
    await expect(console.composer).toHaveValue('one\ntwo');
    await console.send.tap();
    await expect(console.textOf(console.questions)).toHaveText('one\ntwo', { useInnerText: true });
  });
});

test('a text of 200,000 characters is pasted and sent', async ({
  console,
  context,
  page,
  upstream,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await upstream.plays(answer('Long.'));
  await console.openLive();
  const text = 'A line of a long document.\n'.repeat(7_407).trim();
  await page.evaluate((text) => navigator.clipboard.writeText(text), text);
  await console.composer.focus();
  await page.keyboard.press('Control+V');
  await console.send.click();
  await expect(console.answer).toHaveText('Long.');
  const asked = await console.textOf(console.questions).textContent();
  expect(asked?.length).toBe(text.length);
});
