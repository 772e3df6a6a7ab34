//! JSON between pages and server functions.
//!
//! There is only one deserializer, because each one generates code for every type, which the
//! browser downloads: the one of [`json_tree`].

mod call;

pub use call::Call;
#[cfg(feature = "browser")]
pub use json_tree::{frame, list_frame};

use leptos::serde_json;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use json_tree::{Tree, Unreadable};

/// JSON, as text.
pub struct Wire;

impl ContentType for Wire {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Wire {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Wire {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        serde_json::to_string(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Wire {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<T, Unreadable> {
        Tree::parse(std::str::from_utf8(&bytes).map_err(|_| Unreadable)?)?.value()
    }
}

impl<T: Serialize> Encoder<T> for Wire {
    type Error = serde_json::Error;
    type Encoded = String;

    /// Serializes page data, which only the server does: a browser has no code for it.
    fn encode(value: &T) -> Result<String, Self::Error> {
        #[cfg(feature = "ssr")]
        return serde_json::to_string(value);
        #[cfg(not(feature = "ssr"))]
        {
            let _ = value;
            Err(serde::ser::Error::custom("a browser sends no page"))
        }
    }
}

impl<T: DeserializeOwned> Decoder<T> for Wire {
    type Error = Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unreadable> {
        Tree::parse(text)?.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    #[test]
    fn encoded_values_round_trip() {
        let bytes = <Wire as Encodes<_>>::encode(&sample::empty()).unwrap();
        let read: protocol::Snapshot = <Wire as Decodes<_>>::decode(bytes).unwrap();
        assert_eq!(read, sample::empty());
        let bytes = <Wire as Encodes<_>>::encode(&()).unwrap();
        assert!(<Wire as Decodes<()>>::decode(bytes).is_ok());
    }
}
