//! The HTML document around the app, as the server sends it.

use axum::http::{HeaderValue, header};
use leptos::config::LeptosOptions;
use leptos::hydration::AutoReload;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;

use crate::base_path::{at, base};
use crate::csp::{TRUSTED_TYPES, csp};
use crate::enter_key::EnterKey;
use crate::erase::{Erased, erase};
use crate::preferences::{Preferences, Theme};
use crate::{App, locale, reader};

/// The paths of the built files from the root of this site, such as `/pkg/companion.abc.js`.
#[derive(Clone, Debug)]
pub struct Assets {
    /// The style sheet.
    pub style: String,
    /// The script that loads the WASM.
    pub script: String,
    /// The WASM module.
    pub wasm: String,
}

/// The whole document. Also sets the response's Content-Security-Policy, so that its nonce always
/// matches that of the scripts.
pub fn shell(options: LeptosOptions, assets: Assets) -> impl IntoView {
    let nonce = use_nonce();
    if let (Some(response), Some(nonce)) = (use_context::<ResponseOptions>(), &nonce) {
        let mut policy = csp(nonce);
        if std::env::var_os("LEPTOS_WATCH").is_some() {
            // `cargo leptos watch` reloads the page through a WebSocket on another port.
            let port = options.reload_port;
            let own = format!("connect-src 'self' ws://127.0.0.1:{port} ws://localhost:{port}");
            policy = policy.replace("connect-src 'self'", &own);
        }
        let policy = HeaderValue::try_from(policy).expect("a nonce is URL-safe base64");
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let Assets { style, script, wasm } = assets;
    let [style, script, wasm] = [style, script, wasm].map(|path| at(&path));
    let preferences = reader::preferences();
    let Preferences { theme, enter, .. } = preferences;
    let base = Some(base()).filter(|base| !base.is_empty());
    let start = format!(
        "{TRUSTED_TYPES}import({script:?}).then(m=>m.default({{module_or_path:{wasm:?}}}).then(()=>m.hydrate()))"
    );
    view! {
        <!DOCTYPE html>
        <html
            lang=locale::language()
            data-theme=theme.map(Theme::name)
            data-enter=enter.map(EnterKey::name)
            data-list=preferences.list()
            data-base=base
        >
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                {theme_colors(theme)}
                <link id="leptos" rel="stylesheet" href=style />
                <link rel="icon" href=at("/favicon.svg") type="image/svg+xml" />
                <link rel="apple-touch-icon" href=at("/apple-touch-icon.png") />
                <link rel="manifest" href=at("/manifest.webmanifest") />
                <link rel="modulepreload" href=script nonce=nonce.clone() />
                <link
                    rel="preload"
                    href=wasm
                    r#as="fetch"
                    r#type="application/wasm"
                    crossorigin="anonymous"
                />
                <script type="module" nonce=nonce>
                    {start}
                </script>
                <AutoReload options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The colour of the browser's bars: that of the chosen theme, or by the system's theme.
fn theme_colors(theme: Option<Theme>) -> Erased {
    match theme {
        Some(Theme::Light) => erase(view! { <meta name="theme-color" content="#f4f3ef" /> }),
        Some(Theme::Dark) => erase(view! { <meta name="theme-color" content="#131412" /> }),
        None => {
            let meta = |scheme: &str, color: &'static str| {
                let media = format!("(prefers-color-scheme: {scheme})");
                leptos::html::meta().name("theme-color").attr("media", media).content(color)
            };
            erase((meta("light", "#f4f3ef"), meta("dark", "#131412")))
        }
    }
}
