// Texts that try to run or load something in a page. A grammar generates them, so that combinations
// are tried which are on no list.
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
  /** A word of the text, by which everything that the text causes can be recognised. */
  token: string;
  text: string;
}

/** Matches every token. No token is the beginning of another one. */
export const TOKEN = /xs\d+z/g;

/** Ends every kind of HTML block of CommonMark, so that no payload swallows the next one. */
const RESET = '--> ?> ]]> </script></style></pre></textarea>';

/** The kinds of payloads, with the weight of each. */
const KINDS: [number, (rng: Rng, token: string) => string][] = [
  [5, elements],
  [5, links],
  [3, mutations],
  [2, formulas],
  [1, clobbering],
  [1, styles],
  [1, breakers],
];

/** `count` payloads, all of them different. */
export function payloads(rng: Rng, count: number): Payload[] {
  const kinds = KINDS.flatMap(([often, kind]) => Array.from({ length: often }, () => kind));
  return Array.from({ length: count }, (_, n) => {
    const token = `xs${n}z`;
    const payload = rng.pick(kinds)(rng, token);
    return { token, text: rng.once(3) ? rng.pick(places)(payload) : payload };
  });
}

/** One text of several payloads, each in separate blocks after a paragraph with its token. */
export function together(several: Payload[]): string {
  return several.map(({ token, text }) => `${token}\n\n${text}\n\n${RESET}\n\n`).join('');
}

/** The payload as one line, for a title, the name of a model or an error. */
export function asLine({ token, text }: Payload, longest = 190): string {
  // The line begins with the token, so that it can be recognised even when it is cut off.
  const line = `${token} ${text}`.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
  return [...line].slice(0, longest).join('').trim();
}

/** The same payloads with harmless texts, which show what a page consists of without attacks. */
export function harmless(several: Payload[]): Payload[] {
  return several.map(({ token }) => ({ token, text: `A word: ${token}.` }));
}
