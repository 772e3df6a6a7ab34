// Creates a long conversation, by importing an export of another program.

import type { Companion } from './companion.ts';

const ANSWERS = [
  'It depends on **what you mean**. There are two ways:\n\n1. The short one.\n2. The long one, with a [link](https://example.com/).\n\nBoth are *fine*.',
  '```rust\nfn main() {\n    println!("Hello, 世界");\n}\n```\n\nThis prints a greeting.',
  '月の引力によって、海水が持ち上げられるためです。一日に二回、満ち引きがあります。',
  '| a | b |\n|---|---|\n| 1 | 2 |\n\nThe sum is $a + b = 3$.',
  'A longer paragraph, so that heights differ from message to message. '.repeat(6),
];

/** The text of message `n`, counted from 0. Questions and answers alternate. */
export function textOf(n: number): string {
  return n % 2 === 0
    ? `Question number ${n}: what about it?`
    : `Answer number ${n}. ${ANSWERS[((n - 1) / 2) % ANSWERS.length]}`;
}

/** Imports a conversation with this many messages, and returns its id. */
export async function importLong(companion: Companion, messages: number): Promise<string> {
  const list = Array.from({ length: messages }, (_, n) => ({
    role: n % 2 === 0 ? 'user' : 'assistant',
    content: textOf(n),
    timestamp: 1_735_700_000 + n,
  }));
  const chat = { title: 'Long', models: ['m'], messages: list };
  const body = JSON.stringify([{ id: 'long', title: 'Long', created_at: 1_735_700_000, chat }]);
  const path = '/api/v1/runtimes/backend-internal/import';
  const headers = { 'content-type': 'application/octet-stream' };
  const { status, body: told } = await companion.api.raw('POST', path, headers, body);
  if (status !== 200) throw new Error(`the import was refused: ${status} ${told.toString()}`);
  const { workers } = JSON.parse(told.toString()) as { workers: string[] };
  if (!workers[0]) throw new Error('nothing was imported');
  return workers[0];
}
