// Three sites that a user visits beside the console: another port of the same address, another
// name of the same machine, and a page without an origin. None of them reads or changes anything.

import type { Browser, Frame, Page } from '@playwright/test';

import type { Api } from '../harness/api.ts';
import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';
import { Attacker, type Loot, attack } from './origins/attacker.ts';
import { Careless } from './origins/careless.ts';
import { tell } from './seed.ts';

const SITES: [string, string, string][] = [
  ['another port of the address', '127.0.0.1', ''],
  ['another name of the machine', 'localhost', ''],
  ['no origin', '127.0.0.1', '?null'],
];

/** Opens the attacker's page in a browser that knows the console, and attacks from there. */
async function attacked(
  browser: Browser,
  site: { host: string; query: string },
  target: { url: string; worker: string },
): Promise<Loot> {
  const context = await browser.newContext();
  const attacker = await Attacker.start(site.host);
  try {
    // The browser has visited the console before, so it has its cookies and cached files.
    const visited = await context.newPage();
    await visited.goto(target.url);
    const page = await context.newPage();
    await page.goto(`${attacker.url}/${site.query}`);
    const frame = site.query === '' ? page.mainFrame() : await inner(page);
    return await frame.evaluate(attack, target);
  } finally {
    await context.close();
    await attacker.stop();
  }
}

async function inner(page: Page): Promise<Frame> {
  const element = await page.locator('iframe').elementHandle();
  const frame = await element?.contentFrame();
  if (!frame) throw new Error('the page has no frame without an origin');
  return frame;
}

/** All conversations with their transcripts, as the server gives them. */
async function everything(api: Api): Promise<unknown> {
  const { workers } = await api.get<{ workers: { worker_id: string }[] }>(
    '/api/v1/runtimes/backend-internal/workers?limit=200',
  );
  const transcripts = workers.map(({ worker_id }) => api.transcript(worker_id));
  return [workers, await Promise.all(transcripts)];
}

for (const [name, host, query] of SITES) {
  test(`a site with ${name} reads nothing and changes nothing`, async ({ browser, companion, upstream }) => {
    test.setTimeout(5 * 60_000);
    const { api } = companion;
    await upstream.plays(answer('A secret answer.'));
    const worker = await api.create('A secret');
    await api.send(worker, 'A secret question');
    await expect.poll(async () => (await api.transcript(worker)).turns[0]?.state).toBe('completed');
    const before = await everything(api);
    const asked = (await upstream.asked()).length;

    const { tried, read } = await attacked(browser, { host, query }, { url: companion.url, worker });
    expect(read, 'what was read').toEqual([]);
    expect(await everything(api), 'what there is').toEqual(before);
    expect(await upstream.asked(), 'questions to the model').toHaveLength(asked);

    // The same attacks succeed against a server that answers everybody.
    const careless = await Careless.start();
    const found = await attacked(browser, { host, query }, { url: careless.url, worker: 'w' });
    const changing = careless.asked.filter((line) => !line.startsWith('GET'));
    await careless.stop();
    expect(found.read.length, 'what is read of it').toBeGreaterThan(20);
    expect(changing.length, 'what it is asked to do').toBeGreaterThan(40);
    tell(`${tried.length} attacks by a site with ${name}, 0 of them read or changed anything`);
  });
}
