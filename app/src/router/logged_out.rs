//! The answer to a logout below a base path.
//!
//! `Clear-Site-Data` erases what belongs to the origin, and with it what the host's other programs
//! have stored in this browser. Below a base path it therefore erases the cache only, which costs
//! nothing but time, and what the console has stored, above all texts that were typed and not sent, is
//! removed by the script of a page that leads to the login at once.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse as _, Response};
use leptos::nonce::Nonce;
use leptos::prelude::*;

use crate::base_path::{at, base};
use crate::live::DRAFTS;
use crate::locale;
use crate::preferences::Preferences;
use crate::text::{self, tr};

/// What browsers erase by themselves.
const CLEAR: (HeaderName, HeaderValue) =
    (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));

/// The page that removes what the console has stored in this browser, and leads to the login. Without
/// scripts there is nothing to remove.
pub(super) fn page(headers: &HeaderMap) -> Response {
    let nonce = Nonce::default();
    let html = Owner::new().with(|| {
        provide_context(Preferences::of(headers).locale(headers));
        written(&nonce)
    });
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let policy = HeaderValue::try_from(policy).expect("a nonce is URL-safe base64");
    let keep = HeaderValue::from_static("no-store");
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, keep), CLEAR];
    (headers, Html(html)).into_response()
}

/// The beginning of the keys of everything else that the console stores: which answers were seen, how
/// code is shown, and where a transcript was scrolled to. A Companion at the root of the same host has
/// the same keys, and loses no more than that.
const OURS: &str = "companion-";

/// Invariant: a base path has no character with a meaning in HTML or in a script.
fn written(nonce: &Nonce) -> String {
    let (language, title, login) = (locale::language(), text::PRODUCT, at("/login"));
    let (drafts, words) = ([&base(), DRAFTS].concat(), tr!(log_in));
    format!(
        "<!DOCTYPE html><html lang=\"{language}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <noscript><meta http-equiv=\"refresh\" content=\"0; url={login}\"></noscript>\
         <script nonce=\"{nonce}\">try{{for(const stored of [localStorage,sessionStorage])\
         for(const key of Object.keys(stored))\
         if(key.startsWith('{drafts}')||key.startsWith('{OURS}'))stored.removeItem(key)}}catch{{}}\
         location.replace('{login}')</script></head>\
         <body><a href=\"{login}\">{words}</a></body></html>"
    )
}
