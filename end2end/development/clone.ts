// The development server, running in a copy of the tree (tools/development.sh made it).

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Child } from '../harness/child.ts';
import { freePort } from '../harness/front.ts';
import { changed } from '../harness/text.ts';

export class Development {
  private constructor(
    readonly folder: string,
    readonly url: string,
    private readonly child: Child,
  ) {}

  /** Starts to build and serve in a copy of the tree, as `make dev` does. */
  static async start(folder: string, baseUrl: string): Promise<Development> {
    const [listen, reload] = [await freePort(), await freePort()];
    const address = `127.0.0.1:${listen}`;
    const [child] = await Child.start({
      program: join(folder, 'tools/dev.sh'),
      cwd: folder,
      // Ctrl-C at a terminal reaches all of a group: cargo-leptos, the compiler and the server.
      group: true,
      env: {
        ...(process.env as Record<string, string>),
        COMPANION_LISTEN: address,
        LEPTOS_RELOAD_PORT: String(reload),
        COMPANION_DATA_DIR: join(folder, 'target/data'),
        COMPANION_BASE_URL: baseUrl,
        COMPANION_MODEL: 'scripted-model',
      },
      ready: /Ctrl-C stops it/,
    });
    return new Development(folder, `http://${address}`, child);
  }

  /** Waits until the page is served. Fails with the last output when the process ends before. */
  async ready(withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (Date.now() < deadline && this.child.ended === null) {
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      await new Promise((done) => setTimeout(done, 250));
    }
    throw new Error(`the development server is not ready:\n${this.child.output.slice(-4000)}`);
  }

  /** Replaces a text in a file of the copy. Fails when the file does not contain `from`. */
  async change(file: string, from: string, to: string): Promise<void> {
    const path = join(this.folder, file);
    await writeFile(path, changed(await readFile(path, 'utf8'), [[from, to]]));
  }

  /** Ends the server as Ctrl-C does. Returns false when it had to be killed. */
  async interrupt(): Promise<boolean> {
    return this.child.end('SIGINT').then(
      () => true,
      () => false,
    );
  }
}
