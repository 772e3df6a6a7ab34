// A client for Server-Sent Events that could be any program.

/** One event of the stream. */
export interface Received {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** How long the next event may take. */
const PATIENCE_MS = 20_000;

export class EventStream {
  private pending = '';

  private constructor(
    private readonly reader: ReadableStreamDefaultReader<string>,
    private readonly abort: AbortController,
  ) {}

  /** Follows a stream from its snapshot, or from the event after the one with this id. */
  static async open(url: string, lastEventId?: string): Promise<EventStream> {
    const abort = new AbortController();
    const headers = new Headers({ accept: 'text/event-stream' });
    if (lastEventId !== undefined) headers.set('last-event-id', lastEventId);
    const response = await fetch(url, { headers, signal: abort.signal });
    if (!response.ok || !response.body) throw new Error(`${url}: ${response.status}`);
    const text = response.body.pipeThrough(new TextDecoderStream());
    return new EventStream(text.getReader(), abort);
  }

  /** The next event, without comments. Fails if none arrives in time, or if the stream ends. */
  async next(): Promise<Received> {
    const timer = setTimeout(() => this.abort.abort(), PATIENCE_MS);
    try {
      for (;;) {
        const end = this.pending.indexOf('\n\n');
        if (end < 0) {
          const { value, done } = await this.reader.read();
          if (done) throw new Error('the stream ended');
          this.pending += value;
          continue;
        }
        const block = this.pending.slice(0, end);
        this.pending = this.pending.slice(end + 2);
        const event = parse(block);
        if (event) return event;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.reader.cancel().catch(() => {});
  }
}

function parse(block: string): Received | undefined {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const at = line.indexOf(':');
    if (at <= 0) continue;
    const name = line.slice(0, at);
    const value = line.slice(at + 1).replace(/^ /, '');
    fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
  }
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return {
    event: fields.get('event') ?? 'message',
    id: fields.get('id') ?? '',
    data: JSON.parse(data) as Record<string, unknown>,
  };
}
