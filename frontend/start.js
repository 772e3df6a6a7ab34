// Begins the client-only console: says that it is loading, asks the server for the reader's
// language and theme, and runs the WASM. The pages that the server writes need none of this.

/** How long to wait for them, in milliseconds; after that the browser's language is used. */
const PATIENCE_MS = 3000;

const root = document.documentElement;

/** What the page says now: 'loading' or 'failed'. */
let moment = 'loading';

/** Shows the texts of index.html for this moment in the page's language, and no others. */
function show() {
  for (const words of document.querySelectorAll('#start [data-when]')) {
    words.hidden = words.dataset.when !== moment || words.lang !== root.lang;
  }
}

/** The language to begin with, chosen as the server chooses one by `Accept-Language`. */
function preferred() {
  const known = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0]);
  return known.find((language) => language === 'en' || language === 'ja') ?? 'en';
}

/** Asks the server for the reader's choices and sets them on the root, if it answers. */
async function meet() {
  try {
    const answer = await fetch('/api/fn/reader', { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return;
    for (const [name, value] of Object.entries(await answer.json())) {
      if (value !== null) root.setAttribute(name, value);
    }
  } catch {
    return; // The console itself then says that the server is away, with a way to try again.
  }
  // The console may have failed meanwhile; its error is then shown in the chosen language.
  show();
  // The browser's own bars get the colour of the chosen theme, else of the system's.
  const { theme } = root.dataset;
  if (!theme) return;
  const [chosen, other] = ['light', 'dark'].map((scheme) =>
    document.querySelector(`meta[name=theme-color][media*=${scheme}]`),
  );
  const [kept, dropped] = theme === 'light' ? [chosen, other] : [other, chosen];
  kept?.removeAttribute('media');
  dropped?.remove();
}

/** The address of a file that Trunk has built: it writes a `<link>` for each into the page. */
function built(hint) {
  const link = document.querySelector(`link[rel=${hint}]`);
  if (!link) throw new Error(`the page has no ${hint}`);
  return link.href;
}

root.lang = preferred();
show();
try {
  const [console] = await Promise.all([import(built('modulepreload')), meet()]);
  await console.default({ module_or_path: built('preload') });
} catch (error) {
  moment = 'failed';
  show();
  throw error;
}
