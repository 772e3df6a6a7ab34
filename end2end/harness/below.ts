// Starts the real nginx in front of a server below a base path, with the configuration of the docs.
// The root of the host is another program's.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Started, startNginx } from './front.ts';
import * as programs from './programs.ts';
import { changed } from './text.ts';

/** A proxy that passes the base path on, or removes it and says so. */
export type Below = 'passes the base path on' | 'removes the base path';

/** The base path of the docs. */
export const BASE = '/companion';

/** The text of the other program's page. */
export const OTHER = 'This is another program.';

export function isBelow(front: string): front is Below {
  return front === 'passes the base path on' || front === 'removes the base path';
}

/** Starts nginx in front of the server at `backend`, and waits until it serves the other program. */
export async function startBelow(
  below: Below,
  folder: string,
  backend: string,
  port: number,
): Promise<Started> {
  const place = join(folder, 'nginx');
  const other = join(place, 'www');
  await mkdir(other, { recursive: true });
  const icon = '<link rel="icon" href="data:," />';
  await writeFile(join(other, 'index.html'), `<!DOCTYPE html>${icon}<h1>${OTHER}</h1>`);
  const sample = changed(await readFile(programs.file('docs/base-path.nginx.conf'), 'utf8'), [
    ['listen 127.0.0.1:8080', `listen 127.0.0.1:${port}`],
    ['server_name companion.example', 'server_name 127.0.0.1'],
    ['/srv/www', other],
    ['server 127.0.0.1:3000', `server ${new URL(backend).host}`],
  ]);
  const site = below === 'passes the base path on' ? sample : removing(sample);
  const started = new Started(await startNginx(place, site), port, BASE);
  await started.answers('/');
  return started;
}

/** The same proxy, if it removes the base path: nginx replaces it by the path of the address. */
function removing(sample: string): string {
  const header = `proxy_set_header X-Forwarded-Prefix ${BASE};`;
  return changed(sample, [
    ['proxy_pass http://companion_below;', `proxy_pass http://companion_below/; ${header}`],
  ]);
}
