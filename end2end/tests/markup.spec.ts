// Whatever people and models write stays text.

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

    test('markup in messages and titles is shown, not obeyed', async ({
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

test('a refused message with markup comes back into the box as text', async ({
  browser,
  companion,
  watch,
}) => {
  watch.allow(/422/);
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(companion.url);
  const text = `\n\n${NASTY}${'x'.repeat(33_000)}`;
  await page.getByRole('textbox', { name: 'Your message' }).fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('textbox', { name: 'Your message' })).toHaveValue(text);
  await context.close();
});
