// Requests that schemathesis generates from the API's own description: valid ones, invalid ones,
// and chains of them. None may be answered with a server error that is not described, and each
// answer has to fit its description.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Companion } from '../harness/companion.ts';
import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';
import { seed, size, sized, tell } from './seed.ts';

/** Cases in the big run: as many as in the attack by hand, which found nothing. */
const BIG = 4852;
/** Random cases for each operation, besides those that cover each of its parameters. */
const EXAMPLES = size === 'big' ? 100 : 2;

/** How long a test may take. */
const LIMIT_MS = 15 * 60_000;

/** The program: `tools/setup/schemathesis.sh` puts it there. */
const program = process.env.SCHEMATHESIS ?? 'schemathesis';

const LEFT_OUT = [
  // Streams of events never end, so they are left out; `torture observers` reads them.
  // A member would log out, and be a stranger from then on.
  '--exclude-path-regex', '/(events|session)$',
  // An id is a UUID of version 7, and a runtime's name is one that exists. A schema cannot say all
  // of that, so a request that fits the schema may still be refused.
  // A stranger is told to log in, whatever the method.
  '--exclude-checks', 'positive_data_acceptance,unsupported_method',
];

interface Finished {
  code: number;
  printed: string;
}

function run(args: string[], folder: string): Promise<Finished> {
  const options = {
    cwd: folder,
    maxBuffer: 64 << 20,
    env: { ...process.env, NO_COLOR: '1' },
    // Otherwise it would continue after its test, against the next program on this port.
    timeout: LIMIT_MS - 60_000,
    killSignal: 'SIGKILL',
  } as const;
  return new Promise((done) => {
    execFile(program, args, options, (error, out, err) => {
      // When the program is missing, the code is a text (ENOENT).
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ code, printed: `${out}${err}${code === -1 ? String(error) : ''}` });
    });
  });
}

type Caller = 'the owner' | 'a member' | 'a stranger';

const WAYS: [string, boolean, Caller][] = [
  ['any conversation', false, 'the owner'],
  ['an existing conversation', true, 'the owner'],
  ['any conversation', false, 'a member'],
  ['any conversation', false, 'a stranger'],
];

async function post(companion: Companion, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  const answered = await fetch(companion.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answered.ok, await answered.clone().text()).toBe(true);
  return answered;
}

/** The header by which the server knows who calls. The owner is the person at its machine. */
async function headerOf(caller: Caller, companion: Companion): Promise<string[]> {
  if (caller === 'the owner') return [];
  if (caller === 'a stranger') return ['--header', 'X-Forwarded-For: 203.0.113.5'];
  const member = { name: 'ben', password: 'a staple of batteries' };
  await post(companion, '/api/v1/accounts', { name: 'ada', password: 'a staple of batteries' });
  await post(companion, '/api/v1/accounts', member);
  const cookies = (await post(companion, '/api/v1/session', member)).headers.getSetCookie();
  return ['--header', `Cookie: ${cookies.map((cookie) => cookie.split(';')[0]).join('; ')}`];
}

for (const [way, there, caller] of WAYS) {
  test(`the API answers as it is described, to requests of ${caller} for ${way}`, async ({ companion, folder, upstream }) => {
    test.setTimeout(LIMIT_MS);
    await upstream.plays(answer('Said.'));
    const worker = await companion.api.create('A conversation');
    const header = await headerOf(caller, companion);
    const settings = join(folder, 'schemathesis.toml');
    const fixed = ['[parameters]', '"path.rid" = "backend-internal"', `"path.wid" = "${worker}"`];
    await writeFile(settings, there ? fixed.join('\n') : '');
    const { code, printed } = await run(
      [
        '--config-file', settings, 'run', `${companion.url}/api/v1/openapi.json`,
        ...header, '--seed', String(seed), '--max-examples', String(EXAMPLES),
        // Failing cases are reported as they are found: they are neither minimized nor kept in a
        // file. Slow answers are no failures.
        '--no-shrink', '--continue-on-failure', '--generation-database', 'none',
        '--suppress-health-check', 'all', '--request-timeout', '60', '--workers', '1',
        ...LEFT_OUT, ...(there ? ['--exclude-method', 'DELETE'] : []),
      ],
      folder,
    );
    expect(code, printed.slice(-12_000)).toBe(0);
    const [, cases] = /^\s*(\d+) generated/m.exec(printed) ?? [];
    expect(Number(cases), printed.slice(-2_000)).toBeGreaterThanOrEqual(sized(BIG) / 2);
    tell(`${cases} cases of schemathesis of ${caller} for ${way}, all of them answered as described`);
  });
}
