// The names by which browsers reach the server through Trunk's proxy, which replaces `Host`.

import { Api } from '../harness/api.ts';
import { expect, test } from '../harness/test.ts';

test('a foreign host name that resolves to this machine (DNS rebinding) is refused', async ({ companion, frontPort, site }) => {
  const trunk = new Api(site.url);
  const own = `127.0.0.1:${frontPort}`;
  const worker = await companion.api.newest();
  // A browser sends these headers when a page of evil.example requests its own, rebound address.
  const strange = { host: `evil.example:${frontPort}`, 'sec-fetch-site': 'same-origin' };
  for (const path of ['/data', '/search?q=a', `/profile/${worker}`, '/api/v1/status']) {
    expect((await trunk.raw('GET', path, { host: own })).status, path).toBe(200);
    expect((await trunk.raw('GET', path, strange)).status, path).toBe(403);
    // A page can add an X-Forwarded-Host, but it cannot remove the one that Trunk adds.
    const both = { ...strange, 'x-forwarded-host': own };
    expect((await trunk.raw('GET', path, both)).status, path).toBe(403);
  }
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const post = (headers: Record<string, string>) =>
    trunk.raw('POST', '/new', { ...form, ...headers }, 'do=create&profile=companion');
  expect((await post({ host: own, origin: `http://${own}` })).status).toBe(303);
  expect((await post({ host: own, origin: 'http://127.0.0.1:1' })).status).toBe(403);
  expect((await post({ ...strange, origin: `http://evil.example:${frontPort}` })).status).toBe(403);
});

test('the policy of the page allows only its own files', async ({ site }) => {
  const { headers, body } = await new Api(site.url).raw('GET', '/');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval' 'nonce-[^']+';/);
  expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|http/);
  expect(headers['x-content-type-options']).toBe('nosniff');
  // The page has no inline script.
  expect(body.toString()).not.toMatch(/<script(?![^>]*\bsrc=)/);
});
