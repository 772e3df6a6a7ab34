// Exports of other programs with hostile values that an import nevertheless has to accept: titles,
// texts, names, trees, times and kinds of content.
//
// The fields are those that docs/export-format.md lists.

import { asLine, type Payload } from '../payloads.ts';
import type { Rng } from '../seed.ts';

/** How the messages of a conversation are linked to their parents. */
type Tree = 'chain' | 'deep' | 'wide' | 'branches' | 'orphans' | 'forest';

const TREES: Tree[] = ['chain', 'chain', 'chain', 'deep', 'wide', 'branches', 'orphans', 'forest'];

/** Usual times, and times that no clock shows. */
const TIMES = [
  null, 0, -1, 1_735_700_000, 1_735_700_000.123456, -62_135_596_800, 253_402_300_799, 253_402_300_800, 1e18, -1e18,
  1e300, 5e-324, 1_735_700_000_000,
];

/** An id of a message. The other program chooses it, so it may be any text. */
function name(rng: Rng, n: number): string {
  return rng.pick([`${n}`, `m"><img src=x>${n}`, `__proto__${n}`, `../${n}`, `\u0000${n}`, `🦀${n}`, ` ${n} `]);
}

interface Node {
  id: string;
  parent: string | null;
  role: string;
  text: string;
  time: number | null;
}

/** `count` messages of a tree, each with a payload. */
function nodes(rng: Rng, texts: Payload[], count: number, tree: Tree): Node[] {
  const made: Node[] = [];
  for (let n = 0; n < count; n++) {
    const before = made[n - 1]?.id ?? null;
    const any = made.length > 0 ? rng.pick(made).id : null;
    const parent = {
      chain: before,
      deep: before,
      wide: made[0]?.id ?? null,
      branches: rng.once(3) ? any : before,
      orphans: rng.once(3) ? `nobody ${n}` : before,
      forest: rng.once(3) ? null : before,
    }[tree];
    const role = tree === 'wide' ? (n === 0 ? 'user' : 'assistant') : n % 2 === 0 ? 'user' : 'assistant';
    made.push({ id: name(rng, n), parent, role, text: rng.pick(texts).text, time: rng.pick(TIMES) });
  }
  return made;
}

/** The number of messages: most conversations have a few, some have very many. */
function length(rng: Rng, tree: Tree, most: number): number {
  if (tree === 'deep' || tree === 'wide') return rng.once(8) ? most : 12;
  return 4 + rng.below(6);
}

export interface Sizes {
  /** The number of messages in the longest conversations. */
  most: number;
}

/** One conversation of ChatGPT. */
export function chatgpt(rng: Rng, texts: Payload[], name: string, { most }: Sizes): object {
  const tree = rng.pick(TREES);
  const list = nodes(rng, texts, length(rng, tree, most), tree);
  const mapping = list.map(({ id, parent, role, text, time }) => {
    const content = rng.pick([
      { content_type: 'text', parts: [text] },
      { content_type: 'text', parts: [text] },
      { content_type: 'multimodal_text', parts: [text, { content_type: 'image_asset_pointer', asset_pointer: text }] },
      { content_type: 'multimodal_text', parts: [{ content_type: 'audio_transcription', text }, null, 7, [text]] },
      { content_type: 'code', text, language: text },
      { content_type: 'text', parts: null },
      null,
    ]);
    const message = {
      id: text,
      author: { role: rng.once(12) ? rng.pick(['system', 'tool', text, '']) : role, name: text },
      create_time: time,
      content,
      recipient: rng.once(12) ? text : 'all',
      metadata: { model_slug: asLine(rng.pick(texts)), is_visually_hidden_from_conversation: rng.once(20) },
    };
    return [id, { id, parent, children: [text], message: rng.once(20) ? null : message }];
  });
  return {
    conversation_id: name,
    title: rng.once(10) ? null : asLine(rng.pick(texts)),
    create_time: rng.pick(TIMES),
    current_node: rng.pick([list.at(-1)?.id, list[0]?.id, 'nobody', null]),
    default_model_slug: rng.once(2) ? asLine(rng.pick(texts)) : null,
    mapping: Object.fromEntries(mapping),
    safe_urls: [asLine(rng.pick(texts))],
  };
}

/** One chat of Open WebUI. */
export function openWebUi(rng: Rng, texts: Payload[], name: string, { most }: Sizes): object {
  const tree = rng.pick(TREES);
  const list = nodes(rng, texts, length(rng, tree, most), tree);
  const messages = list.map(({ id, parent, role, text, time }) => ({
    id,
    parentId: parent,
    childrenIds: [text],
    role: rng.once(12) ? rng.pick(['system', 'tool', text]) : role,
    content: rng.once(5)
      ? rng.pick([null, 7, {}, [{ type: 'text', text }, { type: 'image_url', image_url: { url: text } }, text]])
      : text,
    model: asLine(rng.pick(texts)),
    modelName: text,
    timestamp: time,
    files: rng.once(8) ? [{ type: 'image', url: text }, null] : null,
    error: { content: text },
  }));
  const title = asLine(rng.pick(texts));
  const chat = {
    title,
    models: rng.pick([[asLine(rng.pick(texts))], [null, ''], null]),
    timestamp: rng.pick(TIMES),
    tags: [title],
    system: title,
    ...(rng.once(4) && tree === 'chain'
      ? { messages }
      : {
          history: {
            messages: Object.fromEntries(messages.map((message) => [message.id, message])),
            currentId: rng.pick([list.at(-1)?.id ?? null, list[0]?.id ?? null, 'nobody', null]),
          },
        }),
  };
  return { id: name, title: rng.once(4) ? null : title, created_at: rng.pick(TIMES), chat };
}
