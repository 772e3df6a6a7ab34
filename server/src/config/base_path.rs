//! The path below which the site is served.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A base path: empty at the root of a host, or like `/companion`, without a slash at its end.
///
/// Invariant: it consists of segments of RFC 3986's unreserved characters, none of which is empty,
/// `.` or `..`. So it means the same to every proxy, and can stand in a header, an attribute and a
/// route as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BasePath(Arc<str>);

/// Why a text is no base path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BasePathError {
    /// It is relative, or the address of a site.
    #[error("{0:?} does not begin with a slash; a base path is written like \"/companion\"")]
    Relative(String),
    /// It is longer than [`BasePath::MAX_BYTES`].
    #[error("a base path has at most {} bytes", BasePath::MAX_BYTES)]
    TooLong,
    /// A part between two slashes cannot be there.
    #[error(
        "{0:?} cannot be a part of a base path; the parts between its slashes consist of letters of \
         ASCII, digits, \"-\", \".\", \"_\" and \"~\", and are neither empty nor \".\" or \"..\""
    )]
    Segment(String),
}

impl BasePath {
    /// The longest base path, in bytes.
    pub const MAX_BYTES: usize = 100;

    /// Whether the site is at the root of its host.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Empty at the root, or like `/companion`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The base path in memory that is shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The address of a path of this site: `/login` is `/companion/login`.
    pub fn address(&self, path: &str) -> String {
        [self.as_str(), path].concat()
    }

    /// Whether an address of the host is below the base path, or is the base path.
    pub fn has(&self, address: &str) -> bool {
        let rest = address.strip_prefix(self.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    }

    /// The first part, such as `companion`; `None` at the root.
    pub fn first_part(&self) -> Option<&str> {
        self.as_str().split('/').nth(1)
    }

    /// The path of this site that a path of the host leads to, once: `/companion/login` is `/login`.
    /// `None` for a path that is not below the base path.
    pub fn path_inside<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.as_str()).filter(|rest| rest.starts_with('/'))
    }
}

impl FromStr for BasePath {
    type Err = BasePathError;

    /// Reads a base path, with or without a slash at its end; `/` is the root.
    fn from_str(text: &str) -> Result<Self, BasePathError> {
        let Some(relative) = text.strip_prefix('/') else {
            return Err(BasePathError::Relative(text.to_owned()));
        };
        if text.len() > Self::MAX_BYTES {
            return Err(BasePathError::TooLong);
        }
        if relative.is_empty() {
            return Ok(Self::default());
        }
        let relative = relative.strip_suffix('/').unwrap_or(relative);
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let fits = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(unreserved);
        match relative.split('/').find(|part| !fits(part)) {
            Some(part) => Err(BasePathError::Segment(part.to_owned())),
            None => Ok(Self(format!("/{relative}").into())),
        }
    }
}

impl fmt::Display for BasePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for BasePath {
    type Error = BasePathError;

    fn try_from(text: String) -> Result<Self, BasePathError> {
        text.parse()
    }
}

impl From<BasePath> for String {
    /// The base path as a configuration file has it.
    fn from(base: BasePath) -> Self {
        if base.is_root() { "/".to_owned() } else { base.as_str().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_path_is_a_plain_path() {
        let longest = format!("/{}", "a".repeat(BasePath::MAX_BYTES - 1));
        for (text, base) in [
            ("/companion", "/companion"),
            ("/companion/", "/companion"),
            ("/apps/c-1.2_3~4", "/apps/c-1.2_3~4"),
            ("/c", "/c"),
            ("/...", "/..."),
            ("/", ""),
            (longest.as_str(), longest.as_str()),
        ] {
            assert_eq!(text.parse::<BasePath>().unwrap().as_str(), base, "{text}");
        }
        let too_long = format!("/{}", "a".repeat(BasePath::MAX_BYTES));
        assert_eq!(too_long.parse::<BasePath>(), Err(BasePathError::TooLong));
        for text in ["", "companion", "https://host/companion", "\\companion"] {
            let error = text.parse::<BasePath>().unwrap_err();
            assert_eq!(error, BasePathError::Relative(text.to_owned()));
        }
        for (text, part) in [
            ("//", ""),
            ("//host", ""),
            ("/a//b", ""),
            ("/a//", ""),
            ("/a/../b", ".."),
            ("/.", "."),
            ("/a b", "a b"),
            ("/a%2Fb", "a%2Fb"),
            ("/a?b", "a?b"),
            ("/a#b", "a#b"),
            ("/a;b", "a;b"),
            ("/{a}", "{a}"),
            ("/日本", "日本"),
            ("/a\r\n", "a\r\n"),
            ("/\"><b>", "\"><b>"),
        ] {
            let error = text.parse::<BasePath>().unwrap_err();
            assert_eq!(error, BasePathError::Segment(part.to_owned()), "{text}");
        }
    }

    #[test]
    fn the_base_path_is_removed_once_and_as_a_whole() {
        let base: BasePath = "/companion".parse().unwrap();
        for (path, inside) in [
            ("/companion/", Some("/")),
            ("/companion/c/1", Some("/c/1")),
            ("/companion/companion/c/1", Some("/companion/c/1")),
            ("/companion//host", Some("//host")),
            ("/companion", None),
            ("/companions/c", None),
            ("/Companion/c", None),
            ("/c/1", None),
            ("//companion/", None),
            ("*", None),
        ] {
            assert_eq!(base.path_inside(path), inside, "{path}");
        }
        assert_eq!(base.address("/login"), "/companion/login");
        assert_eq!(
            (base.first_part(), BasePath::default().first_part()),
            (Some("companion"), None)
        );
        assert_eq!(BasePath::default().path_inside("/login"), Some("/login"));
    }
}
