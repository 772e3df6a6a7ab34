// A part of a page. Each expectation and each action looks it up again.

import { expect } from '@playwright/test';

import { type Driver, click, press, type } from '../drivers/driver.ts';
import { type Sought, type Wanted, seek } from './seek.ts';

/** How long a part may take to reach the expected state, on a busy machine. */
export const PATIENCE_MS = 20_000;

/** How long to wait between two looks. */
export const LOOKS_MS = [20, 50, 100];

export class Part {
  constructor(
    private readonly driver: Driver,
    private readonly wanted: Wanted,
  ) {}

  /** The last of several. */
  get last(): Part {
    return new Part(this.driver, { ...this.wanted, last: true });
  }

  async isShown(): Promise<void> {
    await this.becomes('shown', ({ shown }) => shown, true);
  }

  async isHidden(): Promise<void> {
    await this.becomes('hidden', ({ shown }) => !shown, true);
  }

  /** Invariant: `text` has single blanks for white space, as the texts in `Sought` have. */
  async reads(text: string): Promise<void> {
    await this.becomes('the text', (sought) => sought.text, text);
  }

  async readAll(texts: string[]): Promise<void> {
    await this.becomes('the texts', (sought) => sought.texts, texts);
  }

  async mentions(text: string): Promise<void> {
    await this.becomes('some text', (sought) => sought.text, expect.stringContaining(text));
  }

  async counts(number: number): Promise<void> {
    await this.becomes('the number', ({ count }) => count, number);
  }

  async holds(value: string): Promise<void> {
    await this.becomes('the value', (sought) => sought.value, value);
  }

  async has(attribute: string, value: string): Promise<void> {
    await this.becomes(attribute, ({ attributes }) => attributes[attribute], value);
  }

  async isFocused(): Promise<void> {
    await this.becomes('the focus', ({ focused }) => focused, true);
  }

  /** Waits until the part is not covered and does not move, and clicks on its centre. */
  async click(): Promise<void> {
    let [x, y] = [0, 0];
    await this.eventually('can be clicked on', async () => {
      const before = (await this.sought(true)).point;
      const { point } = await this.sought(true);
      expect(point, 'a place to click on').toEqual([expect.any(Number), expect.any(Number)]);
      expect(point, 'the place a moment ago').toEqual(before);
      [x, y] = point as [number, number];
    });
    await this.driver.perform(click(x, y));
  }

  /** Replaces the text of a field, typing key by key. */
  async fill(text: string): Promise<void> {
    await this.click();
    await this.driver.perform(press('Control+a'));
    await this.driver.perform(type(text));
    await this.holds(text);
  }

  /** The part as it is now. */
  sought(reach = false): Promise<Sought> {
    return this.driver.run(seek, this.wanted, reach);
  }

  private async becomes(
    what: string,
    part: (sought: Sought) => unknown,
    expected: unknown,
  ): Promise<void> {
    await this.eventually(what, async () => {
      expect(part(await this.sought()), `${what} of ${this}`).toEqual(expected);
    });
  }

  private async eventually(what: string, holds: () => Promise<void>): Promise<void> {
    // When the page goes away during a look, the next look sees the new page.
    await expect(holds, `${what}: ${this}`).toPass({ timeout: PATIENCE_MS, intervals: LOOKS_MS });
  }

  toString(): string {
    const { css, name, last } = this.wanted;
    return `${last ? 'the last ' : ''}${css}${name === undefined ? '' : ` “${name}”`}`;
  }
}
