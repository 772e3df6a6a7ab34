//! What an address leads to.

/// The pages, by their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `/`
    Home,
    /// `/c/{worker_id}`, whatever stands for the id.
    Conversation(String),
    Missing,
}

impl Route {
    /// Derives it from a path.
    pub fn of(path: &str) -> Self {
        match path.strip_prefix("/c/") {
            Some(id) if !id.is_empty() && !id.contains('/') => Self::Conversation(id.to_owned()),
            None if path == "/" || path.is_empty() => Self::Home,
            _ => Self::Missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_somewhere() {
        assert_eq!(Route::of("/"), Route::Home);
        assert_eq!(Route::of(""), Route::Home);
        assert_eq!(Route::of("/c/abc"), Route::Conversation("abc".into()));
        for path in ["/c", "/c/", "/c/a/", "/c/a/b", "/d", "//", "/C/a"] {
            assert_eq!(Route::of(path), Route::Missing, "{path}");
        }
    }
}
