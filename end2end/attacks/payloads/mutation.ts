// Texts that two parsers read differently, and texts that break out of the place they are put in.

import type { Rng } from '../seed.ts';
import { script } from './encoding.ts';

export function mutations(rng: Rng, token: string): string {
  const code = script(rng, token);
  const image = `<img src=x id=${token} onerror=${code}>`;
  const hidden = `title="${rng.pick(['-->', '--!>', '--&gt;', ']]>', '</style>', '</title>', '</noscript>', '</textarea>'])}${image}"`;
  const raw = rng.pick(['style', 'title', 'textarea', 'xmp', 'noscript', 'noembed', 'noframes', 'iframe', 'script', 'plaintext', 'listing']);
  const foreign = rng.pick(['svg', 'math']);
  const bridge = rng.pick(['desc', 'title', 'foreignObject', 'mtext', 'mi', 'annotation-xml encoding=text/html', 'mglyph', 'malignmark']);
  return rng.pick([
    () => `<${foreign}><${raw}><a ${hidden}></a></${raw}></${foreign}>`,
    () => `<${foreign}></p><${raw}><!--</${raw}><a ${hidden}>-->`,
    () => `<math><mtext><table><mglyph><style><!--</style><a ${hidden}>`,
    () => `<form><math><mtext></form><form><mglyph><style></math>${image}`,
    () => `<${foreign}><${bridge}><${raw}>${image}</${raw}>`,
    () => `<${foreign}><${bridge}>${image}</${bridge.split(' ')[0]}></${foreign}>`,
    () => `<${raw}><p ${hidden}></${raw}>`,
    () => `<noscript><p title="</noscript>${image}">`,
    () => `<select><${raw}><${foreign}>${image}</select>`,
    () => `<table><a ${hidden}><tr><td>${image}</table>`,
    () => `<template><${foreign}><${raw}></template>${image}`,
    () => `<!--${rng.pick(['>', '->', '-!>', ' --!>', '<!-- -->', '[if gte IE 4]>'])}${image}-->`,
    () => `<![CDATA[${image}]]>`,
    () => `<?php ${image} ?>`,
    () => `<!${token} ${image}>`,
    () => `</${raw}>${image}`,
    () => `</ ${image}`,
    () => `<${raw}/><${raw} ${hidden}/>`,
    () => `${'<div>'.repeat(rng.below(200))}${image}`,
    () => `<p><p><a><a ${hidden}><b><i></b>${image}`,
    () => `<${'a'.repeat(rng.below(800) + 1)} onclick=${code}>${token}`,
    () => `<img ${'x '.repeat(rng.below(200))}src=x onerror=${code} id=${token}>`,
    () => `<scr<script>ipt>${code}</scr</script>ipt>${token}`,
    () => `<scr\0ipt>${code}</script>${token}`,
    () => `+ADw-script+AD4-${code}+ADw-/script+AD4-${token}`,
    () => `\u2028<script>${code}</script>\u2029${token}`,
    () => `{{constructor.constructor("${code}")()}} \${${code}} #{7*7} <%= ${token} %>`,
    () => `\ud83d<script>${code}</script>\ufffd\ufeff${token}`.replace('\ud83d', '🦀'),
    () => `＜script＞${code}＜/script＞${token}`,
    () => `\u202e>${image}<\u202c`,
  ])();
}

/** The end of the construct that a text is put in, followed by something that runs. */
export function breakers(rng: Rng, token: string): string {
  const code = script(rng, token);
  const end = rng.pick([
    '"', "'", '`', '>', '">', "'>", '-->', '--!>', ']]>', '</title>', '</textarea>', '</script>',
    '</style>', '</noscript>', '</template>', '</select>', '</option>', '</svg>', '</math>', '</a>',
    '</code></pre></div>', '</article></main>', '</body></html>', '\\";', "\\';", '*/', '*/;', '//',
    '\n', '\r\n\r\n', '\0', '%00', '&quot;>', '&#34;>', '<!--', '<!--<script>', '}})', '"}]', '\\u003c/script\\u003e',
  ]);
  const run = rng.pick([
    `<script>${code}</script>`,
    `<img src=x id=${token} onerror=${code}>`,
    ` onmouseover=${code} autofocus onfocus=${code} x="`,
    `;${code}//`,
    `<svg/onload=${code}>`,
    `<iframe src=javascript:${code}>`,
    `style=position:fixed;inset:0 onclick=${code} `,
  ]);
  return `${token}${end}${run}`;
}
