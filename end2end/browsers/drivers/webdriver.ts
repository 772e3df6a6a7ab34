// A classic WebDriver session: HTTP requests to the program that drives the browser.

import { PATIENCE_MS } from './driver.ts';

export class Session {
  private constructor(private readonly url: string) {}

  static async begin(server: string, capabilities: object): Promise<Session> {
    const wanted = { capabilities: { alwaysMatch: capabilities } };
    const { sessionId } = (await call('POST', `${server}/session`, wanted)) as {
      sessionId: string;
    };
    return new Session(`${server}/session/${sessionId}`);
  }

  /** Fails when the driver refuses the command or does not answer in time. */
  get<Result>(command: string): Promise<Result> {
    return call('GET', `${this.url}/${command}`) as Promise<Result>;
  }

  /** Fails when the driver refuses the command or does not answer in time. */
  post<Result>(command: string, parameters: object = {}): Promise<Result> {
    return call('POST', `${this.url}/${command}`, parameters) as Promise<Result>;
  }

  async end(): Promise<void> {
    await call('DELETE', this.url);
  }
}

async function call(method: string, url: string, body?: object): Promise<unknown> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(PATIENCE_MS) };
  if (body !== undefined) init.body = JSON.stringify(body);
  const response = await fetch(url, init).catch((error: Error) => {
    throw new Error(`${method} ${url}: ${error.message}`, { cause: error });
  });
  const { value } = (await response.json()) as { value: unknown };
  if (!response.ok) {
    const { error, message } = value as { error: string; message: string };
    throw new Error(`${method} ${url}: ${error}: ${message}`);
  }
  return value;
}
