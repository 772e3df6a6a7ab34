// `tools/spa.sh`, which `make spa` runs: it starts the server and Trunk, and ends both together.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

import { Child, type Start } from '../harness/child.ts';
import { childrenOf } from '../harness/companion.ts';
import { freePort, prebuilt } from '../harness/front.ts';
import * as programs from '../harness/programs.ts';
import { expect, test } from '../harness/test.ts';

// The command starts its own server and its own Trunk.
test.use({ front: 'server' });

/** How the tests start the command: with a server and a console that are already built. */
async function command(folder: string, port: number): Promise<Start> {
  const config = await prebuilt(folder, await readFile(programs.file('Trunk.toml'), 'utf8'));
  const env = { ...process.env } as Record<string, string>;
  return {
    program: programs.file('tools/spa.sh'),
    args: ['--listen', '127.0.0.1:0'],
    cwd: folder,
    env: {
      ...env,
      SPA_PORT: String(port),
      COMPANION_BIN: programs.companion,
      COMPANION_DATA_DIR: `${folder}/data-of-the-command`,
      TRUNK_CONFIG: config,
    },
    ready: /console is at (http:\/\/127\.0\.0\.1:\d+)/,
  };
}

/** The ports of its server and of its Trunk. */
function ports(child: Child): number[] {
  const backend = /The server is at 127\.0\.0\.1:(\d+)/.exec(child.output)?.[1];
  const front = /console is at http:\/\/127\.0\.0\.1:(\d+)/.exec(child.output)?.[1];
  return [Number(backend), Number(front)];
}

async function isGone(port: number): Promise<void> {
  await expect
    .poll(() => fetch(`http://127.0.0.1:${port}/`).then(() => 'there', () => 'gone'))
    .toBe('gone');
}

test('starts both, lets the console work, and ends both', async ({ folder, page, watch }) => {
  const [child, [, url = '']] = await Child.start(await command(folder, await freePort()));
  watch.allowedHosts.push(new URL(url).host);
  await page.goto(url);
  await expect(page.locator('[data-link]')).toHaveAttribute('data-link', 'live');
  await page.getByRole('button', { name: 'New conversation', exact: true }).click();
  await expect(page).toHaveURL(/\/c\//);
  const [backend = 0, front = 0] = ports(child);
  await page.close();
  await child.end('SIGTERM');
  expect(child.ended).toBe(143);
  await isGone(backend);
  await isGone(front);
});

test('names a port that is taken, before anything is built', async ({ folder }) => {
  const taken = createServer();
  const port = await new Promise<number>((found) => {
    taken.listen(0, '127.0.0.1', () => found((taken.address() as { port: number }).port));
  });
  const started = Child.start(await command(folder, port));
  await expect(started).rejects.toThrow(new RegExp(`port ${port} is taken`));
  taken.close();
});

test('ends Trunk when the server ends', async ({ folder }) => {
  const [child] = await Child.start(await command(folder, await freePort()));
  const [, front = 0] = ports(child);
  const names = await Promise.all(
    (await childrenOf(child.pid)).map(async (pid) => ({
      pid,
      name: (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')[0] ?? '',
    })),
  );
  const server = names.find(({ name }) => name === programs.companion);
  expect(server, JSON.stringify(names)).toBeDefined();
  process.kill(server?.pid ?? 0, 'SIGKILL');
  await expect.poll(() => child.ended).toBe(1);
  expect(child.output).toContain('the server ended, and Trunk with it');
  await isGone(front);
});
