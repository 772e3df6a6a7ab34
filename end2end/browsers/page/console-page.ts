// The console's page in any browser. Only this file knows the selectors of its parts.

import { expect } from '@playwright/test';

import type { Companion } from '../../harness/companion.ts';
import type { Driver } from '../drivers/driver.ts';
import { DrivenPage } from './driven-page.ts';
import { LOOKS_MS, PATIENCE_MS, type Part } from './part.ts';

export class ConsolePage extends DrivenPage {
  readonly welcome = this.part('h2', 'What would you like to talk about?');
  readonly title = this.part('h1');

  readonly composer = this.part('#composer');
  readonly send = this.part('form.composer button[data-kind=send]');
  readonly stop = this.part('form.composer button[data-kind=stop]');

  readonly questions = this.part('[role=log] [data-role=user] .message-text');
  readonly answers = this.part('[role=log] [data-role=assistant] .message-text');
  readonly answer = this.answers.last;
  readonly texts = this.part('[role=log] .message-text');
  readonly note = this.part('[role=log] [data-role=assistant] [data-kind]').last;
  readonly figures = this.part('[role=log] [data-role=assistant] .figures').last;
  readonly edit = this.part('[role=log] [data-role=user] a', 'Edit');
  readonly versions = this.part('[role=log] .versions').last;
  readonly versionBefore = this.part('[role=log] a', 'Previous version');

  readonly activity = this.part('[data-activity]');
  readonly link = this.part('[data-link]');

  readonly list = this.part('nav.sidebar');
  readonly conversations = this.part('nav.sidebar a.conversation');
  readonly headings = this.part('nav.sidebar h2');
  readonly new = this.part('nav.sidebar form.new button');
  readonly openList = this.part('header button', 'Conversations');
  readonly entryTitle = this.part('nav.sidebar li.entry input');

  readonly palette = this.part('dialog[open]');
  readonly paletteField = this.part('dialog[open] [role=combobox]');
  readonly chosen = this.part('dialog[open] [role=option][aria-selected=true]');

  readonly manage = this.part('header button', 'Rename, export or delete');
  readonly delete = this.part('#manage summary', 'Delete');
  readonly deleteIt = this.part('#manage button', 'Delete this conversation');
  readonly undo = this.part('button', 'Undo');

  constructor(
    driver: Driver,
    private readonly companion: Companion,
  ) {
    super(driver);
  }

  /** Opens a path; without one the latest conversation. */
  async open(path = '/'): Promise<void> {
    await this.driver.goto(this.companion.url + path);
  }

  /** Opens a path and waits until the page is hydrated and follows its conversation. */
  async openLive(path = '/'): Promise<void> {
    await this.open(path);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await this.link.has('data-link', 'live');
  }

  async isIdle(): Promise<void> {
    await this.activity.has('data-activity', 'idle');
  }

  /** Writes a message and sends it with Enter. */
  async ask(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.press('Enter');
  }

  /** A conversation's entry in the list. */
  conversation(id: string): Part {
    return this.part(`nav.sidebar a.conversation[href^="/c/${id}"]`);
  }

  /** Chooses an item from the menu of a conversation's entry. */
  async choose(id: string, name: string): Promise<void> {
    await this.part(`#m-of-${id}`).click();
    await this.part('nav.sidebar [role=menuitem]', name).click();
  }

  /** The id of the conversation in the address. */
  async worker(): Promise<string> {
    const path = await this.path();
    const [, id] = /^\/c\/([^/]+)$/.exec(path) ?? [];
    if (!id) throw new Error(`no conversation at ${path}`);
    return id;
  }

  /** Waits until the address names this conversation. */
  async isAt(worker: string): Promise<void> {
    await this.isAtPath(`/c/${worker}`);
  }

  /** Waits until the address names another conversation, and gives its id. */
  async isElsewhere(worker: string): Promise<string> {
    let now = worker;
    await expect(async () => {
      now = await this.worker();
      expect(now, 'the conversation of the address').not.toBe(worker);
    }).toPass({ timeout: PATIENCE_MS, intervals: LOOKS_MS });
    return now;
  }

  /** Waits until the page does not scroll in its window, and the list does not scroll sideways. */
  async fits(): Promise<void> {
    const none = { pageSideways: 0, pageDownwards: 0, listSideways: 0 };
    await expect(async () => {
      expect(await this.excess(), 'pixels that can be scrolled').toEqual(none);
    }).toPass({ timeout: PATIENCE_MS, intervals: LOOKS_MS });
  }

  private excess(): Promise<Record<string, number>> {
    return this.driver.run(() => {
      const [page, body] = [document.documentElement, document.body];
      const column = document.querySelector('nav.sidebar');
      const scrolls = column && getComputedStyle(column).overflowX !== 'hidden';
      return {
        pageSideways: Math.max(page.scrollWidth, body.scrollWidth) - page.clientWidth,
        pageDownwards: page.scrollHeight - page.clientHeight,
        listSideways: scrolls ? column.scrollWidth - column.clientWidth : 0,
      };
    });
  }
}
