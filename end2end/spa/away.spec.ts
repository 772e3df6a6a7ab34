// The client-only console while the server is away: at load, and while the console runs.

import { COME_BACK_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

/** The errors of Trunk (500) and nginx (502) when they do not reach the server. */
const FROM_PROXIES = [/^answer 50[02]/, /status of 50[02]/];

test('when the server is unreachable at load, an error offers to try again', async ({
  companion,
  console,
  page,
  watch,
}) => {
  watch.allowAbsence();
  watch.allow(...FROM_PROXIES);
  await companion.kill();
  await console.open();
  await expect(console.title).toHaveText('This page couldn’t be shown');
  await expect(page.getByText('The server can’t be reached')).toBeVisible();
  const again = page.getByRole('link', { name: 'Reload the page' });
  await again.click();
  await expect(page.getByText('The server can’t be reached')).toBeVisible();
  await companion.start();
  await again.click();
  await console.isLive();
  await expect(console.welcome).toBeVisible();
});

test('when the server becomes unreachable, the console says so, keeps typed text, and goes on later', async ({
  companion,
  console,
  page,
  upstream,
  watch,
}) => {
  watch.allowAbsence();
  watch.allow(...FROM_PROXIES);
  await upstream.plays(answer('Here.'), answer('Back.'));
  await console.openLive();
  await console.ask('Are you there?');
  await expect(console.answer).toHaveText('Here.');
  await console.isIdle();
  await companion.kill();
  await expect(console.link).toHaveAttribute('data-link', 'away', { timeout: COME_BACK_MS });
  await expect(console.link).toContainText('Connection lost');
  // Trunk accepts a WebSocket even when it does not reach the server. The console must not take
  // that for a live connection.
  await console.link.evaluate((link) => {
    const seen: string[] = [];
    Object.assign(window, { seen });
    new MutationObserver(() => seen.push((link as HTMLElement).dataset.link ?? '')).observe(link, {
      attributes: true,
    });
  });
  await console.submit('And now?');
  await expect(console.alert).toContainText('The server can’t be reached');
  await expect(console.composer).toHaveValue('And now?');
  let tries = 0;
  page.on('websocket', (socket) => {
    if (socket.url().includes('/workers/')) tries += 1;
  });
  await expect.poll(() => tries, { timeout: COME_BACK_MS }).toBeGreaterThan(2);
  // Now the console tries again at once, and the server is still away.
  const before = tries;
  const online = async () => {
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    return tries;
  };
  await expect.poll(online, { timeout: COME_BACK_MS }).toBeGreaterThan(before + 2);
  const seen = await page.evaluate(() => (window as unknown as { seen: string[] }).seen);
  expect(seen).not.toContain('live');
  await companion.start();
  await console.isLive();
  await expect(console.alert).toHaveCount(0);
  await console.send.click();
  await expect(console.answer).toHaveText('Back.');
});
