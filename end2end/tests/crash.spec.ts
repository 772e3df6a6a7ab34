// The server is killed at the worst moment. Text that was shown is still there, and the page comes
// back by itself.

import { COME_BACK_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold, silent } from '../harness/upstream.ts';

test.beforeEach(({ watch }) => watch.allowAbsence());

test('when the server is killed during an answer, the text stays, the page reconnects, and the next turn works', async ({
  companion,
  console,
  page,
  upstream,
}) => {
  await upstream.plays(
    answer('An old answer.'),
    answer('One ', 'two ', '三 ', hold, 'never.'),
    answer('Back again.'),
  );
  await console.openLive();
  await console.ask('Before?');
  await expect(console.answer).toHaveText('An old answer.');
  await console.isIdle();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One two 三 ');
  await console.composer.fill('Typed meanwhile');
  const read = ['Before?', 'An old answer.', 'Count.', 'One two 三'];
  expect(await console.texts()).toEqual(read);

  await companion.kill();
  await expect(console.link).toHaveAttribute('data-link', 'away');
  await expect(console.link).toContainText('Reconnecting…');
  expect(await console.texts()).toEqual(read);

  await companion.start();
  await console.isLive();
  await expect(console.note).toHaveText(
    'The server stopped while writing this. The text so far was kept.',
  );
  await console.isIdle();
  expect(await console.texts()).toEqual(read);
  await expect(console.composer).toHaveValue('Typed meanwhile');
  await console.send.click();
  await expect(console.answer).toHaveText('Back again.');
  await console.isIdle();

  const all = [...read, 'Typed meanwhile', 'Back again.'];
  expect(await console.texts()).toEqual(all);
  await page.reload();
  expect(await console.texts()).toEqual(all);
  const { turns } = await companion.api.transcript(console.worker);
  expect(turns.map((turn) => turn.state)).toEqual(['completed', 'interrupted', 'completed']);
});

test('when the server is killed before the first token, the message is kept', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays([silent]);
  await console.openLive();
  await console.ask('Did you get this?');
  await expect(console.questions).toHaveCount(1);
  await expect.poll(() => upstream.asked()).toHaveLength(1);
  await companion.kill();
  await companion.start();
  await console.isLive();
  await expect(console.note).toHaveText('The server stopped before this answer began.');
  await expect(console.textOf(console.questions)).toHaveText('Did you get this?');
});

test('an orderly shutdown during an answer interrupts the turn and keeps its text', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer('One ', 'two ', hold, 'never.'), answer('Back again.'));
  await console.openLive();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One two');
  await companion.stop();
  await companion.start();
  await console.isLive();
  await expect(console.note).toHaveText(/The server stopped while writing this/);
  expect(await console.texts()).toEqual(['Count.', 'One two']);
  await console.ask('Go on.');
  await expect(console.answer).toHaveText('Back again.');
});

test('when the server is killed repeatedly during an answer, no text that was shown is lost', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer(...Array.from({ length: 2000 }, (_, n) => `w${n} `), hold));
  await console.openLive();
  for (let round = 1; round <= 3; round += 1) {
    await console.ask(`Round ${round}`);
    await expect(console.answer).not.toBeEmpty();
    await companion.kill();
    const read = await console.texts();
    await companion.start();
    await console.isLive();
    await expect(console.note).toHaveText(/The server stopped/);
    const kept = await console.texts();
    expect(kept).toHaveLength(read.length);
    read.forEach((text, n) => expect(kept[n]?.startsWith(text)).toBe(true));
  }
});

test('the notice that the server is unreachable is correct, and disappears when it is back', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  await console.ask('Hello');
  await console.isIdle();
  await companion.kill();
  await expect(console.link).toHaveAttribute('data-link', 'away', { timeout: COME_BACK_MS });
  await console.new.click();
  const told = page.getByRole('navigation').getByText('The server can’t be reached');
  await expect(told).toBeVisible();
  // The page blames no model, because the whole server is away.
  await expect(page.getByRole('link', { name: 'How to set up a model' })).toHaveCount(0);
  await companion.start();
  await expect(console.link).toHaveAttribute('data-link', 'live', { timeout: COME_BACK_MS });
  await expect(told).toHaveCount(0);
});

test('a message sent while the server is down stays in the box and is sent once', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer('Here.'));
  await console.openLive();
  await companion.kill();
  await expect(console.link).toHaveAttribute('data-link', 'away');
  await console.submit('Anyone?');
  await expect(console.alert).toContainText('The server can’t be reached');
  await expect(console.alert).toContainText('Your text is still in the message box.');
  await expect(console.composer).toHaveValue('Anyone?');
  await companion.start();
  await console.isLive();
  await console.send.click();
  await expect(console.answer).toHaveText('Here.');
  expect(await console.texts()).toEqual(['Anyone?', 'Here.']);
});
