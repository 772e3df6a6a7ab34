//! Serves the files of the site from disk, for `cargo leptos watch`.

use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use files::open_regular;

use super::content_type;

/// The folder to serve from; `None` unless `cargo leptos watch` has started this process.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os("LEPTOS_WATCH")?;
    std::env::var_os("LEPTOS_SITE_ROOT").map(PathBuf::from)
}

/// The port at which `cargo leptos watch` tells open pages to reload, if it has started this
/// process.
pub fn reload_port() -> Option<u32> {
    std::env::var("LEPTOS_RELOAD_PORT").ok()?.parse().ok()
}

/// A middleware that answers with a file of the folder if the path is that of one.
pub async fn serve(State(folder): State<Arc<Path>>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let path = request.uri().path();
    let file = inside(&folder, path).filter(|_| reads);
    match file.and_then(|file| read(&file).ok()) {
        Some(bytes) => {
            let kind = [(header::CONTENT_TYPE, content_type(path))];
            (kind, [(header::CACHE_CONTROL, "no-cache")], bytes).into_response()
        }
        None => next.run(request).await,
    }
}

fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(file)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The path of the file at an address. `None` for an address that would lead out of the folder.
fn inside(folder: &Path, path: &str) -> Option<PathBuf> {
    let relative = Path::new(path.strip_prefix('/')?);
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    relative.components().all(plain).then(|| folder.join(relative))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leaves_the_folder() {
        let folder = Path::new("/site");
        assert_eq!(inside(folder, "/pkg/a.js"), Some("/site/pkg/a.js".into()));
        for bad in ["/../a", "/pkg/../../a", "//etc/passwd", "a"] {
            assert_eq!(inside(folder, bad), None, "{bad}");
        }
    }
}
