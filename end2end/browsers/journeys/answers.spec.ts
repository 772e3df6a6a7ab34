// An answer is streamed, stopped, and kept over a reload.

import { answer, hold } from '../../harness/upstream.ts';
import { expect, test } from '../test.ts';

test('on a first visit a message is sent with Enter and its answer streams', async ({
  companion,
  upstream,
  view,
}) => {
  await upstream.plays(
    answer('Tides ', 'follow ', hold, '**the moon**, ', '月に従う。', hold, ' Always.'),
  );
  await view.openLive();
  await view.welcome.isShown();
  await view.fits();
  await view.ask('Why are there tides?');
  await view.answer.reads('Tides follow');
  await view.stop.isShown();
  await view.composer.holds('');
  await upstream.release();
  await view.answer.reads('Tides follow the moon, 月に従う。');
  await upstream.release();
  await view.answer.reads('Tides follow the moon, 月に従う。 Always.');
  await view.isIdle();
  await view.figures.mentions('scripted-model');
  await view.fits();
  await view.composer.isFocused();
  const { messages } = await companion.api.transcript(await view.worker());
  expect(messages.map(({ text }) => text)).toEqual([
    'Why are there tides?',
    'Tides follow **the moon**, 月に従う。 Always.',
  ]);
});

test('stopping an answer keeps its text', async ({
  companion,
  driver,
  upstream,
  view,
}) => {
  await upstream.plays(answer('One ', 'two ', hold, 'three.'), answer('Fine.'));
  await view.openLive();
  await view.ask('Count to three.');
  await view.answer.reads('One two');
  await view.stop.click();
  await view.note.reads('You stopped this answer. The text so far was kept.');
  await view.isIdle();
  await upstream.release();
  await view.ask('Are you well?');
  await view.answer.reads('Fine.');
  await view.isIdle();
  const texts = ['Count to three.', 'One two', 'Are you well?', 'Fine.'];
  await view.texts.readAll(texts);
  await driver.reload();
  await view.texts.readAll(texts);
  const { turns } = await companion.api.transcript(await view.worker());
  expect(turns.map(({ state }) => state)).toEqual(['cancelled', 'completed']);
});

test('a reload during an answer keeps its text, and the answer goes on', async ({
  driver,
  upstream,
  view,
}) => {
  await upstream.plays(answer('Half ', hold, 'and half.'));
  await view.openLive();
  await view.ask('In two parts, please.');
  await view.answer.reads('Half');
  await driver.reload();
  await view.answer.reads('Half');
  await view.isLive();
  await view.stop.isShown();
  await upstream.release();
  await view.answer.reads('Half and half.');
  await view.isIdle();
  await view.texts.readAll(['In two parts, please.', 'Half and half.']);
  expect(await upstream.asked()).toHaveLength(1);
});
