// The paths of the programs that the tests start. Nothing is built or downloaded here.

import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const release = resolve(import.meta.dirname, '../../target/release');

/** The browser: CHROMIUM, else Debian's. */
export const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** The product, as users run it: COMPANION_BIN, else the output of `make build`. */
export const companion = resolve(process.env.COMPANION_BIN ?? join(release, 'companion'));

/** The scripted upstream: UPSTREAM_BIN, else beside the product, else in cargo's target folder. */
export const upstream = resolve(
  process.env.UPSTREAM_BIN ??
    [
      join(dirname(companion), 'upstream'),
      join(release, 'upstream'),
      resolve(release, '../debug/upstream'),
    ].find(existsSync) ??
    join(release, 'upstream'),
);

const root = resolve(import.meta.dirname, '../..');

/** The output of `trunk build --release` (the client-only console): SPA_DIST, else target/csr. */
export const spa = resolve(process.env.SPA_DIST ?? join(root, 'target/csr'));

/**
 * The servers of the client-only console: Trunk, which `tools/env.sh` puts on the PATH, and nginx.
 */
export const trunk = process.env.TRUNK ?? 'trunk';
export const nginx = process.env.NGINX ?? '/usr/sbin/nginx';

/** A file of the repository. */
export function file(path: string): string {
  return join(root, path);
}

/** The user's cache folder, which contains the default model. */
export const cacheHome = process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/', '.cache');

/** The default model, at the path where the product looks for it by default. */
export const model = join(cacheHome, 'companion/models/SmolLM2-135M-Instruct.Q4_1.gguf');
