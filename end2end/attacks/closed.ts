// The elements and attributes that are allowed in a page: the closed list of those that the
// renderer of answers writes (app/render/), and attributes that are harmless elsewhere on a
// page.

/** Attributes of an element, with a regular expression for their whole value. */
type Attributes = Record<string, string>;

const ID = '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const LENGTH = '[ #%()+,.:;a-zA-Z0-9-]*';

/** Attributes in a formula: those that math-core writes and `math/output.rs` allows. */
const MATH: Attributes = Object.fromEntries([
  ...[
    'accent', 'accentunder', 'data-bottom', 'data-style', 'display', 'displaystyle', 'form', 'height', 'largeop',
    'linethickness', 'lspace', 'mathcolor', 'mathvariant', 'maxsize', 'minsize', 'movablelimits', 'notation', 'rspace',
    'scriptlevel', 'stretchy', 'symmetric', 'width',
  ].map((name) => [name, LENGTH]),
  ['class', '(math-core-|menclose-)[a-z -]*'],
]);

const MATH_ELEMENTS = [
  'math', 'menclose', 'mfrac', 'mi', 'mmultiscripts', 'mn', 'mo', 'mover', 'mpadded', 'mphantom',
  'mprescripts', 'mroot', 'mrow', 'mspace', 'msqrt', 'msub', 'msubsup', 'msup', 'mtable', 'mtd',
  'mtext', 'mtr', 'munder', 'munderover',
];

/** The direction of a block follows its letters. */
const BLOCK = { dir: 'auto' };
const ALIGNED = { 'data-align': 'left|center|right' };

/** The elements of an answer, by their names as a document of HTML has them. */
export const ANSWER: Record<string, Attributes> = {
  // HTML elements of text, which may also stand within a formula.
  ...Object.fromEntries(['b', 'em', 'i', 's', 'u'].map((name) => [name, {}])),
  a: {
    href: `(?:[hH][tT][tT][pP][sS]?|[mM][aA][iI][lL][tT][oO]):[^\\u0000-\\u001f]+|#note-${ID}-\\d+`,
    target: '_blank',
    rel: 'noopener noreferrer nofollow',
    class: 'image',
  },
  blockquote: BLOCK,
  br: {},
  button: {
    class: 'code-act',
    type: 'button',
    'data-do': 'wrap|copy-code',
    'aria-labelledby': 'word-wrap|word-copy-code',
  },
  code: { class: 'latex', 'data-display': '', dir: 'ltr' },
  del: {},
  details: { open: '' },
  div: {
    class: 'code|code-head|footnote|as-written',
    'data-language': '[a-z0-9+#._-]{0,32}',
    id: `note-${ID}-\\d+`,
    tabindex: '0',
    dir: 'ltr',
  },
  h2: BLOCK,
  h3: BLOCK,
  h4: BLOCK,
  h5: BLOCK,
  h6: BLOCK,
  hr: {},
  input: { type: 'checkbox', disabled: '', checked: '' },
  kbd: {},
  li: BLOCK,
  mark: {},
  ol: { start: '\\d+' },
  // The note in place of an answer whose rendering took too long; see `Stage.look`.
  p: { class: 'rendered-late', ...BLOCK },
  pre: { tabindex: '0' },
  span: { class: 'number|(s-[A-Za-z0-9_+-]+ ?)+', lang: 'en|ja' },
  strong: {},
  sub: {},
  summary: BLOCK,
  sup: { class: 'footnote' },
  table: BLOCK,
  tbody: {},
  td: ALIGNED,
  th: ALIGNED,
  thead: {},
  tr: {},
  ul: {},
};

/** The elements of a formula, in the namespace of MathML. */
export const FORMULA: Record<string, Attributes> = Object.fromEntries(
  MATH_ELEMENTS.map((name) => [name, MATH]),
);

/**
 * Attributes that neither run nor load nor lead anywhere. Any other one has to be on an element
 * that the same page has with harmless words, too.
 */
export const INERT = [
  'accesskey', 'autocapitalize', 'autocomplete', 'autofocus', 'checked', 'class', 'cols', 'colspan',
  'd', 'dir', 'disabled', 'enterkeyhint', 'fill', 'for', 'height', 'hidden', 'hreflang', 'inert', 'lang',
  'max', 'maxlength', 'min', 'minlength', 'multiple', 'name', 'open', 'pattern', 'placeholder', 'readonly',
  'required', 'role', 'rows', 'rowspan', 'scope', 'selected', 'size', 'spellcheck', 'stroke', 'tabindex',
  'title', 'value', 'viewbox', 'width', 'wrap',
];
