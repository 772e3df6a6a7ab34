// The main use: a user types into the page, and the model inside the binary answers.

import { runs } from '../harness/companion.ts';
import { ANSWER_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';

// The model may write Markdown. Then the page shows other spaces and
// signs than the model's text has, but the same letters and digits.
function letters(text: string | null | undefined): string {
  return (text ?? '').replace(/[^\p{L}\p{N}]/gu, '');
}

test.use({ provider: 'local' });
test.describe.configure({ timeout: 2 * ANSWER_MS + 60_000 });

test('a first visit gets a streamed answer, which survives a reload and a restart', async ({
  companion,
  console,
  page,
  watch,
}) => {
  watch.allowAbsence();
  await console.openLive();
  await expect(console.welcome).toBeVisible();
  await expect(page.getByText('stays on this machine')).toBeVisible();
  await expect(console.provider).toContainText('SmolLM2-135M-Instruct');
  await expect(console.provider).toContainText('small, English only');

  await console.recordGrowth();
  await console.ask('What is the capital of France? Answer in one short sentence.');
  await expect(console.composer).toHaveValue('');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
  await console.isIdle(ANSWER_MS);
  await expect(console.activity).toHaveText('The answer is complete.');

  // The answer arrived in pieces, and text that was shown was never removed.
  const growth = (await console.growth()).map(letters);
  expect(growth.length).toBeGreaterThan(2);
  growth.slice(1).forEach((text, n) => expect(text.startsWith(growth[n] ?? '')).toBe(true));
  const whole = await console.answer.textContent();
  expect(growth.at(-1)).toBe(letters(whole));
  // The content is not checked, because the model is small and the seed is not fixed.
  expect(whole).toMatch(/\p{L}/u);

  await expect(console.figures.filter({ hasText: 'SmolLM2-135M-Instruct' })).toHaveCount(1);
  await expect(console.figures.filter({ hasText: /^\d+ output tokens?$/ })).toHaveCount(1);
  await expect(console.figures.filter({ hasText: /^[\d.]+ tokens\/s$/ })).toHaveCount(1);
  await expect(console.figures.filter({ hasText: /^first (token )?after [\d.]+ s$/ })).toHaveCount(1);

  const read = await console.texts();
  await page.reload();
  expect(await console.texts()).toEqual(read);

  await companion.stop();
  await companion.start();
  await page.reload();
  await console.isLive();
  expect(await console.texts()).toEqual(read);
});

test('stopping the embedded model ends the answer, and the next question is answered', async ({
  companion,
  console,
}) => {
  await console.openLive();
  await console.ask('Write a long story about a lighthouse, with many chapters.');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
  await console.stop.click();
  await expect(console.note).toHaveText(/You stopped this answer/);
  const stopped = await console.answer.textContent();

  await console.ask('Say hello.');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
  await console.stop.or(console.send).first().click();
  await console.isIdle(ANSWER_MS);
  await expect(console.textOf(console.answers.first())).toHaveText(stopped ?? '');
  const { messages } = await companion.api.transcript(console.worker);
  expect(letters(messages[1]?.text)).toBe(letters(stopped));
});

test('when the server is killed during an answer, no model process stays, and the next start works', async ({
  companion,
  console,
  watch,
}) => {
  watch.allowAbsence();
  await console.openLive();
  await console.ask('Write a long story about a lighthouse, with many chapters.');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
  const models = await companion.models();
  expect(models, 'the model runs in a process of its own').toHaveLength(1);
  await companion.kill();
  const read = letters(await console.answer.textContent());
  for (const model of models) await expect.poll(() => runs(model)).toBe(false);

  await companion.start();
  await console.isLive();
  await expect(console.note).toHaveText(/The server stopped while writing this/);
  expect(letters(await console.answer.textContent()).startsWith(read)).toBe(true);

  await console.ask('Say hello.');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
});

test('when the process of the embedded model dies during an answer, the turn fails and the next one works', async ({
  companion,
  console,
}) => {
  await console.openLive();
  await console.ask('Write a long story about a lighthouse, with many chapters.');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
  const [model = 0] = await companion.models();
  expect(model).toBeGreaterThan(1);
  process.kill(model, 'SIGKILL');
  await expect(console.note).toHaveAttribute('data-code', 'provider');
  await expect(console.note).toContainText('were kept');
  await expect(console.answer).not.toBeEmpty();

  await console.ask('Say hello.');
  await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
});
