// Writes the notes of the peers' tests into docs/endpoints.md, between two marks. Nothing is
// written if a test failed, or if only some of the tests ran.

import { readFileSync, writeFileSync } from 'node:fs';

import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter';

import { file } from '../harness/programs.ts';

const BEGIN = '<!-- written by `make peers`: begin -->';
const END = '<!-- written by `make peers`: end -->';

interface Row {
  peer: string;
  title: string;
  held: string[];
}

export default class PeerReporter implements Reporter {
  private readonly rows: Row[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    const noted = (type: string): string[] =>
      result.annotations.flatMap((note) =>
        note.type === type && note.description ? [note.description] : [],
      );
    const [peer = 'unnamed'] = noted('peer');
    this.rows.push({ peer, title: test.title, held: noted('held') });
  }

  onEnd({ status }: FullResult): void {
    if (status !== 'passed' || process.env.PEERS_REPORT !== '1') return;
    const path = file('docs/endpoints.md');
    const document = readFileSync(path, 'utf8');
    const [before, rest] = document.split(BEGIN);
    const after = rest?.split(END)[1];
    if (before === undefined || after === undefined) throw new Error(`${path} has no marks`);
    writeFileSync(path, `${before}${BEGIN}\n${this.tables()}\n${END}${after}`);
  }

  private tables(): string {
    const peers = [...new Set(this.rows.map(({ peer }) => peer))];
    return peers.map((peer) => this.table(peer)).join('\n\n');
  }

  private table(peer: string): string {
    const rows = this.rows
      .filter((row) => row.peer === peer)
      .map(({ title, held }) => `| ${cell(title)} | ${cell(held.join('; '))} |`);
    const date = new Date().toISOString().slice(0, 10);
    return [`### ${peer} (${date})`, '', '| asked | what held |', '| --- | --- |', ...rows].join('\n');
  }
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
