// Finds the port of a program that chose a free one and does not print it.

import { readFile, readdir, readlink } from 'node:fs/promises';

import { PATIENCE_MS } from './driver.ts';

/** The number of a TCP socket's state in /proc/net/tcp while it listens. */
const LISTENING = '0A';

/** Waits until a process listens on a port, and returns the port. */
export async function listeningPort(pid: number): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const port = await find(pid);
    if (port !== undefined) return port;
    if (Date.now() > deadline) throw new Error(`process ${pid} listens nowhere`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

async function find(pid: number): Promise<number | undefined> {
  const files = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(
    files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')),
  );
  const lines = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n').slice(1);
  for (const line of lines) {
    const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTENING && links.includes(`socket:[${inode}]`)) {
      return Number.parseInt(local.split(':')[1] ?? '', 16);
    }
  }
  return undefined;
}
