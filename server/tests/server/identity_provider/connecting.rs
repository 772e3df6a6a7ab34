//! Connecting an account that exists with the provider, and disconnecting it.

use accounts::AuditKind;
use protocol::AccountRole;
use serde_json::json;

use super::super::entrance::{PASSWORD, add};
use super::super::support::Server;
use super::double::Double;
use super::{Browser, kinds, onward, stage};

async fn with_password(server: &Server, name: &str) -> Browser {
    let mut browser = Browser::new();
    let form = format!("name={name}&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(browser.post(&server.url("/login"), &form).await.status(), 303);
    browser
}

/// Presses the button on the page of the account, and comes back from the provider.
async fn begun(server: &Server, browser: &mut Browser) -> String {
    let page = browser.post(&server.url("/account/identities"), "do=connect").await;
    let location = onward(page).await;
    browser.at_provider(&location).await
}

fn disconnect(double: &Double) -> String {
    let issuer = double.issuer.replace(':', "%3A").replace('/', "%2F");
    format!("do=disconnect&issuer={issuer}&subject=248289761001")
}

#[tokio::test]
async fn the_own_account_is_connected_used_and_disconnected() {
    let (server, double) = stage("").await;
    let mut ada = with_password(&server, "Ada").await;
    let page = ada.get(&server.url("/account")).await.text().await.unwrap();
    assert!(page.contains("Connect with Home"), "{page}");
    let back = begun(&server, &mut ada).await;
    let answer = ada.get(&back).await;
    assert_eq!(answer.headers()["location"], "/account?done=connected");
    let page = ada.get(&server.url("/account?done=connected")).await.text().await.unwrap();
    assert!(page.contains("The account is connected."), "{page}");
    assert!(page.contains("value=\"disconnect\"") && !page.contains("value=\"connect\""), "{page}");
    // The same person comes in by the provider, as an owner.
    let mut phone = Browser::new();
    phone.log_in(&server).await;
    let status = phone.who(&server).await.unwrap();
    assert_eq!((status.name.as_deref(), status.role), (Some("Ada"), AccountRole::Owner));
    let answer = ada.post(&server.url("/account/identities"), &disconnect(&double)).await;
    assert_eq!(answer.headers()["location"], "/account?done=disconnected");
    assert!(ada.who(&server).await.is_some(), "the own session stays");
    assert!(phone.who(&server).await.is_none(), "the others end");
    let mut phone = Browser::new();
    phone.log_in(&server).await;
    assert_eq!(phone.who(&server).await.unwrap().name.as_deref(), Some("eve"));
    let audit = kinds(&server).await;
    for kind in [AuditKind::IdentityConnected, AuditKind::IdentityDisconnected] {
        assert!(audit.contains(&kind), "{kind:?}");
    }
}

/// Somebody who makes another follow their own link must not get their provider's person connected
/// with the other's account, and no session may end what another one has begun.
#[tokio::test]
async fn only_the_session_that_began_it_connects_the_account() {
    let (server, _double) = stage("").await;
    add(&server, "Bob", AccountRole::Member).await;
    let mut ada = with_password(&server, "Ada").await;
    let back = begun(&server, &mut ada).await;
    // Bob logs in with this browser before it comes back.
    let form = format!("name=Bob&password={}", PASSWORD.replace(' ', "+"));
    ada.post(&server.url("/login"), &form).await;
    let answer = ada.get(&back).await;
    assert_eq!(answer.status(), 422);
    let bob = ada.who(&server).await.unwrap();
    assert_eq!(bob.name.as_deref(), Some("Bob"));
    assert!(server.accounts.identities(bob.account_id).await.unwrap().is_empty());
    // Nobody is logged in any more.
    let back = begun(&server, &mut ada).await;
    ada.post(&server.url("/logout"), "").await;
    assert_eq!(ada.get(&back).await.status(), 422);
    assert!(!ada.has_session());
    assert!(!kinds(&server).await.contains(&AuditKind::IdentityConnected));
}

#[tokio::test]
async fn a_person_belongs_to_one_account() {
    let (server, double) = stage("").await;
    Browser::new().log_in(&server).await;
    let mut ada = with_password(&server, "Ada").await;
    let back = begun(&server, &mut ada).await;
    let answer = ada.get(&back).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.unwrap().contains("Another account here is already connected"));
    // Eve has no password, so this is her only way in.
    let mut eve = Browser::new();
    eve.log_in(&server).await;
    let answer = eve.post(&server.url("/account/identities"), &disconnect(&double)).await;
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.unwrap().contains("the only way to log in"));
    // Another's connection is none of Ada's.
    let answer = ada.post(&server.url("/account/identities"), &disconnect(&double)).await;
    assert_eq!(answer.status(), 404);
    // Strangers and tokens connect nothing.
    let stranger = Browser::new().post(&server.url("/account/identities"), "do=connect").await;
    assert_eq!(stranger.status(), 401);
    let answer = ada.post(&server.url("/account/identities"), "do=nothing").await;
    assert_eq!(answer.status(), 422);
    let refused = json!({ "name": "eve", "password": PASSWORD });
    let refused = server.post("/api/v1/session").json(&refused).send().await.unwrap();
    assert_eq!(refused.status(), 401);
}
