// Finds elements in the page. The function runs in the page, so it can use nothing outside of
// itself.

/** Which elements to find. */
export interface Wanted {
  css: string;
  /** The `aria-label`, or the text of an element without one. */
  name?: string;
  /** Whether the last one is meant instead of the first. */
  last?: boolean;
}

/** What was found. */
export interface Sought {
  count: number;
  shown: boolean;
  /** The texts of all of them; each run of white space is one blank. */
  texts: string[];
  text: string;
  value: string;
  focused: boolean;
  attributes: Record<string, string>;
  box: { left: number; top: number; right: number; bottom: number };
  /** Where it can be clicked on, or why it cannot. */
  point: [number, number] | string;
}

/** Looks for elements; with `reach` it also scrolls the one that is meant into view. */
export function seek({ css, name, last }: Wanted, reach: boolean): Sought {
  const plain = (text: string | null): string => (text ?? '').replace(/\s+/g, ' ').trim();
  const named = (element: Element): boolean => {
    const own = element.getAttribute('aria-label') ?? plain(element.textContent);
    return name === undefined || own === name;
  };
  const visible = (element: Element): boolean => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.checkVisibility({ visibilityProperty: true });
  };
  const all = [...document.querySelectorAll(css)].filter(named);
  const seen = all.filter(visible);
  const element = (seen.length > 0 ? seen : all).at(last ? -1 : 0);
  const nowhere = { left: 0, top: 0, right: 0, bottom: 0 };
  const none = { shown: false, texts: [], text: '', value: '', focused: false, attributes: {} };
  if (!element) return { count: 0, ...none, box: nowhere, point: 'there is none' };

  if (reach && seen.length > 0) element.scrollIntoView({ block: 'nearest', behavior: 'instant' });
  const { left, top, right, bottom } = element.getBoundingClientRect();
  const [x, y] = [Math.round((left + right) / 2), Math.round((top + bottom) / 2)];
  const hit = document.elementFromPoint(x, y);
  let point: [number, number] | string = [x, y];
  if (seen.length === 0) point = 'it is hidden';
  else if (element.matches(':disabled')) point = 'it is disabled';
  else if (!hit) point = `nothing is seen at ${x}, ${y}`;
  else if (!element.contains(hit)) point = `it is below ${hit.outerHTML.slice(0, 120)}`;
  return {
    count: all.length,
    shown: seen.length > 0,
    texts: all.map((each) => plain(each.textContent)),
    text: plain(element.textContent),
    value: (element as HTMLInputElement).value ?? '',
    focused: element === document.activeElement,
    attributes: Object.fromEntries([...element.attributes].map((each) => [each.name, each.value])),
    box: { left, top, right, bottom },
    point,
  };
}
