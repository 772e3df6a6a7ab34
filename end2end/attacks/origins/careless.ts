// A server that accepts every request and lets every site read its answers. The attacks have to
// succeed against it: attacks that never succeed would prove nothing.

import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Careless {
  /** What it was asked, as `METHOD PATH`. */
  readonly asked: string[] = [];
  private constructor(private readonly server: Server) {}

  static async start(): Promise<Careless> {
    const server = createServer();
    const careless = new Careless(server);
    server.on('request', (request, response) => {
      careless.asked.push(`${request.method} ${request.url}`);
      request.resume();
      response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('access-control-allow-methods', 'GET, POST, PATCH, DELETE');
      response.setHeader('access-control-allow-headers', 'content-type');
      const events = request.url?.endsWith('/events');
      response.setHeader('content-type', events ? 'text/event-stream' : 'text/html');
      response.end(events ? 'data: secret\n\n' : 'secret');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return careless;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}
