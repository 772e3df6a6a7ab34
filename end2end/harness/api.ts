// The HTTP interface as a program would use it, to see what the page does not show.

import { request as httpRequest } from 'node:http';

export interface Turn {
  turn_id: string;
  state: string;
  model: string;
  retries?: { error: { code: string; kind?: string }; wait_ms: number }[];
  error?: { code: string; kind?: string; message: string; hint?: string };
  usage?: { prompt_tokens: number; completion_tokens: number };
  timings: { first_token_ms?: number; total_ms?: number };
}

export interface Message {
  id: string;
  role: 'user' | 'assistant';
  text: string;
  turn_id?: string;
}

export interface Transcript {
  messages: Message[];
  turns: Turn[];
  cursor: string;
}

/** An answer as it came over the wire. */
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

  async get<T>(path: string): Promise<T> {
    const response = await fetch(this.url + path);
    if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Any request with any header, also those that `fetch` keeps to itself; no redirects. */
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

export function workerPath(worker: string): string {
  return `${RUNTIME}/workers/${worker}`;
}
