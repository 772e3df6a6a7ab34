// A reporter that repeats the error of each failed test after everything else, also of those that
// passed when they ran again. Where only the end of a long log is kept, as in CI, the list's own
// report ends with attachments and names alone.

import type { FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter';

/** How many failed tests, and how many lines of each error, are repeated. */
const LIMITS = { tests: 5, lines: 30 };

/** Colours are for a terminal; the end of a log is read as plain text. */
const COLOUR = /\u001b\[[0-9;]*m/g;

export default class Failures implements Reporter {
  private readonly failed: { test: TestCase; result: TestResult }[] = [];

  onTestEnd(test: TestCase, result: TestResult): void {
    if (result.status !== test.expectedStatus && result.status !== 'skipped') {
      this.failed.push({ test, result });
    }
  }

  onEnd(_: FullResult): void {
    for (const { test, result } of this.failed.slice(0, LIMITS.tests)) {
      const outcome = test.outcome() === 'flaky' ? 'Failed once, then passed' : 'Failed';
      console.log(`\n${outcome}: ${test.titlePath().filter(Boolean).join(' › ')}`);
      for (const error of result.errors) {
        const text = [error.message, error.snippet].filter(Boolean).join('\n');
        console.log(text.replace(COLOUR, '').split('\n').slice(0, LIMITS.lines).join('\n'));
      }
    }
  }

  printsToStdio(): boolean {
    return false;
  }
}
