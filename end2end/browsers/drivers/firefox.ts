// Firefox, headless, over WebDriver BiDi. It speaks the protocol itself, so no driver program runs.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Child } from '../../harness/child.ts';
import { firefox } from '../programs.ts';
import { Bidi } from './bidi.ts';
import type { Driver, InputSource, Setup } from './driver.ts';

/** The events that are subscribed to, because they can report a problem of a page. */
const EVENTS = ['log.entryAdded', 'network.fetchError', 'network.responseCompleted'];

/** The browser's errors for requests that the page itself aborted, or left unfinished. */
const GIVEN_UP = ['NS_BINDING_ABORTED', 'NS_ERROR_ABORT'];

export class Firefox implements Driver {
  private constructor(
    private readonly child: Child,
    private readonly bidi: Bidi,
    private readonly context: string,
    private readonly seen: string[],
  ) {}

  /** Starts Firefox with a new profile in `folder`. */
  static async start(folder: string, setup: Setup): Promise<Firefox> {
    const profile = join(folder, 'firefox');
    await mkdir(profile, { recursive: true });
    await writeFile(join(profile, 'user.js'), preferences(setup));
    const [child, [, address = '']] = await Child.start({
      program: firefox,
      args: ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0'],
      cwd: profile,
      env: { PATH: process.env.PATH ?? '', HOME: profile, TZ: 'UTC' },
      ready: /WebDriver BiDi listening on (ws:\/\/\S+)/,
    });
    const seen: string[] = [];
    try {
      const bidi = await Bidi.connect(`${address}/session`, (method, params) => {
        const problem = problemOf(method, params as Told);
        if (problem !== undefined) seen.push(problem);
      });
      await bidi.call('session.new', { capabilities: {} });
      await bidi.call('session.subscribe', { events: EVENTS });
      const tree = await bidi.call<Tree>('browsingContext.getTree', {});
      const [tab] = tree.contexts;
      if (!tab) throw new Error('Firefox has no tab');
      return new Firefox(child, bidi, tab.context, seen);
    } catch (error) {
      await child.end('SIGKILL');
      throw error;
    }
  }

  async goto(url: string): Promise<void> {
    await this.call('browsingContext.navigate', { url, wait: 'complete' });
  }

  async reload(): Promise<void> {
    await this.call('browsingContext.reload', { wait: 'complete' });
  }

  async back(): Promise<void> {
    await this.call('browsingContext.traverseHistory', { delta: -1 });
  }

  async forward(): Promise<void> {
    await this.call('browsingContext.traverseHistory', { delta: 1 });
  }

  async run<Given extends unknown[], Result>(
    look: (...given: Given) => Result,
    ...given: Given
  ): Promise<Result> {
    const answer = await this.bidi.call<Evaluated>('script.callFunction', {
      // A sandbox, whose global objects the page cannot change.
      target: { context: this.context, sandbox: 'journeys' },
      functionDeclaration: `(given) => JSON.stringify((${look})(...JSON.parse(given)))`,
      arguments: [{ type: 'string', value: JSON.stringify(given) }],
      awaitPromise: false,
    });
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
    const { value } = answer.result;
    return (value === undefined ? undefined : JSON.parse(value)) as Result;
  }

  async perform(...actions: InputSource[]): Promise<void> {
    await this.call('input.performActions', { actions });
  }

  async resize(width: number, height: number): Promise<void> {
    await this.call('browsingContext.setViewport', { viewport: { width, height } });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.call<{ data: string }>('browsingContext.captureScreenshot', {});
    return Buffer.from(data, 'base64');
  }

  async takeProblems(): Promise<string[]> {
    // Messages come in order, so when this call is answered all earlier events have come.
    await this.bidi.call('session.status', {});
    return this.seen.splice(0);
  }

  async close(): Promise<void> {
    await this.bidi.call('browser.close', {}).catch(() => {});
    this.bidi.close();
    await this.child.end('SIGTERM');
  }

  get log(): string {
    return this.child.output;
  }

  private call<Result>(method: string, params: object): Promise<Result> {
    return this.bidi.call(method, { context: this.context, ...params });
  }
}

interface Tree {
  contexts: { context: string }[];
}

type Evaluated =
  | { type: 'success'; result: { value?: string } }
  | { type: 'exception'; exceptionDetails: { text: string } };

interface Told {
  level?: string;
  text?: string | null;
  errorText?: string;
  request?: { url: string };
  response?: { status: number };
}

function preferences({ scripts, dark }: Setup): string {
  const chosen = {
    'javascript.enabled': scripts,
    // 0 is dark and 1 is light, whatever the system prefers.
    'layout.css.prefers-color-scheme.content-override': dark ? 0 : 1,
    'datareporting.policy.dataSubmissionEnabled': false,
    'toolkit.telemetry.reportingpolicy.firstRun': false,
  };
  const lines = Object.entries(chosen).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
  );
  return lines.join('');
}

function problemOf(method: string, told: Told): string | undefined {
  const { level = '', text, errorText = '', request, response } = told;
  if (method === 'log.entryAdded' && ['error', 'warn'].includes(level)) {
    return `console ${level}: ${text}`;
  }
  if (method === 'network.fetchError' && !GIVEN_UP.includes(errorText)) {
    return `request failed: ${request?.url} ${errorText}`;
  }
  if (method === 'network.responseCompleted' && response && response.status >= 400) {
    return `answer ${response.status}: ${request?.url}`;
  }
  return undefined;
}
