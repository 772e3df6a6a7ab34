//! The protocol of server functions: JSON in both directions.
//!
//! Leptos's own protocol generates much code for each function; here each function adds only the
//! code for its own types. The only feature that is lost is a redirect by a server function, which
//! nothing here uses.

use std::pin::Pin;

use leptos::server_fn::client::Client;
use leptos::server_fn::codec::Post;
use leptos::server_fn::error::{IntoAppError, ServerFnErrorErr};
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::response::ClientRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Http, Protocol};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Wire;
use crate::AppError;
use crate::base_path::at;

/// JSON in the body of a POST, which a form on another site cannot send.
type Posted = Http<Post<Wire>, Post<Wire>>;

/// The protocol of all server functions.
pub struct Call;

impl<I, O, C, S> Protocol<I, O, C, S, AppError> for Call
where
    I: Serialize + Send,
    O: DeserializeOwned,
    C: Client<AppError>,
    S: Server<AppError>,
    Posted: Protocol<I, O, C, S, AppError>,
{
    const METHOD: http::Method = <Posted as Protocol<I, O, C, S, AppError>>::METHOD;

    fn run_server<F, Fut>(
        request: S::Request,
        function: F,
    ) -> impl Future<Output = Result<S::Response, AppError>> + Send
    where
        F: Fn(I) -> Fut + Send,
        Fut: Future<Output = Result<O, AppError>> + Send,
    {
        Posted::run_server(request, function)
    }

    async fn run_client(path: &str, input: I) -> Result<O, AppError> {
        let body = <Wire as Encodes<I>>::encode(&input).map_err(|_| unwritten())?;
        let answer = post::<C>(path, body).await?;
        <Wire as Decodes<O>>::decode(answer).map_err(|_| unread())
    }
}

fn unwritten() -> AppError {
    ServerFnErrorErr::Serialization(String::new()).into_app_error()
}

fn unread() -> AppError {
    ServerFnErrorErr::Deserialization(String::new()).into_app_error()
}

/// The error of a response with a status of 400 or more. This server sends each of its errors as
/// JSON. A status of 500 or more without such JSON comes from a proxy that did not reach the
/// server: nginx sends an HTML page then, and Trunk nothing.
fn refusal(status: u16, said: Bytes) -> AppError {
    AppError::read(said).unwrap_or_else(|| match status {
        500.. => ServerFnErrorErr::Request(String::new()).into_app_error(),
        _ => AppError::unreadable(),
    })
}

/// Sends a function's arguments and returns the body of the response.
fn post<C: Client<AppError>>(
    path: &str,
    body: Bytes,
) -> Pin<Box<dyn Future<Output = Result<Bytes, AppError>> + Send>> {
    let json = Wire::CONTENT_TYPE;
    let request = C::Request::try_new_post_bytes(&at(path), json, json, body);
    Box::pin(async move {
        let answer = C::send(request?).await?;
        let status = answer.status();
        let said = answer.try_into_bytes().await?;
        match status {
            ..400 => Ok(said),
            _ => Err(refusal(status, said)),
        }
    })
}

#[cfg(test)]
mod tests {
    use leptos::server_fn::error::FromServerFnError;

    use super::*;
    use crate::error::is_away;

    #[test]
    fn an_error_of_a_proxy_means_that_the_server_is_unreachable() {
        // nginx sends a page with 502 and 504, and Trunk nothing with 500.
        let page = "<html><head><title>502 Bad Gateway</title></head></html>";
        for (status, said, away) in [
            (502, page, true),
            (504, page, true),
            (500, "", true),
            (404, page, false),
            (503, r#"{"error":{"code":"unavailable","message":"No model."}}"#, false),
            (500, r#"{"error":{"code":"internal","message":"A fault."}}"#, false),
        ] {
            let error = refusal(status, Bytes::from(said.to_owned()));
            assert_eq!(is_away(&error.0), away, "{status} {said}");
        }
        // The server's own error for an unreadable response is not mistaken for a proxy's.
        let error = AppError::unreadable();
        assert_eq!(refusal(500, error.ser()), error);
    }
}
