//! How the page and the server functions read and write JSON.
//!
//! One way for all: each way of reading is a parser for every type, and each is code that
//! a browser downloads. Text is read as text, never as bytes.

use leptos::serde_json;
use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::{DeserializeOwned, Error};

/// JSON in the body of a POST. Not something that a form of another site can send.
pub type Json = Post<Wire>;

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
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<T, Self::Error> {
        serde_json::from_str(std::str::from_utf8(&bytes).map_err(Error::custom)?)
    }
}

impl<T: Serialize> Encoder<T> for Wire {
    type Error = serde_json::Error;
    type Encoded = String;

    /// What a page is made from goes one way only: a browser has no code for the other.
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
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Self::Error> {
        serde_json::from_str(text)
    }
}
