// Without JavaScript, in the dark theme: forms are posted, and the page refreshes itself.

import { answer, hold } from '../../harness/upstream.ts';
import { expect, test } from '../test.ts';

test.use({ setup: { scripts: false, dark: true } });

test('without JavaScript and in dark mode, a message is sent and the page refreshes until it is answered', async ({
  driver,
  upstream,
  view,
}) => {
  await upstream.plays(answer('One ', hold, 'two.'));
  await view.open();
  await view.welcome.isShown();
  const rules = await driver.run(() => document.styleSheets[0]?.cssRules.length ?? 0);
  expect(rules, 'rules of the style sheet').toBeGreaterThan(0);
  const luminance = await driver.run(() => {
    const colour = getComputedStyle(document.documentElement).backgroundColor;
    return Math.max(...(colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number));
  });
  expect(luminance, 'how light the ground is').toBeLessThan(64);
  await view.composer.fill('Count, please.');
  await view.send.click();
  await view.questions.reads('Count, please.');
  await view.answer.reads('One');
  await view.stop.isShown();
  await upstream.release();
  await view.answer.reads('One two.');
  await view.send.isShown();
  await view.figures.mentions('scripted-model');
  // No script has run.
  await view.link.has('data-link', 'off');
  expect(await upstream.asked()).toHaveLength(1);
});
