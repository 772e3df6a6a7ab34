// Code that the tests of all peers share: a server from a package registry before or behind
// Companion, and the notes for the report.

import { type TestInfo, test } from '@playwright/test';

import type { Api, Message, Turn } from '../harness/api.ts';
import { Child } from '../harness/child.ts';
import { freePort } from '../harness/front.ts';

export interface Peer {
  child: Child;
  /** `http://127.0.0.1:PORT`. */
  url: string;
}

/** Starts a uvicorn server on a free port of this machine, without the environment of the tests. */
export async function startPeer(
  program: string | undefined,
  args: (port: number) => string[],
  folder: string,
  env: Record<string, string> = {},
): Promise<Peer> {
  if (!program) throw new Error('the peers are started by tools/peers.sh');
  const port = await freePort();
  const [child] = await Child.start({
    program,
    args: args(port),
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder, ...env },
    ready: /Uvicorn running on/,
  });
  return { child, url: `http://127.0.0.1:${port}` };
}

const FINAL = ['completed', 'failed', 'cancelled', 'interrupted'];

/** The newest turn of a conversation with its answer, once it has ended. */
export async function ended(
  api: Api,
  worker: string,
  turns: number,
): Promise<{ turn: Turn; answer: Message | undefined }> {
  for (let tries = 0; tries < 1_200; tries += 1) {
    const { turns: all, messages } = await api.transcript(worker);
    const turn = all.at(-1);
    if (turn && all.length === turns && FINAL.includes(turn.state)) {
      const answer = messages.findLast((message) => message.role === 'assistant');
      return { turn, answer };
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('the turn did not end');
}

/** Sends a message in a new conversation and waits for the end of the turn. */
export async function ask(
  api: Api,
  text: string,
): Promise<{ turn: Turn; answer: Message | undefined; worker: string }> {
  const worker = await api.create();
  await api.send(worker, text);
  return { ...(await ended(api, worker, 1)), worker };
}

/** The result that `docs/endpoints.md` shows beside the title of this test. */
export function held(what: string): void {
  note(test.info(), 'held', what);
}

/** The name and version of the server that was tested. */
export function peer(name: string): void {
  note(test.info(), 'peer', name);
}

function note(info: TestInfo, type: string, description: string): void {
  info.annotations.push({ type, description });
}
