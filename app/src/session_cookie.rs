//! The cookies of a login: the session's secret, the secret by which a device is known, and those by
//! which a browser is known that is away at a provider of identities, or is asked for a passkey.
//!
//! They are sent along when another site leads here (`SameSite=Lax`), which is how browsers come back
//! from a provider. With `Strict` they would come back as strangers.
//!
//! Over HTTPS their names begin with `__Host-`, so that browsers accept them only from this very
//! host, over HTTPS and for all paths: no other host of the domain, and nobody on the network, can
//! plant one (RFC 6265bis, section 4.1.3.2). Only the names that fit the connection are read. Below a
//! base path, the server's edge translates them (`server/src/base_path/cookies.rs`).

use accounts::{LoggedIn, Secret};
use axum::http::{HeaderMap, HeaderValue, header};

const SESSION: &str = "companion-session";
const DEVICE: &str = "companion-device";
const LOGIN: &str = "companion-login";
const CHALLENGE: &str = "companion-passkey";
const HOST_PREFIX: &str = "__Host-";

/// The longest that a session may last. The server decides when it ends; the cookie only must not
/// end earlier.
const SESSION_SECONDS: u32 = 365 * 24 * 60 * 60;
/// About 400 days is the longest time that browsers keep a cookie.
const DEVICE_SECONDS: u32 = 34_560_000;
/// As long as a login that has begun is remembered.
const LOGIN_SECONDS: u32 = 10 * 60;
/// As long as a challenge is remembered.
const CHALLENGE_SECONDS: u32 = 5 * 60;

/// The secret of the session that a browser has. `secure` says whether the browser uses HTTPS.
pub fn session_secret(headers: &HeaderMap, secure: bool) -> Option<&str> {
    value(headers, SESSION, secure)
}

/// The secret of the device, which it got at an earlier login.
pub fn device_secret(headers: &HeaderMap, secure: bool) -> Option<&str> {
    value(headers, DEVICE, secure)
}

/// The values of `Set-Cookie` after a login.
pub fn of_login(login: &LoggedIn, secure: bool) -> [HeaderValue; 2] {
    [
        cookie(SESSION, login.session.reveal(), SESSION_SECONDS, secure),
        cookie(DEVICE, login.device.reveal(), DEVICE_SECONDS, secure),
    ]
}

/// The value of `Set-Cookie` that removes the session. The device stays known: it protects its owner
/// from being kept out by others' failed attempts.
pub fn removed(secure: bool) -> HeaderValue {
    cookie(SESSION, "", 0, secure)
}

/// The secret of the login that this browser has begun at a provider.
pub fn login_secret(headers: &HeaderMap, secure: bool) -> Option<&str> {
    value(headers, LOGIN, secure)
}

/// The value of `Set-Cookie` when a login begins at a provider. Only this browser can end it.
pub fn of_begun(secret: &Secret, secure: bool) -> HeaderValue {
    cookie(LOGIN, secret.reveal(), LOGIN_SECONDS, secure)
}

/// The value of `Set-Cookie` when it has ended.
pub fn begun_removed(secure: bool) -> HeaderValue {
    cookie(LOGIN, "", 0, secure)
}

/// The secret of the challenge that this browser was given.
pub fn challenge_secret(headers: &HeaderMap, secure: bool) -> Option<&str> {
    value(headers, CHALLENGE, secure)
}

/// The value of `Set-Cookie` when a browser is asked for a passkey. Only this browser can answer.
pub fn of_challenge(secret: &Secret, secure: bool) -> HeaderValue {
    cookie(CHALLENGE, secret.reveal(), CHALLENGE_SECONDS, secure)
}

/// The value of `Set-Cookie` when it has answered.
pub fn challenge_removed(secure: bool) -> HeaderValue {
    cookie(CHALLENGE, "", 0, secure)
}

fn name(name: &str, secure: bool) -> String {
    let prefix = if secure { HOST_PREFIX } else { "" };
    format!("{prefix}{name}")
}

fn value<'a>(headers: &'a HeaderMap, cookie: &str, secure: bool) -> Option<&'a str> {
    let name = name(cookie, secure);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value);
    // With two of the same name, one was planted, and nobody can tell which.
    let first = values.next();
    first.filter(|_| values.next().is_none()).filter(|value| value.len() <= Secret::MAX_BYTES)
}

fn cookie(key: &str, value: &str, seconds: u32, secure: bool) -> HeaderValue {
    let name = name(key, secure);
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&text).expect("secrets are base64url")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_name_that_fits_the_connection_is_read() {
        let both = headers(&["companion-session=plain; __Host-companion-session=host"]);
        assert_eq!(session_secret(&both, true), Some("host"));
        assert_eq!(session_secret(&both, false), Some("plain"));
        let plain = headers(&["a=b", "companion-session=plain"]);
        assert_eq!(session_secret(&plain, true), None);
        assert_eq!(device_secret(&plain, false), None);
    }

    #[test]
    fn a_doubtful_cookie_is_no_cookie() {
        for lines in [
            &["companion-session=a; companion-session=b"][..],
            &["companion-session=a", "companion-session=a"],
            &["companion-session="],
            &[&format!("companion-session={}", "x".repeat(129))],
        ] {
            assert_eq!(session_secret(&headers(lines), false), None, "{lines:?}");
        }
    }

    #[test]
    fn a_removed_session_has_the_attributes_of_the_one_that_was_set() {
        let text = |secure| removed(secure).to_str().unwrap().to_owned();
        assert_eq!(
            text(true),
            "__Host-companion-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0; Secure"
        );
        assert_eq!(text(false), "companion-session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
