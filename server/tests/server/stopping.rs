//! The shutdown of the process: orderly and within its time limit, whatever hangs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use protocol::api::WorkerPage;
use protocol::{Transcript, TurnState};
use serde_json::json;
use upstream::{Answer, Script, Step, Upstream};

use super::process::{code, companion, serve, signal};
use super::small_disk::{SmallDisk, on_a_small_disk};
use super::support::{HANG, message_id};

/// Far longer than a shutdown takes, and shorter than the timeouts that would end a hanging one.
const PROMPTLY: Duration = Duration::from_secs(5);

const WORKERS: &str = "/api/v1/runtimes/backend-internal/workers";

/// Sends a GET request over a new connection; returns the whole response with its head.
pub(crate) fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Asks the server to stop, and checks that it ends quickly and successfully. Returns the rest of
/// its log.
pub(crate) fn ends(child: &mut Child) -> String {
    let begin = Instant::now();
    signal(child, "-TERM");
    assert_eq!(code(child), Some(0));
    assert!(begin.elapsed() < PROMPTLY, "{:?}", begin.elapsed());
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    log
}

/// A mounted file system that never answers, like a network file system whose server is away. When
/// it is dropped, every hanging access fails.
struct HungDisk(Child);

impl HungDisk {
    /// Mounts it at `folder`, inside the test's own mount namespace. `None` if the machine does not
    /// allow it.
    fn at(folder: &Path) -> Option<Self> {
        // The shell never reads the requests that the kernel writes to /dev/fuse, so accesses hang.
        // Source: fuse(4).
        let script = "exec 3<>/dev/fuse && mount -i -t fuse \
                      -o fd=3,rootmode=40000,user_id=0,group_id=0 hung \"$0\" && echo hangs && cat";
        let mut holder = Command::new("sh")
            .args(["-c", script])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        if line == "hangs\n" {
            return Some(Self(holder));
        }
        let _ = holder.wait();
        let _ = writeln!(std::io::stderr(), "SKIPPED: /dev/fuse cannot be used here");
        None
    }
}

impl Drop for HungDisk {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Creates a folder to mount a [`HungDisk`] at.
fn network(disk: &SmallDisk) -> String {
    let folder = disk.path().join("network");
    std::fs::create_dir(&folder).unwrap();
    folder.to_str().unwrap().to_owned()
}

#[test]
fn a_model_folder_on_a_hanging_disk_delays_no_page_and_no_shutdown() {
    let test = "stopping::a_model_folder_on_a_hanging_disk_delays_no_page_and_no_shutdown";
    on_a_small_disk(test, 4096, async |disk| {
        let models = network(&disk);
        // A disk that was there at the start goes on to be reachable from within the server's walls, and
        // can hang. The one of this test is mounted later, which the walls do not see.
        let arguments = ["--model-dir", &models, "--sandbox", "false"];
        let (mut child, address) = serve(disk.path(), &arguments);
        let Some(_hung) = HungDisk::at(Path::new(&models)) else { return };
        // The second and third request do not wait: the folder is known to hang.
        for _ in 0..3 {
            let answer = get(&address, "/api/v1/models");
            assert!(answer.contains("The models folder can't be reached"), "{answer}");
            assert!(answer.contains("SmolLM2"), "the default model is listed: {answer}");
        }
        let log = ends(&mut child);
        assert!(log.contains("the file system does not answer"), "{log}");
    });
}

#[test]
fn a_model_folder_on_a_hanging_disk_does_not_delay_the_start() {
    let test = "stopping::a_model_folder_on_a_hanging_disk_does_not_delay_the_start";
    on_a_small_disk(test, 4096, async |disk| {
        let models = network(&disk);
        let Some(_hung) = HungDisk::at(Path::new(&models)) else { return };
        let arguments = ["--model-dir", &models, "--sandbox", "false"];
        let (mut child, address) = serve(disk.path(), &arguments);
        let answer = get(&address, "/api/v1/models");
        assert!(answer.contains("The models folder can't be reached"), "{answer}");
        ends(&mut child);
        // The server's walls have no rule for a folder that cannot be looked at when they are raised.
        let (mut child, address) = serve(disk.path(), &["--model-dir", &models]);
        assert!(get(&address, "/api/v1/models").starts_with("HTTP/1.1 200 "));
        let log = ends(&mut child);
        assert!(log.contains("threads wait for a disk outside of them"), "{log}");
    });
}

#[test]
fn a_model_file_on_a_hanging_disk_delays_no_page_and_no_shutdown() {
    let test = "stopping::a_model_file_on_a_hanging_disk_delays_no_page_and_no_shutdown";
    on_a_small_disk(test, 4096, async |disk| {
        let models = network(&disk);
        let file = format!("{models}/x.gguf");
        let (mut child, address) = serve(disk.path(), &["--model-file", &file]);
        let Some(_hung) = HungDisk::at(Path::new(&models)) else { return };
        // The list waits for a look at the files; a status tells what was seen.
        get(&address, "/api/v1/models");
        for _ in 0..20 {
            let answer = get(&address, "/api/v1/status");
            assert!(answer.contains("doesn't respond"), "{answer}");
        }
        ends(&mut child);
    });
}

/// The thread that reads the prompts hangs and cannot be ended, so the process ends without it.
#[test]
fn a_hanging_start_ends_on_sigterm() {
    let test = "stopping::a_hanging_start_ends_on_sigterm";
    on_a_small_disk(test, 4096, async |disk| {
        let network = network(&disk);
        let Some(_hung) = HungDisk::at(Path::new(&network)) else { return };
        let prompts = disk.path().join("prompts");
        std::fs::create_dir(&prompts).unwrap();
        std::os::unix::fs::symlink(network + "/x.md", prompts.join("companion.md")).unwrap();
        let arguments = ["--listen", "127.0.0.1:0", "--prompts-dir", "prompts"];
        let mut child = companion(disk.path(), &arguments).spawn().unwrap();
        // A thread hangs in the file system when the kernel reports that it waits there.
        let waits = || {
            let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
            threads.flatten().any(|thread| {
                let at = std::fs::read_to_string(thread.path().join("wchan")).unwrap_or_default();
                at.contains("fuse") || at.contains("request_wait")
            })
        };
        let begin = Instant::now();
        while !waits() {
            assert!(begin.elapsed() < HANG, "nothing hangs");
            std::thread::sleep(Duration::from_millis(5));
        }
        let log = ends(&mut child);
        assert!(log.contains("is left behind"), "{log}");
    });
}

/// The shown text is kept, the turn is interrupted, and the data folder can be used again.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_during_an_answer_keeps_the_text_that_was_shown() {
    let folder = tempfile::tempdir().unwrap();
    let upstream = Upstream::start().await.unwrap();
    let pieces = vec!["One".to_owned(), " two".to_owned()];
    let answer = Answer { pieces, hold_after: Some(1), ..Default::default() };
    upstream.script(Script::always([Step::Answer(answer)]));
    let url = upstream.base_url();
    let arguments = ["--base-url", &url, "--model", "scripted-model", "--data-dir", "data"];
    let (mut child, address) = serve(folder.path(), &arguments);

    let client = reqwest::Client::builder().timeout(HANG).build().unwrap();
    let workers = format!("http://{address}{WORKERS}");
    let page: WorkerPage = client.get(&workers).send().await.unwrap().json().await.unwrap();
    let worker = format!("{WORKERS}/{}", page.workers[0].worker_id);
    let body = json!({ "id": message_id(), "text": "Count." });
    let url = format!("http://{address}{worker}/messages");
    assert_eq!(client.post(url).json(&body).send().await.unwrap().status(), 202);
    let begin = Instant::now();
    loop {
        let transcript = transcript(&client, &address, &worker).await;
        if transcript.messages.last().is_some_and(|message| message.text == "One") {
            break;
        }
        assert!(begin.elapsed() < HANG, "{transcript:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let log = tokio::task::spawn_blocking(move || ends(&mut child)).await.unwrap();
    assert!(log.contains("stopped") && !log.contains("without"), "{log}");
    // The database was closed: its write-ahead log is empty or gone.
    let wal = std::fs::metadata(folder.path().join("data/companion.db-wal"));
    assert_eq!(wal.map_or(0, |wal| wal.len()), 0);

    let (mut again, address) = serve(folder.path(), &arguments);
    let transcript = transcript(&client, &address, &worker).await;
    assert_eq!(transcript.messages.last().unwrap().text, "One");
    assert_eq!(transcript.turns.last().unwrap().state, TurnState::Interrupted);
    ends(&mut again);
}

async fn transcript(client: &reqwest::Client, address: &str, worker: &str) -> Transcript {
    let url = format!("http://{address}{worker}/transcript");
    client.get(url).send().await.unwrap().json().await.unwrap()
}

#[test]
fn a_second_signal_ends_the_process_at_once_with_its_own_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(folder.path(), &["--data-dir", "data"]);
    // A request whose body never arrives: an orderly shutdown waits for it.
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    let head = format!(
        "POST {WORKERS} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\nexpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    assert!(line.starts_with("HTTP/1.1 100 "), "{line}");

    signal(&child, "-TERM");
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("asked to stop") {
        assert!(log.read_line(&mut said).unwrap() > 0, "{said}");
    }
    let begin = Instant::now();
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(128 + 15));
    assert!(begin.elapsed() < PROMPTLY, "{:?}", begin.elapsed());
    // The next server can use the folder although it was not closed in order.
    let (mut again, _) = serve(folder.path(), &["--data-dir", "data"]);
    ends(&mut again);
}
