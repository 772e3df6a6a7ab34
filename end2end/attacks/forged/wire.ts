// Sends one request byte by byte, because no HTTP library would send it, and reads the head of the
// answer.

import { connect } from 'node:net';

import type { Forged } from './requests.ts';

/** How long an answer may take to begin. */
const PATIENCE_MS = 20_000;

export interface Answered {
  status: number;
  head: string;
}

export function send(port: number, request: Forged, worker: string, id: string): Promise<Answered> {
  const { call, host, origin, site, twice } = request;
  const fill = (text: string) => text.replaceAll('{worker}', worker).replaceAll('{id}', id);
  const body = fill(call.body ?? '');
  const lines = [`${call.method} ${fill(call.path)} HTTP/1.1`];
  const add = (name: string, value: string | null | undefined, second: string) => {
    if (value !== null && value !== undefined) lines.push(`${name}: ${value}`);
    if (twice === name.toLowerCase()) lines.push(`${name}: ${second}`, `${name}: ${value ?? ''}`);
  };
  add('Host', host, 'evil.example');
  add('Origin', origin, 'https://evil.example');
  add('Sec-Fetch-Site', site, 'cross-site');
  add('Accept', call.accept, '');
  add('Content-Type', call.type, '');
  if (call.websocket === true) {
    lines.push('Connection: upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13');
    lines.push('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==');
  } else {
    lines.push('Connection: close', `Content-Length: ${Buffer.byteLength(body)}`);
  }
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    let read = '';
    const end = () => {
      socket.destroy();
      const [head = ''] = read.split('\r\n\r\n');
      const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(head) ?? [];
      if (status === undefined) failed(new Error(`${lines.join('\n')}\nwas answered: ${read}`));
      else done({ status: Number(status), head });
    };
    socket.setTimeout(PATIENCE_MS, end);
    socket.on('data', (bytes) => {
      read += bytes.toString('latin1');
      if (read.includes('\r\n\r\n')) end();
    });
    socket.on('error', failed);
    socket.on('end', end);
    socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
  });
}
