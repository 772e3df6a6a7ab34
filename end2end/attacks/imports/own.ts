// Forged files of Companion's own format: real exports whose texts are replaced, with checksums
// that fit. See docs/export-format.md.

import { createHash, randomUUID } from 'node:crypto';

import { asLine, type Payload } from '../payloads.ts';
import type { Rng } from '../seed.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The contents of each line, without its number and its checksum. */
function contents(file: string): { [name: string]: Json }[] {
  return file
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { check: _, line: __, ...content } = JSON.parse(line) as { [name: string]: Json };
      return content;
    });
}

/** Makes a file of the lines, with checksums that fit. */
export function sealed(lines: { [name: string]: Json }[]): string {
  const hash = createHash('sha256');
  let file = '';
  let sum = createHash('sha256');
  for (const [n, content] of lines.entries()) {
    if ('conversation' in content) sum = createHash('sha256');
    if ('conversation' in content || 'event' in content) sum.update(`${JSON.stringify(content).slice(1)}\n`);
    if ('sum' in content) (content.sum as { [name: string]: Json }).sha256 = sum.copy().digest('hex');
    if ('end' in content) (content.end as { [name: string]: Json }).sha256 = hash.copy().digest('hex');
    const covered = `"line":${n + 1},${JSON.stringify(content).slice(1)}`;
    const check = hash.copy().update(covered).digest('hex').slice(0, 16);
    const line = `{"check":"${check}",${covered}\n`;
    hash.update(line);
    file += line;
  }
  return file;
}

/** An id in an export. Each forged conversation gets new ones. */
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** A conversation like the exported one, with hostile texts wherever a text may stand. */
export function forgery(rng: Rng, file: string, texts: Payload[]): string {
  const others = new Map<string, string>();
  const renamed = file.replace(UUID, (id) => {
    // The id keeps its time and version, and gets a new random part.
    const other = others.get(id) ?? id.slice(0, 19) + randomUUID().slice(19);
    others.set(id, other);
    return other;
  });
  const lines = contents(renamed);
  const bytes = new Map<Json, number>();
  for (const line of lines) {
    if ('conversation' in line) {
      (line.conversation as { [name: string]: Json }).log_id = randomUUID().replaceAll('-', '').slice(0, 16).replace(/^./, '1');
    }
    if ('event' in line) event(rng, line.event as { [name: string]: Json }, texts, bytes);
  }
  return sealed(lines);
}

function event(rng: Rng, event: { [name: string]: Json }, texts: Payload[], bytes: Map<Json, number>) {
  const text = () => rng.pick(texts).text;
  const word = () => asLine(rng.pick(texts));
  const fill = (value: Json): void => {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return;
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner !== 'string') fill(inner);
      else if (name === 'title' || name === 'model') value[name] = word();
      else if (name === 'text') value[name] = text();
      else if (name === 'message' || name === 'hint') value[name] = `${word()}\n${text()}`;
      else if (name === 'reason') value[name] = word();
    }
  };
  fill(event);
  if (event.type === 'text_delta') {
    const offset = bytes.get(event.message_id ?? null) ?? 0;
    event.offset = offset;
    bytes.set(event.message_id ?? null, offset + Buffer.byteLength(String(event.text)));
  }
}
