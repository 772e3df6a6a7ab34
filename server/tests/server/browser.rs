//! A browser: what it keeps between requests.

use std::collections::BTreeMap;

use protocol::api::SessionStatus;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};

use super::support::{HANG, Server};

/// A browser, which keeps cookies, and follows redirects only when it is told to.
pub(crate) struct Browser {
    pub client: Client,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let client = Client::builder().redirect(Policy::none()).timeout(HANG).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Response {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(COOKIE, cookies.join("; ")).header("accept", "text/html");
        let answer = request.send().await.unwrap();
        for cookie in answer.headers().get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        answer
    }

    pub(crate) async fn get(&mut self, url: &str) -> Response {
        let request = self.client.get(url);
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &str) -> Response {
        let request = self.client.post(url).body(form.to_owned());
        self.send(request.header("content-type", "application/x-www-form-urlencoded")).await
    }

    pub(crate) async fn who(&mut self, server: &Server) -> Option<SessionStatus> {
        let answer = self.get(&server.url("/api/v1/session")).await;
        let is_in = answer.status() == 200;
        if is_in { Some(answer.json().await.unwrap()) } else { None }
    }

    pub(crate) fn has_session(&self) -> bool {
        self.cookies.contains_key("companion-session")
    }
}
