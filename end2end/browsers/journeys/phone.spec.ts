// The console at the width of a phone.

import { answer, hold } from '../../harness/upstream.ts';
import { expect, test } from '../test.ts';

test('on a phone the menu opens, sending works, and nothing scrolls sideways', async ({
  driver,
  upstream,
  view,
}) => {
  const wide = `${'unbreakable'.repeat(12)} https://example.com/${'path/'.repeat(20)}`;
  await upstream.plays(answer(`${wide}\n\n    ${'code '.repeat(60)}`, hold, '\n\nEnd.'));
  await view.openLive();
  await driver.resize(390, 760);
  await expect.poll(() => driver.run(() => [innerWidth, innerHeight])).toEqual([390, 760]);
  await view.list.isHidden();
  await view.fits();
  await view.composer.fill(wide);
  await view.isWithin(view.send);
  await view.fits();
  await view.send.click();
  await view.answer.mentions('code');
  await view.isWithin(view.stop);
  await view.fits();
  await upstream.release();
  await view.answer.mentions('End.');
  await view.isIdle();
  await view.fits();

  const first = await view.worker();
  await view.openList.click();
  await view.list.isShown();
  await view.fits();
  await view.isWithin(view.new);
  await view.new.click();
  await view.isElsewhere(first);
  await view.welcome.isShown();
  await view.list.isHidden();
  await view.isWithin(view.composer);
  await view.fits();
});
