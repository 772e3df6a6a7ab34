// The page "What the model saw" shows a turn's input word for word.

import { AxeBuilder } from '@axe-core/playwright';

import { expect, journey, test } from '../harness/test.ts';
import { answer, cut } from '../harness/upstream.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    const kind = javaScriptEnabled ? journey : {};
    test('the page shows exactly what was sent, and links back', kind, async ({ console, page, upstream }) => {
      await upstream.plays(answer('Tides\n  come.'), answer('Half', cut), answer(' and half.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask('Why <b>&amp;\n\n  how?');
      await expect(console.answer).toContainText('Tides');
      await console.submit('And?');
      await expect(console.answer).toHaveText('Half');
      await console.goOn.click();
      await expect(console.answer).toHaveText('Half and half.');
      const conversation = page.url();
      await console.openDetails();
      await console.answers.last().getByRole('link', { name: 'What the model saw' }).click();

      const sent = page.locator('.sent > li');
      const shown = await sent.locator('pre').evaluateAll((all) => all.map((e) => e.textContent));
      const asked = (await upstream.asked())[2]?.body?.messages ?? [];
      expect(asked).toHaveLength(5);
      expect(shown).toEqual(asked.map(({ content }) => content));
      expect(
        await sent.evaluateAll((all) => all.map((e) => e.getAttribute('data-role'))),
      ).toEqual(asked.map(({ role }) => role));
      await expect(sent.last()).toContainText('Beginning of this answer');
      const facts = page.locator('.facts');
      await expect(facts).toContainText('scripted-model');
      await expect(facts).toContainText(/sha256:[0-9a-f]{64}/);
      await expect(facts).toContainText('12 input tokens');

      await page.getByText('Request as JSON').click();
      const json: unknown = JSON.parse((await page.locator('.json').textContent()) ?? '');
      expect(json).toEqual((await upstream.asked())[2]?.body);
      if (javaScriptEnabled) {
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id }) => id)).toEqual([]);
      }

      await page.getByRole('link', { name: 'Back to the conversation' }).click();
      expect(new URL(page.url()).pathname).toBe(new URL(conversation).pathname);
      await expect(console.answers.last()).toBeInViewport();
    });
  });
}

test('an unknown turn has a page that says so', async ({ console, page, watch }) => {
  watch.allow(/404/);
  await console.open();
  await console.open(`/c/${console.worker}/turns/0199a3c5-0000-7000-8000-000000000000`);
  await expect(page.getByText('The address may be mistyped or out of date.')).toBeVisible();
  await console.open('/c/x/turns/y');
  await expect(page.getByText('The address may be mistyped or out of date.')).toBeVisible();
});

test.describe('with a known context window', () => {
  test.use({ settings: { CONTEXT_TOKENS: '1000' } });

  test('the page shows how full the window is', async ({ console, page, upstream }) => {
    await upstream.plays(answer('Yes.'));
    await console.openLive();
    const meter = page.getByRole('meter');
    await expect(meter).toHaveCount(0);
    await console.ask('Is it?');
    await expect(meter).toHaveAccessibleName('13 of 1,000 tokens of the context window used');
    await page.reload();
    await expect(meter).toHaveAttribute('value', '13');
  });
});
