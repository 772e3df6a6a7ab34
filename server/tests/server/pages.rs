//! Pages as they leave the server: their encoding, their language, the manifest.

use reqwest::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, COOKIE, LOCATION};

use super::support::start;

#[tokio::test]
async fn pages_are_compressed_for_whoever_takes_it() {
    let server = start("").await;
    let page = || server.get("/settings");
    let plain = page().send().await.unwrap();
    assert!(plain.headers().get(CONTENT_ENCODING).is_none());
    let plain = plain.bytes().await.unwrap();
    for encoding in ["br", "gzip"] {
        let answer = page().header(ACCEPT_ENCODING, encoding).send().await.unwrap();
        assert_eq!(answer.headers()[CONTENT_ENCODING], encoding);
        assert!(answer.headers()["vary"].to_str().unwrap().contains("accept-encoding"));
        assert!(answer.bytes().await.unwrap().len() * 2 < plain.len(), "{encoding}");
    }
}

#[tokio::test]
async fn a_page_has_the_language_that_was_chosen_or_else_asked_for() {
    let server = start("").await;
    for (asked, cookie, language) in [
        ("", "", "en"),
        ("ja,en;q=0.5", "", "ja"),
        ("de, ja;q=0.5", "", "ja"),
        ("ja", "companion_language=en", "en"),
        ("en", "other=1; companion_language=ja", "ja"),
        ("ja", "companion_language=xx", "ja"),
    ] {
        for path in ["/settings", "/data", "/nowhere"] {
            let request = server.get(path).header(ACCEPT_LANGUAGE, asked).header(COOKIE, cookie);
            let page = request.send().await.unwrap().text().await.unwrap();
            let root = format!("<html lang=\"{language}\"");
            assert!(page.contains(&root), "{path} {asked:?} {cookie:?}: {page:.80}");
        }
    }
}

#[tokio::test]
async fn what_is_chosen_is_kept_in_cookies_that_no_script_reads() {
    let server = start("").await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let request = client.build().unwrap().post(format!("http://{}/settings", server.address));
    let answer = request.header("origin", format!("http://{}", server.address));
    let body = "language=ja&theme=dark%3B+Domain%3Devil&enter=breaks";
    let answer = answer.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = answer.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[LOCATION]),
        (303, &"/settings".parse().unwrap())
    );
    let cookies: Vec<_> =
        answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 3);
    for (name, value) in [("language", "ja"), ("theme", ""), ("enter", "breaks")] {
        let start = format!("companion_{name}={value};");
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(&start));
        let cookie = cookie.unwrap_or_else(|| panic!("{start} in {cookies:?}"));
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}
