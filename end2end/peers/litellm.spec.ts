// LiteLLM's proxy runs between Companion and the scripted endpoint. It rewrites requests, answers
// and errors by its own rules (https://docs.litellm.ai/docs/proxy/configs).

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Canary } from '../harness/canary.ts';
import { Companion } from '../harness/companion.ts';
import { expect, test as base } from '../harness/test.ts';
import { answer, hold, refusal, thinks } from '../harness/upstream.ts';
import { Watch } from '../harness/watch.ts';
import { type Peer, ask, ended, held, peer, startPeer } from './peer.ts';

const KEY = 'sk-peers-of-companion-1234';

interface Fixtures {
  litellm: Peer;
  /** Companion with the proxy as its endpoint. */
  behind: Companion;
  /** The key that Companion has. */
  key: string;
  /** The proxy's name of the model that answers. */
  model: string;
}

const test = base.extend<Fixtures>({
  key: [KEY, { option: true }],
  model: ['scripted', { option: true }],
  // No page is opened.
  watch: async ({}, use) => use(new Watch()),
  canary: async ({}, use) => use(new Canary()),
  litellm: async ({ folder, upstream }, use) => {
    const config = join(folder, 'litellm.yaml');
    await writeFile(config, configuration(upstream.baseUrl));
    const args = (port: number): string[] =>
      ['--config', config, '--host', '127.0.0.1', '--port', `${port}`, '--telemetry', 'False'];
    // Without this variable LiteLLM downloads its list of prices.
    const own = { LITELLM_LOCAL_MODEL_COST_MAP: 'True', NO_DOCS: 'True' };
    const litellm = await startPeer(process.env.LITELLM, args, folder, own);
    await use(litellm);
    await litellm.child.end('SIGKILL');
  },
  behind: async ({ folder, litellm, key, model }, use, info) => {
    const settings = { API_KEY: key, MODEL: model, RETRIES: '0' };
    const behind = new Companion(join(folder, 'behind'), { baseUrl: `${litellm.url}/v1` }, settings);
    await behind.start();
    await use(behind);
    await behind.stop();
    if (info.status !== info.expectedStatus) {
      await info.attach('log of the proxy', { body: litellm.child.output, contentType: 'text/plain' });
    }
  },
});

function configuration(baseUrl: string): string {
  const model = (name: string, more = ''): string => `
  - model_name: ${name}
    litellm_params:
      model: openai/scripted-model
      api_base: ${baseUrl}
      api_key: sk-of-the-endpoint
${more}`;
  return `
model_list:${model('scripted')}${model('merged', '      merge_reasoning_content_in_choices: true\n')}
general_settings:
  master_key: ${KEY}
litellm_settings:
  num_retries: 0
router_settings:
  num_retries: 0
  disable_cooldowns: true
`;
}

test.beforeEach(() => peer("LiteLLM's proxy 1.106.12"));

test('an answer, its tokens and the list of models', async ({ behind, upstream }) => {
  await upstream.plays(answer('One, ', 'two, ', 'three.'));
  const { turn, answer: message } = await ask(behind.api, 'Count.');
  expect([turn.state, message?.text]).toEqual(['completed', 'One, two, three.']);
  expect(turn.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 3 });
  const list = await behind.api.get<{ providers: { models: { name: string }[] }[] }>('/api/v1/models');
  const names = list.providers.flatMap(({ models }) => models.map(({ name }) => name));
  expect(names).toEqual(expect.arrayContaining(['scripted', 'merged']));
  held('streamed, with the tokens of the endpoint; both models are listed');
});

test('thinking in a field of its own', async ({ behind, upstream }) => {
  await upstream.plays(answer(thinks('Two and two '), thinks('make four.'), 'Four.'));
  const { answer: message } = await ask(behind.api, 'What is two and two?');
  expect([message?.reasoning, message?.text]).toEqual(['Two and two make four.', 'Four.']);
  held('`reasoning_content` is passed on and is thinking');
});

test.describe(() => {
  test.use({ model: 'merged' });
  test('thinking that the proxy puts into the text', async ({ behind, upstream }) => {
    await upstream.plays(answer(thinks('Two and two '), thinks('make four.'), 'Four.'));
    const { answer: message } = await ask(behind.api, 'What is two and two?');
    expect([message?.reasoning, message?.text]).toEqual(['Two and two make four.', 'Four.']);
    held('`merge_reasoning_content_in_choices`: what stands between `<think>` tags is thinking');
  });
});

test('a parameter that the endpoint refuses', async ({ behind, upstream }) => {
  const message = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.";
  await upstream.plays(refusal(400, message), answer('Without it.'));
  const { turn, answer: said, worker } = await ask(behind.api, 'Hello');
  expect([turn.state, said?.text]).toEqual(['completed', 'Without it.']);
  expect(turn.retries?.map(({ adjustment }) => adjustment)).toEqual(['without_temperature']);
  await behind.api.send(worker, 'Again');
  expect((await ended(behind.api, worker, 2)).turn.retries ?? []).toEqual([]);
  held('the refusal is found inside the proxy\'s own words; asked again without, and remembered');
});

test('a conversation that is too long', async ({ behind, upstream }) => {
  const message = "This model's maximum context length is 2048 tokens. However, your messages resulted in 4000 tokens. Please reduce the length of the messages.";
  await upstream.plays(answer('One.'), answer('Two.'), refusal(400, message), answer('Three.'));
  const { worker } = await ask(behind.api, 'a '.repeat(2_500));
  await behind.api.send(worker, 'b '.repeat(2_500));
  await ended(behind.api, worker, 2);
  await behind.api.send(worker, 'c');
  const { turn, answer: said } = await ended(behind.api, worker, 3);
  expect([turn.state, said?.text]).toEqual(['completed', 'Three.']);
  expect(turn.retries?.map(({ adjustment }) => adjustment)).toEqual(['fewer_messages']);
  held('the window is learned from the wrapped refusal; asked again with fewer messages');
});

test('a busy endpoint and a broken one', async ({ behind, upstream }) => {
  await upstream.plays(refusal(429, 'Rate limit reached for requests', { 'retry-after': '7' }));
  const busy = (await ask(behind.api, 'Hello')).turn;
  await upstream.plays(refusal(500, 'The server had an error'));
  const broken = (await ask(behind.api, 'Hello')).turn;
  expect([busy.state, broken.state]).toEqual(['failed', 'failed']);
  expect([busy.error?.code, broken.error?.code]).toEqual(['provider', 'provider']);
  expect([busy.error?.kind, broken.error?.kind]).toEqual(['rate_limited', 'upstream']);
  held('429 and 500 keep their causes');
});

test('an answer that is stopped', async ({ behind, upstream }) => {
  await upstream.plays(answer('One, ', hold, 'two.'));
  const worker = await behind.api.create();
  await behind.api.send(worker, 'Count.');
  await expect
    .poll(async () => (await behind.api.transcript(worker)).messages.at(-1)?.text)
    .toBe('One, ');
  await behind.api.cancel(worker);
  const { turn } = await ended(behind.api, worker, 1);
  expect(turn.state).toBe('cancelled');
  await expect.poll(async () => (await upstream.asked())[0]?.gone_ms ?? null).not.toBeNull();
  held('the proxy drops its own connection to the endpoint, too');
});

test.describe(() => {
  test.use({ key: 'sk-wrong-key-of-companion' });
  test('a wrong key, which the proxy without a database answers with 400', async ({ behind }) => {
    const { turn } = await ask(behind.api, 'Hello');
    expect([turn.state, turn.error?.kind]).toEqual(['failed', 'auth']);
    expect(JSON.stringify(turn)).not.toContain('sk-wrong-key-of-companion');
    held('the key is named as the cause');
  });
});

test.describe(() => {
  test.use({ model: 'nobody' });
  test('a model that the proxy does not know', async ({ behind }) => {
    const { turn } = await ask(behind.api, 'Hello');
    expect([turn.state, turn.error?.kind]).toEqual(['failed', 'model_not_found']);
    held('the model is named as the cause');
  });
});
