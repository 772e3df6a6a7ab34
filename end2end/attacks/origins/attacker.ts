// An attacker's site that a user of the console might visit: a server with one page, and a script
// that tries every way in which a page can reach another server.

import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the attacker's page achieved. */
export interface Loot {
  /** The attempts by which the page could read something. */
  read: string[];
  /** All attempts. */
  tried: string[];
}

export class Attacker {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** Serves the page at every path of the host `name`, which has to be a loopback name. */
  static async start(name: string): Promise<Attacker> {
    const server = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.setHeader('access-control-allow-origin', '*');
      response.end(PAGE);
    });
    await new Promise<void>((done) => server.listen(0, name, done));
    return new Attacker(server, `http://${name}:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }
}

/**
 * The attacker's page. With `?null` it contains a frame without an origin. The page runs no attack
 * by itself: tests run `attack` in it with `evaluate`, which gives them the result.
 */
const PAGE = `<!doctype html><title>An attacker</title><body><script>
if (location.search === '?null') {
  const frame = document.createElement('iframe');
  frame.name = 'null';
  frame.setAttribute('sandbox', 'allow-scripts allow-forms allow-popups allow-top-navigation');
  frame.srcdoc = '<!doctype html><title>nobody</title><body>';
  document.body.append(frame);
}
</script>`;

/** The server that is attacked, and a conversation on it. */
export interface Target {
  url: string;
  worker: string;
}

/** Runs in the attacker's page, and tries everything that a page can do to another server. */
export async function attack({ url, worker }: Target): Promise<Loot> {
  const RUNTIME = '/api/v1/runtimes/backend-internal';
  const own = `${RUNTIME}/workers/${worker}`;
  const loot: Loot = { read: [], tried: [] };
  const message = (n: number) =>
    JSON.stringify({ id: `01999999-0000-7000-8000-${String(n).padStart(12, '0')}`, text: 'attacked' });
  const late = (ms: number) => new Promise<undefined>((done) => setTimeout(() => done(undefined), ms));

  /** Tries something. If `act` returns a value, the page could read that. */
  const way = async (name: string, act: () => Promise<unknown>) => {
    loot.tried.push(name);
    const got = await Promise.race([act().catch(() => undefined), late(3_000)]);
    if (got !== undefined) loot.read.push(`${name}: ${String(got).slice(0, 80)}`);
  };

  const requests: [string, string, RequestInit][] = [
    ['status', '/api/v1/status', {}],
    ['page', '/', {}],
    ['transcript', `${own}/transcript`, {}],
    ['export', `${RUNTIME}/export`, {}],
    ['create', `${RUNTIME}/workers`, { method: 'POST' }],
    ['create as text', `${RUNTIME}/workers`, { method: 'POST', body: '{}' }],
    ['create as JSON', `${RUNTIME}/workers`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }],
    ['send as text', `${own}/messages`, { method: 'POST', body: message(1) }],
    ['send as JSON', `${own}/messages`, { method: 'POST', body: message(2), headers: { 'content-type': 'application/json' } }],
    ['cancel', `${own}/cancel`, { method: 'POST' }],
    ['stop', `${own}/stop`, { method: 'POST' }],
    ['rename', own, { method: 'PATCH', body: '{"title":"attacked"}', headers: { 'content-type': 'application/json' } }],
    ['delete', own, { method: 'DELETE' }],
    ['import', `${RUNTIME}/import`, { method: 'POST', body: '[]' }],
    ['form to the page', `/c/${worker}`, { method: 'POST', body: new URLSearchParams({ do: 'send', id: '01999999-0000-7000-8000-000000000003', text: 'attacked' }) }],
    ['form that deletes', `/c/${worker}`, { method: 'POST', body: new URLSearchParams({ do: 'delete' }) }],
    ['form that creates', '/', { method: 'POST', body: new URLSearchParams({ do: 'create' }) }],
    ['a file', '/data', { method: 'POST', body: new FormData() }],
    ['settings', '/settings', { method: 'POST', body: new URLSearchParams({ theme: 'dark' }) }],
  ];
  for (const [name, path, init] of requests) {
    for (const mode of ['cors', 'no-cors'] as const) {
      for (const credentials of ['include', 'omit'] as const) {
        await way(`fetch ${name}, ${mode}, ${credentials}`, async () => {
          const response = await fetch(url + path, { ...init, mode, credentials });
          return response.type === 'opaque' ? undefined : `${response.status} ${await response.text()}`;
        });
      }
    }
  }

  await way('beacon', async () => {
    navigator.sendBeacon(`${url}${own}/messages`, new Blob([message(4)], { type: 'text/plain' }));
  });
  await way('XMLHttpRequest', () =>
    new Promise((done, failed) => {
      const request = new XMLHttpRequest();
      request.open('POST', `${url}${own}/messages`);
      request.withCredentials = true;
      request.onload = () => done(`${request.status} ${request.responseText}`);
      request.onerror = failed;
      request.send(message(5));
    }),
  );
  for (const path of [`${own}/events`, `${RUNTIME}/events`]) {
    await way(`WebSocket ${path}`, () =>
      new Promise((done, failed) => {
        const socket = new WebSocket(url.replace('http', 'ws') + path);
        socket.onopen = () => {
          socket.send(message(6));
          done('it opened');
        };
        socket.onmessage = (event) => done(event.data);
        socket.onerror = failed;
      }),
    );
    await way(`EventSource ${path}`, () =>
      new Promise((done, failed) => {
        const source = new EventSource(url + path, { withCredentials: true });
        source.onopen = () => done('it opened');
        source.onmessage = (event) => done(event.data);
        source.onerror = failed;
      }).finally(() => {}),
    );
  }

  const elements: [string, string, Record<string, string>][] = [
    ['img', 'src', {}],
    ['script', 'src', {}],
    ['link', 'href', { rel: 'stylesheet' }],
    ['iframe', 'src', {}],
    ['object', 'data', {}],
    ['embed', 'src', {}],
    ['video', 'src', {}],
  ];
  const FRAMES = ['iframe', 'object', 'embed'];
  const loading = [];
  for (const path of ['/', `/c/${worker}`, '/api/v1/status', `${own}/transcript`, '/favicon.svg']) {
    for (const [name, attribute, more] of elements) {
      const loaded = way(`${name} of ${path}`, () =>
        new Promise((done, failed) => {
          const element = document.createElement(name);
          for (const [key, value] of Object.entries(more)) element.setAttribute(key, value);
          // A frame also fires `load` when its contents cannot be read, so those are looked at.
          element.addEventListener('load', () => {
            if (!FRAMES.includes(name)) return done('it loaded');
            const { contentDocument } = element as HTMLIFrameElement;
            const inside = (contentDocument ?? undefined)?.body?.textContent ?? '';
            return inside === '' ? failed() : done(inside);
          });
          element.addEventListener('error', failed);
          element.setAttribute(attribute, url + path);
          document.body.append(element);
          setTimeout(failed, 2_000);
        }),
      );
      loading.push(loaded);
    }
  }
  const opening = way('window and its messages', () =>
    new Promise((done, failed) => {
      addEventListener('message', (event) => done(JSON.stringify(event.data)), { once: true });
      const opened = window.open(`${url}/c/${worker}`, 'victim');
      if (!opened) return failed();
      const ask = setInterval(() => {
        try {
          opened.postMessage({ do: 'send', text: 'attacked' }, '*');
          const inside = opened.document.body.textContent;
          if (inside && opened.location.href !== 'about:blank') done(inside);
        } catch {
          // Another origin: nothing can be read.
        }
      }, 50);
      setTimeout(() => {
        clearInterval(ask);
        opened.close();
        failed();
      }, 2_000);
    }),
  );

  const forms: [string, string, Record<string, string>, string][] = [
    [`/c/${worker}`, 'application/x-www-form-urlencoded', { do: 'send', id: '01999999-0000-7000-8000-000000000007', text: 'attacked' }, 'POST'],
    [`/c/${worker}`, 'application/x-www-form-urlencoded', { do: 'delete' }, 'POST'],
    ['/', 'application/x-www-form-urlencoded', { do: 'create' }, 'POST'],
    ['/new', 'application/x-www-form-urlencoded', { do: 'create', profile: 'companion' }, 'POST'],
    [`${own}/messages`, 'text/plain', { '{"id":"01999999-0000-7000-8000-000000000008","text":"attacked","x":"': '"}' }, 'POST'],
    [`${RUNTIME}/workers`, 'text/plain', { '{"title":"attacked","x":"': '"}' }, 'POST'],
    ['/data', 'multipart/form-data', { file: '[]' }, 'POST'],
    [`/c/${worker}`, 'application/x-www-form-urlencoded', { do: 'send', text: 'attacked' }, 'GET'],
    ['/', 'application/x-www-form-urlencoded', { do: 'create' }, 'GET'],
  ];
  for (const [n, [path, enctype, fields, method]] of forms.entries()) {
    const posted = way(`form ${method} ${path} as ${enctype} ${n}`, async () => {
      const frame = document.createElement('iframe');
      frame.name = `frame-${n}`;
      document.body.append(frame);
      const form = document.createElement('form');
      Object.assign(form, { action: url + path, method, enctype, target: frame.name });
      for (const [name, value] of Object.entries(fields)) {
        const field = document.createElement('input');
        Object.assign(field, { name, value });
        form.append(field);
      }
      document.body.append(form);
      const loaded = new Promise((done) => frame.addEventListener('load', done));
      HTMLFormElement.prototype.submit.call(form);
      await Promise.race([loaded, late(1_500)]);
    });
    loading.push(posted);
  }
  await Promise.all([opening, ...loading]);
  return loot;
}
