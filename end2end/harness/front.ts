// Starts a program that serves the client-only console and forwards requests to the server: the
// real Trunk with the repository's Trunk.toml, or the real nginx with the configuration of the
// docs. Both serve the output of `trunk build --release`; nothing is built here. `below.ts` starts
// nginx in front of a server below a base path.

import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';

import type { Below } from './below.ts';
import { Child } from './child.ts';
import * as programs from './programs.ts';
import { changed } from './text.ts';

export type Front = 'server' | 'trunk' | 'nginx' | Below;

/** Where a browser finds the console. */
export interface Site {
  /** `http://127.0.0.1:PORT`, and the base path if there is one */
  readonly url: string;
}

/** A port of 127.0.0.1 that no program listens on. */
export function freePort(): Promise<number> {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => found(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/**
 * Starts Trunk or nginx in front of the server at `backend`, and waits until it serves the console.
 */
export async function startFront(
  front: 'trunk' | 'nginx',
  folder: string,
  backend: string,
  port: number,
): Promise<Started> {
  isBuilt();
  const place = join(folder, front);
  await mkdir(place, { recursive: true });
  const { host } = new URL(backend);
  const child = await (front === 'trunk' ? trunk(place, host, port) : nginx(place, host, port));
  const started = new Started(child, port);
  await started.answers();
  return started;
}

export class Started implements Site {
  constructor(
    private readonly child: Child,
    private readonly port: number,
    private readonly base = '',
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}${this.base}`;
  }

  /** The output of the program. */
  get log(): string {
    return this.child.output;
  }

  /** Waits until the program serves the page. It prints that it listens a moment earlier. */
  async answers(path = this.base || '/'): Promise<void> {
    while (this.child.ended === null) {
      const answer = await fetch(`http://127.0.0.1:${this.port}${path}`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 20));
    }
    throw new Error(`it ended:\n${this.log}`);
  }

  async stop(): Promise<void> {
    await this.child.end('SIGTERM');
  }
}

function isBuilt(): void {
  if (!existsSync(join(programs.spa, 'index.html'))) {
    throw new Error(`${programs.spa} holds no console: run \`trunk build --release\`.`);
  }
}

/** Starts Trunk with Trunk.toml, in which only two addresses and the folders are replaced. */
async function trunk(place: string, backend: string, port: number): Promise<Child> {
  const config = changed(await readFile(programs.file('Trunk.toml'), 'utf8'), [
    ['127.0.0.1:3000', backend],
    ['port = 8080', `port = ${port}`],
  ]);
  const toml = await prebuilt(place, config);
  const [child] = await Child.start({
    program: programs.trunk,
    args: ['serve', '--offline', '--no-autoreload', 'true', '--config', toml],
    cwd: place,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '' },
    ready: /server listening at/,
  });
  return child;
}

/**
 * Makes a copy of Trunk.toml that takes the built files for its sources, so that Trunk copies and
 * serves them without a build. Returns the path of that copy.
 */
export async function prebuilt(place: string, config: string): Promise<string> {
  isBuilt();
  const built = join(place, 'built');
  await cp(programs.spa, built, { recursive: true });
  const names = (await readdir(built)).filter((name) => name !== 'index.html');
  const links = names.map((name) => `<link data-trunk rel="copy-file" href="${name}" />`);
  const page = join(built, 'index.html');
  const html = await readFile(page, 'utf8');
  await writeFile(page, changed(html, [['</head>', `${links.join('\n')}</head>`]]));
  const toml = join(place, 'Trunk.toml');
  const text = changed(config, [
    ['"frontend/index.html"', '"built/index.html"'],
    ['"target/csr"', '"dist"'],
  ]);
  await writeFile(toml, text.replace(/^watch = .*$/m, 'watch = ["built"]'));
  await mkdir(join(place, 'dist'), { recursive: true });
  return toml;
}

/**
 * Starts nginx with the configuration of the docs, in which only the four local values are
 * replaced.
 */
async function nginx(place: string, backend: string, port: number): Promise<Child> {
  const sample = changed(await readFile(programs.file('docs/client-only.nginx.conf'), 'utf8'), [
    ['127.0.0.1:8080', `127.0.0.1:${port}`],
    ['server_name companion.example', 'server_name 127.0.0.1'],
    ['/srv/companion', programs.spa],
    ['127.0.0.1:3000', backend],
  ]);
  return startNginx(place, sample);
}

/** Starts nginx with this site, and with all its files in `place`. */
export async function startNginx(place: string, site: string): Promise<Child> {
  await writeFile(join(place, 'site.conf'), site);
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${place}/${name};`,
  );
  const config = join(place, 'nginx.conf');
  // When it is started as root, its workers would switch to an account that may not read the files.
  const user = process.getuid?.() === 0 ? `user ${userInfo().username};` : '';
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${place}/pid; error_log stderr notice; ${user}
    events {}
    http { include /etc/nginx/mime.types; access_log off; ${own.join(' ')} include site.conf; }`,
  );
  const [child] = await Child.start({
    program: programs.nginx,
    args: ['-p', place, '-c', config, '-e', 'stderr'],
    cwd: place,
    env: { PATH: process.env.PATH ?? '' },
    ready: /start worker processes/,
  });
  return child;
}
