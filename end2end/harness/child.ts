// A program that a test started: one process with its id and its output.

import { type ChildProcess, spawn } from 'node:child_process';

/** How long a program may take to start or to end, on a busy machine. */
const PATIENCE_MS = 60_000;

const running = new Set<Child>();

// Ends the programs that were started here, if this worker ends without its teardown.
process.on('exit', () => running.forEach((child) => child.last()));

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGKILL';

export interface Start {
  program: string;
  args?: string[];
  env: Record<string, string>;
  cwd: string;
  /** Matches the output by which the program says that it is ready (standard output or error). */
  ready: RegExp;
  /** The signal that ends the program if the test has not ended it. The default is SIGKILL. */
  last?: Signal;
  /** Gives the program its own process group, which gets all signals, as in a terminal. */
  group?: boolean;
}

export class Child {
  /** Standard output and standard error, in the order of arrival. */
  output = '';
  private readonly gone: Promise<void>;

  private constructor(
    private readonly process: ChildProcess,
    private readonly start: Start,
  ) {
    running.add(this);
    this.gone = new Promise((done) => {
      process.once('exit', () => done());
      // A program that cannot be started emits no `exit`.
      process.once('error', () => process.pid === undefined && done());
    });
    void this.gone.then(() => running.delete(this));
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    }
  }

  /** Starts a program, and returns the match of `ready`. Ends the program if there is no match. */
  static async start(start: Start): Promise<[Child, RegExpExecArray]> {
    const { program, args = [], env, cwd, ready, group = false } = start;
    const process = spawn(program, args, {
      env,
      cwd,
      detached: group,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const child = new Child(process, start);
    const said = new Promise<RegExpExecArray>((found, failed) => {
      const look = (): void => {
        const match = ready.exec(child.output);
        if (match) found(match);
      };
      process.stdout?.on('data', look);
      process.stderr?.on('data', look);
      process.once('error', failed);
      process.once('exit', () => failed(new Error(`${program} ended:\n${child.output}`)));
    });
    try {
      return [child, await within(said, `${program} to be ready`)];
    } catch (error) {
      await child.end(start.last ?? 'SIGKILL').catch(() => {});
      throw error;
    }
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** The exit status, or the signal that ended the program; null while it runs. */
  get ended(): number | string | null {
    return this.process.exitCode ?? this.process.signalCode;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: Signal): Promise<void> {
    this.signal(signal);
    try {
      await within(this.gone, `${this.start.program} to end by ${signal}`);
    } catch (error) {
      this.signal('SIGKILL');
      throw error;
    }
  }

  /** Sends the last signal, and does not wait for the end. */
  last(): void {
    this.signal(this.start.last ?? 'SIGKILL');
  }

  private signal(signal: Signal): void {
    if (this.ended !== null || this.pid === 0) return;
    if (this.start.group !== true) {
      this.process.kill(signal);
      return;
    }
    try {
      process.kill(-this.pid, signal);
    } catch (error) {
      // The process may have ended since.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, failed) => {
    timer = setTimeout(() => failed(new Error(`waited too long for ${what}`)), PATIENCE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
