// What a page does wrong, seen from within: WebKitGTK's driver tells nothing of it. These run in
// the page, so each stands alone.

interface Recorded extends Window {
  problems?: string[];
}

/**
 * Records errors, warnings, violated policies and what could not be loaded, from now on. What a
 * page does before it has loaded is not seen: Firefox's driver tells of that, and a page that
 * fails then never says that it is live.
 */
export function recordProblems(): void {
  const page = window as Recorded;
  if (page.problems) return;
  const problems: string[] = (page.problems = []);
  for (const level of ['error', 'warn'] as const) {
    const say = console[level].bind(console);
    console[level] = (...words: unknown[]) => {
      problems.push(`console ${level}: ${words.join(' ')}`);
      say(...words);
    };
  }
  const failed = (event: Event): void => {
    if (event instanceof ErrorEvent) problems.push(`uncaught: ${event.message}`);
    else problems.push(`request failed: ${(event.target as Element).outerHTML}`);
  };
  // An element's error does not rise to the window; it only comes by on its way down.
  addEventListener('error', failed, true);
  addEventListener('unhandledrejection', (event) => problems.push(`uncaught: ${event.reason}`));
  document.addEventListener('securitypolicyviolation', (event) => {
    problems.push(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
  });
}

/** Gives what was recorded, once. */
export function collectProblems(): string[] {
  return (window as Recorded).problems?.splice(0) ?? [];
}
