// Measures and prints the first load. It only asserts that there is something to measure.

import { ANSWER_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';

test('bytes of the first load', async ({ companion, console, watch }) => {
  const began = performance.now();
  await console.openLive();
  const liveMs = performance.now() - began;
  const seen = new Map(watch.requests.map(({ path, kind }) => [path, kind]));
  const rows: [part: string, body: number, encoding: string][] = [];
  for (const [path, kind] of seen) {
    const { status, headers, body } = await companion.api.raw('GET', path, {
      accept: kind === 'document' ? 'text/html' : '*/*',
      'accept-encoding': 'br',
    });
    if (status === 200) {
      const name = path.startsWith('/c/') ? 'page (HTML)' : path.replace(/\.[^.]{6,}\./, '.');
      rows.push([name, body.length, String(headers['content-encoding'] ?? 'identity')]);
    }
  }
  expect(rows.length).toBeGreaterThan(3);
  const total = rows.reduce((sum, [, bytes]) => sum + bytes, 0);
  print('First load, bytes of bodies with Accept-Encoding: br', [
    ...rows.map(([part, bytes, encoding]) => `${part.padEnd(28)} ${size(bytes)}  ${encoding}`),
    `${'in all'.padEnd(28)} ${size(total)}`,
    `from navigation to a live page: ${liveMs.toFixed(0)} ms`,
  ]);
});

test.describe('the embedded model', () => {
  test.use({ provider: 'local' });
  test.setTimeout(4 * ANSWER_MS);

  test('time to the first token and tokens per second', async ({ console }) => {
    const lines: string[] = [];
    await console.openLive();
    for (const question of [
      'What is the capital of France? Answer in one short sentence.',
      'Name three fruits.',
      'Explain in two sentences why the sky is blue.',
    ]) {
      await console.ask(question);
      await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
      await console.isIdle(ANSWER_MS);
      lines.push(`> ${question}`, (await console.answer.textContent()) ?? '');
      lines.push(`  ${(await console.figures.allTextContents()).join(' · ')}`, '');
    }
    print('The embedded model, as the page shows it', lines);
  });
});

function size(bytes: number): string {
  return `${(bytes / 1000).toFixed(1).padStart(8)} KB`;
}

function print(title: string, lines: string[]): void {
  process.stdout.write(`\n${title}\n${lines.map((line) => `  ${line}\n`).join('')}\n`);
}
