// Requests as browsers, proxies and attackers send them: each value of each header at least once,
// and then random combinations, which the seed repeats.

import type { Rng } from '../seed.ts';
import { type Claims, CONFIGURED } from './reference.ts';

/** A request. In its path and body `{worker}` stands for a conversation and `{id}` for a new id. */
export interface Call {
  method: string;
  path: string;
  body?: string;
  type?: string;
  accept?: string;
  websocket?: boolean;
}

const RUNTIME = '/api/v1/runtimes/backend-internal';
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

export const CALLS: Call[] = [
  { method: 'GET', path: '/' },
  { method: 'HEAD', path: '/' },
  { method: 'GET', path: '/c/{worker}' },
  { method: 'GET', path: '/new' },
  { method: 'GET', path: '/data' },
  { method: 'GET', path: '/search?q=x' },
  { method: 'GET', path: '/healthz' },
  { method: 'GET', path: '/readyz' },
  { method: 'GET', path: '/api/v1/status' },
  { method: 'HEAD', path: '/api/v1/status' },
  { method: 'GET', path: '/api/v1/models' },
  { method: 'GET', path: '/api/v1/openapi.json' },
  { method: 'GET', path: '/api/v1/nothing' },
  { method: 'GET', path: `${RUNTIME}/workers` },
  { method: 'GET', path: `${RUNTIME}/workers/{worker}/transcript` },
  { method: 'GET', path: `${RUNTIME}/export` },
  { method: 'GET', path: `${RUNTIME}/workers/{worker}/events`, accept: 'text/event-stream' },
  { method: 'GET', path: `${RUNTIME}/workers/{worker}/events`, websocket: true },
  { method: 'GET', path: `${RUNTIME}/events`, websocket: true },
  { method: 'POST', path: `${RUNTIME}/workers`, body: '{}', type: JSON_TYPE },
  { method: 'POST', path: `${RUNTIME}/workers/{worker}/messages`, body: '{"id":"{id}","text":"forged"}', type: JSON_TYPE },
  { method: 'POST', path: `${RUNTIME}/workers/{worker}/messages`, body: '{"id":"{id}","text":"forged"}', type: 'text/plain' },
  { method: 'POST', path: `${RUNTIME}/workers/{worker}/cancel` },
  { method: 'POST', path: `${RUNTIME}/import`, body: 'forged', type: 'application/octet-stream' },
  { method: 'PATCH', path: `${RUNTIME}/workers/{worker}`, body: '{"title":"forged"}', type: JSON_TYPE },
  { method: 'DELETE', path: `${RUNTIME}/workers/{worker}` },
  { method: 'OPTIONS', path: `${RUNTIME}/workers` },
  { method: 'POST', path: '/', body: 'do=create', type: FORM },
  { method: 'POST', path: '/c/{worker}', body: 'do=send&id={id}&text=forged', type: FORM },
  { method: 'POST', path: '/c/{worker}', body: 'do=delete', type: FORM },
  { method: 'POST', path: '/new', body: 'do=forged&profile=companion', type: FORM },
  { method: 'POST', path: '/settings', body: 'theme=dark', type: FORM },
  { method: 'POST', path: '/data', body: '--x--', type: 'multipart/form-data; boundary=x' },
  { method: 'POST', path: '/api/fn/send', body: 'text=forged', type: FORM },
  { method: 'PUT', path: '/' },
  { method: 'TRACE', path: '/' },
  { method: 'BREW', path: '/c/{worker}' },
];

export function hosts(port: number): (string | null)[] {
  return [
    `127.0.0.1:${port}`, `localhost:${port}`, `LocalHost:${port}`, `[::1]:${port}`, CONFIGURED,
    `${CONFIGURED}:443`, `${CONFIGURED}:80`, CONFIGURED.toUpperCase(),
    null, '', `evil.example:${port}`, 'evil.example', `${CONFIGURED}:${port}`, `${CONFIGURED}.`,
    `${CONFIGURED}.evil.example`, `evil.example.${CONFIGURED}`, `127.0.0.1.evil.example:${port}`,
    `localhost.:${port}`, `localhost:${port}.evil.example`, `evil@localhost:${port}`,
    `localhost:${port}@evil.example`, `2130706433:${port}`, `0x7f.1:${port}`, `127.1:${port}`,
    `[::ffff:127.0.0.1]:${port}`, `0.0.0.0:${port}`, `127.0.0.2:${port}`, `localhost:${port}/`,
    `localhost:${port}#`, `localhost:${port},evil.example`, `localhost:${port} evil.example`,
    `xn--localhost-:${port}`, `localhost:0${port}`, `localhost:${port}0`, `localhost:+${port}`, 'null',
  ];
}

export function origins(port: number): (string | null)[] {
  return [
    null, null, null,
    `http://127.0.0.1:${port}`, `http://localhost:${port}`, `http://[::1]:${port}`,
    `https://${CONFIGURED}`, `http://${CONFIGURED}`,
    'null', '', 'http://', 'https://evil.example', `http://evil.example:${port}`, 'http://localhost',
    'http://127.0.0.1', `http://127.0.0.1:${port}.evil.example`, `http://127.0.0.1:${port}/`,
    `http://127.0.0.1:${port}/api`, `http://evil@127.0.0.1:${port}`, `http://127.0.0.1:${port}@evil.example`,
    `file://127.0.0.1:${port}`, `ws://127.0.0.1:${port}`, `ftp://localhost:${port}`, 'file://',
    `chrome-extension://localhost:${port}`, `127.0.0.1:${port}`, `//127.0.0.1:${port}`, '*',
    `http://127.0.0.1:${port} https://evil.example`, `http://127.0.0.1:${port},https://evil.example`,
    `http:// 127.0.0.1:${port}`, `http:\\\\127.0.0.1:${port}`, `http://127.0.0.2:${port}`,
    `https://${CONFIGURED}.evil.example`, `https://evil-${CONFIGURED}`, `https://${CONFIGURED}:8443`,
    'about:blank', 'data:', 'undefined',
  ];
}

export const SITES = [
  null, null, 'same-origin', 'none', 'same-site', 'cross-site', 'cross-origin', 'Same-Origin', 'same-origin, none',
  '', 'null', '?1',
];

const TWICE = [null, null, null, null, null, null, null, 'host', 'origin', 'sec-fetch-site'] as const;

export interface Forged extends Claims {
  call: Call;
}

/** `count` requests. Each host, origin and site is sent with a call that changes something. */
export function forged(rng: Rng, port: number, count: number): Forged[] {
  const [good] = hosts(port);
  const plain = { host: good ?? null, origin: null, site: null, twice: null };
  const changing = CALLS.filter(({ method }) => method !== 'GET' && method !== 'HEAD');
  const of = (call: Call, claims: object): Forged => ({
    ...plain, method: call.method, path: call.path, call, ...claims,
  });
  const each = [
    ...CALLS.map((call) => of(call, {})),
    ...CALLS.map((call) => of(call, { origin: 'https://evil.example', site: 'cross-site' })),
    ...hosts(port).map((host) => of(rng.pick(changing), { host })),
    ...origins(port).map((origin) => of(rng.pick(changing), { origin })),
    ...SITES.map((site) => of(rng.pick(changing), { site })),
  ];
  while (each.length < count) {
    // Half of the requests have a right host, because a wrong one alone decides.
    const host = rng.once(2) ? plain.host : rng.pick(hosts(port));
    const [origin, site, twice] = [rng.pick(origins(port)), rng.pick(SITES), rng.pick(TWICE)];
    each.push(of(rng.pick(CALLS), { host, origin, site, twice }));
  }
  return each;
}
