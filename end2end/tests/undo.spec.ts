// Conversations are deleted and restored, with and without JavaScript.

import { AxeBuilder } from '@axe-core/playwright';

import { expect, journey, test } from '../harness/test.ts';
import { answer } from '../harness/upstream.ts';

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    const kind = javaScriptEnabled ? journey : {};
    test('a deleted conversation is restored as it was', kind, async ({
      console,
      page,
      upstream,
    }) => {
      await upstream.plays(answer('The otter swims.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      const worker = console.worker;
      await console.ask('Where is the otter?');
      await expect(console.answer).toHaveText('The otter swims.');
      await console.isIdle();
      await console.manage.click();
      await console.delete.click();
      await console.deleteIt.click();
      await expect(page).not.toHaveURL(new RegExp(`/c/${worker}`));
      await expect(page.getByText('“Where is the otter?” was deleted.')).toBeVisible();
      const { violations } = javaScriptEnabled
        ? await new AxeBuilder({ page }).analyze()
        : { violations: [] };
      expect(violations).toEqual([]);
      await console.undo.click();
      await expect(page).toHaveURL(new RegExp(`/c/${worker}$`));
      await expect(console.answer).toHaveText('The otter swims.');
      await expect(console.conversation(worker)).toBeVisible();
    });

    test('the data page keeps a deleted conversation for a while, and can purge it', async ({
      console,
      page,
      upstream,
      watch,
    }) => {
      watch.allow(/404/);
      await upstream.plays(answer('One.'));
      await console.open();
      const worker = console.worker;
      await console.ask('A question?');
      await expect(console.answer).toHaveText('One.');
      for (const action of ['Restore', 'Delete it for good']) {
        await console.open(`/c/${worker}`);
        await console.manage.click();
        await console.delete.click();
        await console.deleteIt.click();
        await expect(page).not.toHaveURL(new RegExp(`/c/${worker}`));
        await console.open('/data');
        await expect(page.getByRole('listitem').filter({ hasText: 'A question?' })).toBeVisible();
        if (javaScriptEnabled) {
          expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
        }
        if (action === 'Delete it for good') {
          await page.locator('summary', { hasText: 'Delete for good' }).click();
        }
        await page.getByRole('button', { name: `${action}: A question?` }).click();
      }
      await expect(page.getByText('Nothing to restore.')).toBeVisible();
      await console.open(`/c/${worker}`);
      await expect(console.title).toHaveText('Page not found');
    });

    test('a conversation is pinned and archived, and found in the archive', kind, async ({
      site,
      console,
      page,
      upstream,
    }) => {
      await upstream.plays(answer('The otter swims.'));
      if (javaScriptEnabled) await console.openLive();
      else await console.open();
      const worker = console.worker;
      await console.ask('Where is the otter?');
      await expect(console.answer).toHaveText('The otter swims.');
      await console.isIdle();
      await console.manage.click();
      await page.getByRole('button', { name: 'Pin', exact: true }).click();
      await console.manage.click();
      await expect(page.getByRole('button', { name: 'Unpin' })).toBeVisible();
      await page.getByRole('button', { name: 'Archive', exact: true }).click();
      await expect(console.conversation(worker)).toHaveCount(0);
      await page.goto(`${site.url}/search?q=otter`);
      await expect(page.getByRole('main').getByRole('heading', { level: 2 })).toContainText('Archived');
    });
  });
}

test('another tab continues after the restoration, with its typed text', async ({
  companion,
  console,
  tab,
}) => {
  await console.openLive();
  const worker = console.worker;
  await console.ask('A question?');
  await console.isIdle();
  const other = await tab();
  await other.isLive();
  await other.composer.fill('Half a thought');
  await console.choose(worker, 'Delete');
  await expect(other.composer).toBeDisabled();
  await expect(other.conversation(worker)).toHaveCount(0);
  const path = `/api/v1/runtimes/backend-internal/workers/${worker}/restore`;
  expect((await companion.api.raw('POST', path)).status).toBe(200);
  await other.isLive();
  await expect(other.composer).toBeEnabled();
  await expect(other.composer).toHaveValue('Half a thought');
  await other.page.reload();
  await expect(other.composer).toHaveValue('Half a thought');
  await other.send.click();
  await expect(other.answer).toHaveText('You said: Half a thought');
});
