// The base of all pages: pressing keys, the address, and finding parts.

import { expect } from '@playwright/test';

import { type Driver, press, type } from '../drivers/driver.ts';
import { LOOKS_MS, PATIENCE_MS, Part } from './part.ts';

export class DrivenPage {
  constructor(protected readonly driver: Driver) {}

  async press(chord: string): Promise<void> {
    await this.driver.perform(press(chord));
  }

  async type(text: string): Promise<void> {
    await this.driver.perform(type(text));
  }

  /** The path of the address. */
  path(): Promise<string> {
    return this.driver.run(() => location.pathname);
  }

  async isAtPath(path: string): Promise<void> {
    await expect(async () => {
      expect(await this.path(), 'the address').toBe(path);
    }).toPass({ timeout: PATIENCE_MS, intervals: LOOKS_MS });
  }

  /** Waits until a part lies completely within the visible page. */
  async isWithin(part: Part): Promise<void> {
    await part.isShown();
    await expect(async () => {
      const { left, top, right, bottom } = (await part.sought()).box;
      const [width, height] = await this.driver.run(() => [innerWidth, innerHeight] as const);
      expect(Math.min(left, top), `${part}: left and above`).toBeGreaterThanOrEqual(0);
      expect(right, `${part}: right`).toBeLessThanOrEqual(width);
      expect(bottom, `${part}: below`).toBeLessThanOrEqual(height);
    }).toPass({ timeout: PATIENCE_MS, intervals: LOOKS_MS });
  }

  protected part(css: string, name?: string): Part {
    return new Part(this.driver, name === undefined ? { css } : { css, name });
  }
}
