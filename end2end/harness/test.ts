// The fixtures. A test gets those that it names among its arguments. Programs that are started for
// it end with the test, and their logs are added to the report if it failed.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Page, type TestInfo, test as base, expect } from '@playwright/test';

import { MEMBER, OWNER } from './accounts.ts';
import { isBelow, startBelow } from './below.ts';
import { API_KEY, Canary } from './canary.ts';
import { Companion, type Provider, type Settings } from './companion.ts';
import { Console } from './console.ts';
import { type Front, type Site, freePort, startFront } from './front.ts';
import { type Relay, startRelay } from './relay.ts';
import { Upstream } from './upstream.ts';
import { Watch } from './watch.ts';

export { expect };

/**
 * Marks a test as one of the main journeys, of which there are ten at most. They also run against
 * the client-only console, so they must not test features that only the server's own page has.
 */
export const journey = { tag: '@journey' };

export interface Options {
  /** The provider: the scripted upstream, the embedded model, or none. */
  provider: 'upstream' | 'local' | 'none';
  /** Settings of the server, see `Companion`. */
  settings: Settings;
  /**
   * The address to which the browser connects: the server itself, a front that serves the
   * client-only console, a proxy of a host whose other paths are another program's, or a relay
   * between the browser and the server.
   */
  front: Front | Relay;
}

interface Fixtures {
  /** A folder for this test only. */
  folder: string;
  upstream: Upstream;
  /** The server, started. */
  companion: Companion;
  /** The port of the front; 0 when the browser talks to the server itself. */
  frontPort: number;
  /** The address at which the browser finds the console. */
  site: Site;
  /** Records everything that a page of this test does wrong, and is checked when the test ends. */
  watch: Watch;
  /** Looks for secrets in all that the server says, and is checked when the test ends. */
  canary: Canary;
  /** The console in the fixture `page`. */
  console: Console;
  /** Another tab of the same browser, by default at the same address. */
  tab: (path?: string) => Promise<Console>;
}

export const test = base.extend<Options & Fixtures>({
  provider: ['upstream', { option: true }],
  settings: [{}, { option: true }],
  front: ['server', { option: true }],

  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'companion-end2end-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  },

  upstream: async ({ folder }, use, info) => {
    const upstream = await Upstream.start(folder);
    await use(upstream);
    if (failed(info)) await attach(info, 'asked of the upstream', await upstream.asked());
    await upstream.stop();
  },

  frontPort: async ({ front }, use) => {
    await use(front === 'server' ? 0 : await freePort());
  },

  companion: async ({ folder, provider, settings, frontPort, upstream }, use, info) => {
    const answers: Provider = provider === 'upstream' ? { baseUrl: upstream.baseUrl } : provider;
    const known = {
      ...(frontPort === 0 ? {} : { OPEN_HOSTS: `127.0.0.1:${frontPort}` }),
      ...(provider === 'upstream' ? { API_KEY } : {}),
    };
    const companion = new Companion(folder, answers, { ...known, ...settings });
    await companion.start();
    await use(companion);
    try {
      await companion.stop();
    } finally {
      if (failed(info)) await attach(info, 'log of the server', companion.log);
    }
  },

  site: async ({ companion, folder, front, frontPort }, use, info) => {
    if (front === 'server') return use(companion);
    const started =
      front === 'trunk' || front === 'nginx'
        ? await startFront(front, folder, companion.url, frontPort)
        : isBelow(front)
          ? await startBelow(front, folder, companion.url, frontPort)
          : await startRelay(front, companion.url, frontPort);
    await use(started);
    await started.stop();
    if (failed(info)) await attach(info, `log of ${front}`, started.log);
  },

  watch: [
    async ({ context, site, javaScriptEnabled }, use) => {
      const watch = new Watch();
      // Chromium then preloads scripts, although none may run.
      if (javaScriptEnabled === false) {
        watch.allow(/^request failed: .*\.js csp$/, /preloaded using link preload but not used/);
      }
      await watch.over(context);
      await use(watch);
      expect.soft(watch.unexpected, 'what no page should do').toEqual([]);
      const own = [new URL(site.url).host, ...watch.allowedHosts];
      const foreign = watch.hosts.filter((host) => !own.includes(host));
      expect.soft(foreign, 'hosts that a page has asked').toEqual([]);
    },
    { auto: true },
  ],

  canary: [
    async ({ companion, context, folder, provider, upstream }, use) => {
      const canary = new Canary();
      canary.keep('a path', folder);
      canary.keep('the key', API_KEY);
      if (provider === 'upstream') canary.keep('the endpoint', new URL(upstream.baseUrl).host);
      for (const { password } of [OWNER, MEMBER]) canary.keep('a password', password);
      canary.over(context);
      await use(canary);
      canary.look('the log', companion.log);
      expect.soft(await canary.found(), 'secrets that the server has told').toEqual([]);
    },
    { auto: true },
  ],

  console: async ({ page, site, watch: _ }, use) => {
    await use(new Console(page, site));
  },

  tab: async ({ context, page, site }, use) => {
    await use(async (path) => {
      const tab = new Console(await context.newPage(), site);
      await tab.open(path ?? pathOf(page));
      return tab;
    });
  },
});

/** The path that a page shows. */
export function pathOf(page: Page): string {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

function failed(info: TestInfo): boolean {
  return info.status !== info.expectedStatus;
}

async function attach(info: TestInfo, name: string, what: unknown): Promise<void> {
  const body = typeof what === 'string' ? what : JSON.stringify(what, null, 2);
  await info.attach(name, { body, contentType: 'text/plain' });
}
