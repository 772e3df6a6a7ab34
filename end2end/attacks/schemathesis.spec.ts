// Requests that schemathesis generates from the API's own description: valid ones, invalid ones,
// and chains of them. None may be answered with a server error that is not described, and each
// answer has to fit its description.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

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
  '--exclude-path-regex', '/events$',
  // An id is a UUID of version 7, and a runtime's name is one that exists. A schema cannot say all
  // of that, so a request that fits the schema may still be refused.
  '--exclude-checks', 'positive_data_acceptance',
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

const WAYS: [string, boolean][] = [
  ['any conversation', false],
  ['an existing conversation', true],
];

for (const [way, there] of WAYS) {
  test(`the API answers as it is described, to requests for ${way}`, async ({ companion, folder, upstream }) => {
    test.setTimeout(LIMIT_MS);
    await upstream.plays(answer('Said.'));
    const worker = await companion.api.create('A conversation');
    const settings = join(folder, 'schemathesis.toml');
    const fixed = ['[parameters]', '"path.rid" = "backend-internal"', `"path.wid" = "${worker}"`];
    await writeFile(settings, there ? fixed.join('\n') : '');
    const { code, printed } = await run(
      [
        '--config-file', settings, 'run', `${companion.url}/api/v1/openapi.json`,
        '--seed', String(seed), '--max-examples', String(EXAMPLES),
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
    tell(`${cases} cases of schemathesis for ${way}, all of them answered as described`);
  });
}
