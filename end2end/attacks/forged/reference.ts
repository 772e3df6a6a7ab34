// The rule by which requests are allowed, implemented once more and differently than in the server
// (server/src/security/): as sets of what is allowed. When the rule changes, `ownHosts` and
// `ownOrigins` have to follow.

/** What the headers of a request claim. `null` is a header that is missing. */
export interface Claims {
  method: string;
  path: string;
  host: string | null;
  origin: string | null;
  site: string | null;
  /** The same header once more, with another value. */
  twice: 'host' | 'origin' | 'sec-fetch-site' | null;
}

/** A name that the server of these tests is configured to answer to, beside its own. */
export const CONFIGURED = 'companion.example';

/** The hosts that a request may name, in lower case. */
export function ownHosts(port: number): Set<string> {
  const loopback = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`);
  return new Set([...loopback, CONFIGURED, `${CONFIGURED}:80`, `${CONFIGURED}:443`]);
}

/** The origins that a request may come from, in lower case but for the scheme. */
export function ownOrigins(port: number): Set<string> {
  const hosts = [...ownHosts(port)];
  return new Set(hosts.flatMap((host) => [`http://${host}`, `https://${host}`]));
}

/** Whether the server should execute the request; if not, it must answer 403 and change nothing. */
export function isAllowed(claims: Claims, port: number): boolean {
  const { method, path, host, origin, site, twice } = claims;
  if (twice !== null || host === null) return false;
  if (!ownHosts(port).has(host.toLowerCase())) return false;
  // Any site may link to a page; every other request has to come from the console's own pages.
  const readsAPage = ['GET', 'HEAD'].includes(method) && !path.startsWith('/api/');
  if (readsAPage) return true;
  if (origin !== null) {
    const [scheme, rest] = [origin.slice(0, origin.indexOf('://')), origin.slice(origin.indexOf('://'))];
    return ownOrigins(port).has(scheme + rest.toLowerCase());
  }
  return site === null || site === 'same-origin' || site === 'none';
}
