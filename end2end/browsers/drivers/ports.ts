// Finds the port of a program that chose a free one and does not print it.

import { readFile, readdir, readlink } from 'node:fs/promises';

import type { Child } from '../../harness/child.ts';
import { PATIENCE_MS } from './driver.ts';

/** The number of a TCP socket's state in /proc/net/tcp while it listens. */
const LISTENING = '0A';

/** Waits until a program listens on a port, and returns the port. Fails when the program ends. */
export async function listeningPort(child: Child): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS;
  while (child.ended === null && Date.now() < deadline) {
    const port = await find(child.pid);
    if (port !== undefined) return port;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`process ${child.pid} listens nowhere:\n${child.output}`);
}

async function find(pid: number): Promise<number | undefined> {
  // There are none when the process has ended.
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  const links = await Promise.all(
    files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')),
  );
  const table = await readFile(`/proc/${pid}/net/tcp`, 'utf8').catch(() => '');
  const lines = table.trim().split('\n').slice(1);
  for (const line of lines) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTENING && links.includes(`socket:[${inode}]`)) {
      return Number.parseInt(local.split(':')[1] ?? '', 16);
    }
  }
  return undefined;
}
