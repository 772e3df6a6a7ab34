// Begins the client-only console: says that it is loading, asks the server who reads it, and runs
// the WASM. The server writes all of this into its own page.

/** How long the server may take to say who reads, in milliseconds; the browser's word goes then. */
const PATIENCE_MS = 3000;

const root = document.documentElement;

/** Shows those words of the first paint that are for a moment, in the page's language. */
function show(when) {
  for (const words of document.querySelectorAll('#start [data-when]')) {
    words.hidden = words.dataset.when !== when || words.lang !== root.lang;
  }
}

/** The language that the browser asks for, as the server would choose by `Accept-Language`. */
function preferred() {
  const known = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0]);
  return known.find((language) => language === 'en' || language === 'ja') ?? 'en';
}

/** Writes on the root what the server knows of the reader; without a server, nothing. */
async function meet() {
  try {
    const answer = await fetch('/api/fn/reader', { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return;
    for (const [name, value] of Object.entries(await answer.json())) {
      if (value !== null) root.setAttribute(name, value);
    }
  } catch {
    return; // The console says so itself, with a way to try again.
  }
  show('loading');
  // The browser's own bars: of the chosen theme, or as the system says.
  const { theme } = root.dataset;
  if (!theme) return;
  const [chosen, other] = ['light', 'dark'].map((scheme) =>
    document.querySelector(`meta[name=theme-color][media*=${scheme}]`),
  );
  const [kept, dropped] = theme === 'light' ? [chosen, other] : [other, chosen];
  kept?.removeAttribute('media');
  dropped?.remove();
}

/** The files that Trunk has built, by the hints that it wrote for them into the page. */
function built(hint) {
  const link = document.querySelector(`link[rel=${hint}]`);
  if (!link) throw new Error(`the page has no ${hint}`);
  return link.href;
}

root.lang = preferred();
show('loading');
try {
  const [console] = await Promise.all([import(built('modulepreload')), meet()]);
  await console.default({ module_or_path: built('preload') });
} catch (error) {
  show('failed');
  throw error;
}
