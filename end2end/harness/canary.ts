// Looks for secrets in what the server says during a test: the bodies and headers of the answers that
// pages get, the frames of their WebSockets, and the log. The attacks of `server/canary` make the server fail
// in many ways and look for the same; this looks in passing, in each browser test.

import type { BrowserContext, Response } from '@playwright/test';

/** The key that the server has for the scripted endpoint. */
export const API_KEY = 'sk-canary-4b7d2a90c1';

/** The name of a cookie with the secret of a session or of a device. */
const SECRET_COOKIE = /^(?:__(?:Host|Secure)-)?companion-(?:session|device)=([^;]+)/;
/** Answers whose bodies have no end, or are files of the build. */
const NOT_READ = /^text\/event-stream|^application\/wasm|^font\/|^image\/png/;

export class Canary {
  private readonly secrets = new Map<string, string>();
  private readonly reads: Promise<void>[] = [];
  private leaks: string[] = [];
  /** How many texts were looked into. */
  looked = 0;

  /** Looks for `secret` from now on, and calls it `name`. */
  keep(name: string, secret: string): void {
    if (secret.length < 8) throw new Error(`${name} is too short to be looked for`);
    this.secrets.set(secret, name);
  }

  /** Looks into all answers and frames that the pages of a context get. */
  over(context: BrowserContext): void {
    context.on('response', (response) => this.reads.push(this.read(response)));
    context.on('page', (page) => {
      page.on('websocket', (socket) => {
        socket.on('framereceived', ({ payload }) => this.look('a frame', payload.toString()));
      });
    });
  }

  look(where: string, text: string): void {
    this.looked += 1;
    for (const [secret, name] of this.secrets) {
      if (text.includes(secret)) this.leaks.push(`${name} in ${where}`);
    }
  }

  /** What was found where it must not be, once all answers are read. */
  async found(): Promise<string[]> {
    await Promise.allSettled(this.reads);
    return [...new Set(this.leaks)];
  }

  forget(): void {
    this.leaks = [];
  }

  private async read(response: Response): Promise<void> {
    const path = new URL(response.url()).pathname;
    // A page that is left takes its answers along.
    const headers = await response.headersArray().catch(() => []);
    for (const { name, value } of headers) {
      const [, secret] = (name.toLowerCase() === 'set-cookie' && SECRET_COOKIE.exec(value)) || [];
      // A cookie that is removed is empty.
      if (secret && secret.length >= 8) this.keep(`the cookie of ${path}`, secret);
      else this.look(`the header ${name} of ${path}`, value);
    }
    if (NOT_READ.test(response.headers()['content-type'] ?? '')) return;
    const body = await response.text().catch(() => '');
    this.look(`the answer of ${path}`, body);
  }
}
