// Records everything that a page should not do, in every tab of a context: messages on the
// browser's console, uncaught errors, violated policies, failed requests, requests to other hosts.

import type { BrowserContext, Request } from '@playwright/test';

/**
 * The message of Chromium when a page is left before its socket has opened, for example when a
 * reader switches quickly between conversations. This is not a problem.
 */
const LEFT_WHILE_CONNECTING = 'WebSocket is closed before the connection is established.';

/** One request of a page. */
export interface Seen {
  url: string;
  path: string;
  method: string;
  /** The type of the request in the browser's words: `document`, `script`, `fetch` ... */
  kind: string;
}

export class Watch {
  /** Hosts besides the server to which a page may send requests. */
  readonly allowedHosts: string[] = [];
  /** All requests, in the order in which they started. */
  readonly requests: Seen[] = [];
  private readonly problems: string[] = [];
  private readonly allowed: RegExp[] = [];

  /** Watches all pages of a context, also those that are opened later. */
  async over(context: BrowserContext): Promise<void> {
    context.on('console', (message) => {
      if (message.text().endsWith(LEFT_WHILE_CONNECTING)) return;
      if (message.type() === 'error' || message.type() === 'warning') {
        this.problems.push(`console ${message.type()}: ${message.text()}`);
      }
    });
    context.on('weberror', (error) => this.problems.push(`uncaught: ${error.error().message}`));
    context.on('request', (request) => this.see(request));
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText ?? '';
      // When a page is closed or left, its requests are aborted.
      if (why !== 'net::ERR_ABORTED') {
        this.problems.push(`request failed: ${request.url()} ${why}`);
      }
    });
    context.on('response', (response) => {
      if (response.status() >= 400) {
        this.problems.push(`answer ${response.status()}: ${response.url()}`);
      }
    });
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
      });
    });
  }

  /** Ignores problems that match these patterns. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** Ignores the problems of pages whose server has ended or cannot be reached. */
  allowAbsence(): void {
    this.allow(/^answer 503/, /status of 503/);
    this.allow(/WebSocket connection to/, /ERR_CONNECTION_(REFUSED|RESET)/, /ERR_EMPTY_RESPONSE/);
    this.allow(/ERR_INCOMPLETE_CHUNKED/, /ERR_SOCKET_NOT_CONNECTED/);
  }

  /** Forgets all problems and requests so far. */
  forget(): void {
    this.problems.length = 0;
    this.requests.length = 0;
  }

  /** The problems that no test has allowed. */
  get unexpected(): string[] {
    return this.problems.filter((problem) => !this.allowed.some((like) => like.test(problem)));
  }

  /** The hosts of all requests. */
  get hosts(): string[] {
    const hosts = this.requests
      .map(({ url }) => new URL(url))
      .filter(({ protocol }) => !['data:', 'blob:', 'about:'].includes(protocol));
    return [...new Set(hosts.map(({ host }) => host))];
  }

  private see(request: Request): void {
    const url = request.url();
    this.requests.push({
      url,
      path: new URL(url).pathname,
      method: request.method(),
      kind: request.resourceType(),
    });
  }
}
