// Records the tasks of a page's main thread, from the browser's own trace. A page itself is only
// told about those of more than 50 ms.

import type { CDPSession, Page } from '@playwright/test';

/** The categories of the trace that contain tasks, and what takes time within them. */
const CATEGORIES = [
  'disabled-by-default-devtools.timeline',
  'devtools.timeline',
  'blink.user_timing',
  'v8',
];

/** How much of a task's time something has to take to be named, in milliseconds. */
const NAMED_MS = 2;

/** One event of the trace. Times are in microseconds. */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  /** The processor time of the thread. */
  tdur?: number;
}

/** One task of the main thread. */
export interface Task {
  ms: number;
  /** The processor time, which does not grow while another program has the processor. */
  cpuMs: number;
  /** What took time within it, such as `Layout 12`. */
  parts: string[];
}

/** Records from its start to its end. */
export class Recording {
  private readonly events: TraceEvent[] = [];

  private constructor(
    private readonly page: Page,
    private readonly session: CDPSession,
  ) {
    session.on('Tracing.dataCollected', ({ value }) =>
      this.events.push(...(value as unknown as TraceEvent[])),
    );
  }

  static async start(page: Page): Promise<Recording> {
    const browser = page.context().browser();
    if (!browser) throw new Error('the page has no browser of its own');
    const recording = new Recording(page, await browser.newBrowserCDPSession());
    await recording.session.send('Tracing.start', {
      transferMode: 'ReportEvents',
      traceConfig: { includedCategories: CATEGORIES, excludedCategories: ['*'] },
    });
    await page.evaluate(() => performance.mark('recording-starts'));
    return recording;
  }

  /** The tasks from the start until now, in their order. */
  async end(): Promise<Task[]> {
    await this.page.evaluate(() => performance.mark('recording-ends'));
    const complete = new Promise((done) => this.session.once('Tracing.tracingComplete', done));
    await this.session.send('Tracing.end');
    await complete;
    await this.session.detach();
    const starts = this.events.find(({ name }) => name === 'recording-starts');
    const ends = this.events.find(({ name }) => name === 'recording-ends');
    if (!starts || !ends) throw new Error('the marks of the recording are not in the trace');
    // The marks are on the main thread of the page.
    const own = this.events.filter(
      ({ pid, tid, ph, ts }) =>
        pid === starts.pid && tid === starts.tid && ph === 'X' && ts > starts.ts && ts < ends.ts,
    );
    return own.filter(({ name }) => name === 'RunTask').map((task) => taskOf(task, own));
  }
}

function taskOf(task: TraceEvent, events: TraceEvent[]): Task {
  const end = task.ts + (task.dur ?? 0);
  const within = task.dur && task.dur > 16_000
    ? events.filter((event) => event !== task && event.ts >= task.ts && event.ts < end)
    : [];
  const sums = new Map<string, number>();
  for (const { name, dur = 0 } of within) sums.set(name, (sums.get(name) ?? 0) + dur / 1000);
  const parts = [...sums].filter(([, ms]) => ms >= NAMED_MS).toSorted((a, b) => b[1] - a[1]);
  return {
    ms: (task.dur ?? 0) / 1000,
    cpuMs: (task.tdur ?? 0) / 1000,
    parts: parts.map(([name, ms]) => `${name} ${ms.toFixed(0)}`),
  };
}

/** The tasks as lines to print: how many there are, how long they take, and the longest ones. */
export function told(tasks: Task[]): string[] {
  const over = (ms: number, of: (task: Task) => number) =>
    tasks.filter((task) => of(task) > ms).length;
  const times = (of: (task: Task) => number) => {
    const sorted = tasks.map(of).toSorted((a, b) => a - b);
    const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
    return [0.5, 0.99, 1].map((part) => at(part).toFixed(1)).join(' / ');
  };
  const [wall, cpu] = [({ ms }: Task) => ms, ({ cpuMs }: Task) => cpuMs];
  const longest = tasks.toSorted((a, b) => b.ms - a.ms).slice(0, 5);
  return [
    `${tasks.length} tasks, ms p50/p99/longest ${times(wall)}, of the processor ${times(cpu)}`,
    `over 16 ms: ${over(16, wall)} (by the processor ${over(16, cpu)}), ` +
      `over 50 ms: ${over(50, wall)} (by the processor ${over(50, cpu)})`,
    ...longest.map(({ ms, cpuMs, parts }) =>
      `  ${ms.toFixed(1)} ms, ${cpuMs.toFixed(1)} of the processor: ${parts.join(', ')}`,
    ),
  ];
}
