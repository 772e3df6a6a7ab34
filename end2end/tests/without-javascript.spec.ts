// The page works without JavaScript: forms are posted, and pages refresh themselves.

import { expect, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test.use({ javaScriptEnabled: false });

test('a message is sent, and the page refreshes while the answer streams', async ({ console, upstream }) => {
  await upstream.plays(answer('One ', hold, 'two.'), answer('Three.'));
  await console.open();
  await expect(console.welcome).toBeVisible();
  await console.ask('Count,\nplease.');
  await expect(console.textOf(console.questions)).toHaveText('Count,\nplease.');
  // The test does not reload, because the page refreshes itself while the answer is written.
  await expect(console.answer).toHaveText('One ');
  await expect(console.stop).toBeVisible();
  await upstream.release();
  await expect(console.answer).toHaveText('One two.');
  await expect(console.figures.filter({ hasText: 'scripted-model' })).toHaveCount(1);
  await expect(console.send).toBeVisible();

  await console.ask('And then?');
  await expect(console.answer).toHaveText('Three.');
  expect(await upstream.asked()).toHaveLength(2);
});

test('posting the same page twice sends once', async ({ companion, console, upstream }) => {
  await upstream.plays(answer('Once.'));
  await console.open();
  const fields = await console.composer.evaluate((area: HTMLTextAreaElement) =>
    [...(area.form?.elements ?? [])].map((field) => {
      const { name, value } = field as HTMLInputElement;
      return [name, value];
    }),
  );
  const form = new URLSearchParams(fields.filter(([name]) => name) as [string, string][]);
  form.set('text', 'How often?');
  for (let time = 0; time < 2; time += 1) {
    const { status } = await companion.api.raw(
      'POST',
      `/c/${console.worker}`,
      { 'content-type': 'application/x-www-form-urlencoded', origin: companion.url },
      form.toString(),
    );
    expect(status).toBe(303);
  }
  await console.open();
  await expect(console.answer).toHaveText('Once.');
  expect(await console.texts()).toEqual(['How often?', 'Once.']);
  expect(await upstream.asked()).toHaveLength(1);
});

test('an answer can be stopped', async ({ console, upstream }) => {
  await upstream.plays(answer('One ', hold, 'two.'));
  await console.open();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One ');
  await console.stop.click();
  await expect(console.note).toHaveText(/You stopped this answer/);
  await expect(console.answer).toHaveText('One ');
  await expect(console.send).toBeVisible();
  await expect
    .poll(async () => (await upstream.asked())[0]?.gone_ms)
    .toEqual(expect.any(Number));
});

test('conversations are created, renamed, deleted and switched', async ({ console, page }) => {
  await console.open();
  const first = console.worker;
  await console.manage.click();
  await console.titleField.fill('Tides & <b>moons</b>');
  await console.save.click();
  await expect(console.title).toHaveText('Tides & <b>moons</b>');

  await console.new.click();
  await expect(page).not.toHaveURL(new RegExp(first));
  const second = console.worker;
  await expect(console.conversations).toHaveCount(2);
  await console.conversations.filter({ hasText: 'Tides' }).click();
  await expect(page).toHaveURL(new RegExp(first));

  await console.manage.click();
  await console.delete.click();
  await console.deleteIt.click();
  await expect(page).toHaveURL(new RegExp(second));
  await expect(console.conversations).toHaveCount(1);
});

test('a refused message is shown with its error, and the typed text is kept', async ({
  console,
  watch,
}) => {
  watch.allow(/422/);
  await console.open();
  const long = `${'また、'.repeat(67_000)}end`;
  await console.submit(long);
  await expect(console.alert).toHaveAttribute('data-code', 'invalid_input');
  await expect(console.composer).toHaveValue(long);
  await expect(console.messages).toHaveCount(0);
});

test('a failed turn is shown with its error', async ({ console, upstream }) => {
  await upstream.plays(answer('Better.'));
  await upstream.refuse();
  await console.open();
  await console.ask('Hello?');
  await expect(console.note).toHaveAttribute('data-code', 'provider');
  await upstream.accept();
  await console.note.getByRole('button', { name: 'Try again' }).click();
  await expect(console.answer).toHaveText('Better.');
  expect(await console.texts()).toEqual(['Hello?', 'Better.']);
});

test('after the server was killed, the page shows the interrupted answer and works', async ({
  companion,
  console,
  page,
  upstream,
  watch,
}) => {
  watch.allowAbsence();
  await upstream.plays(answer('One ', hold, 'two.'), answer('Three.'));
  await console.open();
  await console.ask('Count.');
  await expect(console.answer).toHaveText('One ');
  const address = page.url();
  await companion.kill();
  await companion.start();
  await page.goto(address);
  await expect(console.answer).toHaveText('One ');
  await expect(console.note).toHaveText(/The server stopped/);
  await console.ask('Go on.');
  await expect(console.answer).toHaveText('Three.');
});

test.describe('without a provider', () => {
  test.use({ provider: 'none' });

  test('the page says what to configure', async ({ console }) => {
    await console.open();
    await expect(console.alert).toHaveAttribute('data-code', 'unavailable');
    await expect(console.alert).toContainText('COMPANION_MODEL_FILE');
    await expect(console.send).toBeDisabled();
  });
});
