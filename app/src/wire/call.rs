//! How server functions are called: JSON there and back.
//!
//! The library's own way is code for each function; here a function has only what reads and
//! writes its own types. What it can do more, nothing here asks for: to send a caller to
//! another page.

use std::pin::Pin;

use leptos::server_fn::client::Client;
use leptos::server_fn::codec::Post;
use leptos::server_fn::error::{FromServerFnError, IntoAppError, ServerFnErrorErr};
use leptos::server_fn::request::ClientReq;
use leptos::server_fn::response::ClientRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Http, Protocol};
use serde::Serialize;
use serde::de::DeserializeOwned;

use protocol::ErrorCode;

use super::Wire;
use crate::AppError;
use crate::text::tr;

/// JSON in the body of a POST. Not something that a form of another site can send.
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

/// What a refusal says. This server words each of its own; a fault in other words is of a proxy in
/// front of it, which did not reach it: nginx sends a page of its own then, and Trunk nothing.
fn refusal(status: u16, said: Bytes) -> AppError {
    let error = AppError::de(said);
    let unworded = error.0.code == ErrorCode::Internal && error.0.message == tr!(bad_answer);
    if unworded && status >= 500 {
        return ServerFnErrorErr::Request(String::new()).into_app_error();
    }
    error
}

/// Sends what a function is called with, and brings what it says.
fn post<C: Client<AppError>>(
    path: &str,
    body: Bytes,
) -> Pin<Box<dyn Future<Output = Result<Bytes, AppError>> + Send>> {
    let json = Wire::CONTENT_TYPE;
    let request = C::Request::try_new_post_bytes(path, json, json, body);
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
    use super::*;
    use crate::error::is_away;

    #[test]
    fn a_fault_that_is_not_worded_here_is_a_server_that_is_away() {
        // What nginx says with 502, and what Trunk says with 500: nothing.
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
    }
}
