// WebKitGTK's MiniBrowser on its own virtual display, over WebKitWebDriver.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Child } from '../../harness/child.ts';
import { webkitDriver, xvfb } from '../programs.ts';
import type { Driver, InputSource, Setup } from './driver.ts';
import { collectProblems, recordProblems } from './problems.ts';
import { listeningPort } from './ports.ts';
import { Session } from './webdriver.ts';

// The browser's tool bar is wider than a phone and would keep the window wide, so it is shrunk.
const SMALL_TOOLS =
  '* { min-width: 0; min-height: 0; margin: 0; padding: 0; border-width: 0; font-size: 1px; }\n';

export class WebKit implements Driver {
  private readonly seen: string[] = [];

  private constructor(
    private readonly display: Child,
    private readonly child: Child,
    private readonly session: Session,
  ) {}

  /** Starts the browser with a new home folder in `folder`. */
  static async start(folder: string, setup: Setup): Promise<WebKit> {
    const home = join(folder, 'webkit');
    const gtk = join(home, 'config/gtk-3.0');
    await mkdir(gtk, { recursive: true });
    await writeFile(join(gtk, 'gtk.css'), SMALL_TOOLS);
    const [display, [number]] = await Child.start({
      program: xvfb,
      args: ['-displayfd', '1', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'],
      cwd: home,
      env: { PATH: process.env.PATH ?? '' },
      ready: /^\d+$/m,
    });
    try {
      const child = await startDriver(home, number);
      return new WebKit(display, child, await begin(child, setup));
    } catch (error) {
      await display.end('SIGKILL');
      throw error;
    }
  }

  async goto(url: string): Promise<void> {
    await this.watch();
    await this.session.post('url', { url });
    await this.watch();
  }

  async reload(): Promise<void> {
    await this.watch();
    await this.session.post('refresh');
    await this.watch();
  }

  async back(): Promise<void> {
    await this.watch();
    await this.session.post('back');
    await this.watch();
  }

  async forward(): Promise<void> {
    await this.watch();
    await this.session.post('forward');
    await this.watch();
  }

  /**
   * Records the page's problems from now on, and collects those so far: a link or a form may have
   * led to another page, and may do so again at any time.
   */
  async run<Given extends unknown[], Result>(
    look: (...given: Given) => Result,
    ...given: Given
  ): Promise<Result> {
    const [result, problems] = await this.session.post<[Result, string[]]>('execute/sync', {
      script: `(${recordProblems})();
        const result = (${look})(...arguments);
        return [result, (${collectProblems})()];`,
      args: given,
    });
    this.seen.push(...problems);
    return result;
  }

  async perform(...actions: InputSource[]): Promise<void> {
    await this.session.post('actions', { actions });
  }

  async resize(width: number, height: number): Promise<void> {
    const [beside, above] = await this.run(() => [
      outerWidth - innerWidth,
      outerHeight - innerHeight,
    ]);
    await this.session.post('window/rect', {
      width: width + (beside ?? 0),
      height: height + (above ?? 0),
    });
  }

  async screenshot(): Promise<Buffer> {
    return Buffer.from(await this.session.get<string>('screenshot'), 'base64');
  }

  async takeProblems(): Promise<string[]> {
    await this.watch();
    return this.seen.splice(0);
  }

  async close(): Promise<void> {
    try {
      await this.session.end();
      await this.child.end('SIGTERM');
    } finally {
      // A browser that is still running ends when its display does.
      await this.child.end('SIGKILL');
      await this.display.end('SIGTERM');
    }
  }

  get log(): string {
    return this.child.output;
  }

  /** Collects the page's problems, and records them from now on. */
  private async watch(): Promise<void> {
    await this.run(() => null);
  }
}

/**
 * Starts WebKitWebDriver, which prints nothing when it is ready; so a shell prints a line first.
 */
async function startDriver(home: string, display: string): Promise<Child> {
  const [child] = await Child.start({
    program: '/bin/sh',
    args: ['-c', 'echo starts; exec "$0" --port=0', webkitDriver],
    cwd: home,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      XDG_CACHE_HOME: join(home, 'cache'),
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_DATA_HOME: join(home, 'data'),
      DISPLAY: `:${display}`,
      LANG: 'C.UTF-8',
      TZ: 'UTC',
    },
    ready: /^starts$/m,
  });
  return child;
}

async function begin(child: Child, { scripts, dark }: Setup): Promise<Session> {
  try {
    const port = await listeningPort(child);
    const args = ['--automation', `--enable-javascript=${scripts}`];
    if (dark) args.push('--dark-mode');
    const capabilities = { 'webkitgtk:browserOptions': { args } };
    return await Session.begin(`http://127.0.0.1:${port}`, capabilities);
  } catch (error) {
    await child.end('SIGKILL');
    throw error;
  }
}
