// The list of conversations: updated live, grouped by day, with marks, and without losing anything.

import { COME_BACK_MS } from '../harness/console.ts';
import { expect, journey, test } from '../harness/test.ts';
import { answer, hold } from '../harness/upstream.ts';

test('changes in one tab appear in the list of the other', journey, async ({
  console,
  tab,
  upstream,
}) => {
  await upstream.plays(answer('Yes.'), answer('One ', hold, 'two.'));
  await console.openLive();
  await console.ask('Hello?');
  await console.isIdle();
  const other = await tab();
  await other.isLive();
  const first = console.worker;

  await console.new.click();
  await expect(other.conversations).toHaveCount(2);
  await expect(console.welcome).toBeVisible();
  await console.isLive();
  const second = console.worker;
  expect(second).not.toBe(first);

  await console.manage.click();
  await console.titleField.fill('Tides');
  await console.save.click();
  await expect(other.conversation(second)).toContainText('Tides');

  await console.ask('Count.');
  await expect(other.entry(second)).toHaveAttribute('data-running', '');
  await expect(other.conversation(second)).toContainText('An answer is being written');
  await upstream.release();
  await expect(other.entry(second)).not.toHaveAttribute('data-running', '');
  // The answer was shown in the tab that asked.
  await expect(other.entry(second)).not.toHaveAttribute('data-unread', '');

  await console.manage.click();
  await console.delete.click();
  await console.deleteIt.click();
  await expect(other.conversations).toHaveCount(1);
  expect(await other.order()).toEqual([first]);
});

test('an unread answer is marked until any tab shows it', async ({
  companion,
  console,
  tab,
}) => {
  await console.openLive();
  const [here, elsewhere] = [console.worker, await companion.api.create('Elsewhere')];
  const other = await tab();
  await other.isLive();
  await expect(console.conversation(elsewhere)).toBeVisible();
  await expect(console.entry(elsewhere)).not.toHaveAttribute('data-unread', '');

  await companion.api.send(elsewhere, 'Hello');
  for (const each of [console, other]) {
    await expect(each.entry(elsewhere)).toHaveAttribute('data-unread', '');
    await expect(each.conversation(elsewhere)).toHaveAccessibleName(/Elsewhere New answer/);
  }
  await console.page.reload();
  await expect(console.entry(elsewhere)).toHaveAttribute('data-unread', '');

  await other.conversation(elsewhere).click();
  await expect(other.answer).toHaveText('You said: Hello');
  await expect(other.entry(elsewhere)).not.toHaveAttribute('data-unread', '');
  await expect(console.entry(elsewhere)).not.toHaveAttribute('data-unread', '');
  await console.page.reload();
  await console.isLive();
  await expect(console.entry(elsewhere)).not.toHaveAttribute('data-unread', '');

  // A conversation that is open in one tab is never marked as unread, not in the other tab either.
  await companion.api.send(here, 'And here');
  await expect(console.answer).toHaveText('You said: And here');
  await console.isIdle();
  await expect(other.conversation(here)).toContainText('And here');
  await expect(other.entry(here)).not.toHaveAttribute('data-unread', '');
});

test('the focus stays on its entry when the list is sorted again', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  const first = console.worker;
  const second = await companion.api.create('Second');
  const third = await companion.api.create('Third');
  await expect(console.conversations).toHaveCount(3);
  expect(await console.order()).toEqual([third, second, first]);

  // The first focused entry is overtaken by another, and the second one moves itself.
  await console.conversation(third).focus();
  await companion.api.send(second, 'Up');
  await expect.poll(() => console.order()).toEqual([second, third, first]);
  await expect(console.conversation(third)).toBeFocused();
  await console.conversation(first).focus();
  await companion.api.send(first, 'Up');
  await expect.poll(() => console.order()).toEqual([first, second, third]);
  await expect(console.conversation(first)).toBeFocused();

  // If the focus is outside of the list, it stays there.
  await console.composer.fill('I write');
  await companion.api.send(third, 'Up');
  await expect.poll(() => console.order()).toEqual([third, first, second]);
  await expect(console.composer).toBeFocused();
  await page.mouse.click(700, 300);
  await companion.api.send(second, 'Up again');
  await expect.poll(() => console.order()).toEqual([second, third, first]);
  await expect(page.locator('.conversations :focus')).toHaveCount(0);
});

test('a conversation is renamed in the list, and nothing moves meanwhile', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  const first = console.worker;
  const second = await companion.api.create('Second');
  await expect(console.conversations).toHaveCount(2);
  await console.choose(first, 'Rename');
  await expect(console.entryTitle).toBeFocused();
  await console.entryTitle.fill('Half a na');
  await companion.api.send(first, 'Up');
  await expect(console.answer).toHaveText('You said: Up');
  await console.isIdle();
  await expect(console.entryTitle).toBeFocused();
  await page.keyboard.type('me');
  await page.keyboard.press('Enter');
  await expect(console.title).toHaveText('Half a name');
  await expect(console.conversation(first)).toContainText('Half a name');
  await expect(console.conversation(first)).toBeFocused();
  expect(await console.order()).toEqual([first, second]);

  await console.choose(second, 'Rename');
  await console.entryTitle.fill('Never');
  await page.keyboard.press('Escape');
  await expect(console.conversation(second)).toContainText('Second');
  await expect(console.conversation(second)).toBeFocused();
  const { title } = await companion.api.get<{ title: string }>(
    `/api/v1/runtimes/backend-internal/workers/${second}`,
  );
  expect(title).toBe('Second');
});

test('pinned conversations stay at the top, and archived ones are not in the list', async ({
  companion,
  console,
  tab,
}) => {
  await console.openLive();
  const [first, second] = [console.worker, await companion.api.create('Second')];
  const other = await tab();
  await other.isLive();
  await console.choose(first, 'Pin');
  for (const each of [console, other]) {
    const pinned = each.list.getByRole('group', { name: 'Pinned' });
    await expect(pinned.locator('a.conversation')).toHaveCount(1);
    expect(await each.order()).toEqual([first, second]);
  }
  await expect(console.conversation(first)).toBeFocused();
  await companion.api.send(second, 'Up');
  await expect(other.entry(second)).toHaveAttribute('data-unread', '');
  expect(await other.order()).toEqual([first, second]);

  await console.choose(second, 'Archive');
  for (const each of [console, other]) await expect(each.conversations).toHaveCount(1);
  await console.page.reload();
  await console.isLive();
  expect(await console.order()).toEqual([first]);
  await console.list.getByRole('link', { name: 'Archived conversations' }).click();
  await expect(console.conversations).toHaveText(/Second/);
  await console.conversations.click();
  await expect(console.answer).toHaveText('You said: Up');
  await expect(console.conversations).toHaveText(/Second/);
  await console.list.getByRole('button', { name: 'Options for “Second”' }).click();
  await console.entryMenu.getByRole('menuitem', { name: 'Unarchive' }).click();
  await expect(console.conversations).toHaveCount(0);
  await expect(other.conversations).toHaveCount(2);
  await other.choose(first, 'Unpin');
  await expect(other.list.getByRole('group', { name: 'Pinned' })).toBeHidden();
  await console.list.getByRole('link', { name: 'Back to all conversations' }).click();
  await expect(console.conversations).toHaveCount(2);
});

test('archiving can be undone at once, and the conversation goes back to where it was', async ({
  companion,
  console,
  page,
}) => {
  await console.openLive();
  const pinned = await companion.api.create('Kept above');
  await companion.api.change(pinned, { place: 'pinned' });
  await expect(console.list.getByRole('group', { name: 'Pinned' })).toContainText('Kept above');
  await console.choose(pinned, 'Archive');
  await expect(console.conversation(pinned)).toBeHidden();
  const note = console.list.getByRole('status');
  await expect(note).toContainText('“Kept above” was archived.');
  await note.getByRole('button', { name: 'Undo' }).click();
  await expect(console.list.getByRole('group', { name: 'Pinned' })).toContainText('Kept above');
  await expect(note).toBeEmpty();
  await page.reload();
  await console.isLive();
  await expect(console.list.getByRole('group', { name: 'Pinned' })).toContainText('Kept above');
});

test('a conversation is deleted from the list of another one', async ({ companion, console }) => {
  await console.openLive();
  const [here, doomed] = [console.worker, await companion.api.create('Not for long')];
  await expect(console.conversation(doomed)).toBeVisible();
  await console.choose(doomed, 'Delete');
  await expect(console.conversation(doomed)).toBeHidden();
  expect(console.worker).toBe(here);
});

test('a deletion in the archive stays in the archive', async ({ companion, console, page }) => {
  await console.openLive();
  const [one, two] = [await companion.api.create('One'), await companion.api.create('Two')];
  for (const id of [one, two]) await companion.api.change(id, { place: 'archived' });
  await console.list.getByRole('link', { name: 'Archived conversations' }).click();
  await expect(console.conversations).toHaveCount(2);
  await console.list.getByRole('button', { name: 'Options for “One”' }).click();
  await console.entryMenu.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(console.conversations).toHaveCount(1);
  await expect(console.conversations).toHaveText(/Two/);
  await expect(page).toHaveURL(/\?place=archived&deleted=/);
  await expect(console.list.getByRole('link', { name: 'Back to all conversations' })).toBeVisible();
});

test('the menu of an entry is used with the keyboard, and returns the focus', async ({
  console,
  page,
}) => {
  await console.openLive();
  const more = console.more(console.worker);
  await more.focus();
  await page.keyboard.press('Enter');
  await expect(console.entryMenu).toBeVisible();
  await expect(more).toHaveAttribute('aria-expanded', 'true');
  await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('menuitem', { name: 'Delete' })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(console.entryMenu).toBeHidden();
  await expect(more).toBeFocused();
  await expect(more).not.toHaveAttribute('aria-expanded', 'true');
});

/** A chat of another program, with the time of its last use. */
function chat(title: string, at: string): unknown {
  const seconds = Date.parse(at) / 1000;
  const message = (id: string, role: string, parent: string | null, children: string[]) => ({
    id,
    parent,
    children,
    message: {
      id,
      author: { role },
      create_time: seconds,
      content: { content_type: 'text', parts: [title] },
      status: 'finished_successfully',
    },
  });
  return {
    title,
    create_time: seconds,
    update_time: seconds,
    current_node: `${title}-a`,
    mapping: {
      [`${title}-q`]: message(`${title}-q`, 'user', null, [`${title}-a`]),
      [`${title}-a`]: message(`${title}-a`, 'assistant', `${title}-q`, []),
    },
  };
}

test.describe('in Tokyo', () => {
  test.use({ timezoneId: 'Asia/Tokyo' });

  test('conversations are grouped by day in the time zone of the reader', async ({
    companion,
    console,
    page,
  }) => {
    // This is nine in the evening of a Sunday in Tokyo.
    await page.clock.setFixedTime('2026-03-15T12:00:00Z');
    await companion.api.import([
      chat('Half past midnight', '2026-03-14T15:30:00Z'),
      chat('Yesterday morning', '2026-03-13T22:00:00Z'),
      chat('A week ago', '2026-03-08T12:00:00Z'),
      chat('In February', '2026-02-14T12:00:00Z'),
      chat('On the first of January', '2025-12-31T15:00:00Z'),
      chat('On the last of December', '2025-12-31T14:00:00Z'),
    ]);
    await console.openLive();
    const days = console.list.getByRole('heading', { level: 2 });
    await expect(days).toHaveText([
      'Today',
      'Yesterday',
      'Previous 7 days',
      'Previous 30 days',
      'January 2026',
      'December 2025',
    ]);
    const under = (name: string) =>
      console.list.getByRole('group', { name }).getByRole('link');
    await expect(under('Today').last()).toContainText('Half past midnight');
    await expect(under('Yesterday')).toContainText('Yesterday morning');
    await expect(under('Previous 7 days')).toContainText('A week ago');
    await expect(under('Previous 30 days')).toContainText('In February');
    await expect(under('January 2026')).toContainText('On the first of January');
    await expect(under('December 2025')).toContainText('On the last of December');
  });
});

test.describe('with short pages', () => {
  test.use({ settings: { WORKER_PAGE: '5' } });

  test('older conversations load in place, each once', async ({
    browser,
    companion,
    console,
    page,
  }) => {
    const made: string[] = [];
    for (let n = 1; n <= 12; n += 1) made.unshift(await companion.api.create(`No. ${n}`));
    await console.openLive(`/c/${made[0]}`);
    await expect(console.conversations).toHaveCount(5);
    await console.older.click();
    await expect(console.conversations).toHaveCount(10);
    // An entry of a later page moves to the top, and is not repeated when that page is loaded.
    const last = made[11] ?? '';
    await companion.api.send(last, 'Up');
    await expect(console.conversation(last)).toBeVisible();
    await console.older.click();
    await expect(console.older).toBeHidden();
    const order = await console.order();
    expect(new Set(order).size).toBe(order.length);
    expect(order.slice(0, 12)).toEqual([last, ...made.slice(0, 11)]);
    // Opening another conversation keeps the loaded entries and the scroll position.
    const before = await page.locator('.conversations').evaluate((list) => {
      list.scrollTop = 120;
      return list.scrollTop;
    });
    await console.conversation(made[5] ?? '').click();
    await expect(console.title).toHaveText('No. 7');
    await expect(console.conversations).toHaveCount(order.length);
    const after = await page.locator('.conversations').evaluate((list) => list.scrollTop);
    expect(Math.abs(after - before)).toBeLessThan(60);

    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${companion.url}/c/${made[0]}`);
    await plain.getByRole('link', { name: 'Older conversations' }).click();
    await expect(plain.locator('a.conversation')).toHaveCount(5);
    await expect(plain.locator('a.conversation').first()).toContainText('No. 8');
    await context.close();
  });
});

test('the list shows what changed while the server was unreachable', async ({
  companion,
  console,
  watch,
}) => {
  watch.allowAbsence();
  await console.openLive();
  const first = console.worker;
  await companion.kill();
  await expect(console.link).toHaveAttribute('data-link', 'away', { timeout: COME_BACK_MS });
  await companion.start();
  await companion.api.change(first, { title: 'Meanwhile' });
  const made = await companion.api.create('Made meanwhile');
  await expect(console.conversation(made)).toBeVisible({ timeout: COME_BACK_MS });
  await expect(console.conversation(first)).toContainText('Meanwhile');
});

test('without any live connection, the list is loaded periodically', async ({
  companion,
  console,
  page,
  watch,
}) => {
  watch.allow(/WebSocket connection/);
  await page.addInitScript(() => {
    window.WebSocket = class extends WebSocket {
      constructor(url: string | URL) {
        super(String(url).replace('/events', '/no-events'));
      }
    };
  });
  await console.open();
  await expect(console.conversations).toHaveCount(1);
  const made = await companion.api.create('Made elsewhere');
  await expect(console.conversation(made)).toBeVisible({ timeout: COME_BACK_MS });
});

test('a hidden page closes its connection, and catches up when it is shown', async ({
  companion,
  console,
  page,
}) => {
  await page.clock.install();
  const open = new Set<unknown>();
  page.on('websocket', (socket) => {
    if (!socket.url().includes('/runtimes/backend-internal/events')) return;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await console.openLive();
  await expect.poll(() => open.size).toBe(1);
  const look = (hidden: boolean) =>
    page.evaluate((is) => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: is });
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
    }, hidden);
  await look(true);
  await page.clock.fastForward(10_000);
  await look(false);
  await look(true);
  await page.clock.fastForward(29_000);
  expect(open.size).toBe(1);
  await page.clock.fastForward(2_000);
  await expect.poll(() => open.size).toBe(0);
  const made = await companion.api.create('Behind its back');
  await look(false);
  await expect(console.conversation(made)).toBeVisible();
  expect(open.size).toBe(1);
});

test('the menu of an entry stays within a narrow page', async ({ console, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await console.openLive();
  await console.openList.click();
  await console.more(console.worker).click();
  await expect(console.entryMenu).toBeVisible();
  const { x, width } = (await console.entryMenu.boundingBox()) ?? { x: 0, width: 0 };
  expect(width).toBeGreaterThan(0);
  expect(x).toBeGreaterThanOrEqual(0);
  expect(x + width).toBeLessThanOrEqual(390);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the menu of an entry opens the page of its conversation', async ({
    companion,
    console,
    page,
  }) => {
    await console.open();
    const other = await companion.api.create('The other one');
    await page.reload();
    await expect(console.list.getByRole('heading', { level: 2 })).toHaveText('Today');
    await console.entry(other).getByRole('link', { name: /^Options for/ }).click();
    await expect(page).toHaveURL(new RegExp(`/c/${other}#manage$`));
    await expect(console.titleField).toBeVisible();
    await console.titleField.fill('Renamed');
    await console.save.click();
    await expect(console.conversation(other)).toContainText('Renamed');
  });
});
