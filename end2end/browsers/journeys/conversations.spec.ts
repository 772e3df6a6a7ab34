// The list of conversations, its menus, and the palette.

import { workerPath } from '../../harness/api.ts';
import { answer } from '../../harness/upstream.ts';
import { expect, test } from '../test.ts';

test('a new conversation is listed, and back and forward switch between the two', async ({
  driver,
  upstream,
  view,
}) => {
  await upstream.plays(answer('The moon.'), answer('The night.'));
  await view.openLive();
  const first = await view.worker();
  await view.ask('What pulls the sea?');
  await view.answer.reads('The moon.');
  await view.isIdle();
  await view.new.click();
  const second = await view.isElsewhere(first);
  await view.welcome.isShown();
  await view.conversations.counts(2);
  await view.isLive();
  await view.ask('When do trains sleep?');
  await view.answer.reads('The night.');
  await view.isIdle();
  await view.conversation(second).mentions('When do trains sleep?');

  await driver.back();
  await view.isAt(first);
  await view.answer.reads('The moon.');
  await view.title.reads('What pulls the sea?');
  await driver.forward();
  await view.isAt(second);
  await view.answer.reads('The night.');
  await view.title.reads('When do trains sleep?');
});

test('a conversation is renamed, pinned, deleted and restored', async ({ companion, driver, upstream, view }) => {
  await upstream.plays(answer('The otter swims.'));
  const other = await companion.api.create('Night trains');
  const kept = await companion.api.create('Otters');
  await view.openLive(`/c/${kept}`);
  await view.ask('Where is the otter?');
  await view.answer.reads('The otter swims.');
  await view.isIdle();

  await view.choose(other, 'Rename');
  await view.entryTitle.isFocused();
  await view.entryTitle.fill('Trains by night');
  await view.press('Enter');
  await view.conversation(other).mentions('Trains by night');
  await view.choose(other, 'Pin');
  await view.headings.readAll(['Pinned', 'Today']);
  // The page shows a change before the server has stored it, and a reload would abort the request.
  const stored = () => companion.api.get<{ title: string; place: string }>(workerPath(other));
  await expect.poll(stored).toMatchObject({ title: 'Trains by night', place: 'pinned' });
  await driver.reload();
  await view.isLive();
  await view.headings.readAll(['Pinned', 'Today']);
  await view.conversation(other).mentions('Trains by night');

  await view.manage.click();
  await view.delete.click();
  await view.deleteIt.click();
  await view.isElsewhere(kept);
  await view.conversation(kept).isHidden();
  expect(await companion.api.newest()).not.toBe(kept);
  await view.undo.click();
  await view.isAt(kept);
  await view.conversation(kept).isShown();
  await view.answer.reads('The otter swims.');
});

test('the palette opens by its key and finds a conversation', async ({ companion, view }) => {
  const tides = await companion.api.create('High tides and the moon');
  const japanese = await companion.api.create('潮の満ち引きについて');
  await companion.api.create('Night trains');
  await view.openLive();
  await view.composer.click();
  await view.press('Control+k');
  await view.paletteField.isFocused();
  await view.chosen.reads('Night trains');
  await view.type('mon tid');
  await view.chosen.reads('High tides and the moon');
  await view.press('Enter');
  await view.isAt(tides);
  await view.palette.isHidden();

  await view.press('Control+k');
  await view.paletteField.isFocused();
  await view.type('満ち');
  await view.chosen.reads('潮の満ち引きについて');
  await view.press('Enter');
  await view.isAt(japanese);
  await view.press('Control+k');
  await view.paletteField.isFocused();
  await view.press('Escape');
  await view.palette.isHidden();
});
