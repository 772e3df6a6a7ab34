//! Deserializes an error, whose code and kind stand beside its other fields.
//!
//! serde's `flatten` would buffer all fields first, and every browser would have to download the
//! code for that.

use serde::de::IntoDeserializer;
use serde::de::value::StringDeserializer;
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
    Internal,
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = Told::deserialize(deserializer)?;
        let Told { code, kind, message, hint, retry_after_ms, said } = told;
        let kind: StringDeserializer<D::Error> = kind.unwrap_or_default().into_deserializer();
        let code = match code {
            Code::Unavailable => ErrorCode::Unavailable,
            Code::Busy => ErrorCode::Busy,
            Code::InvalidInput => ErrorCode::InvalidInput,
            Code::NotFound => ErrorCode::NotFound,
            Code::Provider => ErrorCode::Provider(ProviderKind::deserialize(kind)?),
            Code::Timeout => ErrorCode::Timeout(TimeoutPhase::deserialize(kind)?),
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
