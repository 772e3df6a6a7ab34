// A profile and a model can be chosen for a new conversation and for an existing one.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';

import { expect, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

/** The violations that axe finds, as `rule: where`. */
async function faults(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(' | ')}`,
  );
}

const card = (page: Page, name: string) => page.getByRole('radio', { name, exact: true });
const model = (page: Page) => page.getByRole('combobox', { name: 'Model' });
const effort = (page: Page) => page.getByRole('combobox', { name: 'Thinking effort' });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a conversation begins with the chosen profile and model, which can be changed', async ({
      console,
      page,
      upstream,
    }) => {
      await upstream.offers(['big', 'scripted-model'], answer('First.'), answer('Second.'));
      await console.open();
      await page.getByRole('link', { name: 'Choose profile and model…' }).click();
      await expect(console.title).toHaveText('New conversation');
      await expect(card(page, 'Companion')).toBeChecked();
      await expect(model(page)).toHaveValue('');
      await card(page, 'Code').check();
      await model(page).selectOption({ label: 'big' });
      await effort(page).selectOption({ label: 'Low' });
      await page.getByRole('textbox', { name: 'Title' }).fill('A program');
      await page.getByRole('button', { name: 'Start' }).click();

      await expect(console.title).toHaveText('A program');
      const here = page.locator('.answers-here');
      await expect(here).toHaveText('Code · big · thinking effort: Low');
      if (javaScriptEnabled) await console.isLive();
      await console.ask('Sort a list.');
      await expect(console.answer).toHaveText('First.');
      await expect(console.figures.first()).toHaveText('big');

      await here.click();
      // With a script the link opens the list of models, which leads to the page.
      if (javaScriptEnabled) {
        await page.getByRole('option', { name: 'More settings…' }).click();
      }
      await expect(console.title).toHaveText('Profile and model');
      await expect(card(page, 'Code')).toBeChecked();
      await expect(model(page)).toHaveValue('openai/big');
      await expect(effort(page)).toHaveValue('low');
      expect((await upstream.asked())[0]?.body?.reasoning_effort).toBe('low');
      await effort(page).selectOption('');
      await card(page, 'Concise').check();
      await model(page).selectOption('');
      await console.save.click();
      await expect(here).toHaveText('Concise · scripted-model');
      if (javaScriptEnabled) await console.isLive();
      await console.ask('Shorter.');
      await expect(console.answer).toHaveText('Second.');
      const asked = await upstream.asked();
      expect(asked.map(({ body }) => body?.model)).toEqual(['big', 'scripted-model']);
      expect(asked[0]?.body?.messages[0]?.content).toContain('programmer');
      expect(asked[1]?.body).toMatchObject({ max_tokens: 256 });
    });
  });
}

test('a change of the model by another client appears in an open page', async ({ companion, console, page }) => {
  await console.openLive();
  const here = page.locator('.answers-here');
  await expect(here).toHaveText('Companion · scripted-model');
  await companion.api.raw(
    'PATCH',
    `/api/v1/runtimes/backend-internal/workers/${console.worker}`,
    { 'content-type': 'application/json' },
    JSON.stringify({ profile: 'code', model: 'another' }),
  );
  await expect(here).toHaveText('Code · another');
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const width of [1280, 360]) {
    test.describe(`${colorScheme}, ${width} wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 800 } });

      test('axe finds nothing on the page, and nothing scrolls sideways', async ({ console, page, upstream }) => {
        await upstream.offers(['a', 'x'.repeat(180)]);
        await console.open('/new');
        expect(await faults(page)).toEqual([]);
        expect(await console.overflow()).toBe(0);
        await page.getByText('Show the prompt').first().click();
        await expect(page.getByText(/You are Companion, a friendly assistant/)).toBeVisible();
        expect(await faults(page), 'with a prompt').toEqual([]);
        expect(await console.overflow()).toBe(0);
      });
    });
  }
}

test.describe('in Japanese', () => {
  test.use({ locale: 'ja' });

  test('profiles are described in the language of the page', async ({ console, page }) => {
    await console.open('/new');
    await expect(console.title).toHaveText('新しい会話');
    await expect(card(page, '翻訳')).toBeVisible();
    await expect(page.getByText('前置きなしに、一文から三文で答えます。')).toBeVisible();
    expect(await faults(page)).toEqual([]);
  });
});

test('the configured model can be chosen if an endpoint does not list its models', async ({
  console,
  page,
  upstream,
}) => {
  await upstream.refuse();
  await console.open('/new');
  await expect(model(page).getByRole('option')).toHaveText(['Profile default', 'scripted-model', /SmolLM2/]);
  await expect(page.getByText(/endpoint is running/)).toBeVisible();
  expect(await faults(page)).toEqual([]);
});

test('a file that is not a model is listed with the reason and cannot be chosen', async ({
  companion,
  console,
  folder,
  page,
  watch,
}) => {
  watch.allow(/422/);
  const models = join(folder, 'models');
  await mkdir(models);
  await writeFile(join(models, 'broken.gguf'), 'not a model');
  await companion.stop();
  await companion.start(undefined, { MODEL_DIR: models });
  await console.open('/new');
  const broken = model(page).getByRole('option', { name: /^broken/ });
  await expect(broken).toBeDisabled();
  await expect(page.getByText("broken: The model file can't be used: it is not a GGUF file.")).toBeVisible();
  expect(await page.content()).not.toContain(models);

  // The page was loaded before the folder changed. A refused choice stays in the form.
  await page.getByRole('textbox', { name: 'Title' }).fill('Kept');
  await model(page).evaluate((select: HTMLSelectElement) => {
    select.add(new Option('gone', 'local/gone', true, true));
  });
  await page.getByRole('button', { name: 'Start' }).click();
  await expect(console.alert).toContainText('There is no local model');
  await expect(page.getByRole('textbox', { name: 'Title' })).toHaveValue('Kept');
  await expect(model(page)).toHaveValue('local/gone');
});
