// Every form of a link in Markdown.

import type { Rng } from '../seed.ts';
import { address, script } from './encoding.ts';

const FORMS: ((url: string, token: string, code: string) => string)[] = [
  (url, token) => `[${token}](${url})`,
  (url, token) => `[${token}](<${url}>)`,
  (url, token, code) => `[${token}](${url} "${token}" onclick=${code})`,
  (url, token, code) => `[${token}](${url} '"><img src=x onerror=${code}>')`,
  (url, token) => `[${token}](${url} (title))`,
  (url, token) => `[${token}]( \n${url}\n "t")`,
  (url, token) => `[${token}][r${token}]\n\n[r${token}]: ${url}`,
  (url, token) => `[${token}][]\n\n[${token}]: <${url}> "x"`,
  (url, token) => `[${token}]\n\n[${token}]: ${url}\n  'x'`,
  (url, token) => `![${token}](${url})`,
  (url, token, code) => `![${token}" onerror="${code}](${url})`,
  (url, token) => `![${token}](${url} "t")`,
  (url, token) => `![${token}][i${token}]\n\n[i${token}]: ${url}`,
  (url, token) => `[![${token}](${url})](${url})`,
  (url, token) => `![[${token}](${url})](${url})`,
  (url, token) => `[[${token}](${url})](${url})`,
  (url, token) => `<${url}>\n${token}`,
  (url, token) => `${url} ${token}`,
  (url, token) => `**${url}**_${token}_`,
  (url, token) => `(${url})[${token}]`,
  (url, token) => `[${token}](${url}`,
  (url, token) => `[${token}]\\(${url})`,
  (url, token) => `\\[${token}](${url})`,
  (url, token) => `[\`${token}\`](${url})`,
  (url, token) => `[**${token}**<b>](${url})`,
  (url, token) => `[$${token}$](${url})`,
  (url, token) => `[^${token}]\n\n[^${token}]: [${token}](${url})`,
  (url, token) => `[^"><img src=x id=${token}>]\n\n[^"><img src=x id=${token}>]: ${url}`,
  (url, token) => `| [${token}](${url}) | ${url} |\n|---|:--:|\n| <${url}> | ![x](${url}) |`,
  (url, token) => `# [${token}](${url})\n\n${url}\n===`,
  (url, token) => `- [ ] [${token}](${url})\n- [x] ${url}\n  1. <${url}>`,
  (url, token) => `> [${token}](${url})\n> > ${url}`,
  (url, token) => `~~[${token}](${url})~~ ***${url}***`,
  (url, token) => `[${token}](https://evil.example/${token}?q=${url})`,
  (url, token) => `[${token}\u202e](${url})`,
  (_, token, code) => `<https://evil.example/${token}"onclick="${code}>`,
  (_, token, code) => `www.evil.example/${token}"onclick="${code}`,
  (_, token, code) => `${token}@evil.example"onclick="${code}`,
  (_, token) => `[${token}](//evil.example) [${token}](/data) [${token}](#composer) [${token}]()`,
];

export function links(rng: Rng, token: string): string {
  return rng.pick(FORMS)(address(rng, token), token, script(rng, token));
}
