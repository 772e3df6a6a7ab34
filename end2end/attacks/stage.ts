// A browser that checks every element of the pages that a server sends.

import type { Browser, BrowserContext, Page } from '@playwright/test';

import type { Companion } from '../harness/companion.ts';
import { Console } from '../harness/console.ts';
import { Watch } from '../harness/watch.ts';
import { type Known, type Told, audit, settled } from './audit.ts';

/** What a page shows in the place of an answer that was not rendered in time. */
const LATE = '<p class="rendered-late">';
/** How often a page is asked for until all of its answers are rendered; each may take 3 seconds. */
const TRIES = 20;

export class Stage {
  /** What the pages of this stage consist of, apart from the answers. */
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
   * A browser that ignores the pages' Content-Security-Policy, so that an injected script runs.
   * Without `known` it records what the pages consist of.
   */
  static async open(browser: Browser, companion: Companion, known: Known | null): Promise<Stage> {
    const context = await browser.newContext({ bypassCSP: true });
    const watch = new Watch();
    await watch.over(context);
    const seen = await audit(context, known);
    const page = await context.newPage();
    // This page parses other pages without showing them. It has the server's origin, so that
    // relative addresses in them are resolved as in the server's own pages.
    const parser = await context.newPage();
    await parser.goto(`${companion.url}/settings`);
    return new Stage(companion, context, page, parser, watch, seen);
  }

  /**
   * Checks a page as the server sends it, with all of its answers. Returns the number of elements in
   * its transcript.
   */
  async look(path: string, status: number[] = [200]): Promise<number> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { status: answered, body } = await this.companion.api.raw('GET', path);
      const html = body.toString();
      // A busy machine may not render every answer in time; such a page would not be attacked.
      if (html.includes(LATE)) continue;
      if (!status.includes(answered)) this.seen.faults.push(`${path} was answered with ${answered}`);
      return this.lookAt(path, html);
    }
    throw new Error(`${path}: not all answers are rendered, after ${TRIES} tries`);
  }

  /** Checks the HTML of a page. Returns the number of elements in its transcript. */
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

  /** The faults since the last call, including everything that the browser complained about. */
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
