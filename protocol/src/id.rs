//! Identifiers. Each has its own type, so that a worker's id cannot be used as a turn's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is not a valid identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError {
    expected: &'static str,
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for IdError {}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String, format = "uuid"))]
        pub struct $name(Uuid);

        impl $name {
            /// Builds a UUIDv7 from Unix milliseconds and ten random bytes. The caller provides
            /// both: the runtime from its clock, the browser from `crypto.getRandomValues`, which
            /// works over plain http, too.
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }

            /// The 16 bytes, for a store's keys.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The inverse of [`Self::as_bytes`]. Fails if `bytes` are not the 16 bytes of a
            /// UUIDv7.
            pub fn from_slice(bytes: &[u8]) -> Result<Self, IdError> {
                Uuid::from_slice(bytes)
                    .ok()
                    .and_then(Self::checked)
                    .ok_or(IdError { expected: "16 bytes of a UUIDv7" })
            }

            /// When the id was made, in milliseconds since 1970, by its maker's clock.
            pub fn unix_ms(&self) -> u64 {
                let b = self.0.as_bytes();
                u64::from_be_bytes([0, 0, b[0], b[1], b[2], b[3], b[4], b[5]])
            }

            fn checked(uuid: Uuid) -> Option<Self> {
                (uuid.get_version_num() == 7).then_some(Self(uuid))
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text)
                    .ok()
                    .and_then(Self::checked)
                    .ok_or(IdError { expected: "a UUIDv7 such as 019aabcd-0123-7abc-8def-0123456789ab" })
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

uuid_id!(
    /// One conversation held by a runtime.
    WorkerId
);
uuid_id!(
    /// One entry of a transcript. A client may make the id, so that sends are idempotent.
    MessageId
);
uuid_id!(
    /// One run of the model for one user message.
    TurnId
);

/// Whether `text` is a short name: lower-case letters, digits and inner hyphens, 1 to 64
/// characters.
fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(value_type = String))]
        pub struct $name(String);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                if is_name(&text) { Ok(Self(text)) } else { Err(IdError { expected: $expected }) }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_id!(
    /// The environment that runs workers; here `backend-internal`.
    RuntimeId,
    "a runtime name: 1 to 64 of a-z, 0-9 and inner hyphens"
);
name_id!(
    /// The name of a provider: `local` for the model inside this binary, or the name of an
    /// endpoint, which is `openai` if it was configured by flags and environment. A turn from
    /// another program's export has `imported`, with that program as its `profile`.
    ProviderName,
    "a provider name: 1 to 64 of a-z, 0-9 and inner hyphens"
);
name_id!(
    /// A named choice of prompt, provider, model, language and sampling.
    ProfileName,
    "a profile name: 1 to 64 of a-z, 0-9 and inner hyphens"
);

name_id!(
    /// The reasoning effort by its name: `none`, `low`, `medium`, `high`, or another name that the
    /// model accepts. Without one, the model's default applies.
    Effort,
    "an effort: 1 to 64 of a-z, 0-9 and inner hyphens"
);

impl ProviderName {
    const LOCAL: &str = "local";
    const OPENAI: &str = "openai";
    const IMPORTED: &str = "imported";

    /// The model inside this binary.
    pub fn local() -> Self {
        Self(Self::LOCAL.to_owned())
    }

    /// The endpoint that was configured by flags and environment, without a name.
    pub fn openai() -> Self {
        Self(Self::OPENAI.to_owned())
    }

    /// No provider: the turn was imported from another program's export.
    pub fn imported() -> Self {
        Self(Self::IMPORTED.to_owned())
    }

    /// Whether it is [`Self::local`].
    pub fn is_local(&self) -> bool {
        self.0 == Self::LOCAL
    }

    /// Whether it is [`Self::openai`].
    pub fn is_openai(&self) -> bool {
        self.0 == Self::OPENAI
    }

    /// Whether it is [`Self::imported`], which is no provider's name.
    pub fn is_imported(&self) -> bool {
        self.0 == Self::IMPORTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_round_trips_through_text_bytes_and_time() {
        let id = WorkerId::from_parts(1_763_800_000_123, [7; 10]);
        assert_eq!(id.to_string().parse::<WorkerId>(), Ok(id));
        assert_eq!(WorkerId::from_slice(id.as_bytes()), Ok(id));
        assert_eq!(id.unix_ms(), 1_763_800_000_123);
    }

    #[test]
    fn only_version_7_uuids_are_ids() {
        assert!("d9428888-122b-11e1-b85c-61cd3cbb3210".parse::<MessageId>().is_err());
        assert!("".parse::<MessageId>().is_err());
        assert!(MessageId::from_slice(&[0; 3]).is_err());
    }

    #[test]
    fn names_are_short_and_plain() {
        assert!("backend-internal".parse::<RuntimeId>().is_ok());
        for bad in ["", "-a", "a-", "A", "a b", "a/b", &"x".repeat(65)] {
            assert!(bad.parse::<RuntimeId>().is_err(), "{bad:?}");
        }
    }
}
