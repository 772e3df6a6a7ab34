// Checks every element of a page, from the first one that the parser makes to the last one that a
// script adds, and reports those that should not be there.
//
// Within an answer only the elements, attributes and values of a closed list are allowed
// (`closed.ts`). The rest of the page is compared with a first run with harmless words, which
// records the elements of the page and which of their texts and attributes contain words of a
// payload. The run with hostile words must not add anything to that.

import type { BrowserContext, Page } from '@playwright/test';

import { ANSWER, FORMULA, INERT } from './closed.ts';

/** What a page consists of, apart from the answers. */
export interface Known {
  /** Elements with their attributes that are not inert. */
  shapes: string[];
  /** Elements, with their parents, whose text contains words of a payload. */
  holders: string[];
  /** Attributes that contain words of a payload. */
  carriers: string[];
  /** Addresses of other hosts. */
  foreign: string[];
}

export interface Rules {
  answer: Record<string, Record<string, string>>;
  formula: Record<string, Record<string, string>>;
  inert: string[];
  /** The result of the first run. Without it, this run is the first and records the page. */
  known: Known | null;
}

export function rules(known: Known | null): Rules {
  return { answer: ANSWER, formula: FORMULA, inert: INERT, known };
}

/** What the script in the page reports. */
export interface Told {
  /** What should not be there, or should not have happened. */
  fault?: string;
  known?: [keyof Known, string];
}

/** Checks every page of a context from now on. */
export async function audit(
  context: BrowserContext,
  known: Known | null,
): Promise<{ faults: string[]; known: Known }> {
  const seen: Known = { shapes: [], holders: [], carriers: [], foreign: [] };
  const faults: string[] = [];
  await context.exposeBinding('__told', (_, told: Told) => {
    if (told.fault !== undefined && faults.length < 200) faults.push(told.fault);
    if (told.known && !seen[told.known[0]].includes(told.known[1])) {
      seen[told.known[0]].push(told.known[1]);
    }
  });
  for (const name of ['__xss', 'alert', 'confirm', 'prompt', 'print', 'open']) {
    await context.addInitScript((name) => {
      const told = (window as unknown as { __told: (told: object) => void }).__told;
      Object.defineProperty(window, name, {
        configurable: false,
        get: () => (...words: unknown[]) => told({ fault: `${name}(${words.join()}) was called` }),
        set: () => {},
      });
    }, name);
  }
  await context.addInitScript(auditor, rules(known));
  context.on('page', (page) => watchPage(page, faults));
  return { faults, known: seen };
}

function watchPage(page: Page, faults: string[]): void {
  page.on('dialog', (dialog) => {
    faults.push(`a dialog: ${dialog.type()} ${dialog.message()}`);
    void dialog.dismiss().catch(() => {});
  });
  page.on('popup', (popup) => faults.push(`a window was opened: ${popup.url()}`));
  page.on('download', (download) => faults.push(`a download: ${download.url()}`));
}

/** Waits until everything that is in the page now has been checked. */
export async function settled(page: Page): Promise<void> {
  // A MutationObserver reports before the next task. A frame would be no good to wait for, because
  // a page in the background has few of them.
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
}

/**
 * Runs in the page before anything else. Its `__look` also checks HTML that the page only parses
 * and does not show, and returns how many elements that HTML has in its transcript.
 */
export function auditor(rules: Rules): void {
  const HTML = 'http://www.w3.org/1999/xhtml';
  const MATHML = 'http://www.w3.org/1998/Math/MathML';
  const word = /xs\d+z/;
  const inert = new Set(rules.inert);
  const known = rules.known && {
    shapes: new Set(rules.known.shapes),
    holders: new Set(rules.known.holders),
    carriers: new Set(rules.known.carriers),
    foreign: new Set(rules.known.foreign),
  };
  const told = new Set<string>();
  let out: (told: object) => void = (what) =>
    (window as unknown as { __told: (told: object) => void }).__told(what);
  const once = (what: object, key: string) => {
    if (told.has(key)) return;
    told.add(key);
    out(what);
  };
  const around = (node: Node) =>
    (node instanceof Element ? node : (node.parentElement ?? document.documentElement)).outerHTML.slice(0, 300);
  const fault = (what: string, node: Node) =>
    once({ fault: `${what} in ${around(node)}` }, `${what}${around(node)}`);
  const meet = (kind: 'shapes' | 'holders' | 'carriers' | 'foreign', name: string, node: Node) => {
    if (known === null) once({ known: [kind, name] }, `${kind} ${name}`);
    else if (!known[kind].has(name)) fault(`${kind}: unknown ${name}`, node);
  };
  const named = (element: Element | null) =>
    element === null ? '' : element.localName + (element.getAttribute('class') ?? '').replace(/(^| +)(?=[^ ])/g, '.');

  /** Whether a node is within an answer, within a question, or elsewhere on the page. */
  const place = (node: Node): 'answer' | 'question' | undefined => {
    const messages = '.message-text, .excerpt-message > .prose, .excerpt-message > .excerpt-plain';
    const parent = node.parentElement?.closest(messages);
    if (!parent) return undefined;
    return parent.closest('[data-role=assistant]') ? 'answer' : 'question';
  };

  const inAnswer = (element: Element) => {
    const list = element.namespaceURI === MATHML ? rules.formula : rules.answer;
    const attributes = Object.hasOwn(list, element.localName) ? list[element.localName] : undefined;
    if (!attributes || (element.namespaceURI !== MATHML && element.namespaceURI !== HTML)) {
      return fault(`answer: the element ${element.namespaceURI} ${element.localName}`, element);
    }
    for (const { name, value } of element.attributes) {
      const like = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      if (like === undefined || !new RegExp(`^(?:${like})$`, 'u').test(value)) {
        fault(`answer: the attribute ${name}="${value}" of ${element.localName}`, element);
      }
    }
  };

  const elsewhere = (element: Element) => {
    const lively = [];
    for (const { name, value } of element.attributes) {
      if (name.startsWith('on')) fault(`the attribute ${name}`, element);
      if (!inert.has(name) && !name.startsWith('data-') && !name.startsWith('aria-')) lively.push(name);
      if (word.test(value)) meet('carriers', `${named(element)} ${name}`, element);
      if (['href', 'src', 'action', 'formaction', 'data', 'xlink:href', 'srcset', 'poster', 'ping'].includes(name)) {
        const url = URL.parse(value, location.href);
        const own = url !== null && ['http:', 'https:'].includes(url.protocol) && url.host === location.host;
        if (!own) meet('foreign', `${element.localName} ${name}=${value}`, element);
      }
    }
    meet('shapes', `${element.namespaceURI} ${element.localName} ${lively.sort().join(' ')}`, element);
    if (element instanceof HTMLScriptElement && element.nonce === '' && !element.hasAttribute('nonce')) {
      fault('a script without a nonce', element);
    }
  };

  const look = (node: Node) => {
    if (node.nodeType === Node.TEXT_NODE || node.nodeType === Node.COMMENT_NODE) {
      if (word.test(node.nodeValue ?? '') && place(node) === undefined) {
        const [first, second] = [node.parentElement, node.parentElement?.parentElement ?? null];
        const kind = node.nodeType === Node.COMMENT_NODE ? 'comment ' : '';
        meet('holders', `${kind}${named(first)} < ${named(second)}`, node);
      }
    } else if (node.nodeType === Node.ELEMENT_NODE) {
      const element = node as Element;
      const within = place(element);
      if (within === 'answer') inAnswer(element);
      // A question is shown as it was written.
      else if (within === 'question') fault(`question: the element ${element.localName}`, element);
      else elsewhere(element);
      if (element instanceof HTMLTemplateElement) all(element.content);
    }
  };

  const all = (root: Node) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT | NodeFilter.SHOW_COMMENT);
    for (let node: Node | null = walker.currentNode; node; node = walker.nextNode()) look(node);
  };

  new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === 'childList') addedNodes.forEach((added) => added.isConnected && all(added));
      else look(target);
    }
  }).observe(document, { childList: true, subtree: true, attributes: true, characterData: true });
  document.addEventListener('securitypolicyviolation', (event) =>
    once({ fault: `policy violated: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}` }, event.blockedURI),
  );

  Object.defineProperty(window, '__look', {
    value: (html: string) => {
      const said: object[] = [];
      const before = out;
      out = (what) => said.push(what);
      told.clear();
      const parsed = new DOMParser().parseFromString(html, 'text/html');
      all(parsed);
      out = before;
      const elements = parsed.querySelectorAll('[role=log] *').length;
      return { said, elements };
    },
  });
}
