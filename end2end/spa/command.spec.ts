// `tools/spa.sh`, which `make spa` runs: it starts the server and Trunk, and ends both together.

import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { Api } from '../harness/api.ts';
import { Child, type Start } from '../harness/child.ts';
import { childrenOf } from '../harness/companion.ts';
import { freePort, prebuilt } from '../harness/front.ts';
import * as programs from '../harness/programs.ts';
import { expect, test } from '../harness/test.ts';

// The command starts its own server and its own Trunk.
test.use({ front: 'server' });

/** How the tests start the command: with a server and a console that are already built. */
async function command(folder: string, port: number, ...args: string[]): Promise<Start> {
  const config = await prebuilt(folder, await readFile(programs.file('Trunk.toml'), 'utf8'));
  const env = { ...process.env } as Record<string, string>;
  return {
    program: programs.file('tools/spa.sh'),
    args: ['--listen', '127.0.0.1:0', ...args],
    cwd: folder,
    env: {
      ...env,
      SPA_PORT: String(port),
      COMPANION_BIN: programs.companion,
      COMPANION_DATA_DIR: `${folder}/data-of-the-command`,
      TRUNK_CONFIG: config,
    },
    ready: /console is at (http:\/\/127\.0\.0\.1:\d+)/,
    // The command's server and Trunk are in separate process groups. The command ends both when it
    // gets a signal.
    last: 'SIGTERM',
  };
}

/** Starts the command, and ends it after `use`, even if `use` fails. */
async function running(start: Start, use: (child: Child, url: string) => Promise<void>): Promise<void> {
  const [child, [, url = '']] = await Child.start(start);
  try {
    await use(child, url);
  } finally {
    await child.end('SIGTERM');
  }
}

/** The ports of the command's server and of its Trunk. */
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

test('the command starts the server and Trunk, and ends both', async ({ folder, page, watch }) => {
  await running(await command(folder, await freePort()), async (child, url) => {
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
});

test('the command reports a port in use before anything is built', async ({ folder }) => {
  const taken = createServer();
  const port = await new Promise<number>((found) => {
    taken.listen(0, '127.0.0.1', () => found((taken.address() as { port: number }).port));
  });
  try {
    const started = Child.start(await command(folder, port));
    await expect(started).rejects.toThrow(new RegExp(`port ${port} is taken`));
  } finally {
    taken.close();
  }
});

test('host names that are open by a flag or in the configuration file stay open', async ({ folder }) => {
  const file = join(folder, 'companion.toml');
  await writeFile(file, 'open_hosts = ["of-the-file.example"]\n');
  for (const [args, name] of [
    [['--open-hosts', 'of-a-flag.example'], 'of-a-flag.example'],
    [['--config', file], 'of-the-file.example'],
  ] as const) {
    await running(await command(folder, await freePort(), ...args), async (_, url) => {
      const front = new Api(url);
      const own = new URL(url).host;
      for (const host of [own, name]) {
        expect((await front.raw('GET', '/api/v1/status', { host })).status, host).toBe(200);
      }
      const other = await front.raw('GET', '/api/v1/status', { host: 'other.example' });
      expect(other.status).toBe(403);
    });
  }
});

test('the command reports that the server does not allow the host name of the console', async ({ folder }) => {
  // This server allows no names besides its own.
  const server = join(folder, 'companion');
  const lines = ['#!/bin/sh', 'unset COMPANION_OPEN_HOSTS', `exec '${programs.companion}' "$1" --listen 127.0.0.1:0`];
  await writeFile(server, `${lines.join('\n')}\n`, { mode: 0o755 });
  const start = await command(folder, await freePort());
  start.env.COMPANION_BIN = server;
  await expect(Child.start(start)).rejects.toThrow(/does not allow the name 127\.0\.0\.1:\d+/);
});

test('the command ends Trunk when the server ends', async ({ folder }) => {
  await running(await command(folder, await freePort()), async (child) => {
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
});
