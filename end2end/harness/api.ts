// Uses the HTTP API as a program would, to check things that the page does not show.

import { randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';

export interface Turn {
  turn_id: string;
  state: string;
  model: string;
  retries?: {
    error: { code: string; kind?: string; said?: string };
    wait_ms: number;
    adjustment?: string;
  }[];
  error?: { code: string; kind?: string; message: string; hint?: string; said?: string };
  usage?: { prompt_tokens: number; completion_tokens: number };
  timings: { first_token_ms?: number; total_ms?: number };
}

export interface Message {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  reasoning?: string;
  turn_id?: string;
}

export interface Transcript {
  messages: Message[];
  turns: Turn[];
  cursor: string;
}

/** An HTTP response, unparsed. */
export interface Raw {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export class Api {
  constructor(private readonly url: string) {}

  /** The newest conversation's id. */
  async newest(): Promise<string> {
    const { workers } = await this.get<{ workers: { worker_id: string }[] }>(`${RUNTIME}/workers`);
    if (!workers[0]) throw new Error('there is no conversation');
    return workers[0].worker_id;
  }

  transcript(worker: string): Promise<Transcript> {
    return this.get(`${workerPath(worker)}/transcript`);
  }

  /** Begins a conversation, and gives it a name if there is one. */
  async create(title?: string): Promise<string> {
    const { worker_id } = await this.call<{ worker_id: string }>('POST', `${RUNTIME}/workers`, {
      title: title ?? null,
    });
    return worker_id;
  }

  /** Changes a conversation: its `title`, its `place`, or its `model`. */
  async change(
    worker: string,
    change: { title?: string; place?: string; model?: string },
  ): Promise<void> {
    await this.call('PATCH', workerPath(worker), change);
  }

  /** Deletes a conversation. It can be restored, unless it is deleted permanently. */
  async delete(worker: string, how: 'for now' | 'for good' = 'for now'): Promise<void> {
    await this.call('DELETE', `${workerPath(worker)}${how === 'for good' ? '?purge=true' : ''}`);
  }

  /** Sends a message as another program would. */
  async send(worker: string, text: string): Promise<void> {
    await this.call('POST', `${workerPath(worker)}/messages`, { id: messageId(), text });
  }

  /** Stops the answer that a conversation's model is writing. */
  async cancel(worker: string): Promise<void> {
    await this.call('POST', `${workerPath(worker)}/cancel`);
  }

  /** Closes a conversation to new messages permanently. */
  async close(worker: string): Promise<void> {
    await this.call('POST', `${workerPath(worker)}/stop`);
  }

  /** Shares a copy of a conversation as it is. */
  share(worker: string, what: { thinking?: boolean; system_prompt?: boolean } = {}): Promise<{ id: number; path: string }> {
    return this.call('POST', `${workerPath(worker)}/shares`, what);
  }

  /** Imports a file of another program. */
  async import(file: unknown): Promise<void> {
    await this.call('POST', `${RUNTIME}/import`, file);
  }

  private async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const init: RequestInit = { method, headers: { 'content-type': 'application/json' } };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await fetch(this.url + path, init);
    const said = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${said}`);
    return (said === '' ? undefined : JSON.parse(said)) as T;
  }

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Sends a request with any headers, also those that `fetch` forbids. Follows no redirects. */
  raw(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body = '',
  ): Promise<Raw> {
    return new Promise((done, failed) => {
      const request = httpRequest(this.url + path, { method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', failed);
        response.on('end', () =>
          done({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
          }),
        );
      });
      request.on('error', failed);
      request.end(body);
    });
  }
}

const RUNTIME = '/api/v1/runtimes/backend-internal';

/** A new id: a UUID of version 7 with the present time. */
function messageId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  const random = randomBytes(10).toString('hex');
  return [
    time.slice(0, 8),
    time.slice(8),
    `7${random.slice(0, 3)}`,
    `8${random.slice(3, 6)}`,
    random.slice(6, 18),
  ].join('-');
}

export function workerPath(worker: string): string {
  return `${RUNTIME}/workers/${worker}`;
}
