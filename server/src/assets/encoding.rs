//! Chooses the encoding of a file for a client, and tells whether the client has the file already.
//! Source: RFC 9110, 8.8.3 and 12.5.3.

/// The encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Brotli; the smallest.
    Brotli,
    /// Gzip, for clients that accept no Brotli.
    Gzip,
    /// The file as it is.
    Identity,
}

impl Encoding {
    /// The name in `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Identity => None,
        }
    }

    /// The suffix that distinguishes this encoding's entity tag.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => "-br",
            Self::Gzip => "-gz",
            Self::Identity => "",
        }
    }
}

/// The first of `available` (the smallest first) that `accepted`, an `Accept-Encoding`, allows;
/// without one, the plain file.
pub fn choose(accepted: &str, mut available: impl Iterator<Item = Encoding>) -> Encoding {
    let takes = |encoding: &Encoding| encoding.name().is_none_or(|name| takes(accepted, name));
    available.find(takes).unwrap_or(Encoding::Identity)
}

fn takes(accepted: &str, name: &str) -> bool {
    let weight = |wanted: &str| {
        accepted.split(',').find_map(|entry| {
            let mut parts = entry.split(';').map(str::trim);
            let named = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case(wanted));
            let weight = parts.find_map(|part| part.strip_prefix("q=")).unwrap_or("1");
            named.then(|| weight.parse::<f32>().unwrap_or(0.0))
        })
    };
    weight(name).or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

/// Whether `if_none_match` contains a tag of the content with `hash`, in any encoding.
pub fn matches(if_none_match: &str, hash: &str) -> bool {
    if_none_match.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag).trim_matches('"');
        let rest = tag.strip_prefix(hash);
        tag == "*" || rest.is_some_and(|rest| matches!(rest, "" | "-br" | "-gz"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Brotli, Gzip, Identity};

    #[test]
    fn the_smallest_accepted_encoding_is_sent() {
        for (accepted, sent) in [
            ("", Identity),
            ("br", Brotli),
            ("gzip, deflate, br, zstd", Brotli),
            ("GZIP", Gzip),
            ("br;q=0, gzip;q=0.5", Gzip),
            ("br; q=0.000", Identity),
            ("*", Brotli),
            ("*;q=0", Identity),
            ("identity", Identity),
            ("brotli", Identity),
            ("br;q=odd", Identity),
        ] {
            assert_eq!(choose(accepted, [Brotli, Gzip].into_iter()), sent, "{accepted}");
        }
        assert_eq!(choose("br", [Gzip].into_iter()), Identity);
    }

    #[test]
    fn etags_have_to_match_completely() {
        for (tags, known) in [
            ("", false),
            ("*", true),
            ("\"abc\"", true),
            ("W/\"abc-br\"", true),
            ("\"x\", \"abc-gz\"", true),
            ("\"abcd\"", false),
            ("\"abc-zz\"", false),
        ] {
            assert_eq!(matches(tags, "abc"), known, "{tags}");
        }
    }
}
