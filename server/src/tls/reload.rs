//! Takes a renewed certificate into use while the server runs.
//!
//! The files are read every few seconds and compared by their content, which works on every file
//! system and with each way of replacing files: in place, by renaming, or by changing a symbolic
//! link as certbot does. Notifications of the system would not.
//! Source: certbot's documentation, "Where are my certificates?".

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::facts::days_until;
use super::pair::{Digest, Pair, PairError, Texts};
use super::{SOON_DAYS, Tls, TlsFiles};

/// How often the files are read.
pub const EVERY: Duration = Duration::from_secs(5);
/// How often the log repeats that the certificate expires soon.
const REMIND: Duration = Duration::from_secs(24 * 60 * 60);

/// What to do when a new file may not be read: the server's sandbox keeps a home folder closed, and
/// those at the top of the system, but for the files that were there at the start.
const CLOSED: &str = "keep the certificate and its key in a folder of their own, whose files this \
                      account may read; in a home folder, and in one like /tmp, the server's \
                      sandbox finds new files only after a restart";

/// What a look at the files found.
enum Look {
    /// They contain what is in force.
    Same,
    New(Box<Pair>),
    /// They cannot be used. The digest tells one fault from the next; without one the files could
    /// not be read.
    Bad(Option<Digest>, PairError),
}

impl Tls {
    /// Looks at the files `every` few seconds, and at once on SIGHUP. Files that cannot be used
    /// change nothing. Runs until it is dropped.
    pub async fn keep_fresh(self, every: Duration) {
        let mut hangup = hangup();
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut in_force, mut expires) = self.opened;
        let mut fault: Option<Fault> = None;
        let mut reminded = Instant::now();
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = received(&mut hangup) => info!("asked to read the certificate again"),
            }
            let (files, known) = (self.files.clone(), in_force);
            // On a disk that does not answer this never ends, and the certificate stays.
            let looked = tokio::task::spawn_blocking(move || look(&files, known)).await;
            match looked {
                Err(error) => warn!(%error, "reading the certificate failed"),
                Ok(Look::Same) => fault = None,
                Ok(Look::New(pair)) => {
                    fault = None;
                    (in_force, expires) = (pair.digest, pair.facts.not_after);
                    self.replace(pair.certified.clone());
                    pair.log();
                    reminded = Instant::now();
                }
                Ok(Look::Bad(digest, error)) => fault = Some(Fault::again(fault, digest, &error)),
            }
            let days = days_until(expires);
            if days < SOON_DAYS && reminded.elapsed() >= REMIND {
                warn!(days, "the certificate expires soon; is it being renewed?");
                reminded = Instant::now();
            }
        }
    }
}

/// Files that cannot be used.
struct Fault {
    digest: Option<Digest>,
    said: bool,
}

impl Fault {
    /// Warns of a fault that is found a second time, and only then: the two files are replaced one
    /// after the other, and a look in between finds a key that does not match.
    fn again(before: Option<Self>, digest: Option<Digest>, error: &PairError) -> Self {
        match before.filter(|before| before.digest == digest) {
            None => Self { digest, said: false },
            Some(before) => {
                if !before.said {
                    let hint = if error.is_denied() { CLOSED } else { "" };
                    warn!(%error, hint, "the new certificate cannot be used, so the old one stays");
                }
                Self { digest, said: true }
            }
        }
    }
}

fn look(files: &TlsFiles, in_force: Digest) -> Look {
    // A pipe, such as `<(pass show key)`, can be read only once.
    let is_pipe = |path: &Path| std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    if is_pipe(&files.cert) || is_pipe(&files.key) {
        return Look::Same;
    }
    let texts = match Texts::read(files) {
        Ok(texts) => texts,
        Err(error) => return Look::Bad(None, error),
    };
    let digest = texts.digest();
    if in_force == digest {
        return Look::Same;
    }
    match texts.pair(files) {
        Ok(pair) => Look::New(Box::new(pair)),
        Err(error) => Look::Bad(Some(digest), error),
    }
}

/// SIGHUP, which asks a service to read its files again. From a terminal it means that the terminal
/// was closed, and ends the process as usual.
fn hangup() -> Option<Signal> {
    if std::io::stdin().is_terminal() {
        return None;
    }
    signal(SignalKind::hangup()).ok()
}

async fn received(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}
