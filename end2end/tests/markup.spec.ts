// Markup that people and models write is shown as text.

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

const NASTY = [
  '</script><script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned = 2">',
  '<svg onload="window.pwned = 3"></svg>',
  '</textarea></noscript><style>*{display:none}</style>',
  '<!-- --!> ]]> &lt;b&gt; &amp;amp; <|im_end|> {{ x }}',
  '<meta http-equiv="refresh" content="0;url=/nowhere">',
].join('\n');

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('markup in messages and titles is shown as text', async ({
      companion,
      console,
      page,
      upstream,
    }) => {
      await upstream.plays(answer(`Echo: ${NASTY}`, hold, ' End.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask(NASTY);
      await expect(console.answer).toContainText('Echo: </script>');
      await upstream.release();
      await expect(console.answer).toHaveText(/ End\.$/);
      await page.reload();
      if (javaScriptEnabled) await console.isLive();
      expect((await console.texts())[0]).toBe(NASTY);
      for (const line of NASTY.split('\n')) await expect(console.answer).toContainText(line);

      await console.manage.click();
      await console.titleField.fill('</title><img src=x onerror=alert(1)>');
      await console.save.click();
      await expect(console.title).toHaveText('</title><img src=x onerror=alert(1)>');
      await page.reload();
      await expect(console.title).toHaveText('</title><img src=x onerror=alert(1)>');
      await expect(page).toHaveTitle(/<\/title><img/);

      await expect(page.locator('img, iframe, object')).toHaveCount(0);
      expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
      const { messages } = await companion.api.transcript(console.worker);
      expect(messages[0]?.text).toBe(NASTY);
    });
  });
}

const FORMULAS = [
  '\\operatorname{<textarea>}',
  '\\operatorname{</math><a/href=https://evil.example/>Sign in</a>}',
  '\\operatorname*{<form\faction=/data\fmethod=post><button\fname=do>x</button></form>}',
  '\\operatornamewithlimits{<script>window.pwned = 4</script>}',
  '\\operatorname{<img/src=/favicon.svg>}',
  '\\text{\\operatorname{<!--}}',
];

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a formula with markup does not break the page', async ({ console, page, upstream }) => {
      const formulas = FORMULAS.map((formula) => `$${formula}$`).join(' and ');
      await upstream.plays(answer('It is ', `${formulas} and $x^2$.\n\n`, 'The end.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask('Show me.');
      for (const reloaded of [false, true]) {
        if (reloaded) await page.reload();
        if (reloaded && javaScriptEnabled) await console.isLive();
        await expect(console.answer.locator('p').last()).toHaveText('The end.');
        await expect(console.answer.locator('code.latex')).toHaveText(FORMULAS.map((text) => `$${text.replaceAll('\f', ' ')}$`));
        await expect(console.answer.locator('math')).toHaveCount(1);
        await expect(console.answer.locator('a, form, button, script, img, textarea')).toHaveCount(0);
        // The answer does not swallow the elements after it.
        await expect(page.getByRole('textbox', { name: 'Your message' })).toBeVisible();
      }
      expect(await page.evaluate(() => 'pwned' in window)).toBe(false);
    });
  });
}

test('a refused message with markup is put back into the box as text', async ({
  browser,
  companion,
  watch,
}) => {
  watch.allow(/422/);
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(companion.url);
  const text = `\n\n${NASTY}${'x'.repeat(201_000)}`;
  await page.getByRole('textbox', { name: 'Your message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('textbox', { name: 'Your message' })).toHaveValue(text);
  await context.close();
});
