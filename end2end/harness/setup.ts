// Checks before the first test that all programs are there, and says in one sentence what is
// missing.

import { existsSync } from 'node:fs';

import { chromium, companion, model, upstream } from './programs.ts';

export default function setup(): void {
  const needed: [string, string][] = [
    [chromium, "install Debian's chromium, or name a browser by CHROMIUM"],
    [companion, 'run `make build`, or name the server by COMPANION_BIN'],
    [upstream, 'run `cargo build --release --package upstream`, or name it by UPSTREAM_BIN'],
    [model, 'run `tools/setup.sh test`, which gets the default model'],
  ];
  const missing = needed.filter(([file]) => !existsSync(file));
  if (missing.length > 0) {
    const lines = missing.map(([file, advice]) => `${file} is missing: ${advice}.`);
    throw new Error(lines.join('\n'));
  }
}
