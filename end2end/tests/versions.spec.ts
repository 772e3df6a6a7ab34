// An edit and another answer become siblings of the old message, and nothing is overwritten.

import { expect, journey, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    const kind = javaScriptEnabled ? journey : {};
    test('another answer and an edit are versions, and each can be shown', kind, async ({
      companion,
      console,
      upstream,
    }) => {
      await upstream.plays(answer('First.'), answer('Second.'), answer('Edited.'), answer('On.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      await console.ask('Which?');
      await expect(console.answer).toHaveText('First.');

      await console.again.click();
      await expect(console.answer).toHaveText('Second.');
      await expect(console.answers).toHaveCount(1);
      await expect(console.versions).toHaveText('‹2/2›');
      await console.versionBefore.click();
      await expect(console.answer).toHaveText('First.');
      await expect(console.versions).toHaveText('‹1/2›');

      // The next message continues the branch that is shown.
      await console.submit('And then?');
      await expect(console.questions).toHaveCount(2);
      await expect(console.answer).toHaveText('Edited.');
      expect(await console.texts()).toEqual(['Which?', 'First.', 'And then?', 'Edited.']);
      const { body } = (await upstream.asked())[2] ?? {};
      const messages = (body as { messages: { content: string }[] }).messages.slice(1);
      expect(messages.map(({ content }) => content)).toEqual(['Which?', 'First.', 'And then?']);

      await console.edit.first().click();
      await expect(console.composer).toHaveValue('Which?');
      await console.composer.fill('Which one?');
      await console.send.click();
      await expect(console.answer).toHaveText('On.');
      expect(await console.texts()).toEqual(['Which one?', 'On.']);
      await console.versionBefore.click();
      await expect(console.questions.first()).toContainText('Which?');
      const kept = await companion.api.transcript(console.worker);
      expect(kept.messages.map(({ text }) => text)).toEqual([
        ...['Which?', 'First.', 'Second.', 'And then?', 'Edited.', 'Which one?', 'On.'],
      ]);
    });
  });
}

test('cancelling an edit restores the draft', async ({ console, upstream }) => {
  await upstream.plays(answer('Yes.'));
  await console.openLive();
  await console.ask('Is it so?');
  await console.isIdle();
  await console.composer.fill('A draft');
  await console.edit.click();
  await expect(console.composer).toHaveValue('Is it so?');
  await expect(console.composer).toBeFocused();
  await console.page.getByRole('link', { name: 'Cancel' }).click();
  await expect(console.composer).toHaveValue('A draft');
});

test('a reload shows the chosen branch', async ({ console, page, upstream }) => {
  await upstream.plays(answer('One.'), answer('Two.'), answer('Three.'));
  await console.openLive();
  await console.ask('Count.');
  await console.isIdle();
  await console.again.click();
  await expect(console.answer).toHaveText('Two.');
  await console.isIdle();
  await console.versionBefore.click();
  await expect(console.answer).toHaveText('One.');
  await page.reload();
  await expect(console.answer).toHaveText('One.');
  await expect(console.versions).toHaveText('‹1/2›');
  await console.isLive();
  // Another answer to the same question becomes the newest version.
  await console.again.click();
  await expect(console.answer).toHaveText('Three.');
  await console.isIdle();
  await page.reload();
  await expect(console.versions).toHaveText('‹3/3›');
});

test('the focus follows to the shown version', async ({ console, page, upstream }) => {
  await upstream.plays(answer('First.'), answer('Second.'));
  await console.openLive();
  await console.ask('Which?');
  await console.isIdle();
  await console.again.press('Enter');
  await expect(console.answer).toHaveText('Second.');
  await expect(console.composer).toBeFocused();
  await console.isIdle();
  await console.versionBefore.press('Enter');
  await expect(console.answer).toHaveText('First.');
  await expect(console.answers.last()).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(console.log.getByRole('link', { name: 'Next version' })).toBeFocused();
});

test('while an answer is written, no retry or edit is offered', async ({ console, upstream }) => {
  await upstream.plays(answer('One ', hold, 'two.'));
  await console.openLive();
  await console.ask('Count.');
  await expect(console.answer).toContainText('One');
  await expect(console.again).toHaveCount(0);
  await expect(console.edit).toHaveCount(0);
  await upstream.release();
  await console.isIdle();
  await expect(console.again).toHaveCount(1);
  await expect(console.edit).toHaveCount(1);
});
