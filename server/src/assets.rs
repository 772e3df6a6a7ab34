//! The files of the site: scripts, WASM, styles, icons, fonts.
//!
//! They are embedded in the binary (see `build.rs`). Each name contains the file's hash, so that
//! browsers may cache it forever. In development they are read from disk.

pub mod disk;
pub mod encoding;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;

use encoding::Encoding;

/// One embedded file.
#[derive(Debug)]
pub struct Asset {
    /// The file's path on the server, such as `/pkg/companion.0123456789abcdef.js`.
    pub path: &'static str,
    /// The hash of the file's content.
    pub hash: &'static str,
    /// Whether the path changes with the content.
    pub immutable: bool,
    /// The content.
    pub plain: &'static [u8],
    /// The content compressed with Brotli; `None` if that is not smaller.
    pub brotli: Option<&'static [u8]>,
    /// The content compressed with gzip; `None` if that is not smaller.
    pub gzip: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The paths of the files that a page loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The style sheet.
    pub style: String,
    /// The script that loads the WASM.
    pub script: String,
    /// The WASM module.
    pub wasm: String,
}

impl Names {
    /// The names of the files in `paths` that a page loads. For a file that is missing this is the
    /// name without a hash; in a release no file has it, and the page works without that file.
    pub fn among<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Self {
        let find = |extension: &str| {
            let ours = |path: &&str| {
                let name = path.strip_prefix("/pkg/").unwrap_or_default();
                name.starts_with("companion") && name.ends_with(extension) && !name.contains('/')
            };
            let found = paths.clone().find(ours).map(ToOwned::to_owned);
            found.unwrap_or_else(|| format!("/pkg/companion{extension}"))
        };
        Self { style: find(".css"), script: find(".js"), wasm: find(".wasm") }
    }

    /// The names of the files of a development site, which have no hash in their names.
    pub fn plain() -> Self {
        Self::among(std::iter::empty())
    }

    /// The names of the embedded files.
    pub fn embedded() -> Self {
        Self::among(ASSETS.iter().map(|asset| asset.path))
    }
}

/// Whether the page's script and WASM are in this binary.
pub fn embedded() -> bool {
    let has = |end: &str| ASSETS.iter().any(|asset| asset.path.ends_with(end));
    has(".js") && has(".wasm")
}

/// Whether a path of the router is that of files, which are the same for everybody.
pub fn is_route(path: &str) -> bool {
    path == "/pkg/{*name}" || ASSETS.iter().any(|asset| asset.path == path)
}

/// A route for each embedded file; all other paths below `/pkg` are 404.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let missing = get(|| async { StatusCode::NOT_FOUND });
    ASSETS.iter().fold(Router::new().route("/pkg/{*name}", missing), |router, asset| {
        router.route(
            asset.path,
            get(move |headers: HeaderMap| async move { answer(asset, &headers) }),
        )
    })
}

/// Answers with the file in the best encoding that the client accepts, or with 304 if the client
/// has it already.
pub fn answer(asset: &'static Asset, request: &HeaderMap) -> Response {
    let available = [asset.brotli.map(|_| Encoding::Brotli), asset.gzip.map(|_| Encoding::Gzip)];
    let accepted = text(request, header::ACCEPT_ENCODING);
    let encoding = encoding::choose(accepted, available.into_iter().flatten());
    let body = match encoding {
        Encoding::Brotli => asset.brotli,
        Encoding::Gzip => asset.gzip,
        Encoding::Identity => None,
    };
    let tag = format!("\"{}{}\"", asset.hash, encoding.suffix());
    let known = encoding::matches(text(request, header::IF_NONE_MATCH), asset.hash);
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Bytes::from_static(body.unwrap_or(asset.plain)).into_response()
    };
    let headers = response.headers_mut();
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(asset.path)));
        if let Some(name) = encoding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    } else {
        headers.remove(header::CONTENT_TYPE);
    }
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let keep =
        if asset.immutable { "public, max-age=31536000, immutable" } else { "public, no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The media type of a file by its name.
pub fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static SCRIPT: Asset = Asset {
        path: "/pkg/companion.0123456789abcdef.js",
        hash: "0123456789abcdef",
        immutable: true,
        plain: b"plain",
        brotli: Some(b"br"),
        gzip: Some(b"gz"),
    };

    fn ask(headers: &[(header::HeaderName, &str)]) -> Response {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        answer(&SCRIPT, &headers.collect())
    }

    #[test]
    fn a_file_is_sent_in_an_accepted_encoding_with_cache_headers() {
        let response = ask(&[(header::ACCEPT_ENCODING, "gzip, deflate, br")]);
        assert_eq!(response.headers()[header::CONTENT_ENCODING], "br");
        assert_eq!(response.headers()[header::ETAG], "\"0123456789abcdef-br\"");
        assert_eq!(response.headers()[header::VARY], "accept-encoding");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
        let keep = &response.headers()[header::CACHE_CONTROL];
        assert_eq!(keep, "public, max-age=31536000, immutable");
        assert!(!ask(&[]).headers().contains_key(header::CONTENT_ENCODING));
    }

    #[test]
    fn a_file_that_the_client_has_is_not_sent() {
        let response = ask(&[(header::IF_NONE_MATCH, "\"0123456789abcdef-gz\"")]);
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(ask(&[(header::IF_NONE_MATCH, "\"other\"")]).status(), StatusCode::OK);
    }

    #[test]
    fn the_page_gets_the_file_names_with_hashes() {
        let paths = [
            "/favicon.svg",
            "/pkg/companion.1.css",
            "/pkg/companion.2.js",
            "/pkg/snippets/companion.js",
        ];
        let names = Names::among(paths.into_iter());
        assert_eq!(names.style, "/pkg/companion.1.css");
        assert_eq!(names.script, "/pkg/companion.2.js");
        assert_eq!(names.wasm, "/pkg/companion.wasm");
    }
}
