//! Who may do what: every route of the table, for every kind of caller. `docs/access.md` shows the
//! same table; with UPDATE=1 this test writes it.

use std::fmt::Write as _;
use std::path::Path;

use protocol::AccountRole;
use reqwest::{Client, Method, RequestBuilder};
use server::caller::permission::{Need, TABLE};

use super::entrance::{Session, add, log_in, token};
use super::support::{Server, start};

/// A kind of caller: its name, and the needs that it meets.
struct Kind {
    name: &'static str,
    may: fn(Need) -> bool,
    by: By,
}

enum By {
    Nothing,
    Login(&'static str),
    Token(String),
}

/// What is expected, written out: nothing here is computed as the server computes it.
fn kinds(tokens: [String; 4]) -> Vec<Kind> {
    use Need::{Admin, Admitted, Public, Read, Session, Write};
    let [read, write, admin, of_member] = tokens;
    vec![
        Kind { name: "a stranger", may: |need| need == Public, by: By::Nothing },
        Kind {
            name: "a member",
            may: |need| matches!(need, Public | Admitted | Session | Read | Write),
            by: By::Login("Bob"),
        },
        Kind { name: "an owner", may: |_| true, by: By::Login("Ada") },
        Kind {
            name: "a token with `read`",
            may: |need| matches!(need, Public | Admitted | Read),
            by: By::Token(read),
        },
        Kind {
            name: "a token with `write`",
            may: |need| matches!(need, Public | Admitted | Write),
            by: By::Token(write),
        },
        Kind {
            name: "an owner's token with `admin`",
            may: |need| matches!(need, Public | Admitted | Admin),
            by: By::Token(admin),
        },
        Kind {
            name: "a member's token with `admin`",
            may: |need| matches!(need, Public | Admitted),
            by: By::Token(of_member),
        },
    ]
}

#[tokio::test]
async fn each_caller_may_do_what_the_table_says() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    add(&server, "Bob", AccountRole::Member).await;
    let (mut ada, mut bob) = (log_in(&server, "Ada").await, log_in(&server, "Bob").await);
    let tokens = [
        token(&server, &ada, &["read"]).await,
        token(&server, &ada, &["write"]).await,
        token(&server, &ada, &["admin"]).await,
        token(&server, &bob, &["admin"]).await,
    ];
    let kinds = kinds(tokens);
    // A page that leads on is not followed: where it leads to has a row of its own.
    let client = Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let mut cells = 0;
    for (method, route, need) in TABLE {
        for kind in &kinds {
            let session = match kind.by {
                By::Login("Ada") => Some(&ada),
                By::Login(_) => Some(&bob),
                By::Nothing | By::Token(_) => None,
            };
            let request = request(&client, &server, method, route);
            let status = sent(request, session, &kind.by).await;
            let refused = matches!(status, 401 | 403);
            // A login without a name and password is refused by what it says, and not by the table.
            let says_itself = *need == Need::Public && status == 401 && *method == "POST";
            let may = (kind.may)(*need);
            assert!(refused != may || says_itself, "{method} {route} for {}: {status}", kind.name);
            cells += 1;
        }
        if matches!((*method, *route), ("DELETE", "/api/v1/session") | ("POST", "/logout")) {
            ada = log_in(&server, "Ada").await;
            bob = log_in(&server, "Bob").await;
        }
    }
    assert_eq!(cells, TABLE.len() * kinds.len());
}

fn request(client: &Client, server: &Server, method: &str, route: &str) -> RequestBuilder {
    let id = "01890000-0000-7000-8000-000000000000";
    let path = route
        .replace("{rid}", "backend-internal")
        .replace("{wid}", id)
        .replace("{worker_id}", id)
        .replace("{tid}", id)
        .replace("{turn_id}", id)
        .replace("{token}", "0123456789abcdef0123456789abcdef")
        .replace("{id}", "999")
        .replace("{name}", "default")
        .replace("{provider}", "openai")
        .replace("{*rest}", "nothing")
        .replace("{*name}", "nothing");
    let method: Method = method.parse().unwrap();
    client.request(method, server.url(&path)).header(
        "content-type",
        if route.starts_with("/api/") {
            "application/json"
        } else {
            "application/x-www-form-urlencoded"
        },
    )
}

async fn sent(request: RequestBuilder, session: Option<&Session>, by: &By) -> u16 {
    let request = match (session, by) {
        (Some(session), _) => session.on(request),
        (None, By::Token(token)) => request.bearer_auth(token),
        (None, _) => request,
    };
    request.send().await.unwrap().status().as_u16()
}

#[test]
fn the_documented_table_is_the_one_in_force() {
    let kinds = kinds([const { String::new() }; 4]);
    let mut text = String::from(
        "# Who may do what\n\nWritten from the table of routes in `server/src/caller/permission.rs` by its test, \
         which tries every cell. A route that\nis not in the table is closed to everybody. Conversations \
         are always those of the caller's own account: another's is `not_found`.\nThe person at the \
         server's own machine counts as an owner where no login is needed. A page answers a stranger with \
         the way to\nthe login.\n\n| route |",
    );
    for kind in &kinds {
        let _ = write!(text, " {} |", kind.name);
    }
    let _ = write!(text, "\n| --- |{}\n", " --- |".repeat(kinds.len()));
    for (method, route, need) in TABLE {
        let _ = write!(text, "| `{method} {route}` |");
        for kind in &kinds {
            let _ = write!(text, " {} |", if (kind.may)(*need) { "yes" } else { "-" });
        }
        text.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/access.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == text,
        "docs/access.md is not current: run this test with UPDATE=1"
    );
}
