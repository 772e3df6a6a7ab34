// Unknown addresses show an error page with links to other pages.

import { expect, test } from '../harness/test.ts';

const NOWHERE = [
  '/nowhere',
  '/c',
  '/c/not-an-id',
  '/c/00000000-0000-7000-8000-000000000000',
  '/c/..%2f..%2fetc%2fpasswd',
];

for (const path of NOWHERE) {
  test(`${path} is a page with a link to the latest conversation`, async ({ companion, console, page, watch }) => {
    watch.allow(/404/);
    const response = await page.goto(companion.url + path);
    expect(response?.status()).toBe(404);
    await expect(console.title).toHaveText('Page not found');
    await page.getByRole('link', { name: 'Go to the latest conversation' }).click();
    await console.isLive();
    await expect(console.composer).toBeVisible();
  });
}

test('the API answers with its own error', async ({ companion }) => {
  const { status, headers, body } = await companion.api.raw('GET', '/api/v1/nowhere');
  expect(status).toBe(404);
  expect(headers['content-type']).toContain('application/json');
  expect(JSON.parse(body.toString())).toMatchObject({ error: { code: 'not_found' } });
});
