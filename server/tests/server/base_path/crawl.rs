//! No page leads out of the base path: every page of the table of routes is read, and every page that
//! a link leads to from there. This is what keeps later pages right.

use std::collections::{BTreeSet, VecDeque};

use protocol::api::ShareSummary;
use server::caller::permission::TABLE;

use super::super::support::message_id;
use super::*;

/// The addresses on a page that do not begin with the base path: all texts in quotes, of a
/// parameter of an address, or of a style's `url(...)` that begin with a slash.
fn leading_out(page: &str) -> Vec<String> {
    let begins = ["\"/", "'/", "=/", "(/", "&quot;/", "&#39;/"];
    let mut found = Vec::new();
    for begin in begins {
        for (at, _) in page.match_indices(begin) {
            let address = &page[at + begin.len() - 1..];
            let end = address.find(['"', '\'', ' ', ')', '&', '<', '>']).unwrap_or(address.len());
            let address = &address[..end];
            let below = address.strip_prefix(BASE).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with(['/', '?', '#']) || rest.starts_with("draft:")
            });
            // A login is told where to lead on to, inside of the site.
            let before = &page[..at];
            let is_next = before.ends_with("?next") || before.ends_with("name=\"next\" value=");
            if !below && !is_next {
                found.push(page[at.saturating_sub(40)..].chars().take(120).collect());
            }
        }
    }
    found
}

/// The addresses that a page links to.
fn links(page: &str) -> Vec<String> {
    let links = page.split("<a ").skip(1).filter_map(|rest| {
        let (tag, _) = rest.split_once('>')?;
        let (_, href) = tag.split_once("href=\"")?;
        Some(href.split_once('"')?.0.replace("&amp;", "&"))
    });
    links.map(|link| link.split('#').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn an_address_that_leads_out_is_found() {
    for page in [
        "<a href=\"/login\">",
        "<form action='/login'>",
        "<meta content=\"0; url=/login\">",
        "<style>a{background:url(/x.png)}</style>",
        "import(\"/pkg/a.js\")",
        "<a href=\"/companions/x\">",
        "<a data-x=\"{&quot;/x&quot;}\">",
    ] {
        assert_eq!(leading_out(page).len(), 1, "{page}");
    }
    for page in
        ["<a href=\"/companion/x\">", "<a href=\"/companion/login?next=/c/1\">", "<a href=\"\">"]
    {
        assert_eq!(leading_out(page), Vec::<String>::new());
    }
    assert_eq!(links("<p><a class=\"x\" href=\"/a?b&amp;c#d\">"), ["/a?b&c"]);
}

/// What the parts of the table's addresses stand for.
struct Parts {
    worker: String,
    turn: String,
    /// A share's token.
    token: String,
}

/// Conversations with an answer, a failure, an archive, a deletion, a share, and what else pages link
/// to.
async fn fill(below: &Below) -> Parts {
    let worker = below.worker().await;
    let path = format!("/c/{worker}");
    below.server.says("An answer about **harbours**.");
    for text in ["One harbour", "Two"] {
        let answer = below.submit(&path, &format!("do=send&text={text}&id={}", message_id())).await;
        assert_eq!(answer.status(), 303);
        below.server.ended(worker.parse().unwrap()).await;
    }
    for form in ["do=create&title=Other", "do=create&title=Gone"] {
        let made = below.submit("/new", form).await;
        assert_eq!(made.status(), 303, "{}", made.text().await.unwrap());
    }
    let workers = below.server.home().workers(None, 10).await.unwrap().workers;
    let named = |title: &str| {
        let worker = workers.iter().find(|worker| worker.title.as_deref() == Some(title));
        worker.unwrap().worker_id.to_string()
    };
    below.submit(&format!("/c/{}", named("Gone")), "do=delete").await;
    below.submit(&format!("/c/{}", named("Other")), "do=place&place=archived").await;
    below.submit("/accounts", "name=bob&password=a+quiet+harbour&role=member").await;
    by_token(below).await;
    let snapshot = below.server.home().snapshot(worker.parse().unwrap()).await.unwrap();
    let turn = snapshot.transcript.turns.last().unwrap().turn_id.to_string();
    let shares = format!("/api/v1/runtimes/backend-internal/workers/{worker}/shares");
    let share = below.post(&shares).json(&json!({})).send().await.unwrap();
    let share: ShareSummary = share.json().await.unwrap();
    let token = share.path.rsplit('/').next().unwrap().to_owned();
    Parts { worker, turn, token }
}

/// The addresses of all pages of the table.
fn pages(parts: &Parts) -> Vec<String> {
    let Parts { worker, turn, token } = parts;
    let reads =
        TABLE.iter().filter(|(method, path, _)| *method == "GET" && !path.starts_with("/api/"));
    let paths = reads.map(|(_, path, _)| {
        let path = path.replace("{worker_id}", worker).replace("{turn_id}", turn);
        let path = path.replace("{token}", token);
        assert!(!path.contains('{'), "{path} has a part for which this test has no value");
        format!("{BASE}{path}")
    });
    let odd =
        ["/nothing", "/c/nothing", "/turns/a/b", "/search?q=harbour", "/accounts/change?id=1"];
    paths.chain(odd.map(|path| format!("{BASE}{path}"))).collect()
}

#[tokio::test]
async fn no_page_leads_out_of_the_base_path() {
    let below = Below::start("").await;
    let parts = fill(&below).await;
    for (cookies, language) in
        [(below.cookies.as_str(), "en"), (below.cookies.as_str(), "ja"), ("", "en")]
    {
        let mut waiting: VecDeque<String> = pages(&parts).into();
        let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
        let mut read = 0;
        while let Some(address) = waiting.pop_front() {
            let request = below.ask(Method::GET, &address).header("accept", BROWSER);
            let request = request.header("accept-language", language).header(COOKIE, cookies);
            let answer = request.send().await.unwrap();
            check_head(&address, &answer);
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap());
            // A file to be saved is no page of the site: it loads nothing and leads nowhere in it.
            let is_saved = answer.headers().contains_key("content-disposition");
            if is_saved || !kind.is_some_and(|kind| kind.starts_with("text/html")) {
                continue;
            }
            let status = answer.status().as_u16();
            let page = answer.text().await.unwrap();
            assert_eq!(leading_out(&page), Vec::<String>::new(), "{address} ({status})");
            read += 1;
            let new = links(&page).into_iter().filter(|link| link.starts_with('/'));
            for link in new {
                assert!(link.starts_with("/companion/"), "{address} links to {link}");
                if seen.insert(link.clone()) {
                    waiting.push_back(link);
                }
            }
        }
        let least = if cookies.is_empty() { 1 } else { 25 };
        assert!(read >= least, "only {read} pages were read: {seen:#?}");
    }
}

/// The start page of a new installation, and pages that refuse a request.
#[tokio::test]
async fn no_page_for_strangers_and_no_refusal_leads_out() {
    let new = start(&format!("base_path = \"{BASE}\"\nrequire_login = true")).await;
    for path in ["/setup", "/login"] {
        let page =
            new.get(&format!("{BASE}{path}")).header("accept", BROWSER).send().await.unwrap();
        assert_eq!(leading_out(&page.text().await.unwrap()), Vec::<String>::new(), "{path}");
    }
    let below = Below::start("").await;
    let worker = below.worker().await;
    let large = format!("do=send&text={}", "x".repeat(3 << 20));
    for (path, form, origin) in [
        ("/settings".to_owned(), "theme=dark", Some("https://evil.example")),
        (format!("/c/{worker}"), large.as_str(), None),
        (format!("/c/{worker}"), "do=fly", None),
        ("/".to_owned(), "do=fly", None),
        ("/new".to_owned(), "do=create&model=none", None),
        (format!("/profile/{worker}"), "do=choose&model=none", None),
        ("/login".to_owned(), "name=Ada&password=wrong&next=/data", None),
        ("/setup".to_owned(), "code=1", None),
        ("/account/password".to_owned(), "current=x", None),
        ("/account/tokens".to_owned(), "name=a&days=7&read=on&scopes=read", None),
        ("/accounts".to_owned(), "name=", None),
        ("/accounts/change".to_owned(), "id=1&do=disable", None),
        ("/settings/forget".to_owned(), "provider=openai&model=x", None),
        ("/data".to_owned(), "", None),
        ("/data/deleted".to_owned(), "", None),
        (format!("/share/{worker}"), "until=none", None),
        ("/shares/revoke".to_owned(), "id=x", None),
        ("/login/provider".to_owned(), "", None),
        ("/login/passkey".to_owned(), "", None),
        ("/setup/passkey".to_owned(), "code=1", None),
        ("/account/passkeys".to_owned(), "do=add&name=x", None),
        ("/logout".to_owned(), "", None),
    ] {
        let request = below.post(&path).header("accept", BROWSER);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        let answer = request.body(form.to_owned()).send().await.unwrap();
        check_head(&path, &answer);
        let status = answer.status();
        assert_eq!(
            leading_out(&answer.text().await.unwrap()),
            Vec::<String>::new(),
            "{path} ({status})"
        );
    }
}

/// Checks the headers that a browser follows or keeps.
fn check_head(address: &str, answer: &Response) {
    for name in ["location", "content-location", "link", "refresh"] {
        for value in answer.headers().get_all(name) {
            let value = value.to_str().unwrap();
            assert!(value.starts_with("/companion/"), "{address}: {name}: {value}");
        }
    }
    for cookie in set_cookies(answer.headers()) {
        assert!(cookie.contains("; Path=/companion;"), "{address}: {cookie}");
    }
    let erased = answer.headers().get("clear-site-data").map(|value| value.to_str().unwrap());
    assert!(erased.is_none_or(|erased| erased == "\"cache\""), "{address}: {erased:?}");
}

/// The files that browsers load have no addresses from the root either: those of the manifest are
/// relative to it, and the style sheet has no files.
#[test]
fn no_file_leads_to_the_root() {
    let manifest: Value =
        serde_json::from_str(include_str!("../../../../public/manifest.webmanifest")).unwrap();
    let manifest = manifest.to_string();
    assert!(manifest.contains("\"start_url\":\"./\"") && manifest.contains("\"scope\":\"./\""));
    assert_eq!(leading_out(&manifest), Vec::<String>::new());
    let styles = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../style");
    for file in std::fs::read_dir(styles).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains("url(/") && !text.contains("url(\"/") && !text.contains("url('/"));
    }
}
