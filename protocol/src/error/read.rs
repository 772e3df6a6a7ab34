//! Deserializes an error, whose code and kind stand beside its other fields.
//!
//! serde's `flatten` would buffer all fields first, and every browser would have to download the
//! code for that.
//!
//! A page that was open before an update does not know the codes and kinds of the new version. They
//! are read as the most general ones, because the rest of an answer, or of a frame, is still of use.

use serde::de::IntoDeserializer;
use serde::de::value::{self, StringDeserializer};
use serde::{Deserialize, Deserializer};

use super::{Error, ErrorCode, ProviderKind, TimeoutPhase};

#[derive(Deserialize)]
struct Told {
    code: Code,
    #[serde(default)]
    kind: Option<String>,
    message: String,
    #[serde(default)]
    hint: Option<String>,
    #[serde(default)]
    retry_after_ms: Option<u64>,
    #[serde(default)]
    said: Option<String>,
}

/// A code without its kind.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Code {
    Unavailable,
    Busy,
    InvalidInput,
    NotFound,
    Provider,
    Timeout,
    Cancelled,
    Unauthorized,
    Forbidden,
    RateLimited,
    StaleCursor,
    /// A code of a newer version is read as this one, too: its remedy is to load the page again.
    #[serde(other)]
    Internal,
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = Told::deserialize(deserializer)?;
        let Told { code, kind, message, hint, retry_after_ms, said } = told;
        let code = match code {
            Code::Unavailable => ErrorCode::Unavailable,
            Code::Busy => ErrorCode::Busy,
            Code::InvalidInput => ErrorCode::InvalidInput,
            Code::NotFound => ErrorCode::NotFound,
            Code::Provider => ErrorCode::Provider(known_or(kind, ProviderKind::Upstream)),
            Code::Timeout => ErrorCode::Timeout(known_or(kind, TimeoutPhase::Turn)),
            Code::Cancelled => ErrorCode::Cancelled,
            Code::Unauthorized => ErrorCode::Unauthorized,
            Code::Forbidden => ErrorCode::Forbidden,
            Code::RateLimited => ErrorCode::RateLimited,
            Code::StaleCursor => ErrorCode::StaleCursor,
            Code::Internal => ErrorCode::Internal,
        };
        Ok(Self { code, message, hint, retry_after_ms, said })
    }
}

/// The kind of this name, or the general one where this version does not know the name.
fn known_or<'de, K: Deserialize<'de>>(name: Option<String>, general: K) -> K {
    let name: StringDeserializer<value::Error> = name.unwrap_or_default().into_deserializer();
    K::deserialize(name).unwrap_or(general)
}
