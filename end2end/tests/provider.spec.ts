// The provider is down, misbehaves, or is not configured at all; then it works.

import { expect, test } from '../harness/test.ts';
import { type Step, answer, cut, hold, refusal } from '../harness/upstream.ts';

test('an unreachable endpoint fails the turn with its reason, and works when it is back', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.plays(answer('Here I am.'));
  await upstream.refuse();
  await console.openLive();
  await console.ask('Are you there?');
  await expect(console.note).toHaveAttribute('data-code', 'provider');
  await expect(console.note.getByRole('button', { name: 'Try again' })).toBeVisible();
  await console.isIdle();
  await expect(console.composer).toBeEnabled();
  // The page does not contain the address of the endpoint.
  const { host } = new URL(upstream.baseUrl);
  expect(await page.content()).not.toContain(host);
  const told = await console.note.textContent();
  await page.reload();
  await expect(console.note).toHaveText(told ?? '');

  await upstream.accept();
  await console.isLive();
  await console.note.getByRole('button', { name: 'Try again' }).click();
  await expect(console.answer).toHaveText('Here I am.');
  await console.isIdle();
  expect(await console.texts()).toEqual(['Are you there?', 'Here I am.']);
});

test('an endpoint that fails during an answer fails the turn, and its text is kept', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer('It was a dark ', hold, cut), answer('Again.'));
  await console.openLive();
  await console.ask('Tell me a story.');
  await expect(console.answer).toHaveText('It was a dark ');
  await upstream.release();
  await expect(console.note).toHaveAttribute('data-code', 'provider');
  await expect(console.note).toContainText('Your message and the text so far were kept.');
  expect(await console.texts()).toEqual(['Tell me a story.', 'It was a dark']);
  await console.ask('Go on.');
  await expect(console.answer).toHaveText('Again.');
  await console.isIdle();
  const { turns } = await companion.api.transcript(console.worker);
  expect(turns.map((turn) => turn.state)).toEqual(['failed', 'completed']);
});

const NGINX = '<html><h1>Welcome to nginx!</h1></html>';
const refusals: [kind: string, reply: Step[]][] = [
  ['auth', refusal(401, 'Incorrect API key provided: sk-secret')],
  ['rate_limited', refusal(429, 'Slow down', { 'retry-after': '7' })],
  ['model_not_found', refusal(404, 'The model does not exist')],
  ['upstream', refusal(500, 'kaboom at /srv/inference.py')],
  ['malformed', [{ do: 'respond', status: 200, headers: { 'content-type': 'text/html' }, body: NGINX }]],
];
test.describe('without retries', () => {
  test.use({ settings: { RETRIES: '0' } });

  for (const [kind, reply] of refusals) {
    test(`a refusal of kind ${kind} has a message of our own`, async ({
      companion,
      console,
      upstream,
    }) => {
      await upstream.plays(reply);
      await console.openLive();
      await console.ask('Hello?');
      await expect(console.note).toHaveAttribute('data-code', 'provider');
      const { turns } = await companion.api.transcript(console.worker);
      expect(turns[0]?.error).toMatchObject({ code: 'provider', kind });
      await expect(console.note).not.toContainText(/sk-secret|inference\.py|nginx/);
      if (kind === 'rate_limited') await expect(console.note).toContainText('Try again in 7 seconds');
      await expect(console.composer).toBeEnabled();
    });
  }
});

test('a failed attempt is shown, and the same request is sent again', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(refusal(503, 'Warming up'), [hold, ...answer('Here I am.')]);
  await console.openLive();
  await console.ask('Are you there?');
  await expect(console.activity).toHaveAttribute('data-activity', 'retrying');
  await expect(console.attempts).toHaveCount(1);
  await expect(console.attempts).toContainText('Attempt 1 failed: ');
  await expect.poll(async () => (await upstream.asked()).length).toBe(2);
  await upstream.release();
  await expect(console.answer).toHaveText('Here I am.');
  await console.isIdle();
  await expect(console.attempts).toHaveCount(1);
  const [first, second] = await upstream.asked();
  expect(second?.body).toEqual(first?.body);
  const { turns } = await companion.api.transcript(console.worker);
  expect(turns[0]).toMatchObject({
    state: 'completed',
    retries: [{ error: { code: 'provider', kind: 'upstream' } }],
  });
});

test.describe('without a configured model', () => {
  test.use({ settings: { MODEL: '' } });

  test("the endpoint's first model answers, and is what the turn records", async ({
    companion,
    console,
    upstream,
  }) => {
    await console.openLive();
    await console.ask('Who are you?');
    await expect(console.answer).toHaveText('You said: Who are you?');
    expect((await upstream.asked())[0]?.body?.model).toBe('scripted-model');
    const { turns } = await companion.api.transcript(console.worker);
    expect(turns[0]?.model).toBe('scripted-model');
    await expect(console.figures.filter({ hasText: 'scripted-model' })).toHaveCount(1);
  });
});

test.describe('with short time limits', () => {
  test.use({ settings: { FIRST_TOKEN_MS: '400', STALL_MS: '400' } });

  test('silence is a timeout, and a stall keeps its text', async ({ console, upstream }) => {
    await upstream.plays([{ do: 'silent' }], answer('Half a ', { do: 'silent' }), answer('Whole.'));
    await console.openLive();
    await console.ask('One?');
    await expect(console.note).toHaveAttribute('data-code', 'timeout');
    await console.ask('Two?');
    await expect(console.note).toHaveAttribute('data-code', 'timeout');
    await expect(console.answer).toHaveText('Half a ');
    await console.ask('Three?');
    await expect(console.answer).toHaveText('Whole.');
  });
});

test.describe('without a provider', () => {
  test.use({ provider: 'none' });

  test('the page says what to configure, and works once that is done', async ({
    companion,
    console,
    page,
    upstream,
    watch,
  }) => {
    watch.allowAbsence();
    await console.openLive();
    await expect(console.alert).toHaveAttribute('data-code', 'unavailable');
    await expect(console.alert).toContainText('COMPANION_MODEL_FILE');
    await expect(console.alert).not.toContainText('/');
    await expect(console.activity).toHaveAttribute('data-activity', 'unavailable');
    await expect(console.send).toBeDisabled();
    await console.composer.fill('Is anybody here?');

    await companion.stop();
    await companion.start({ baseUrl: upstream.baseUrl });
    await console.isLive();
    await expect(console.alert).toBeHidden();
    await expect(console.composer).toHaveValue('Is anybody here?');
    await console.send.click();
    await expect(console.answer).toHaveText('You said: Is anybody here?');
    await page.reload();
    await expect(console.answer).toHaveText('You said: Is anybody here?');
  });
});
