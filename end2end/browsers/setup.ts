// Checks before the first journey that all programs are there, and says how to get a missing one.

import { existsSync } from 'node:fs';

import { companion, upstream } from '../harness/programs.ts';
import { firefox, webkitDriver, xvfb } from './programs.ts';

export default function setup(): void {
  const needed: [string, string][] = [
    [firefox, "install Debian's firefox-esr, or name a Firefox by FIREFOX"],
    [webkitDriver, "install Debian's webkit2gtk-driver, or name its program by WEBKIT_DRIVER"],
    [xvfb, "install Debian's xvfb, or name its program by XVFB"],
    [companion, 'run `make build`, or name the server by COMPANION_BIN'],
    [upstream, 'run `cargo build --release --package upstream`, or name it by UPSTREAM_BIN'],
  ];
  const missing = needed.filter(([file]) => !existsSync(file));
  if (missing.length > 0) {
    const lines = missing.map(([file, advice]) => `${file} is missing: ${advice}.`);
    throw new Error(lines.join('\n'));
  }
}
