// Runs the real server with its own data folder. A test can kill it and start it again.

import { mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Api } from './api.ts';
import { Child } from './child.ts';
import * as programs from './programs.ts';

/** Settings as variables without the prefix: `{ STALL_MS: '500' }`. Empty ones are not set. */
export type Settings = Record<string, string>;

/** The provider: the local model, a scripted endpoint by its URL, or none. */
export type Provider = 'local' | 'none' | { baseUrl: string };

export class Companion {
  private child: Child | undefined;
  private readonly logs: string[] = [];
  private address: string | undefined;
  private origin = '';
  private base = '';

  constructor(
    /** Invariant: no other server uses it. It contains the data, home and working folders. */
    private readonly folder: string,
    private provider: Provider,
    private settings: Settings = {},
  ) {}

  /** Starts the server. Later starts use the same data and the same port. */
  async start(provider = this.provider, settings = this.settings): Promise<void> {
    this.provider = provider;
    this.settings = settings;
    // The home folder is empty, apart from the user's real cache for the local model.
    const home = join(this.folder, 'home');
    await mkdir(home, { recursive: true });
    const [child, [, origin = '', address = '', base = '']] = await Child.start({
      program: programs.companion,
      cwd: home,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: home,
        XDG_CACHE_HOME: provider === 'local' ? programs.cacheHome : join(home, 'cache'),
        COMPANION_LISTEN: '127.0.0.1:0',
        COMPANION_DATA_DIR: join(this.folder, 'data'),
        ...variables({ ...(typeof provider === 'object' ? endpoint(provider) : {}), ...settings }),
        ...(this.address === undefined ? {} : { COMPANION_LISTEN: this.address }),
      },
      ready: /^listening on (https?:\/\/(\d+\.\d+\.\d+\.\d+:\d+))(\/\S+)?$/m,
    });
    this.child = child;
    this.origin = origin;
    this.address = address;
    this.base = base;
  }

  /** `http://127.0.0.1:PORT`, or what the settings say, and the base path; the same after a restart. */
  get url(): string {
    return this.origin + this.base;
  }

  /** The server's API. */
  get api(): Api {
    return new Api(this.url);
  }

  /** Kills the process, as a crash would. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends the server with SIGTERM. Fails if its exit status is not 0. */
  async stop(): Promise<void> {
    const child = this.child;
    await this.end('SIGTERM');
    if (child && child.ended !== 0) throw new Error(`companion ended with ${child.ended}`);
  }

  /** The ids of the model's processes, which the server's own child, the spawner, starts. */
  async models(): Promise<number[]> {
    const spawners = await childrenOf(this.child?.pid ?? 0);
    return (await Promise.all(spawners.map(childrenOf))).flat();
  }

  /** The output of all starts of the server, one after the other. */
  get log(): string {
    return [...this.logs, this.child?.output ?? ''].join('\n--- started again ---\n');
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.child;
    if (!child) return;
    await child.end(signal);
    this.logs.push(child.output);
    this.child = undefined;
  }
}

function endpoint({ baseUrl }: { baseUrl: string }): Settings {
  return { BASE_URL: baseUrl, MODEL: 'scripted-model' };
}

function variables(settings: Settings): Record<string, string> {
  const set = Object.entries(settings).filter(([, value]) => value !== '');
  return Object.fromEntries(set.map(([name, value]) => [`COMPANION_${name}`, value]));
}

async function processes(): Promise<number[]> {
  return (await readdir('/proc')).map(Number).filter(Number.isInteger);
}

/** The ids of a process and of its parent, which is 0 if the process has ended or is a zombie. */
async function parentOf(pid: number): Promise<[number, number]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name is in brackets and may contain any characters.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return [pid, state === undefined || state === 'Z' ? 0 : Number(parent)];
}

/** The ids of a process's children. */
export async function childrenOf(own: number): Promise<number[]> {
  const stats = await Promise.all((await processes()).map(parentOf));
  return stats.filter(([, parent]) => parent === own).map(([pid]) => pid);
}

/** Whether a process with this id runs. */
export async function runs(pid: number): Promise<boolean> {
  return (await parentOf(pid))[1] !== 0;
}
