//! What was used: the page, the API, and what the owner's prices make of it.

use protocol::AccountRole;
use protocol::api::{AccountUsageList, UsageReport};
use reqwest::header::{ACCEPT, ACCEPT_LANGUAGE, COOKIE};
use serde_json::json;
use upstream::{Answer, Script, Step};

use super::entrance::{add, log_in, token};
use super::support::{Server, code, start, start_in};

/// Prices by which the answer of [`lived`] costs something.
const PRICES: &str = "currency = \"EUR\"\n[[price]]\nmodel = \"scripted-*\"\n\
                      input_per_million = 150000\noutput_per_million = 0.5\n";

/// The prices of a file beside the configuration.
fn with_prices(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("prices.toml"), text).unwrap();
    folder
}

/// Asks once; the scripted endpoint counts two messages as tokens read, and three pieces.
async fn ask(server: &Server) {
    let pieces = vec!["a".to_owned(), " b".to_owned(), " c".to_owned()];
    let answer = Answer { pieces, ..Answer::default() };
    server.upstream.script(Script::always([Step::Answer(answer)]));
    let worker = server.worker().await;
    server.send(&worker, "A question of mine").await;
    server.ended(server.worker_id().await).await;
}

async fn page(server: &Server, path: &str, language: &str) -> String {
    let page = server.get(path).header(ACCEPT_LANGUAGE, language).send().await.unwrap();
    assert_eq!(page.status(), 200);
    page.text().await.unwrap()
}

async fn report(server: &Server, query: &str) -> UsageReport {
    let answer = server.get(&format!("/api/v1/use{query}")).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn the_page_has_tables_in_both_languages_and_no_script() {
    let server = start("").await;
    let empty = page(&server, "/settings/use", "en").await;
    assert!(empty.contains("No answers in this period."), "{empty}");
    assert!(!empty.contains("<table"), "{empty}");
    ask(&server).await;
    let english = page(&server, "/settings/use?period=30-days", "en").await;
    for shown in [
        "<h1>Usage</h1>",
        "By day</caption>",
        "By model</caption>",
        "By profile</caption>",
        "scripted-model",
        "Input tokens",
        "Last 30 days",
        "aria-current=\"true\"",
        "Days begin at midnight UTC",
        "Copied and imported answers",
        "(UTC)",
    ] {
        assert!(english.contains(shown), "{shown}: {english}");
    }
    // Without prices nothing costs anything, and a single account has no table of accounts.
    for hidden in ["<script", "Cost", "By account", "without token counts", "A question of mine</h"]
    {
        assert!(!english.contains(hidden), "{hidden}: {english}");
    }
    let japanese = page(&server, "/settings/use?period=all", "ja").await;
    for shown in
        ["<h1>使用量</h1>", "日別</caption>", "モデル別</caption>", "入力トークン", "全期間"]
    {
        assert!(japanese.contains(shown), "{shown}: {japanese}");
    }
    // The list of conversations is beside it, and the settings lead to it.
    assert!(english.contains("class=\"sidebar\""), "{english}");
    assert!(page(&server, "/settings", "en").await.contains("href=\"/settings/use\""));
}

#[tokio::test]
async fn days_are_those_of_the_readers_clock_if_it_is_known() {
    let server = start("").await;
    ask(&server).await;
    let known = server.get("/settings/use?period=7-days");
    let known = known.header(COOKIE, "companion_utc_offset=540").send().await.unwrap();
    let known = known.text().await.unwrap();
    assert!(known.contains("(UTC+9)") && !known.contains("Days begin at midnight UTC"), "{known}");
    assert!(known.contains("By day</caption>"), "{known}");
}

#[tokio::test]
async fn the_api_reports_what_was_used() {
    let server = start("").await;
    ask(&server).await;
    let answer = Answer { usage: false, text: Some("Uncounted.".to_owned()), ..Answer::default() };
    server.upstream.script(Script::always([Step::Answer(answer)]));
    server.send(&server.worker().await, "Another one").await;
    server.ended(server.worker_id().await).await;
    let all = report(&server, "").await;
    assert_eq!((all.total.answers, all.total.answers_without_tokens), (2, 1));
    assert_eq!((all.total.prompt_tokens, all.total.completion_tokens), (2, 3));
    assert_eq!((all.models.len(), all.profiles.len()), (1, 1));
    assert_eq!((all.models[0].provider.as_str(), all.cut_short), ("openai", false));
    assert_eq!((all.from, all.to, all.currency), (None, None, None));
    let date = all.days.last().unwrap().date;
    let day = report(&server, &format!("?from={date}&to={date}&utc_offset=0")).await;
    assert!(day.total.answers >= 1 && day.from == Some(date), "{day:?}");
    let earlier = report(&server, "?to=2020-12-31").await;
    assert_eq!((earlier.total.answers, earlier.days.len()), (0, 0));
    assert!(
        page(&server, "/settings/use?period=all", "en").await.contains("1 answer came without")
    );
}

#[tokio::test]
async fn bad_dates_are_refused_in_words() {
    let server = start("").await;
    for (query, expected) in [
        ("from=yesterday", "expected a date such as 2026-11-28"),
        ("to=2026-02-29", "expected a date such as 2026-11-28"),
        ("from=2026-11-28&to=2026-11-27", "The period ends on 2026-11-27, before it begins"),
        ("utc_offset=9000", "expected minutes from -720 to 840"),
        ("since=2026-11-28", "since"),
    ] {
        for path in ["/api/v1/use", "/api/v1/accounts/use"] {
            let refused = server.get(&format!("{path}?{query}")).send().await.unwrap();
            let (status, code, body) = code(refused).await;
            assert_eq!((status, code.as_str()), (422, "invalid_input"), "{query}");
            assert!(body.to_string().contains(expected), "{query}: {body}");
        }
    }
    // A page with an old or mistyped link shows this month.
    let page = page(&server, "/settings/use?period=decade", "en").await;
    assert!(page.contains("aria-current=\"true\">This month"), "{page}");
}

#[tokio::test]
async fn an_owner_sees_the_totals_of_accounts_and_members_only_their_own() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    add(&server, "Bob", AccountRole::Member).await;
    let (ada, bob) = (log_in(&server, "Ada").await, log_in(&server, "Bob").await);
    let pieces = vec!["a".to_owned(), " b".to_owned()];
    server.upstream.script(Script::always([Step::Answer(Answer { pieces, ..Answer::default() })]));
    let listed = bob.on(server.get(&server.workers())).send().await.unwrap();
    let listed: protocol::api::WorkerPage = listed.json().await.unwrap();
    let worker = listed.workers[0].worker_id;
    let message = json!({ "id": super::support::message_id(), "text": "Bob's private question" });
    let path = format!("{}/{worker}", server.workers());
    let sent = bob.on(server.post(&format!("{path}/messages"))).json(&message).send().await;
    assert_eq!(sent.unwrap().status(), 202);
    let count = async |session: &super::entrance::Session| {
        let report = session.on(server.get("/api/v1/use")).send().await.unwrap();
        report.json::<UsageReport>().await.unwrap().total.answers
    };
    let counted = async {
        while count(&bob).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(super::support::HANG, counted).await.unwrap();
    assert_eq!((count(&bob).await, count(&ada).await), (1, 0));

    let text = async |session: &super::entrance::Session, path: &str| {
        let request = session.on(server.get(path)).header(ACCEPT, "text/html");
        request.send().await.unwrap().text().await.unwrap()
    };
    let shown = text(&ada, "/settings/use?period=all").await;
    for part in ["By account</caption>", "Bob", "nothing else of other accounts"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    for hidden in ["Bob's private", "scripted-model</span>", &worker.to_string()] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    let own = text(&bob, "/settings/use?period=all").await;
    assert!(own.contains("By model</caption>") && !own.contains("By account"), "{own}");
    assert!(!own.contains("Ada"), "{own}");

    let list = ada.on(server.get("/api/v1/accounts/use")).send().await.unwrap();
    let list: AccountUsageList = list.json().await.unwrap();
    let rows: Vec<_> =
        list.accounts.iter().map(|row| (row.name.as_deref(), row.used.answers)).collect();
    assert_eq!(rows, [(Some("Bob"), 1)]);
    let refused = bob.on(server.get("/api/v1/accounts/use")).send().await.unwrap();
    assert_eq!(code(refused).await.1, "forbidden");
    // A token that only reads conversations does not read those totals.
    let read = token(&server, &ada, &["read"]).await;
    let refused = server.get("/api/v1/accounts/use").bearer_auth(&read).send().await.unwrap();
    assert_eq!(code(refused).await.1, "forbidden");
    assert_eq!(server.get("/api/v1/use").bearer_auth(&read).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn costs_come_from_the_owners_file_alone() {
    let server = start_in(with_prices(PRICES), "prices_file = \"prices.toml\"").await;
    ask(&server).await;
    let priced = report(&server, "").await;
    assert_eq!(priced.currency.as_deref(), Some("EUR"));
    // Two tokens at 0.15 each, and three at half a millionth.
    assert_eq!(priced.total.cost.unwrap().to_string(), "0.3000015");
    let shown = page(&server, "/settings/use?period=all", "en").await;
    for part in ["Cost (EUR)", ">0.30<", "They aren’t a bill."] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("without a price"), "{shown}");
    let other = PRICES.replace("scripted-*", "another");
    let server = start_in(with_prices(&other), "prices_file = \"prices.toml\"").await;
    ask(&server).await;
    let unpriced = report(&server, "").await;
    assert_eq!((unpriced.total.cost, unpriced.total.answers_without_price), (None, 1));
    let shown = page(&server, "/settings/use?period=all", "en").await;
    for part in ["no price", "1 answer is from a model without a price"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let japanese = page(&server, "/settings/use?period=all", "ja").await;
    assert!(japanese.contains("単価なし") && japanese.contains("費用（EUR）"), "{japanese}");
}
