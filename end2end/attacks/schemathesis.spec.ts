// Requests that schemathesis makes of the interface's own description: right ones, wrong ones, and
// chains of them. None is answered with an error of the server, each answer is as described.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';
import { seed, size, sized, tell } from './seed.ts';

/** What the attack that found none had. */
const BIG = 4852;
/** Cases of one operation beside those that cover each of its parameters. */
const EXAMPLES = size === 'big' ? 100 : 2;

/** The program: `tools/setup/schemathesis.sh` puts it there. */
const program = process.env.SCHEMATHESIS ?? 'schemathesis';

const LEFT_OUT = [
  // Streams of events go on for ever; `torture observers` reads them.
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
  const options = { cwd: folder, maxBuffer: 64 << 20, env: { ...process.env, NO_COLOR: '1' } };
  return new Promise((done) => {
    execFile(program, args, options, (error, out, err) => {
      // A program that is not there has a text for a code.
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ code, printed: `${out}${err}${code === -1 ? String(error) : ''}` });
    });
  });
}

const WAYS: [string, boolean][] = [
  ['whatever is asked for', false],
  ['a conversation that is there', true],
];

for (const [way, there] of WAYS) {
  test(`the interface answers as it says, by requests for ${way}`, async ({ companion, folder, upstream }) => {
    test.setTimeout(15 * 60_000);
    await upstream.plays(answer('Said.'));
    const worker = await companion.api.create('A conversation');
    const settings = join(folder, 'schemathesis.toml');
    const fixed = ['[parameters]', '"path.rid" = "backend-internal"', `"path.wid" = "${worker}"`];
    await writeFile(settings, there ? fixed.join('\n') : '');
    const { code, printed } = await run(
      [
        '--config-file', settings, 'run', `${companion.url}/api/v1/openapi.json`,
        '--seed', String(seed), '--max-examples', String(EXAMPLES),
        // What is wrong is shown as it was met, in this run and in no file; slowness is not looked for.
        '--no-shrink', '--continue-on-failure', '--generation-database', 'none',
        '--suppress-health-check', 'all', '--request-timeout', '60', '--workers', '1',
        ...LEFT_OUT, ...(there ? ['--exclude-method', 'DELETE'] : []),
      ],
      folder,
    );
    expect(code, printed.slice(-12_000)).toBe(0);
    const [, cases] = /^\s*(\d+) generated/m.exec(printed) ?? [];
    expect(Number(cases), printed.slice(-2_000)).toBeGreaterThanOrEqual(sized(BIG) / 2);
    tell(`${cases} cases of schemathesis by requests for ${way}, 0 answered as they should not be`);
  });
}
