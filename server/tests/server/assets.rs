//! The site's files.

use super::support::start;

#[tokio::test]
async fn embedded_files_are_cached_forever_and_unknown_ones_not_found() {
    let server = start("").await;
    for asset in server::assets::ASSETS {
        let answer = server.get(asset.path).header("accept-encoding", "br").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", asset.path);
        let keep = answer.headers()["cache-control"].to_str().unwrap().to_owned();
        assert_eq!(keep.contains("immutable"), asset.immutable, "{}", asset.path);
        let tag = answer.headers()["etag"].clone();
        let again = server.get(asset.path).header("if-none-match", tag).send().await.unwrap();
        assert_eq!(again.status(), 304, "{}", asset.path);
    }
    let answer = server.get("/pkg/companion.0000000000000000.js").send().await.unwrap();
    assert_eq!(answer.status(), 404);
}
