// Pictures of the real thing for the documentation, taken when SCREENSHOTS is set.

import { ANSWER_MS } from '../harness/console.ts';
import { expect, test } from '../harness/test.ts';

const PLACES = {
  console: { colorScheme: 'light', viewport: { width: 1200, height: 760 } },
  'console-dark': { colorScheme: 'dark', viewport: { width: 1200, height: 760 } },
  'console-narrow': { colorScheme: 'light', viewport: { width: 390, height: 760 } },
} as const;

test.use({ provider: 'local' });

test('the console with answers of the embedded model', async ({ console, page }) => {
  test.skip(!process.env.SCREENSHOTS, 'SCREENSHOTS is not set');
  test.setTimeout(4 * ANSWER_MS);
  const ask = async (question: string): Promise<void> => {
    await console.ask(question);
    await expect(console.answer).not.toBeEmpty({ timeout: ANSWER_MS });
    await console.isIdle(ANSWER_MS);
  };
  await console.openLive();
  await ask('Say hello to a new user.');
  const first = page.url();
  await console.new.click();
  await expect(page).not.toHaveURL(first);
  await console.isLive();
  await ask('What is the capital of France? Answer in one short sentence.');
  await ask('Explain in two sentences why the sky is blue.');
  await console.composer.blur();
  for (const [name, { colorScheme, viewport }] of Object.entries(PLACES)) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(viewport);
    const path = `../docs/screenshots/${name}.png`;
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  }
});
