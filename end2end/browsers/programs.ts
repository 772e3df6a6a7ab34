// Where the browsers and their drivers are. Nothing is installed here.

/** Firefox: FIREFOX, else Debian's long-term version. */
export const firefox = process.env.FIREFOX || '/usr/bin/firefox-esr';

/** The program that starts and drives WebKitGTK's browser: WEBKIT_DRIVER, else Debian's. */
export const webkitDriver = process.env.WEBKIT_DRIVER || '/usr/bin/WebKitWebDriver';

/** The virtual display for WebKitGTK: XVFB, else Debian's. */
export const xvfb = process.env.XVFB || '/usr/bin/Xvfb';
