// The development server, running in a copy of the tree (tools/development.sh made it).

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

/** How long the development server may take to end after Ctrl-C. */
const END_MS = 30_000;

export class Development {
  output = '';

  private constructor(
    readonly folder: string,
    readonly url: string,
    private readonly process: ChildProcess,
  ) {
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    }
  }

  /** Begins to build and serve in a copy of the tree, as `make dev` does. */
  static async start(folder: string, baseUrl: string): Promise<Development> {
    const [listen, reload] = [await freePort(), await freePort()];
    const address = `127.0.0.1:${listen}`;
    const child = spawn(join(folder, 'tools/dev.sh'), [], {
      cwd: folder,
      // A group of its own: Ctrl-C at a terminal reaches all of a group.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        COMPANION_LISTEN: address,
        LEPTOS_RELOAD_PORT: String(reload),
        COMPANION_DATA_DIR: join(folder, 'target/data'),
        COMPANION_BASE_URL: baseUrl,
        COMPANION_MODEL: 'scripted-model',
      },
    });
    return new Development(folder, `http://${address}`, child);
  }

  /** Waits until the page is served. Fails with the last output when the process ends before. */
  async ready(withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline) {
      if (this.process.exitCode !== null) break;
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 250));
    }
    throw new Error(`the development server is not ready:\n${this.output.slice(-4000)}`);
  }

  /** Replaces a text in a file of the copy. Fails when the file does not contain `from`. */
  async change(file: string, from: string, to: string): Promise<void> {
    const path = join(this.folder, file);
    const text = await readFile(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
    await writeFile(path, text.replace(from, to));
  }

  /** Ends the server as Ctrl-C does. Returns false when it had to be killed. */
  async interrupt(): Promise<boolean> {
    const group = -(this.process.pid ?? 0);
    if (this.process.exitCode !== null) return true;
    const ended = new Promise<boolean>((done) => this.process.once('exit', () => done(true)));
    process.kill(group, 'SIGINT');
    const late = new Promise<boolean>((done) => setTimeout(() => done(false), END_MS).unref());
    const orderly = await Promise.race([ended, late]);
    if (!orderly) process.kill(group, 'SIGKILL');
    return orderly;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
