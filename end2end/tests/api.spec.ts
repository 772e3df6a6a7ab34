// A program reads and changes the same conversation through the API, over a real socket.

import { workerPath } from '../harness/api.ts';
import { EventStream } from '../harness/events.ts';
import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

interface Event {
  seq: number;
  first_seq?: number;
  type: string;
  offset?: number;
  text?: string;
}

test('events resume by Last-Event-ID with no gap and no repetition', async ({
  companion,
  console,
  upstream,
}) => {
  await upstream.plays(answer('One ', hold, 'two ', hold, 'three.'));
  await console.open();
  const path = `${workerPath(console.worker)}/events?full=true`;
  const first = await EventStream.open(companion.url + path);
  const snapshot = await first.next();
  expect(snapshot.event).toBe('snapshot');
  let seq = 0;
  let text = '';
  // Any client has to do this, because one event may stand for several, also for some seen before.
  const fold = (data: Record<string, unknown>): void => {
    const event = data.event as Event;
    if (seq > 0) expect(event.first_seq ?? event.seq).toBeLessThanOrEqual(seq + 1);
    expect(event.seq).toBeGreaterThan(seq);
    seq = event.seq;
    if (event.type !== 'text_delta') return;
    const offset = event.offset ?? Number.NaN;
    expect(offset, 'no hole').toBeLessThanOrEqual(text.length);
    const folded = text.slice(0, offset) + event.text;
    expect(folded.startsWith(text), 'nothing is taken back').toBe(true);
    text = folded;
  };

  await console.isLive();
  await console.ask('Count.');
  let last = snapshot.id;
  while (text !== 'One ') {
    const { data, id } = await first.next();
    fold(data);
    last = id;
  }
  await first.close();

  await upstream.release();
  await expect(console.answer).toHaveText('One two ');
  const second = await EventStream.open(companion.url + path, last);
  await upstream.release();
  for (let ended = false; !ended; ) {
    const { data } = await second.next();
    fold(data);
    ended = (data.event as { type: string }).type === 'turn_ended';
  }
  await second.close();
  expect(text).toBe('One two three.');
  expect(await console.texts()).toEqual(['Count.', text]);
});

test('a foreign cursor gets a notice and then a snapshot', async ({ companion }) => {
  const path = `${workerPath(await companion.api.newest())}/events`;
  const stream = await EventStream.open(companion.url + path, 'of-another-log');
  const notice = await stream.next();
  expect(notice.event).toBe('notice');
  expect(notice.data).toMatchObject({ error: { code: 'stale_cursor' } });
  expect((await stream.next()).event).toBe('snapshot');
  await stream.close();
});

test('host names and origins of other sites are refused', async ({ companion }) => {
  const { api, url } = companion;
  const worker = await api.newest();
  const message = JSON.stringify({ id: '01890a5d-ac96-774b-bcce-b302099a8057', text: 'x' });
  const json = { 'content-type': 'application/json' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const send = `${workerPath(worker)}/messages`;
  const events = `${workerPath(worker)}/events`;
  const socket = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const other = { origin: 'https://elsewhere.example' };
  const rebound = { host: 'elsewhere.example' };
  const refused = await Promise.all([
    api.raw('GET', '/', rebound),
    api.raw('GET', '/api/v1/status', rebound),
    api.raw('POST', send, { ...json, ...other }, message),
    api.raw('POST', send, { ...json, origin: 'null' }, message),
    api.raw('POST', send, { ...json, 'sec-fetch-site': 'cross-site' }, message),
    api.raw('POST', `/c/${worker}`, { ...form, ...other }, 'do=delete'),
    api.raw('POST', '/', { ...form, ...other }, 'do=create'),
    api.raw('DELETE', workerPath(worker), other),
    api.raw('GET', events, { ...socket, ...other }),
    api.raw('GET', events, { accept: 'text/event-stream', ...other }),
  ]);
  expect(refused.map(({ status }) => status).every((status) => [403, 421].includes(status))).toBe(
    true,
  );
  for (const { headers } of refused) {
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
  expect((await api.transcript(worker)).messages).toEqual([]);
  const own = await api.raw('POST', send, { ...json, origin: url }, message);
  expect(own.status).toBe(202);
});

test('a page of another origin can neither read nor change anything', async ({ companion, page, watch }) => {
  // Another port is another origin, although it is the same site.
  await page.route('http://localhost:9/', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<p>elsewhere</p>' }),
  );
  watch.allowedHosts.push('localhost:9');
  watch.allow(/CORS|ERR_FAILED|answer 403|status of 403|WebSocket connection/);
  await page.goto('http://localhost:9/');
  const worker = await companion.api.newest();
  const tried = await page.evaluate(
    async ([url, path]) => {
      const attempt = (init: RequestInit, at: string): Promise<string> =>
        fetch(url + at, init).then(
          (answer) => answer.type,
          () => 'refused',
        );
      const socket = new Promise<string>((done) => {
        const open = new WebSocket(`${url?.replace('http', 'ws')}${path}/events`);
        open.onopen = () => done('open');
        open.onerror = () => done('refused');
      });
      return [
        await attempt({}, `${path}/transcript`),
        await attempt({ method: 'DELETE' }, path ?? ''),
        await attempt({ method: 'POST', mode: 'no-cors', body: 'x' }, `${path}/messages`),
        await socket,
      ];
    },
    [companion.url, workerPath(worker)],
  );
  expect(tried).toEqual(['refused', 'refused', 'refused', 'refused']);
  expect((await companion.api.transcript(worker)).messages).toEqual([]);
});

test('the status names the provider, but no address and no path', async ({
  companion,
  folder,
  upstream,
}) => {
  const said = JSON.stringify([
    await companion.api.get('/api/v1/status'),
    await companion.api.get('/api/v1/runtimes'),
  ]);
  expect(said).toContain('openai');
  expect(said).not.toContain(new URL(upstream.baseUrl).host);
  expect(said).not.toContain(folder);
  for (const path of ['/healthz', '/readyz']) {
    expect((await companion.api.raw('GET', path)).status).toBe(200);
  }
});
