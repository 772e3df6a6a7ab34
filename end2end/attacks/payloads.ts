// Texts that try to become more than text in a page. They are made by a grammar and not taken
// from a list, so that combinations which nobody has written down are tried, too.
//
// The vectors are those of public collections; the strings are our own. Sources: "XSS Filter
// Evasion" of the OWASP cheat sheets (elements, events, encodings), html5sec.org (elements of
// HTML5, SVG and MathML), DOMPurify's `test/fixtures/expect.mjs` and the write-ups of its
// bypasses (mutation), "DOM clobbering" of PortSwigger, and the spec tests of CommonMark and
// GFM (every form of a link).

import { clobbering, elements, styles } from './payloads/elements.ts';
import { links } from './payloads/links.ts';
import { formulas, places } from './payloads/markdown.ts';
import { breakers, mutations } from './payloads/mutation.ts';
import { Rng } from './seed.ts';

export interface Payload {
  /** Stands in the text, and so in everything that comes of it. */
  token: string;
  text: string;
}

/** What every token matches; none is the beginning of another one. */
export const TOKEN = /xs\d+z/g;

/** What ends every kind of HTML block of CommonMark, so that no payload swallows the next one. */
const RESET = '--> ?> ]]> </script></style></pre></textarea>';

/** Kinds of payloads with how often each is drawn. */
const KINDS: [number, (rng: Rng, token: string) => string][] = [
  [5, elements],
  [5, links],
  [3, mutations],
  [2, formulas],
  [1, clobbering],
  [1, styles],
  [1, breakers],
];

/** So many payloads, no two alike. */
export function payloads(rng: Rng, count: number): Payload[] {
  const kinds = KINDS.flatMap(([often, kind]) => Array.from({ length: often }, () => kind));
  return Array.from({ length: count }, (_, n) => {
    const token = `xs${n}z`;
    const payload = rng.pick(kinds)(rng, token);
    return { token, text: rng.once(3) ? rng.pick(places)(payload) : payload };
  });
}

/** One text of several payloads, each in blocks of its own, behind a paragraph that names it. */
export function together(several: Payload[]): string {
  return several.map(({ token, text }) => `${token}\n\n${text}\n\n${RESET}\n\n`).join('');
}

/** The payload as a line: a title, a name of a model, a word of an error. */
export function asLine({ token, text }: Payload, longest = 190): string {
  // What cannot stand in one line or was cut off still begins with its token.
  const line = `${token} ${text}`.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return [...line].slice(0, longest).join('').trim();
}

/** The same with a harmless text in the place of each: what a page is made of without attacks. */
export function harmless(several: Payload[]): Payload[] {
  return several.map(({ token }) => ({ token, text: `A word: ${token}.` }));
}
