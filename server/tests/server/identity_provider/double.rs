//! A provider that does what a test tells it to. Without a script it does what the package
//! `oidc-provider` (npm, 9.13.3) was seen to do: a discovery document, `iss` in its redirects, claims
//! of scopes only from its userinfo endpoint, and a token endpoint that checks the client's secret,
//! the redirect address and the proof of PKCE, and takes each code once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as BASE64};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING as ES256, EcdsaKeyPair, KeyPair as _};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(super) const CLIENT: &str = "companion";
pub(super) const SECRET: &str = "a secret: 100% of it";
const KEY: &str = "key-1";

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// By the provider's key.
    Right,
    /// By a key that is not the provider's, under the name of its own.
    OtherKey,
    /// By a key with a name that nobody knows.
    UnknownKey,
    /// Not at all (RFC 8725, section 3.1).
    None,
    /// By the published key as a shared secret (RFC 8725, section 2.1).
    PublicKeyAsSecret,
    /// By the client's secret.
    ClientSecret,
    /// By the right key, and changed afterwards.
    Changed,
}

type Change<T> = Arc<dyn Fn(&mut T) + Send + Sync>;

/// A status, headers and a body.
pub(super) type Instead = (u16, Vec<(&'static str, String)>, String);

/// What the provider does.
#[derive(Clone)]
pub(super) struct Script {
    pub(super) sign: Sign,
    /// Changes the claims of the ID token.
    pub(super) claims: Change<Map<String, Value>>,
    /// Changes the answer of the token endpoint.
    pub(super) token: Change<Value>,
    /// The answer of the userinfo endpoint, beside the subject.
    pub(super) person: Value,
    /// Changes the discovery document.
    pub(super) discovery: Change<Value>,
    /// The answer to a request for the discovery document in place of it.
    pub(super) instead: Option<Instead>,
    /// Never answers at the token endpoint.
    pub(super) hangs: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            sign: Sign::Right,
            claims: Arc::new(|_| {}),
            token: Arc::new(|_| {}),
            person: json!({ "preferred_username": "eve", "groups": ["chat"] }),
            discovery: Arc::new(|_| {}),
            instead: None,
            hangs: false,
        }
    }
}

pub(super) struct Double {
    pub(super) issuer: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    issuer: String,
    random: SystemRandom,
    keys: Mutex<(String, EcdsaKeyPair)>,
    other: EcdsaKeyPair,
    script: Mutex<Script>,
    codes: Mutex<HashMap<String, HashMap<String, String>>>,
    asked: Mutex<Vec<&'static str>>,
}

fn new_key(random: &SystemRandom) -> EcdsaKeyPair {
    let document = EcdsaKeyPair::generate_pkcs8(&ES256, random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ES256, document.as_ref(), random).unwrap()
}

impl Double {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let random = SystemRandom::new();
        let (key, other) = (new_key(&random), new_key(&random));
        let shared = Arc::new(Shared {
            issuer: issuer.clone(),
            random,
            keys: Mutex::new((KEY.to_owned(), key)),
            other,
            script: Mutex::default(),
            codes: Mutex::default(),
            asked: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(person))
            .with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, shared, task }
    }

    pub(super) fn script(&self, script: Script) {
        *self.shared.script.lock().unwrap() = script;
    }

    /// The parts that were asked, in their order.
    pub(super) fn asked(&self) -> Vec<&'static str> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// Signs with another key from now on, and publishes only that one.
    pub(super) fn rotate(&self) {
        let key = new_key(&self.shared.random);
        *self.shared.keys.lock().unwrap() = ("key-2".to_owned(), key);
    }

    /// Waits until a part was asked.
    pub(super) async fn until_asked(&self, part: &str) {
        while !self.asked().contains(&part) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Goes away.
    pub(super) async fn stop(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

impl Shared {
    fn asked(&self, part: &'static str) -> Script {
        self.asked.lock().unwrap().push(part);
        self.script.lock().unwrap().clone()
    }

    fn token(&self, script: &Script, claims: &Map<String, Value>) -> String {
        let keys = self.keys.lock().unwrap();
        let (algorithm, kid) = match script.sign {
            Sign::None => ("none", None),
            Sign::PublicKeyAsSecret | Sign::ClientSecret => ("HS256", Some(keys.0.as_str())),
            Sign::UnknownKey => ("ES256", Some("key-of-nobody")),
            Sign::Right | Sign::OtherKey | Sign::Changed => ("ES256", Some(keys.0.as_str())),
        };
        let encoded = |value: &Value| BASE64.encode(value.to_string());
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        let head = encoded(&header);
        let claims = Value::Object(claims.clone());
        let text = format!("{head}.{}", encoded(&claims));
        let by =
            |key: &EcdsaKeyPair| BASE64.encode(key.sign(&self.random, text.as_bytes()).unwrap());
        let by_secret = |secret: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            BASE64.encode(hmac::sign(&key, text.as_bytes()))
        };
        let signature = match script.sign {
            Sign::Right | Sign::Changed => by(&keys.1),
            Sign::OtherKey | Sign::UnknownKey => by(&self.other),
            Sign::None => String::new(),
            Sign::PublicKeyAsSecret => by_secret(keys.1.public_key().as_ref()),
            Sign::ClientSecret => by_secret(SECRET.as_bytes()),
        };
        if script.sign == Sign::Changed {
            let mut changed = claims;
            changed["sub"] = json!("somebody else");
            return format!("{head}.{}.{signature}", encoded(&changed));
        }
        format!("{text}.{signature}")
    }
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Response {
    let script = shared.asked("discovery");
    if let Some((status, headers, body)) = script.instead {
        let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
        for (name, value) in headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        return response;
    }
    let at = |path: &str| format!("{}{path}", shared.issuer);
    let mut document = json!({
        "issuer": shared.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code id_token", "code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
    });
    (script.discovery)(&mut document);
    Json(document).into_response()
}

async fn keys(State(shared): State<Arc<Shared>>) -> Response {
    shared.asked("keys");
    let keys = shared.keys.lock().unwrap();
    // An uncompressed point: a byte, and the two coordinates.
    let (x, y) = keys.1.public_key().as_ref()[1..].split_at(32);
    let key = json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": keys.0,
        "x": BASE64.encode(x), "y": BASE64.encode(y),
    });
    let odd = json!({ "kty": "a type of tomorrow", "kid": "odd" });
    Json(json!({ "keys": [odd, key] })).into_response()
}

/// The person logs in at once, without a page.
async fn authorize(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    shared.asked("authorize");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
    let mut codes = shared.codes.lock().unwrap();
    let code = format!("code-{}", codes.len());
    let (redirect, state) = (asked["redirect_uri"].clone(), asked["state"].clone());
    codes.insert(code.clone(), asked);
    let iss =
        percent_encoding::utf8_percent_encode(&shared.issuer, percent_encoding::NON_ALPHANUMERIC);
    Redirect::to(&format!("{redirect}?code={code}&state={state}&iss={iss}")).into_response()
}

fn refused(error: &str) -> Response {
    let body = json!({ "error": error, "error_description": "as the double was told" });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let script = shared.asked("token");
    if script.hangs {
        std::future::pending::<()>().await;
    }
    // The parts of the header are encoded like those of a form (RFC 6749, section 2.3.1).
    let encoded = |text: &str| text.replace('%', "%25").replace(':', "%3A").replace(' ', "+");
    let login = BASE64_STANDARD.encode(format!("{CLIENT}:{}", encoded(SECRET)));
    if headers.get(header::AUTHORIZATION).unwrap().to_str().unwrap() != format!("Basic {login}") {
        return refused("invalid_client");
    }
    let uri = format!("/?{body}").parse().unwrap();
    let Query(form) = Query::<HashMap<String, String>>::try_from_uri(&uri).unwrap();
    let Some(asked) = shared.codes.lock().unwrap().remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let proof = BASE64.encode(Sha256::digest(&form["code_verifier"]));
    if asked["redirect_uri"] != form["redirect_uri"] || asked["code_challenge"] != proof {
        return refused("invalid_grant");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let access = "an access token";
    let half = BASE64.encode(&Sha256::digest(access)[..16]);
    let claims = json!({
        "iss": shared.issuer, "sub": "248289761001", "aud": CLIENT, "nonce": asked["nonce"],
        "exp": now.as_secs() + 300, "iat": now.as_secs(), "at_hash": half,
    });
    let Value::Object(mut claims) = claims else { unreachable!("it is an object") };
    (script.claims)(&mut claims);
    let mut answer = json!({
        "access_token": access, "token_type": "Bearer", "expires_in": 60, "scope": "openid",
        "id_token": shared.token(&script, &claims),
    });
    (script.token)(&mut answer);
    Json(answer).into_response()
}

async fn person(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let script = shared.asked("userinfo");
    assert_eq!(headers[header::AUTHORIZATION], "Bearer an access token");
    let mut person = script.person;
    if person.get("sub").is_none() {
        person["sub"] = json!("248289761001");
    }
    Json(person).into_response()
}
