// Starts the scripted OpenAI-compatible server, and builds scripts for it.

import { Child } from './child.ts';
import { upstream as program } from './programs.ts';

/** One step on a connection. The crate's `script.rs` lists all of them. */
export type Step = { do: string } & Record<string, unknown>;

/** One request that the server got. */
export interface Asked {
  method: string;
  path: string;
  body: {
    model: string;
    messages: { role: string; content: string }[];
    reasoning_effort?: string;
    temperature?: number;
  } | null;
  /** When the client disconnected before the reply ended. */
  gone_ms: number | null;
  /** When the reply ended. */
  done_ms: number | null;
}

/** Waits for a release. */
export const hold: Step = { do: 'hold' };

/** Ends the connection in the middle of the answer. */
export const cut: Step = { do: 'close' };

/** Sends nothing more, and does not close the connection. */
export const silent: Step = { do: 'silent' };

/** A streamed answer of pieces of text, with other steps among them. */
export function answer(...parts: (string | Step)[]): Step[] {
  const pieces = parts.filter((part) => typeof part === 'string').length;
  return [
    { do: 'stream' },
    delta({ role: 'assistant', content: '' }),
    ...parts.map((part) => (typeof part === 'string' ? delta({ content: part }) : part)),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    chunk([], usage(pieces, parts.filter((part) => isThinking(part)).length)),
    { do: 'text', text: 'data: [DONE]\n\n' },
  ];
}

/** A piece of thinking, for use among the pieces of an answer. */
export function thinks(text: string): Step {
  return delta({ reasoning_content: text });
}

/** An answer whose thinking used up all of its tokens. */
export function thoughtOut(text: string): Step[] {
  return [
    { do: 'stream' },
    thinks(text),
    chunk([{ index: 0, delta: {}, finish_reason: 'length' }]),
    { do: 'text', text: 'data: [DONE]\n\n' },
  ];
}

/** An error response in the format of OpenAI. */
export function refusal(status: number, message: string, headers = {}): Step[] {
  const body = JSON.stringify({ error: { message, type: 'test', code: null } });
  return [
    { do: 'respond', status, headers: { 'content-type': 'application/json', ...headers }, body },
  ];
}

export class Upstream {
  private constructor(
    private readonly child: Child,
    readonly baseUrl: string,
    private readonly control: string,
  ) {}

  static async start(folder: string): Promise<Upstream> {
    const [child, [line]] = await Child.start({
      program,
      cwd: folder,
      env: { PATH: process.env.PATH ?? '' },
      ready: /^\{.*\}$/m,
    });
    const addresses = JSON.parse(line) as { base_url: string; control: string };
    return new Upstream(child, addresses.base_url, addresses.control);
  }

  /** Plays these replies, one for each request. The last one is repeated for further requests. */
  async plays(...replies: Step[][]): Promise<void> {
    await this.call('PUT', 'script', { replies });
  }

  /** Lists these models, and plays these replies as `plays` does. */
  async offers(models: string[], ...replies: Step[][]): Promise<void> {
    await this.call('PUT', 'script', { models, replies });
  }

  /** Ends that many holds: those that wait now, then later ones. */
  async release(holds = 1): Promise<void> {
    await this.call('POST', 'release', { holds });
  }

  /** Refuses connections from now on. */
  async refuse(): Promise<void> {
    await this.call('POST', 'refuse');
  }

  /** Accepts connections again, at the same address. */
  async accept(): Promise<void> {
    await this.call('POST', 'accept');
  }

  /** The requests for answers, in the order of their arrival. */
  async asked(): Promise<Asked[]> {
    const { requests } = (await this.call('GET', 'log')) as { requests: Asked[] };
    return requests.filter((request) => request.path.endsWith('/chat/completions'));
  }

  async stop(): Promise<void> {
    await this.child.end('SIGKILL');
  }

  private async call(method: string, name: string, body?: unknown): Promise<unknown> {
    const init: RequestInit = { method };
    if (body !== undefined) init.body = JSON.stringify(body);
    const response = await fetch(`${this.control}/${name}`, init);
    const said = await response.text();
    if (!response.ok) throw new Error(`the upstream refused ${name}: ${said}`);
    return JSON.parse(said);
  }
}

function isThinking(part: string | Step): boolean {
  return typeof part !== 'string' && JSON.stringify(part).includes('reasoning_content');
}

function usage(pieces: number, thoughts: number): object {
  const completion = pieces + thoughts;
  return {
    prompt_tokens: 12,
    completion_tokens: completion,
    total_tokens: 12 + completion,
    completion_tokens_details: { reasoning_tokens: thoughts },
  };
}

function delta(delta: object): Step {
  return chunk([{ index: 0, delta, finish_reason: null }]);
}

function chunk(choices: object[], usage: object | null = null): Step {
  const json = {
    id: 'chatcmpl-scripted',
    object: 'chat.completion.chunk',
    created: 1_700_000_000,
    model: 'scripted-model',
    choices,
    usage,
  };
  return { do: 'data', json };
}
