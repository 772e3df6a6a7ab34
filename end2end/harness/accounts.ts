// Accounts for tests: the first owner, others, and logins as a browser does them.

import { type APIResponse, type Page, expect, request } from '@playwright/test';

import type { Companion } from './companion.ts';
import type { Console } from './console.ts';

/** Settings of a server that nobody uses without a login. */
export const LOGIN_REQUIRED = { REQUIRE_LOGIN: 'true' };

export const OWNER = { name: 'Ada Lovelace', password: 'correct horse battery' };
export const MEMBER = { name: 'ben', password: 'a staple of batteries' };

export interface Person {
  name: string;
  password: string;
}

/** The code that the server printed at its last start. */
export async function setUpCode(companion: Companion): Promise<string> {
  const printed = /set-up code: ((?:[0-9A-Z]{4}-){3}[0-9A-Z]{4})/g;
  const last = (): string | undefined => [...companion.log.matchAll(printed)].at(-1)?.[1];
  await expect.poll(last).toBeDefined();
  return last() ?? '';
}

/** Makes the first owner by the API. */
export async function makeOwner(companion: Companion, person: Person = OWNER): Promise<void> {
  await post(companion, '/api/v1/setup', { code: await setUpCode(companion), ...person });
}

/** Adds a member by the form of the page, as the reader of `page`, who is an owner. */
export async function addMember(page: Page, url: string, person: Person = MEMBER): Promise<void> {
  await page.goto(`${url}/accounts`);
  await page.getByLabel('Name').fill(person.name);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Add an account' }).click();
  await expect(page.getByRole('status')).toHaveText('The account was added.');
}

/** Fills the form of the login in, and sends it. */
export async function logIn(page: Page, { name, password }: Person): Promise<void> {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Makes the first owner, and logs in as a browser does. */
export async function beginAsOwner(companion: Companion, console: Console): Promise<void> {
  await makeOwner(companion);
  await console.open('/login');
  await logIn(console.page, OWNER);
  await expect(console.composer).toBeVisible();
}

async function post(companion: Companion, path: string, data: object): Promise<APIResponse> {
  const context = await request.newContext();
  const answer = await context.post(companion.url + path, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
  return answer;
}
