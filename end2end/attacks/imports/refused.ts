// Files that cannot be imported, all or nothing. Each has to be refused with a reason; nothing of it
// may be stored, and the server has to go on.

import { asLine, type Payload } from '../payloads.ts';
import type { Rng } from '../seed.ts';

const of = (list: unknown) => JSON.stringify(list);

/** The files, each after a description of what is wrong with it. */
export function refused(rng: Rng, texts: Payload[]): [string, string][] {
  const text = () => rng.pick(texts).text;
  const node = (id: string, parent: unknown) => [
    id,
    { parent, message: { author: { role: 'user' }, content: { content_type: 'text', parts: [text()] } } },
  ];
  const mapping = (...nodes: unknown[][]) => of([{ id: text(), title: text(), mapping: Object.fromEntries(nodes) }]);
  const deep = (open: string, close: string, n: number) => open.repeat(n) + close.repeat(n);
  return [
    ['a circle of two', mapping(node('a', 'b'), node('b', 'a'))],
    ['its own parent', mapping(node(text(), text()), node('a', 'a'))],
    ['a long circle', mapping(...Array.from({ length: 500 }, (_, n) => node(`${n}`, `${(n + 1) % 500}`)))],
    ['a mapping that is a list', of([{ id: 'x', mapping: [text()] }])],
    ['a mapping that is a text', of([{ id: 'x', mapping: text() }])],
    ['an id twice', `[{"id":"x","mapping":{"a":{"parent":null},"a":{"parent":null}}}]`],
    ['a role that is a number', of([{ id: 'x', mapping: { a: { message: { author: { role: 1 } } } } }])],
    ['bytes that are no UTF-8', Buffer.from([0x5b, 0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d, 0x5d]).toString('latin1')],
    ['lists within lists', deep('[', ']', 100_000)],
    ['objects within objects', `[${'{"chat":'.repeat(50_000)}`],
    ['a list that is cut off', of([{ id: text(), mapping: {} }]).slice(0, -3)],
    ['no conversation', '[]'],
    ['nulls', '[null,null]'],
    ['numbers', '[1,2,3]'],
    ['texts', of([text(), text()])],
    ['nothing', ''],
    ['white space', ' \n\t '],
    ['markup', `<!doctype html><script>${text()}</script>`],
    ['own, empty', '{}'],
    ['own, a header alone', '{"check":"0000000000000000","line":1,"header":{"format":"companion-export","version":1}}\n'],
    ['own, another version', `{"check":"0000000000000000","line":1,"header":{"format":${of(text())},"version":99}}\n`],
    ['own, a hostile field', `{"check":${of(asLine(rng.pick(texts)))},"line":1,${of(text())}:{}}\n`],
    ['a zip archive', `PK\u0003\u0004${text()}`],
  ];
}
