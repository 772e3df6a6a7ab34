// Stop means stopped: from any tab, at any time, all the way to the upstream.

import { expect, journey, test } from '../harness/test.ts';
import { type Upstream, answer, hold, silent } from '../harness/upstream.ts';

const LONG = answer('One ', 'two ', hold, 'three ', 'four.');

/** Checks that the connection of the upstream's first request was closed before the reply ended. */
async function dropped(upstream: Upstream): Promise<void> {
  await expect
    .poll(async () => (await upstream.asked())[0])
    .toMatchObject({ gone_ms: expect.any(Number), done_ms: null });
}

test('stop ends the answer, drops the upstream and keeps the text', journey, async ({
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(LONG, answer('Fine.'));
  await console.openLive();
  await console.ask('Count to four.');
  await expect(console.answer).toHaveText('One two');
  await console.stop.click();
  await expect(console.note).toHaveText('You stopped this answer. The text so far was kept.');
  await console.isIdle();
  await dropped(upstream);

  // Text that was still on its way would arrive now, before another whole turn ends.
  await upstream.release();
  await console.ask('Are you well?');
  await expect(console.answer).toHaveText('Fine.');
  await console.isIdle();
  const texts = ['Count to four.', 'One two', 'Are you well?', 'Fine.'];
  expect(await console.texts()).toEqual(texts);
  await page.reload();
  await expect.poll(() => console.texts()).toEqual(texts);
  const { turns } = await companion.api.transcript(console.worker);
  expect(turns.map((turn) => turn.state)).toEqual(['cancelled', 'completed']);
});

test('an answer can be stopped from another tab', async ({ console, tab, upstream }) => {
  await upstream.plays(LONG);
  await console.openLive();
  const other = await tab();
  await other.isLive();
  await console.ask('Count to four.');
  await expect(other.answer).toHaveText('One two');
  await other.stop.click();
  for (const each of [other, console]) {
    await expect(each.note).toHaveText(/You stopped this answer/);
    await each.isIdle();
    await expect(each.send).toBeVisible();
  }
  await dropped(upstream);
  await upstream.release();
  expect(await console.texts()).toEqual(['Count to four.', 'One two']);
  expect(await other.texts()).toEqual(await console.texts());
});

test('an answer can be stopped before the first token', async ({ console, upstream }) => {
  await upstream.plays([silent]);
  await console.openLive();
  await console.ask('Anyone?');
  await expect.poll(() => upstream.asked()).toHaveLength(1);
  await console.stop.click();
  await expect(console.note).toHaveText('You stopped this answer before it began.');
  await dropped(upstream);
  await expect(console.composer).toBeFocused();
});

test('deleting a conversation stops its answer, in every tab', async ({
  console,
  tab,
  upstream,
  watch,
}) => {
  await upstream.plays(LONG);
  await console.openLive();
  const other = await tab();
  await other.isLive();
  await console.ask('Count to four.');
  await expect(other.answer).toHaveText('One two');
  await console.manage.click();
  await console.delete.click();
  await console.deleteIt.click();
  await dropped(upstream);
  await expect(console.welcome.or(console.title).first()).toBeVisible();
  await expect(other.link).toHaveText('This conversation was deleted.');
  await expect(other.composer).toBeDisabled();
  watch.allow(/WebSocket connection/, /404/);
});
