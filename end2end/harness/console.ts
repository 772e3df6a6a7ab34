// The console's page. Only this file knows the selectors of its parts.

import { type Locator, type Page, expect } from '@playwright/test';

import type { Site } from './front.ts';

/** How long a page may take to notice that its server is back: more than the longest pause. */
export const COME_BACK_MS = 45_000;

/** How long the small model may take for a whole answer on a busy machine. */
export const ANSWER_MS = 300_000;

export class Console {
  readonly title: Locator;
  readonly welcome: Locator;

  readonly composer: Locator;
  readonly send: Locator;
  readonly stop: Locator;
  readonly later: Locator;
  readonly hint: Locator;

  readonly scroller: Locator;
  readonly newer: Locator;
  readonly toast: Locator;
  readonly log: Locator;
  readonly messages: Locator;
  readonly questions: Locator;
  readonly answers: Locator;
  readonly earlier: Locator;
  readonly edit: Locator;
  readonly again: Locator;
  readonly answerNow: Locator;
  readonly goOn: Locator;
  readonly versions: Locator;
  readonly versionBefore: Locator;

  readonly alert: Locator;
  readonly activity: Locator;
  readonly link: Locator;

  readonly list: Locator;
  readonly conversations: Locator;
  readonly older: Locator;
  readonly entryMenu: Locator;
  readonly entryTitle: Locator;
  readonly openPalette: Locator;
  readonly palette: Locator;
  readonly paletteField: Locator;
  readonly choices: Locator;
  readonly chosen: Locator;
  readonly shortcuts: Locator;
  readonly openList: Locator;
  readonly new: Locator;
  readonly provider: Locator;

  readonly manage: Locator;
  readonly titleField: Locator;
  readonly save: Locator;
  readonly delete: Locator;
  readonly deleteIt: Locator;
  readonly undo: Locator;

  constructor(
    readonly page: Page,
    private readonly site: Site,
  ) {
    this.title = page.getByRole('heading', { level: 1 });
    this.welcome = page.getByRole('heading', { name: 'What would you like to talk about?' });

    this.composer = page.getByRole('textbox', { name: 'Your message' });
    this.send = page.getByRole('button', { name: 'Send', exact: true });
    this.stop = page.getByRole('button', { name: 'Stop', exact: true });
    this.later = page.getByRole('button', { name: 'Send after this answer' });
    this.hint = page.locator('#composer-keys');

    this.scroller = page.getByRole('region', { name: 'Transcript' });
    this.newer = page.getByRole('button', { name: 'Jump to latest' });
    this.toast = page.locator('.toast');
    this.log = page.getByRole('log');
    this.messages = this.log.getByRole('article');
    this.questions = this.log.getByRole('article', { name: 'You', exact: true });
    this.answers = this.log.getByRole('article', { name: 'Companion', exact: true });
    this.earlier = page.getByRole('link', { name: 'Earlier messages' });
    this.edit = this.log.getByRole('link', { name: 'Edit' });
    this.again = this.answers.last().getByRole('button', { name: 'Regenerate' });
    this.answerNow = this.answers.last().getByRole('button', { name: 'Answer now' });
    this.goOn = this.answers.last().getByRole('button', { name: 'Continue' });
    this.versions = this.log.locator('.versions').last();
    this.versionBefore = this.log.getByRole('link', { name: 'Previous version' });

    this.alert = page.getByRole('alert').locator('[data-kind=error]');
    this.activity = page.locator('[data-activity]');
    this.link = page.locator('[data-link]');

    this.list = page.getByRole('navigation', { name: 'Conversations' });
    this.conversations = this.list.locator('a.conversation');
    this.older = this.list.getByRole('link', { name: 'Older conversations' });
    this.entryMenu = this.list.getByRole('menu');
    this.entryTitle = this.list.getByRole('textbox', { name: 'Title' });
    this.openPalette = page.getByRole('button', { name: 'Find a conversation or command' });
    this.palette = page.getByRole('dialog', { name: 'Conversations and commands' });
    this.paletteField = this.palette.getByRole('combobox');
    this.choices = this.palette.getByRole('option');
    this.chosen = this.palette.getByRole('option', { selected: true });
    this.shortcuts = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    this.openList = page.getByRole('button', { name: 'Conversations' });
    this.new = page.getByRole('button', { name: 'New conversation', exact: true });
    this.provider = page.getByRole('region', { name: 'Model' });

    this.manage = page.getByRole('button', { name: 'Rename, export or delete' });
    this.titleField = page.locator('#manage').getByRole('textbox', { name: 'Title' });
    this.save = page.getByRole('button', { name: 'Save' });
    this.delete = page.locator('#manage').getByText('Delete', { exact: true });
    this.deleteIt = page.locator('#manage').getByRole('button', { name: 'Delete this conversation' });
    this.undo = page.getByRole('button', { name: 'Undo' });
  }

  /** Opens a path; without one the latest conversation. */
  async open(path = '/'): Promise<void> {
    await this.page.goto(this.site.url + path);
  }

  /** Opens a path and waits until the page is hydrated and follows its conversation. */
  async openLive(path = '/'): Promise<void> {
    await this.open(path);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await expect(this.link).toHaveAttribute('data-link', 'live', { timeout: COME_BACK_MS });
  }

  async isIdle(timeout = 20_000): Promise<void> {
    await expect(this.activity).toHaveAttribute('data-activity', 'idle', { timeout });
  }

  /** Types a message and presses the button, and does not wait for a result. */
  async submit(text: string): Promise<void> {
    await this.composer.fill(text);
    await this.send.click();
  }

  /** Sends a message, and waits until the page shows it with the place for its answer. */
  async ask(text: string): Promise<void> {
    // The address changes first, so that only messages of the new conversation are counted.
    await expect(this.page.locator('form.composer')).toHaveAttribute('action', this.pathOf(this.worker));
    const before = await this.questions.count();
    await this.submit(text);
    await expect(this.questions).toHaveCount(before + 1);
    await expect(this.answers).toHaveCount(before + 1);
  }

  /** The id in the address. */
  get worker(): string {
    const [, id] = /\/c\/([^/?#]+)/.exec(this.page.url()) ?? [];
    if (!id) throw new Error(`no conversation at ${this.page.url()}`);
    return id;
  }

  /** The path of a conversation, below that of the site. */
  private pathOf(id: string): string {
    return `${new URL(this.site.url).pathname.replace(/\/$/, '')}/c/${id}`;
  }

  /** A conversation's entry in the list. */
  conversation(id: string): Locator {
    return this.list.locator(`a[href="${this.pathOf(id)}"]`);
  }

  /** The whole entry of a conversation in the list, with its marks. */
  entry(id: string): Locator {
    const link = this.page.locator(`a[href="${this.pathOf(id)}"]`);
    return this.list.getByRole('listitem').filter({ has: link });
  }

  /** The button of an entry's menu. */
  more(id: string): Locator {
    return this.entry(id).getByRole('button', { name: /^Options for/ });
  }

  /** Chooses an item from the menu of an entry. */
  async choose(id: string, name: string): Promise<void> {
    await this.more(id).click();
    await this.entryMenu.getByRole('menuitem', { name, exact: true }).click();
  }

  /** The ids of the conversations in the order of the list. */
  async order(): Promise<string[]> {
    const hrefs = await this.conversations.evaluateAll((all) =>
      all.map((link) => link.getAttribute('href') ?? ''),
    );
    return hrefs.map((href) => href.replace(this.pathOf(''), ''));
  }

  /** The text of a message, without the lines below it. */
  textOf(message: Locator): Locator {
    return message.locator('.message-text');
  }

  /** The newest answer's text. */
  get answer(): Locator {
    return this.textOf(this.answers.last());
  }

  /** The thinking before the newest answer. */
  get reasoning(): Locator {
    return this.answers.last().locator('details.reasoning');
  }

  get reasoningText(): Locator {
    return this.reasoning.locator('.reasoning-text');
  }

  /** The failed attempts before the last one, each with its error. */
  get attempts(): Locator {
    return this.page.locator('.attempts').last().getByRole('listitem');
  }

  /** The newest answer's figures: model, tokens, speed. */
  get figures(): Locator {
    return this.answers.last().locator('.figures li');
  }

  /** Opens the details of the newest answer: its figures, and the link to "What the model saw". */
  async openDetails(): Promise<void> {
    await this.answers.last().getByLabel('Details of this answer').click();
  }

  /** The note below the newest answer if it ended early or with an error. */
  get note(): Locator {
    return this.answers.last().locator('[data-kind]');
  }

  /** The text of every message, byte by byte. */
  async texts(): Promise<string[]> {
    return this.log.locator('.message-text').evaluateAll((all) => all.map((m) => m.textContent));
  }

  /** Records from now on every text that the newest answer has had. */
  async recordGrowth(): Promise<void> {
    await this.log.evaluate((log) => {
      const texts: string[] = [];
      Object.assign(window, { growth: texts });
      new MutationObserver(() => {
        const answers = log.querySelectorAll('[data-role=assistant] .message-text');
        const text = answers.item(answers.length - 1)?.textContent ?? '';
        if (texts.at(-1) !== text) texts.push(text);
      }).observe(log, { childList: true, characterData: true, subtree: true });
    });
  }

  /** What `recordGrowth` has recorded. */
  growth(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as { growth: string[] }).growth);
  }

  /** Records from now on what a screen reader would speak of answers. */
  async recordSpeech(): Promise<void> {
    await this.page.locator('[data-announcer]').evaluate((region) => {
      const speech: string[] = [];
      Object.assign(window, { speech });
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes) {
          for (const node of addedNodes) speech.push(node.textContent ?? '');
        }
      }).observe(region, { childList: true, characterData: true, subtree: true });
    });
  }

  /** What `recordSpeech` has recorded, announcement by announcement. */
  speech(): Promise<string[]> {
    return this.page.evaluate(() => (window as unknown as { speech: string[] }).speech);
  }

  /** By how many pixels the page is wider than its window; 0 is right. */
  overflow(): Promise<number> {
    return this.page.evaluate(() => {
      const root = document.documentElement;
      return Math.max(root.scrollWidth, document.body.scrollWidth) - root.clientWidth;
    });
  }
}
