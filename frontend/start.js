// Starts the client-only console: shows that it is loading, asks the server for the reader's
// language and theme, and runs the WASM. Pages that the server renders do not need this script.

/** Timeout for the server's answer, in milliseconds; after that the browser's language is used. */
const PATIENCE_MS = 3000;

const root = document.documentElement;

/** The current state: 'loading' or 'failed'. */
let moment = 'loading';

/** Shows only the texts of index.html for the current state in the page's language. */
function show() {
  for (const words of document.querySelectorAll('#start [data-when]')) {
    words.hidden = words.dataset.when !== moment || words.lang !== root.lang;
  }
}

/** The initial language, chosen as the server does by `Accept-Language`. */
function preferred() {
  const known = navigator.languages.map((tag) => tag.toLowerCase().split('-')[0]);
  return known.find((language) => language === 'en' || language === 'ja') ?? 'en';
}

/** Requests the reader's settings from the server and sets them on the root element. */
async function meet() {
  try {
    const answer = await fetch('/api/fn/reader', { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) return;
    for (const [name, value] of Object.entries(await answer.json())) {
      if (value !== null) root.setAttribute(name, value);
    }
  } catch {
    return; // The console itself will show that the server is away, with a button to retry.
  }
  // If the console has failed meanwhile, show its error in the chosen language.
  show();
  // The browser's bars get the colour of the chosen theme, or else of the system's.
  const { theme } = root.dataset;
  if (!theme) return;
  const [chosen, other] = ['light', 'dark'].map((scheme) =>
    document.querySelector(`meta[name=theme-color][media*=${scheme}]`),
  );
  const [kept, dropped] = theme === 'light' ? [chosen, other] : [other, chosen];
  kept?.removeAttribute('media');
  dropped?.remove();
}

/** The address of a file that Trunk has built. Trunk writes a `<link>` for each into the page. */
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
