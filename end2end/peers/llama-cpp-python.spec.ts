// llama-cpp-python's server with the default model, a small window, and no other client
// (https://llama-cpp-python.readthedocs.io/en/latest/server/).

import { join } from 'node:path';

import { Canary } from '../harness/canary.ts';
import { Companion } from '../harness/companion.ts';
import { model } from '../harness/programs.ts';
import { expect, test as base } from '../harness/test.ts';
import { Watch } from '../harness/watch.ts';
import { type Peer, ask, ended, held, peer, startPeer } from './peer.ts';

interface Fixtures {
  server: Peer;
  asking: Companion;
}

const WINDOW = 1_024;

const test = base.extend<Fixtures>({
  // No page is opened.
  watch: async ({}, use) => use(new Watch()),
  canary: async ({}, use) => use(new Canary()),
  server: async ({ folder }, use) => {
    const args = (port: number): string[] =>
      ['-m', 'llama_cpp.server', '--model', model, '--model_alias', 'smol', '--host', '127.0.0.1']
        .concat(['--port', `${port}`, '--n_ctx', `${WINDOW}`, '--verbose', 'False']);
    const server = await startPeer(process.env.LLAMA_CPP_PYTHON, args, folder);
    await use(server);
    await server.child.end('SIGKILL');
  },
  asking: async ({ folder, server }, use, info) => {
    const endpoint = { baseUrl: `${server.url}/v1` };
    const asking = new Companion(join(folder, 'asking'), endpoint, { MODEL: 'smol', RETRIES: '0' });
    await asking.start();
    await use(asking);
    await asking.stop();
    if (info.status !== info.expectedStatus) {
      await info.attach('log of the peer', { body: server.child.output, contentType: 'text/plain' });
    }
  },
});

test.beforeEach(() => peer("llama-cpp-python's server 0.3.36 with SmolLM2-135M-Instruct"));

test('an answer by a real model', async ({ asking }) => {
  const { turn, answer } = await ask(asking.api, 'Say hello.');
  expect(turn.state).toBe('completed');
  expect(answer?.text.trim().length).toBeGreaterThan(0);
  held(`streamed; ${turn.usage ? 'the tokens are told' : 'it tells no tokens in a stream, and none are made up'}`);
});

test('an answer that is stopped, and the next one', async ({ asking }) => {
  const worker = await asking.api.create();
  await asking.api.send(worker, 'Write a long story about the sea, with many chapters.');
  await expect
    .poll(async () => (await asking.api.transcript(worker)).messages.at(-1)?.text.length ?? 0)
    .toBeGreaterThan(3);
  await asking.api.cancel(worker);
  expect((await ended(asking.api, worker, 1)).turn.state).toBe('cancelled');
  await asking.api.send(worker, 'Say hello.');
  expect((await ended(asking.api, worker, 2)).turn.state).toBe('completed');
  held('it stops, and the next message is answered');
});

test('a conversation that outgrows the window', async ({ asking }) => {
  const { worker } = await ask(asking.api, `Say hello. ${'one two three four '.repeat(110)}`);
  for (let turns = 2; turns <= 4; turns += 1) {
    await asking.api.send(worker, `Say hello. ${'one two three four '.repeat(110)}`);
    const { turn } = await ended(asking.api, worker, turns);
    expect(turn.state, JSON.stringify(turn)).toBe('completed');
  }
  const { turns } = await asking.api.transcript(worker);
  const adjusted = turns.flatMap(({ retries = [] }) => retries.map(({ adjustment }) => adjustment));
  expect(adjusted).toContain('fewer_messages');
  held('its 400 names the window, which is learned; every message is answered');
});
