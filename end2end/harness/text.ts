// Changes of a text that fail when they change nothing.

/** Replaces all occurrences of each text. Fails when one of them does not occur. */
export function changed(text: string, changes: [string, string][]): string {
  for (const [before, after] of changes) {
    if (!text.includes(before)) throw new Error(`there is no ${before} to be replaced`);
    text = text.replaceAll(before, () => after);
  }
  return text;
}
