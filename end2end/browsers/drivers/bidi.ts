// A WebDriver BiDi connection: sends commands, waits for their answers, and passes events on.

import WebSocket from 'ws';

import { PATIENCE_MS } from './driver.ts';

interface Waiting {
  done: (result: unknown) => void;
  failed: (error: Error) => void;
}

interface Incoming {
  id?: number;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: string;
  message?: string;
}

export class Bidi {
  private last = 0;
  private readonly waiting = new Map<number, Waiting>();

  private constructor(
    private readonly socket: WebSocket,
    onEvent: (method: string, params: unknown) => void,
  ) {
    socket.on('message', (bytes: Buffer) => {
      const said = JSON.parse(bytes.toString()) as Incoming;
      if (said.method !== undefined) onEvent(said.method, said.params);
      if (said.id === undefined) return;
      const { done, failed } = this.waiting.get(said.id) ?? {};
      this.waiting.delete(said.id);
      if (said.error === undefined) done?.(said.result);
      else failed?.(new Error(`${said.error}: ${said.message}`));
    });
    socket.on('close', () => {
      this.waiting.forEach(({ failed }) => failed(new Error('the browser closed its connection')));
      this.waiting.clear();
    });
  }

  static async connect(
    url: string,
    onEvent: (method: string, params: unknown) => void,
  ): Promise<Bidi> {
    const socket = new WebSocket(url, { handshakeTimeout: PATIENCE_MS });
    const bidi = new Bidi(socket, onEvent);
    await new Promise<void>((done, failed) => {
      socket.once('open', () => done());
      socket.once('error', failed);
    });
    // Every error is followed by a close, which fails all commands that still wait.
    socket.on('error', () => {});
    return bidi;
  }

  /** Fails when the browser refuses the command or does not answer in time. */
  async call<Result>(method: string, params: object): Promise<Result> {
    const id = (this.last += 1);
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<Result>((done, failed) => {
        this.waiting.set(id, { done: (result) => done(result as Result), failed });
        timer = setTimeout(() => failed(new Error(`${method} took too long`)), PATIENCE_MS);
        this.socket.send(JSON.stringify({ id, method, params }));
      });
    } finally {
      clearTimeout(timer);
      this.waiting.delete(id);
    }
  }

  close(): void {
    this.socket.close();
  }
}
