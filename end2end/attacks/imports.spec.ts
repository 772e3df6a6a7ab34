// Imports exports of other programs and of this one that have hostile texts in all of their fields.
// Every page of an imported conversation must contain only elements of the closed list.

import { expect, test } from '../harness/test.ts';
import { answer, refusal } from '../harness/upstream.ts';
import type { Companion } from '../harness/companion.ts';
import { workerPath } from '../harness/api.ts';
import { chatgpt, openWebUi } from './imports/foreign.ts';
import { forgery } from './imports/own.ts';
import { refused } from './imports/refused.ts';
import { type Payload, harmless, payloads } from './payloads.ts';
import { Rng, size, sized, tell } from './seed.ts';
import { Stage } from './stage.ts';

/** The size of the big run: that of the attack by hand, which found nothing. */
const BIG = { conversations: 1499, elements: 24_792 };
/** Conversations of one file. */
const TOGETHER = 15;
/** One in this many conversations is not only parsed but also shown. */
const SHOWN = 12;
const MOST = { most: size === 'big' ? 10_000 : 1_000 };

const IMPORT = '/api/v1/runtimes/backend-internal/import';

async function imported(companion: Companion, file: string): Promise<string[]> {
  const headers = { 'content-type': 'application/octet-stream' };
  const { status, body } = await companion.api.raw('POST', IMPORT, headers, file);
  if (status !== 200) throw new Error(`the import was refused: ${status} ${body.toString()}`);
  return (JSON.parse(body.toString()) as { workers: string[] }).workers;
}

/** Files of all formats, with `count` conversations in all. */
function files(name: string, texts: Payload[], samples: string[], count: number): string[] {
  const rng = new Rng(name);
  const made: string[] = [];
  for (let n = 0; n < count; ) {
    const many = Math.min(TOGETHER, count - n);
    const kind = made.length % 3;
    if (kind === 2) {
      // A file of Companion's own format holds one forged conversation.
      for (let own = 0; own < many; own++) made.push(forgery(rng, rng.pick(samples), texts));
    } else {
      const make = kind === 0 ? chatgpt : openWebUi;
      made.push(JSON.stringify(Array.from({ length: many }, (_, at) => make(rng, texts, `${name} ${n + at}`, MOST))));
    }
    n += many;
  }
  return made;
}

/** Real exports of two conversations: one with an answer, and one whose turn failed. */
async function samples(companion: Companion, ended: (worker: string) => Promise<void>): Promise<string[]> {
  const made = [];
  for (const title of ['answered', 'refused']) {
    const worker = await companion.api.create(title);
    await companion.api.send(worker, title);
    await ended(worker);
    const { body } = await companion.api.raw('GET', `${workerPath(worker)}/export?format=json`);
    made.push(body.toString());
  }
  return made;
}

test('imported texts are only ever shown as text', async ({ browser, companion, upstream }) => {
  test.setTimeout(30 * 60_000);
  const rng = new Rng('imports');
  const texts = payloads(rng, 400);
  await upstream.plays(answer('Said ', 'so.'), refusal(400, 'No.'));
  const own = await samples(companion, async (worker) => {
    const state = async () => (await companion.api.transcript(worker)).turns[0]?.state;
    await expect.poll(state).toMatch(/completed|failed/);
  });
  const show = async (stage: Stage, workers: string[]): Promise<number> => {
    let elements = 0;
    for (const worker of workers) {
      elements += await stage.look(`/c/${worker}`);
      if (rng.once(SHOWN)) await stage.console.openLive(`/c/${worker}`);
    }
    const { turns } = await companion.api.transcript(workers[0] ?? '');
    for (const { turn_id } of turns.slice(0, 3)) await stage.look(`/c/${workers[0]}/turns/${turn_id}`);
    await stage.look('/data');
    return elements;
  };

  // A first run with harmless words in the same trees records what a page consists of.
  const learning = await Stage.open(browser, companion, null);
  // Some exports hold a conversation without a message.
  await learning.look(`/c/${await companion.api.create('Empty')}`);
  for (const file of files('harmless', harmless(texts), own, 3 * TOGETHER)) {
    await show(learning, await imported(companion, file));
  }
  const [any] = (await companion.api.get<{ workers: { worker_id: string }[] }>('/api/v1/runtimes/backend-internal/workers')).workers;
  await learning.console.openLive(`/c/${any?.worker_id}`);
  expect(await learning.faults()).toEqual([]);
  await learning.close();

  const stage = await Stage.open(browser, companion, learning.known);
  let [conversations, elements] = [0, 0];
  for (const file of files('hostile', texts, own, sized(BIG.conversations))) {
    const workers = await imported(companion, file);
    conversations += workers.length;
    elements += await show(stage, workers);
    expect(await stage.faults(), `what an import did, in a file of ${workers.length}`).toEqual([]);
    // The page that was shown last follows its conversation, which is deleted now. A page without
    // scripts follows none.
    await stage.page.goto(`${companion.url}/settings`);
    for (const worker of workers) await companion.api.raw('DELETE', `${workerPath(worker)}?purge=true`);
  }
  await stage.close();
  expect(conversations).toBeGreaterThanOrEqual(sized(BIG.conversations) * 0.9);
  expect(elements).toBeGreaterThanOrEqual(sized(BIG.elements));
  tell(`${conversations} imported conversations with ${elements} elements, 0 of them unexpected`);
});

test('files that cannot be imported are refused with a reason and change nothing', async ({ browser, companion }) => {
  test.setTimeout(10 * 60_000);
  const rng = new Rng('refused');
  const texts = payloads(rng, 100);
  const list = '/api/v1/runtimes/backend-internal/workers?limit=200';
  const before = await companion.api.get(list);
  const all = refused(rng, texts);
  for (const [what, file] of all) {
    const headers = { 'content-type': 'application/octet-stream' };
    const { status, body } = await companion.api.raw('POST', `${IMPORT}?strict=true`, headers, file);
    expect([status, what], body.toString().slice(0, 300)).toEqual([422, what]);
    expect(await companion.api.get(list), what).toEqual(before);
  }
  // The form of the page refuses the same files, and shows the reason.
  const form = async (file: string) => {
    const part = (name: string, content: string) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
    const body = `${part('strict', 'on')}${part('file"; filename="x', file)}--x--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x', accept: 'text/html' };
    const { status, body: page } = await companion.api.raw('POST', '/data', headers, body);
    return [status, page.toString()] as const;
  };
  const learning = await Stage.open(browser, companion, null);
  await learning.lookAt('/data', (await form('"no"'))[1]);
  await learning.lookAt('/data', (await form('["xs1z"]'))[1]);
  const stage = await Stage.open(browser, companion, learning.known);
  await learning.close();
  for (const [what, file] of all) {
    const [status, page] = await form(file);
    expect([status, what]).toEqual([422, what]);
    expect(page, what).toContain('role="alert"');
    await stage.lookAt(`/data, after ${what}`, page);
  }
  expect(await stage.faults()).toEqual([]);
  await stage.close();
  tell(`${all.length} kinds of files that cannot be imported, each refused twice`);
});
