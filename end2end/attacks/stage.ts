// Browsers that look at every element of what a server shows them.

import type { Browser, BrowserContext, Page } from '@playwright/test';

import type { Companion } from '../harness/companion.ts';
import { Console } from '../harness/console.ts';
import { Watch } from '../harness/watch.ts';
import { type Known, type Told, audit, settled } from './audit.ts';

export class Stage {
  /** What this stage has met around answers. */
  readonly known: Known;
  readonly console: Console;

  private constructor(
    private readonly companion: Companion,
    private readonly context: BrowserContext,
    readonly page: Page,
    private readonly parser: Page,
    private readonly watch: Watch,
    private readonly seen: { faults: string[]; known: Known },
  ) {
    this.known = seen.known;
    this.console = new Console(page, companion);
  }

  /**
   * A browser in which the pages' policy is not in force, so that whatever gets into a page runs.
   * Without `known` it learns what there is.
   */
  static async open(browser: Browser, companion: Companion, known: Known | null): Promise<Stage> {
    const context = await browser.newContext({ bypassCSP: true });
    const watch = new Watch();
    await watch.over(context);
    const seen = await audit(context, known);
    const page = await context.newPage();
    // Parses pages that it does not show. Its own address is the server's, as for links.
    const parser = await context.newPage();
    await parser.goto(`${companion.url}/settings`);
    return new Stage(companion, context, page, parser, watch, seen);
  }

  /** Looks at a page as the server sends it. Gives the number of elements in its transcript. */
  async look(path: string, status: number[] = [200]): Promise<number> {
    const { status: answered, body } = await this.companion.api.raw('GET', path);
    if (!status.includes(answered)) this.seen.faults.push(`${path} was answered with ${answered}`);
    return this.lookAt(path, body.toString());
  }

  /** Looks at a page that somebody was sent. */
  async lookAt(path: string, html: string): Promise<number> {
    const { said, elements } = await this.parser.evaluate(
      (html) => (window as unknown as Looking).__look(html),
      html,
    );
    for (const { fault, known } of said) {
      if (fault !== undefined) this.seen.faults.push(`${path}: ${fault}`);
      if (known && !this.known[known[0]].includes(known[1])) this.known[known[0]].push(known[1]);
    }
    return elements;
  }

  /** What was found since the last time, everything that browsers complained about included. */
  async faults(): Promise<string[]> {
    await settled(this.page);
    const own = new URL(this.companion.url).host;
    const foreign = this.watch.requests.filter(({ url }) => {
      const { protocol, host } = new URL(url);
      return !['data:', 'blob:', 'about:'].includes(protocol) && host !== own;
    });
    const faults = [
      ...this.seen.faults.splice(0),
      ...this.watch.unexpected,
      ...foreign.map(({ url }) => `a request to ${url}`),
    ];
    this.watch.forget();
    return faults;
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}

interface Looking {
  __look: (html: string) => { said: Told[]; elements: number };
}
