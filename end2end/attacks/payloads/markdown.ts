// The places of a Markdown text in which a payload can stand, and payloads in formulas.

import type { Rng } from '../seed.ts';
import { address, script } from './encoding.ts';

const line = (text: string) => text.replace(/\s*\n\s*/g, ' ');

/** Each puts a payload into another Markdown construct. */
export const places: ((text: string) => string)[] = [
  (text) => `A paragraph ${line(text)} goes on.`,
  (text) => `- one\n- ${line(text)}\n  - ${line(text)}`,
  (text) => text.replace(/^/gm, '> '),
  (text) => `| a | b |\n|:--|--:|\n| ${line(text).replaceAll('|', '\\|')} | ${line(text)} |`,
  (text) => `## ${line(text)}`,
  (text) => `${line(text)}\n---`,
  (text) => `\`\`\`\`\`\`${line(text).replaceAll('`', "'")}\ncode\n\`\`\`\`\`\``,
  (text) => `~~~~~~html ${line(text).replaceAll('~', '-')}\n${text.replaceAll('~', '-')}\n~~~~~~`,
  (text) => `\`\`\`\`\`\`html\n${text.replaceAll('`', "'")}\n\`\`\`\`\`\``,
  (text) => `\`\`\`\`\`\`javascript\n${text.replaceAll('`', "'")}\n\`\`\`\`\`\``,
  (text) => text.replace(/^/gm, '    '),
  (text) => `\`\`\`\` ${line(text)} \`\`\`\``,
  (text) => `**${line(text)}** _${line(text)}_ ~~${line(text)}~~`,
  (text) => `[${line(text)}](https://good.example/)`,
  (text) => `![${line(text)}](https://good.example/x.png)`,
  (text) => `[good](https://good.example/ "${line(text)}")`,
  (text) => `A note[^n].\n\n[^n]: ${line(text)}`,
  (text) => `<div>\n${text}\n</div>`,
  (text) => `<!-- ${text} -->`,
  (text) => `\\${text}`,
  (text) => `&amp;lt;${line(text)}&gt;`,
  (text) => `- [x] ${line(text)}`,
  (text) => `$${line(text).replaceAll('$', '')}$`,
  (text) => `$$\n\\text{${line(text).replaceAll('$', '')}}\n$$`,
];

export function formulas(rng: Rng, token: string): string {
  const url = address(rng, token).replaceAll('$', '');
  const code = script(rng, token).replaceAll('$', '');
  const gap = rng.pick([' ', '/', '\f', '\\ ', '~']);
  const image = `<img${gap}src=x${gap}onerror=${code}>`;
  const formula = rng.pick([
    `\\operatorname{${image}}`,
    `\\operatorname*{</math>${image}}`,
    `\\operatornamewithlimits{<script>${code}</script>}`,
    `\\text{${image}}`,
    `\\text{\\operatorname{<!--}} ${token}`,
    `\\mathrm{${image}}`,
    `\\mbox{</mtext></math>${image}}`,
    `\\href{${url}}{${token}}`,
    `\\url{${url}}`,
    `\\htmlClass{composer}{${token}} \\htmlId{composer}{${token}} \\htmlData{do=delete}{${token}}`,
    `\\htmlStyle{background:url(${url})}{${token}}`,
    `\\includegraphics[alt=${token}]{${url}}`,
    `\\color{red;background:url(${url})}{${token}}`,
    `\\textcolor{"onclick=${code}}{${token}}`,
    `\\fcolorbox{red}{"><img>}{${token}}`,
    `\\class{composer}{${token}} \\cssId{composer}{${token}}`,
    `\\unicode{x3c}script\\unicode{x3e}${code}`,
    `\\char"3C img src=x onerror=${code}\\char"3E`,
    `\\tag{${image}} x`,
    `\\label{composer} \\ref{composer} ${token}`,
    `\\begin{${image}}${token}\\end{${image}}`,
    `\\begin{array}{c|"onclick=${code}}${token}\\end{array}`,
    `\\newcommand{\\x}{${image}}\\x`,
    `\\def\\x#1{<#1>}\\x{script}${code}`,
    `\\rule{1em"onclick=${code}}{1em}`,
    `\\hspace{1em;background:url(${url})} ${token}`,
    `<annotation-xml encoding="text/html">${image}</annotation-xml>`,
    `x < y > ${image}`,
    `\\lt img src=x onerror=${code} \\gt`,
    `\\&lt;script\\&gt;${code}`,
    `\\verb|${image}|`,
    `\\require{html}\\require{bbox} \\bbox[red,border:1px]{${token}}`,
    `\\data{${token}} \\input{/etc/passwd} \\write18{${token}}`,
  ]);
  return rng.pick([
    `$${formula}$`,
    `$$${formula}$$`,
    `\\(${formula}\\)`,
    `\\[${formula}\\]`,
    `\`\`\`math\n${formula}\n\`\`\``,
    `${token} $${formula}`,
  ]);
}
