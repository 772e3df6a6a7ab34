// Simulates networks between a browser and the server: a slow link, a reverse proxy that
// does not forward Upgrade (nginx without the two headers for WebSockets, see
// https://nginx.org/en/docs/http/websocket.html), and one that also holds answers back until they are
// complete (as https://github.com/open-webui/open-webui/discussions/8074 describes for nginx with
// proxy_buffering on).

import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { type AddressInfo, type Socket, connect, createServer as createTcp } from 'node:net';

import type { Site } from './front.ts';

export type Relay = 'slow link' | 'no upgrade' | 'holds back';

/** The latency of the slow link, one way. */
const DELAY_MS = 400;

interface Listening {
  listen(port: number, host: string, done: () => void): unknown;
  close(): unknown;
}

export interface StartedRelay extends Site {
  stop(): Promise<void>;
  readonly log: string;
}

/** Starts a relay in front of `backend`, on a port of 127.0.0.1. */
export async function startRelay(relay: Relay, backend: string, port: number): Promise<StartedRelay> {
  const sockets = new Set<Socket>();
  const { hostname, port: target } = new URL(backend);
  const to = { host: hostname, port: Number(target) };
  const server: Listening & { on(name: 'connection', heard: (socket: Socket) => void): unknown } =
    relay === 'slow link' ? slowLink(to, sockets) : proxy(to, relay === 'holds back');
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${port}`,
    log: relay,
    stop: async () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

type Target = Pick<AddressInfo, 'port'> & { host: string };

function slowLink(to: Target, sockets: Set<Socket>) {
  return createTcp((near) => {
    const far = connect(to);
    sockets.add(far);
    // Timers with equal delays fire in the order in which they were set, so bytes stay in order.
    const delayed = (from: Socket, into: Socket): void => {
      from.on('data', (bytes) => setTimeout(() => into.writable && into.write(bytes), DELAY_MS));
      from.on('end', () => setTimeout(() => into.end(), DELAY_MS));
      from.on('error', () => into.destroy());
      from.on('close', () => setTimeout(() => into.destroy(), 2 * DELAY_MS));
    };
    delayed(near, far);
    delayed(far, near);
  });
}

function proxy(to: Target, holdsBack: boolean) {
  const server = createServer((asked, answer) => forward(asked, answer, to, holdsBack));
  // Without the header Upgrade the server would refuse the request with this status.
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 406 Not Acceptable\r\nconnection: close\r\n\r\n'));
  return server;
}

function forward(asked: IncomingMessage, answer: ServerResponse, to: Target, holdsBack: boolean): void {
  const { method, url: path, headers } = asked;
  const onward = request({ ...to, method, path, headers }, (got) => {
    const head = (): void => void answer.writeHead(got.statusCode ?? 502, got.headers);
    if (!holdsBack) {
      head();
      got.pipe(answer);
      return;
    }
    const chunks: Buffer[] = [];
    got.on('data', (chunk: Buffer) => chunks.push(chunk));
    got.on('end', () => {
      head();
      answer.end(Buffer.concat(chunks));
    });
  });
  onward.on('error', () => answer.destroy());
  answer.on('close', () => onward.destroy());
  asked.pipe(onward);
}
