// A program that a test started: one process, known by its id, with all that it printed.

import { type ChildProcess, spawn } from 'node:child_process';

/** How long a program may take to come up or to go, on a busy machine. */
const PATIENCE_MS = 60_000;

const running = new Set<ChildProcess>();

// Only what was started here, and only when this worker itself ends without its teardown.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export interface Start {
  program: string;
  args?: string[];
  env: Record<string, string>;
  cwd: string;
  /** What it prints as soon as it is ready, on standard output or standard error. */
  ready: RegExp;
}

export class Child {
  /** Standard output and standard error, as they came. */
  output = '';
  private readonly gone: Promise<void>;

  private constructor(
    private readonly process: ChildProcess,
    readonly name: string,
  ) {
    running.add(process);
    this.gone = new Promise((done) => process.once('exit', () => done()));
    void this.gone.then(() => running.delete(process));
    for (const stream of [process.stdout, process.stderr]) {
      stream?.on('data', (bytes: Buffer) => (this.output += bytes.toString()));
    }
  }

  /** Starts a program; gives what its line of readiness said. */
  static async start(start: Start): Promise<[Child, RegExpExecArray]> {
    const { program, args = [], env, cwd, ready } = start;
    const process = spawn(program, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const child = new Child(process, program);
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
    return [child, await within(said, `${program} to be ready`)];
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** Its status, or the signal that ended it; null while it runs. */
  get ended(): number | string | null {
    return this.process.exitCode ?? this.process.signalCode;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.ended === null) this.process.kill(signal);
    try {
      await within(this.gone, `${this.name} to end by ${signal}`);
    } catch (error) {
      this.process.kill('SIGKILL');
      throw error;
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
