// Records a page's problems from within the page, because WebKitGTK's driver does not report them.
// The functions run in the page, so they can use nothing outside of themselves.

interface Recorded extends Window {
  problems?: string[];
}

/**
 * Records errors, warnings, violated policies and failed loads from now on; a second time in the
 * same page it does nothing. Problems before the
 * page has loaded are missed here. Firefox's driver reports those, and a page that fails so early
 * never becomes live.
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
  // The error event of an element does not bubble, so only a capturing listener sees it.
  addEventListener('error', failed, true);
  addEventListener('unhandledrejection', (event) => problems.push(`uncaught: ${event.reason}`));
  document.addEventListener('securitypolicyviolation', (event) => {
    problems.push(`policy violated: ${event.violatedDirective} by ${event.blockedURI}`);
  });
}

/** Returns the recorded problems and forgets them. */
export function collectProblems(): string[] {
  return (window as Recorded).problems?.splice(0) ?? [];
}
