// The payloads as names from outside: of models, which an endpoint lists, and of profiles, which a
// folder of prompts defines.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Companion } from '../harness/companion.ts';
import { expect, test } from '../harness/test.ts';
import type { Upstream } from '../harness/upstream.ts';
import { type Payload, asLine, harmless, payloads } from './payloads.ts';
import { Rng, sized, tell } from './seed.ts';
import { Stage } from './stage.ts';

/** Names in the big run: as many as in the attack by hand, which found nothing. */
const BIG = 1098;
/** Models in one list: the server offers no more. */
const TOGETHER = 200;

/** A folder of prompts whose profiles are called by the payloads. */
async function profiles(folder: string, batch: Payload[]): Promise<string> {
  const prompts = join(folder, `prompts-${batch[0]?.text.length}-${batch[0]?.token}`);
  await mkdir(prompts, { recursive: true });
  await writeFile(join(prompts, 'p.md'), 'Be brief.');
  const sections = batch.slice(0, 40).map((payload, n) => {
    // The escapes of JSON are escapes of TOML, too.
    const words = JSON.stringify(asLine(payload));
    return `[[profile]]\nname = "p${n}"\ntitle = ${words}\ndescription = ${words}\nprompt = "p.md"\nlanguage = "en"\n`;
  });
  await writeFile(join(prompts, 'profiles.toml'), `default = "p0"\n\n${sections.join('\n')}`);
  return prompts;
}

test('names of models and profiles are only ever shown as text', async ({ browser, companion, folder, upstream }) => {
  test.setTimeout(10 * 60_000);
  const all = payloads(new Rng('names'), sized(BIG));
  let known: Stage['known'] | null = null;
  for (let at = -TOGETHER; at < all.length; at += TOGETHER) {
    const batch: Payload[] = known ? all.slice(at, at + TOGETHER) : harmless(all.slice(0, TOGETHER));
    await renamed(companion, upstream, await profiles(folder, batch), batch);
    const worker = await companion.api.create();
    const stage: Stage = await Stage.open(browser, companion, known);
    for (const path of ['/new', '/settings', `/c/${worker}`, `/c/${worker}/profile`]) await stage.look(path);
    await stage.console.open('/new');
    await expect(stage.page.getByRole('radio')).not.toHaveCount(0);
    await stage.console.openLive(`/c/${worker}`);
    const seen = await stage.page.content();
    expect(seen, 'a name of the batch on the page').toContain(batch[0]?.token);
    expect(await stage.faults()).toEqual([]);
    known ??= stage.known;
    await stage.close();
  }
  tell(`${all.length} names of models, 0 of them more than text`);
});

async function renamed(companion: Companion, upstream: Upstream, prompts: string, batch: Payload[]) {
  await companion.stop();
  await upstream.offers(batch.map((payload) => asLine(payload)));
  await companion.start(undefined, { PROMPTS_DIR: prompts });
}
