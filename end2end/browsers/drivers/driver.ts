// The interface by which the journeys drive a browser. Firefox is driven over WebDriver BiDi
// (https://www.w3.org/TR/webdriver-bidi/), WebKitGTK over classic WebDriver
// (https://www.w3.org/TR/webdriver2/). Both take the same input actions.

/** How a browser is set up before its first page. */
export interface Setup {
  /** Whether pages may run scripts. */
  scripts: boolean;
  /** Whether the system asks for dark colours. */
  dark: boolean;
}

export interface Driver {
  /** Opens an address and waits until the page has loaded. */
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  back(): Promise<void>;
  forward(): Promise<void>;
  /**
   * Runs a function in the page, also where the page's own scripts are off. Its arguments and its
   * result are passed as JSON, and it can use nothing but its arguments and the page. Fails when
   * the function throws, or when the page goes away meanwhile.
   */
  run<Given extends unknown[], Result>(
    look: (...given: Given) => Result,
    ...given: Given
  ): Promise<Result>;
  /** Moves the mouse and presses keys as a person would; pages see trusted events. */
  perform(...sources: InputSource[]): Promise<void>;
  /** Resizes the window until the page has this size, in CSS pixels. */
  resize(width: number, height: number): Promise<void>;
  /** The visible part of the page, as PNG. */
  screenshot(): Promise<Buffer>;
  /**
   * The problems of pages since the last call: errors, warnings, failed requests, violated
   * policies.
   */
  takeProblems(): Promise<string[]>;
  /** Ends the browser and everything that was started with it. */
  close(): Promise<void>;
  /** What the browser printed. */
  readonly log: string;
}

/** One input device, and the actions that it performs one after the other. */
export type InputSource = KeySource | PointerSource;

interface KeySource {
  type: 'key';
  id: string;
  actions: { type: 'keyDown' | 'keyUp'; value: string }[];
}

interface PointerSource {
  type: 'pointer';
  id: string;
  parameters: { pointerType: 'mouse' };
  actions: (
    | { type: 'pointerMove'; x: number; y: number; duration: number; origin: 'viewport' }
    | { type: 'pointerDown' | 'pointerUp'; button: number }
  )[];
}

/** One click at a point of the visible page. */
export function click(x: number, y: number): InputSource {
  return {
    type: 'pointer',
    id: 'mouse',
    parameters: { pointerType: 'mouse' },
    actions: [
      { type: 'pointerMove', x, y, duration: 0, origin: 'viewport' },
      { type: 'pointerDown', button: 0 },
      { type: 'pointerUp', button: 0 },
    ],
  };
}

// https://www.w3.org/TR/webdriver2/#keyboard-actions
const KEYS: Record<string, string> = {
  Enter: '\uE007',
  Escape: '\uE00C',
  Shift: '\uE008',
  Control: '\uE009',
};

/** Presses a key while others are held: `Control+k`. */
export function press(chord: string): InputSource {
  const keys = chord.split('+').map((name) => KEYS[name] ?? name);
  const down = keys.map((value) => ({ type: 'keyDown' as const, value }));
  const up = keys.toReversed().map((value) => ({ type: 'keyUp' as const, value }));
  return { type: 'key', id: 'keyboard', actions: [...down, ...up] };
}

/** A text, key by key. */
export function type(text: string): InputSource {
  const actions = [...text].flatMap((value) => [
    { type: 'keyDown' as const, value },
    { type: 'keyUp' as const, value },
  ]);
  return { type: 'key', id: 'keyboard', actions };
}

/** How long a browser may take for one step, on a busy machine. */
export const PATIENCE_MS = 30_000;
