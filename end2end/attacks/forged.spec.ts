// Requests with forged headers are allowed or refused as a second implementation of the rule says,
// and a refused request changes nothing.

import { randomBytes } from 'node:crypto';

import type { Api } from '../harness/api.ts';
import { expect, test } from '../harness/test.ts';
import { CONFIGURED, isAllowed } from './forged/reference.ts';
import { type Call, forged } from './forged/requests.ts';
import { send } from './forged/wire.ts';
import { Rng, sized, tell } from './seed.ts';

/** Requests in the big run: as many as in the attack by hand, which found nothing. */
const BIG = 1786;
/** Connections at the same time. */
const AT_ONCE = 16;

test.use({ settings: { OPEN_HOSTS: CONFIGURED } });

test('exactly the requests with forged hosts, origins or sites are refused', async ({ companion, upstream }) => {
  test.setTimeout(10 * 60_000);
  const port = Number(new URL(companion.url).port);
  const { api } = companion;
  // Requests that have to be refused name the first one. Allowed ones name the second one, and
  // those that delete name the third one.
  const guarded = await api.create('guarded');
  const open = await api.create('open');
  const doomed = await api.create('doomed');
  const before = await api.get(`/api/v1/runtimes/backend-internal/workers/${guarded}`);
  const listed = await workers(api);
  const requests = forged(new Rng('forged'), port, sized(BIG));

  const wrong: string[] = [];
  let [refused, created] = [0, 0];
  const ask = async (request: (typeof requests)[number]) => {
    const allowed = isAllowed(request, port);
    const id = messageId();
    const worker = !allowed ? guarded : removes(request.call) ? doomed : open;
    const { status, head } = await send(port, request, worker, id);
    if (!allowed) refused += 1;
    if (creates(request.call) && (status === 201 || status === 303)) created += 1;
    // A request that is not valid HTTP is refused with 400, before its headers are checked.
    const right = allowed ? status !== 403 && status < 500 : status === 403 || status === 400;
    const cors = /^access-control-/im.test(head);
    if (!right || cors) wrong.push(`${JSON.stringify(request)}: ${allowed ? 'allowed' : 'refused'} by the rule, ${head}`);
  };
  const queue = [...requests];
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await ask(next);
    }),
  );
  expect(wrong.slice(0, 10), 'answers against the rule').toEqual([]);
  expect(await api.get(`/api/v1/runtimes/backend-internal/workers/${guarded}`)).toEqual(before);
  expect((await api.transcript(guarded)).messages).toEqual([]);
  // Only conversations from allowed requests exist, and only those that allowed requests deleted
  // are gone.
  const now = await workers(api);
  expect(listed.filter((worker) => !now.includes(worker))).toEqual([doomed]);
  expect(now.filter((worker) => !listed.includes(worker)).length).toBe(created);
  expect(created, 'some of the allowed ones begin a conversation').toBeGreaterThan(0);
  // A turn asks its model a moment after the message is taken.
  const asked = async () => JSON.stringify(await upstream.asked()).length > 2;
  await expect.poll(asked, { message: 'some of the allowed ones reach the model' }).toBe(true);
  expect(refused).toBeGreaterThan(requests.length / 4);
  expect(refused).toBeLessThan(requests.length);
  tell(`${requests.length} forged requests, ${refused} of them refused, 0 against the rule`);
});

function removes({ method, body }: Call): boolean {
  return method === 'DELETE' || body === 'do=delete';
}

/** The button of the list (`/`) creates none: one in which nothing was said is there from the start. */
function creates({ method, path }: Call): boolean {
  return method === 'POST' && (path === '/new' || path.endsWith('/workers'));
}

/** The ids of all conversations that are not deleted. */
async function workers(api: Api): Promise<string[]> {
  const found: string[] = [];
  let before = '';
  for (;;) {
    const page = await api.get<{ workers: { worker_id: string }[]; next_before: string | null }>(
      `/api/v1/runtimes/backend-internal/workers?limit=200${before}`,
    );
    found.push(...page.workers.map(({ worker_id }) => worker_id));
    if (!page.next_before) return found;
    before = `&before=${encodeURIComponent(page.next_before)}`;
  }
}

function messageId(): string {
  const random = randomBytes(16).toString('hex');
  return `01999999-0000-7${random.slice(0, 3)}-8${random.slice(3, 6)}-${random.slice(6, 18)}`;
}
