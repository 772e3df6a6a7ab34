// A part of a request that an endpoint refuses is left out. The turn asks again at once, and the
// page shows it, live, after a reload, in both languages and without JavaScript.

import { expect, test } from '../harness/test.ts';
import { answer, hold, refusal } from '../harness/upstream.ts';

/** The refusal as new-api words it (https://github.com/QuantumNous/new-api/issues/418). */
const unknown = refusal(400, "Unknown parameter: 'stream_options'. See http://internal.example/help");

test('an adjusted request is shown live, after a reload and in Japanese', async ({
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(unknown, [hold, ...answer('Here I am.')], answer('Again.'));
  await console.openLive();
  await console.ask('Are you there?');
  await expect(console.attempts).toHaveCount(1);
  const told = 'Retried without stream_options.';
  await expect(console.attempts).toContainText(told);
  const words = "Unknown parameter: 'stream_options'. See [address]";
  await expect(console.attempts.getByRole('blockquote')).toHaveText(words);
  await expect.poll(async () => (await upstream.asked()).length).toBe(2);
  await upstream.release();
  await expect(console.answer).toHaveText('Here I am.');
  await console.isIdle();
  await page.reload();
  await expect(console.attempts).toContainText(told);
  await expect(console.attempts.getByRole('blockquote')).toHaveText(words);

  const [first, second] = await upstream.asked();
  expect(first?.body).toHaveProperty('stream_options');
  expect(second?.body).not.toHaveProperty('stream_options');
  const { turns } = await companion.api.transcript(console.worker);
  expect(turns[0]).toMatchObject({
    state: 'completed',
    retries: [{ error: { code: 'provider', kind: 'parameter', said: words }, wait_ms: 0 }],
  });

  // The refusal is remembered for the next turn, and the page shows that turn's adjustment as well.
  await console.isLive();
  await console.ask('And now?');
  await expect(console.answer).toHaveText('Again.');
  expect((await upstream.asked()).at(-1)?.body).not.toHaveProperty('stream_options');
  await page.context().addCookies([{ name: 'companion_language', value: 'ja', url: companion.url }]);
  await page.reload();
  await expect(page.locator('.attempts').first()).toContainText('stream_options なしで');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('an adjusted request and the message of an endpoint are shown', async ({ console, page, upstream }) => {
    await upstream.plays(unknown, answer('Here I am.'), refusal(401, 'Wrong key: sk-secret-1'));
    await console.open();
    await console.ask('Are you there?');
    await expect(console.answer).toHaveText('Here I am.');
    await expect(console.attempts).toContainText('Retried without stream_options.');
    await console.ask('And now?');
    await expect(console.note.getByRole('figure')).toContainText('Wrong key: [key]');
    await console.openDetails();
    await page.getByRole('link', { name: 'What the model saw' }).last().click();
    await expect(page.getByText('without stream_options', { exact: true })).toBeVisible();
  });
});
