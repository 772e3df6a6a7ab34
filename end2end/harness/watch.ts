// Sees everything that a page should not do, in every tab of a context: messages on the
// browser's console, errors nobody caught, violated policies, failed or foreign requests.

import type { BrowserContext, Request } from '@playwright/test';

/**
 * What Chromium says when a page is left before its socket has opened, as walking quickly
 * between conversations does. Nothing is wrong then.
 */
const LEFT_WHILE_CONNECTING = 'WebSocket is closed before the connection is established.';

/** One request of a page. */
export interface Seen {
  url: string;
  path: string;
  method: string;
  /** The browser's word for what it is for: `document`, `script`, `fetch` ... */
  kind: string;
}

export class Watch {
  /** Hosts besides the server that a page may ask. */
  readonly allowedHosts: string[] = [];
  /** Every request in the order of their starts. */
  readonly requests: Seen[] = [];
  private readonly problems: string[] = [];
  private readonly allowed: RegExp[] = [];

  /** Watches all pages of a context, those to come too. */
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
      // A page that goes away takes its requests with it.
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

  /** Expects problems like these, and so does not report them. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** Expects that the server is about to end, or cannot be reached, for a while. */
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

  /** What nobody allowed. */
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
