// A message is read aloud by a voice of the device, and by no voice that sends it to a service.
// Chromium's own voices of that kind have `localService: false`, as the Web Speech API says.

import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

interface Voice {
  name: string;
  lang: string;
  localService: boolean;
  default: boolean;
}

const REMOTE: Voice = { name: 'remote', lang: 'en-US', localService: false, default: true };
const ENGLISH: Voice = { name: 'english', lang: 'en-GB', localService: true, default: false };
const JAPANESE: Voice = { name: 'japanese', lang: 'ja-JP', localService: true, default: false };

/** Records what is read in place of reading it. The voices are listed only after a while, as in Chromium. */
async function recorded(page: Page, voices: Voice[]): Promise<() => Promise<string[]>> {
  await page.addInitScript((all) => {
    const read: string[] = [];
    let listed = false;
    class Utterance {
      voice: { name: string } | null = null;
      lang = '';
      constructor(readonly text: string) {}
    }
    const synthesis = {
      speaking: false,
      onvoiceschanged: null as (() => void) | null,
      getVoices() {
        if (listed) return all;
        setTimeout(() => {
          listed = true;
          this.onvoiceschanged?.();
        }, 50);
        return [];
      },
      speak(said: Utterance) {
        this.speaking = true;
        read.push(`${said.voice?.name}: ${said.text}`);
      },
      cancel() {
        this.speaking = false;
      },
    };
    Object.defineProperty(window, 'speechSynthesis', { value: synthesis });
    Object.assign(window, { SpeechSynthesisUtterance: Utterance, readAloud: read });
  }, voices);
  return () => page.evaluate(() => (window as unknown as { readAloud: string[] }).readAloud);
}

const menuOf = (page: Page) => page.getByRole('button', { name: 'More options for this message' }).last();

test('an answer is read by paragraphs, in its language, and reading can be stopped', async ({ console, page, upstream }) => {
  const read = await recorded(page, [REMOTE, ENGLISH, JAPANESE]);
  await upstream.plays(answer('One **fine** day.\n\nAnd more.'), answer('日本語の答えです。'));
  await console.openLive();
  await console.ask('Hello?');
  await console.isIdle();
  await menuOf(page).click();
  await page.getByRole('button', { name: 'Read aloud' }).click();
  await expect.poll(read).toEqual(['english: One fine day.', 'english: And more.']);
  await menuOf(page).click();
  await page.getByRole('button', { name: 'Stop reading' }).click();
  await menuOf(page).click();
  await expect(page.getByRole('button', { name: 'Read aloud' })).toBeVisible();
  await page.keyboard.press('Escape');

  await console.ask('こんにちは');
  await console.isIdle();
  await menuOf(page).click();
  await page.getByRole('button', { name: 'Read aloud' }).click();
  await expect.poll(read).toHaveLength(3);
  expect((await read()).at(-1)).toBe('japanese: 日本語の答えです。');
});

test('without a voice of the device nothing is read, and the page says so', async ({ console, page, upstream }) => {
  const read = await recorded(page, [REMOTE]);
  await upstream.plays(answer('One.'));
  await console.openLive();
  await console.ask('Hello?');
  await console.isIdle();
  await menuOf(page).click();
  await page.getByRole('button', { name: 'Read aloud' }).click();
  await expect(console.toast).toHaveText('This device has no voice for this text.');
  expect(await read()).toEqual([]);
});
