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

use super::Wire;
use crate::AppError;

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

/// Sends what a function is called with, and brings what it says.
fn post<C: Client<AppError>>(
    path: &str,
    body: Bytes,
) -> Pin<Box<dyn Future<Output = Result<Bytes, AppError>> + Send>> {
    let json = Wire::CONTENT_TYPE;
    let request = C::Request::try_new_post_bytes(path, json, json, body);
    Box::pin(async move {
        let answer = C::send(request?).await?;
        let refused = answer.status() >= 400;
        let said = answer.try_into_bytes().await?;
        if refused { Err(AppError::de(said)) } else { Ok(said) }
    })
}
