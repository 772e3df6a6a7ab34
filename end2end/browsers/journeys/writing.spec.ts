// The message box: drafts are kept, and a sent message can be edited.

import { answer } from '../../harness/upstream.ts';
import { expect, test } from '../test.ts';

test('a draft outlives a reload, and stays with its conversation', async ({ driver, view }) => {
  await view.openLive();
  // Where nothing was said, the button for a new conversation leads to the same one.
  await view.ask('Hello');
  await view.isIdle();
  const first = await view.worker();
  await view.composer.fill('Half a thought, 半分の考え');
  await driver.reload();
  await view.isLive();
  await view.composer.holds('Half a thought, 半分の考え');
  await view.new.click();
  await view.isElsewhere(first);
  await view.composer.holds('');
  await view.conversation(first).click();
  await view.isAt(first);
  await view.composer.holds('Half a thought, 半分の考え');
});

test('an edited message becomes a version beside the first one, which can be shown again', async ({
  companion,
  upstream,
  view,
}) => {
  await upstream.plays(answer('First.'), answer('Second.'));
  await view.openLive();
  await view.ask('Which?');
  await view.answer.reads('First.');
  await view.isIdle();
  await view.edit.click();
  await view.composer.holds('Which?');
  await view.composer.fill('Which one?');
  await view.press('Enter');
  await view.answer.reads('Second.');
  await view.isIdle();
  await view.texts.readAll(['Which one?', 'Second.']);
  await view.versions.reads('‹2/2›');
  await view.versionBefore.click();
  await view.texts.readAll(['Which?', 'First.']);
  await view.versions.reads('‹1/2›');
  const { messages } = await companion.api.transcript(await view.worker());
  expect(messages.map(({ text }) => text)).toEqual(['Which?', 'First.', 'Which one?', 'Second.']);
});
