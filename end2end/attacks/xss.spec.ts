// Texts that try to run or load something, or to lead elsewhere: as answers, which an endpoint
// streams in pieces that are cut anywhere, and as questions, titles, errors and addresses. Names of
// models and profiles are in `names.spec.ts`.

import { expect, test } from '../harness/test.ts';
import { type Step, answer, refusal } from '../harness/upstream.ts';
import type { Companion } from '../harness/companion.ts';
import type { Console } from '../harness/console.ts';
import type { Upstream } from '../harness/upstream.ts';
import { workerPath } from '../harness/api.ts';
import { type Payload, asLine, harmless, payloads, together } from './payloads.ts';
import { Rng, sized, tell } from './seed.ts';
import { Stage } from './stage.ts';

/** Payloads in the big run: as many as in the attack by hand, which found nothing. */
const BIG = 1098;
/**
 * Payloads and letters in one answer. The same text is a question, which may have 32,000 letters.
 */
const TOGETHER = 40;
const LETTERS = 24_000;
/**
 * A pause that is longer than a delta frame (20 ms), so that the text is shown cut at this place.
 */
const SHOWN_MS = 25;

const rng = new Rng('xss');
const all = payloads(rng, sized(BIG));

function batches(): Payload[][] {
  const made: Payload[][] = [[]];
  for (const payload of all) {
    const last = made[made.length - 1] ?? [];
    const full = last.length >= TOGETHER || together([...last, payload]).length > LETTERS;
    if (full) made.push([payload]);
    else last.push(payload);
  }
  return made;
}

/** The text in pieces, with a pause behind some of them. */
function streamed(text: string): (string | Step)[] {
  const pieces = rng.cut(text, 40);
  const often = Math.max(1, Math.floor(pieces.length / 60));
  return pieces.flatMap((piece, n) =>
    n % often === 0 ? [piece, { do: 'delay', ms: SHOWN_MS }] : [piece],
  );
}

/** Shows the payloads in every way except by an import. */
async function play(
  stage: Stage,
  strict: Console,
  companion: Companion,
  upstream: Upstream,
  batch: Payload[],
) {
  const { console, page } = stage;
  const [first] = batch;
  if (!first) return;
  const words = asLine(first);
  for (const payload of batch) await companion.api.create(asLine(payload));
  const worker = await companion.api.create(words);
  await companion.api.change(worker, { model: words });
  const text = together(batch);
  const errors = batch.map((payload) => asLine(payload)).join('\n');
  await upstream.plays(answer(...streamed(text)), refusal(400, errors));

  await console.openLive(`/c/${worker}`);
  await console.ask(text);
  await console.isIdle(90_000);
  // Each token is in a separate paragraph, so no payload has swallowed the text after it.
  for (const { token } of batch) {
    await expect(console.answer.locator(`p:text-is("${token}")`)).not.toHaveCount(0);
  }
  await console.ask(`And now?`);
  await console.isIdle();
  await page.reload();
  await console.isLive();
  await console.openPalette.click();
  await console.paletteField.fill(first.token);
  await expect(console.choices).not.toHaveCount(0);
  await page.keyboard.press('Escape');

  // In another browser the policy is in force; there nothing may violate it.
  await strict.openLive(`/c/${worker}`);

  const { turns } = await companion.api.transcript(worker);
  for (const { turn_id } of turns) await stage.look(`/c/${worker}/turns/${turn_id}`);
  await stage.look(`/c/${worker}`);
  await stage.look(`/c/${worker}/profile`);
  await stage.look('/data');
  for (const [n, payload] of batch.entries()) {
    const line = encodeURIComponent(asLine(payload));
    if (n % 4 === 0) await stage.look(`/search?q=${encodeURIComponent(payload.token)}`);
    await stage.look(`/search?q=${line}`, [200, 422]);
    if (n % 4 === 1) await stage.look(`/${line}`, [404]);
    if (n % 4 === 2) await stage.look(`/c/${line}`, [404]);
  }
  const { path } = await companion.api.share(worker, { thinking: true, system_prompt: true });
  for (const shared of [path, `${path}/file`, `/share/${worker}`, `/share/${worker}/preview`]) {
    await stage.look(shared);
  }
  await companion.api.raw('DELETE', workerPath(worker));
  await stage.look('/data');
}

/**
 * Halves a batch until one payload is left that does something forbidden, or until no half does
 * it by itself.
 */
async function narrowed(
  play: (batch: Payload[]) => Promise<string[]>,
  batch: Payload[],
): Promise<Payload[]> {
  if (batch.length <= 1) return batch;
  const half = batch.slice(0, Math.ceil(batch.length / 2));
  const rest = batch.slice(half.length);
  for (const part of [half, rest]) {
    if ((await play(part)).length > 0) return narrowed(play, part);
  }
  return batch;
}

test('payloads that are streamed, asked and used as names are only ever shown as text', async ({
  browser,
  companion,
  console,
  upstream,
}) => {
  test.setTimeout(30 * 60_000);
  const several = batches();
  const learning = await Stage.open(browser, companion, null);
  await play(learning, console, companion, upstream, harmless(several[0] ?? []));
  expect(await learning.faults()).toEqual([]);
  await learning.close();

  const stage = await Stage.open(browser, companion, learning.known);
  const tried = async (batch: Payload[]) => {
    await play(stage, console, companion, upstream, batch);
    return stage.faults();
  };
  for (const batch of several) {
    const faults = await tried(batch);
    if (faults.length > 0) {
      const culprits = await narrowed(tried, batch);
      expect({ culprits, faults: faults.slice(0, 20) }, 'what a payload did').toEqual({});
    }
  }
  await stage.close();
  tell(`${all.length} payloads, ${all.length} of them streamed, 0 ran`);
});
