//! The doctor's findings about endpoints: each fault with its line in the configuration.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::process::run;

/// The doctor's output for a configuration, and whether it found a fault.
fn doctor(file: &str) -> (String, bool) {
    let folder = tempfile::tempdir().unwrap();
    doctor_in(folder.path(), file)
}

fn doctor_in(folder: &Path, file: &str) -> (String, bool) {
    std::fs::write(folder.join("companion.toml"), file).unwrap();
    let arguments = ["doctor", "--listen", "127.0.0.1:0", "--data-dir", "data"];
    let output = run(folder, &arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = text(&output.stdout) + &text(&output.stderr);
    (printed, output.status.code() != Some(0))
}

/// A configuration of two endpoints with `lines` added to the second; these begin in line 7.
fn second(lines: &str) -> String {
    format!(
        "[[endpoint]]\nname = \"one\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
         [[endpoint]]\nname = \"two\"\nbase_url = \"http://model.example/v1\"\n{lines}\n"
    )
}

/// The doctor starts the model's process, which says what it is enclosed by.
#[test]
fn the_walls_of_the_local_models_sandbox_are_named() {
    let (printed, _) = doctor("");
    let line = printed.lines().find(|line| line.starts_with("sandbox ")).unwrap();
    assert!(line.contains(" ok ") && line.contains("Landlock ABI"), "{line}");
    assert!(line.contains("seccomp (system calls)"), "{line}");
}

/// The first look at the model's file takes a moment, for which the doctor has to wait.
#[test]
fn a_local_model_whose_file_is_sound_can_answer() {
    for _ in 0..5 {
        let (printed, _) = doctor("");
        let verdict = |name| {
            let line = printed.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap()
        };
        assert_eq!(verdict("provider "), verdict("model "), "{printed}");
    }
}

/// A proxy that answers one request with this status, as squid does.
fn refusing_proxy(status: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let answer = format!(
            "HTTP/1.1 {status}\r\nServer: squid/6.6\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(answer.as_bytes());
    });
    address
}

#[test]
fn a_failing_proxy_is_reported_with_its_line() {
    let (printed, failed) = doctor(&second("proxy = \"http://nowhere.invalid:3128\""));
    assert!(failed, "{printed}");
    let told = "models of two fail  companion.toml:7: proxy: The proxy's host was not found.";
    assert!(printed.contains(told), "{printed}");
    for (status, told) in [
        (
            "407 Proxy Authentication Required",
            "The proxy requires a login, or refused this one (407).",
        ),
        ("403 Forbidden", "The proxy blocks the connection to the endpoint (403)."),
    ] {
        let address = refusing_proxy(status);
        let (printed, failed) = doctor(&second(&format!("proxy = \"http://{address}\"")));
        assert!(
            failed && printed.contains(&format!("companion.toml:7: proxy: {told}")),
            "{printed}"
        );
    }
    // An invalid address is reported before any request is made.
    let (printed, failed) = doctor(&second("proxy = \"notaurl\""));
    assert!(
        failed && printed.contains("companion.toml:7: two: proxy is not an address"),
        "{printed}"
    );
}

#[test]
fn invalid_endpoint_settings_are_reported_with_their_line() {
    for (lines, told) in [
        ("headers = { Host = \"x\" }", "companion.toml:7: headers: the provider two"),
        ("api = \"chat\"\nca_file = \"none.pem\"", "companion.toml:8: ca_file: the provider two"),
    ] {
        let (printed, failed) = doctor(&second(lines).replace("http://model", "https://model"));
        assert!(failed && printed.contains(told), "{printed}");
    }
}

#[test]
fn an_unknown_effort_is_reported_with_the_known_ones() {
    let table = |effort: &str| {
        second(&format!("[[endpoint.model]]\nmatch = \"m\"\nefforts = [\"low\", \"{effort}\"]"))
    };
    let known = "none, minimal, low, medium, high, xhigh, max";
    let (printed, failed) = doctor(&table("hihg"));
    let told = format!("companion.toml:9: efforts: there is no effort hihg; there are {known}");
    assert!(failed && printed.contains(&told), "{printed}");
    // An endpoint may have efforts of its own.
    let (printed, _) = doctor(&table("turbo"));
    let told = format!("warn  turbo is none of the usual ones ({known}); it is offered");
    assert!(printed.contains(&told), "{printed}");
    let (printed, _) = doctor(&table("xhigh"));
    assert!(!printed.contains("efforts of"), "{printed}");
}
