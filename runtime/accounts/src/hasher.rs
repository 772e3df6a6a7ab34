//! Hashes passwords with argon2id, on threads of its own.
//!
//! A computation takes tens of milliseconds of a processor and some 19 MiB, on purpose. A flood of
//! logins must not take these from anybody else, so there are few threads, with a short queue; a
//! login that finds the queue full is told to come back.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{mpsc, oneshot};

use crate::password::Password;
use crate::secret::random;

/// The most computations that wait for a thread.
const QUEUE: usize = 16;

/// The parameters of a stored hash that are still computed. A damaged row could name others, which
/// would take all memory or forever.
const MAX_MEMORY_KIB: u32 = 256 << 10;
const MAX_PASSES: u32 = 16;

/// How much a computation costs, and how many run at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashSettings {
    /// The memory of a computation, in KiB.
    pub memory_kib: u32,
    /// How often it goes over the memory.
    pub passes: u32,
    /// The number of computations at once.
    pub threads: NonZeroUsize,
}

impl Default for HashSettings {
    /// 19 MiB, two passes, one lane: the first choice of OWASP's Password Storage Cheat Sheet; one
    /// thread for each two processors.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = NonZeroUsize::new(processors / 2).unwrap_or(NonZeroUsize::MIN);
        Self { memory_kib: 19 << 10, passes: 2, threads: threads.min(MOST_THREADS) }
    }
}

/// More computations at once than this are of no use to a household or a team.
const MOST_THREADS: NonZeroUsize = NonZeroUsize::new(4).expect("four is not zero");

/// The stored hash of a password, in the PHC string format, with its salt and parameters. `Debug`
/// prints `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// From the stored text.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text that is stored.
    pub fn as_stored(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HashError {
    /// Too many computations wait already.
    Busy,
    /// The computation failed, as without memory.
    Failed,
}

/// What a check of a password found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Wrong,
    Right,
    /// The password is right, and its hash was made with other parameters than today's.
    Outdated,
}

type Job = Box<dyn FnOnce(&Argon2<'static>) + Send>;

/// The handle to the threads, which end when the last handle is gone.
#[derive(Clone)]
pub(crate) struct Hasher {
    jobs: mpsc::Sender<Job>,
    params: Params,
    /// A hash that no password has, for logins with an unknown name: they cost the same.
    dummy: PasswordHash,
    computed: Arc<AtomicU64>,
}

impl Hasher {
    /// Starts the threads. Error: the parameters are not valid, or a thread cannot be started.
    pub(crate) fn start(settings: HashSettings) -> std::io::Result<Self> {
        let params = Params::new(settings.memory_kib, settings.passes, 1, None)
            .map_err(|error| std::io::Error::other(error.to_string()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let dummy = dummy(&params)
            .ok_or_else(|| std::io::Error::other("random bytes cannot be written as text"))?;
        let (jobs, queue) = mpsc::channel(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..settings.threads.get() {
            let (argon2, queue) = (argon2.clone(), queue.clone());
            thread::Builder::new()
                .name(format!("passwords-{number}"))
                .spawn(move || run(&argon2, &queue))?;
        }
        Ok(Self { jobs, params, dummy, computed: Arc::default() })
    }

    /// Checks a password against a stored hash. Without one it computes as much and finds it wrong.
    pub(crate) async fn check(
        &self,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Check, HashError> {
        let (params, dummy) = (self.params.clone(), self.dummy.clone());
        self.compute(move |argon2| {
            // A hash that cannot be computed is no reason to answer faster.
            let stored = stored.filter(is_computable);
            let is_known = stored.is_some();
            let hash = stored.unwrap_or(dummy);
            let parsed = argon2::PasswordHash::new(hash.as_stored()).ok()?;
            let is_right = argon2.verify_password(password.as_bytes(), &parsed).is_ok();
            Some(match (is_known && is_right, Params::try_from(&parsed)) {
                (false, _) => Check::Wrong,
                (true, Ok(found)) if is_same(&found, &params) => Check::Right,
                (true, _) => Check::Outdated,
            })
        })
        .await
    }

    /// Hashes a password with a new salt.
    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        self.compute(move |argon2| hash(argon2, password.as_bytes())).await
    }

    /// How many computations were started.
    pub(crate) fn computed(&self) -> u64 {
        self.computed.load(Ordering::Relaxed)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Option<T> + Send + 'static,
    ) -> Result<T, HashError> {
        let (reply, done) = oneshot::channel();
        let computed = self.computed.clone();
        let job: Job = Box::new(move |argon2| {
            // Nobody waits any more for a login whose connection is gone.
            if reply.is_closed() {
                return;
            }
            computed.fetch_add(1, Ordering::Relaxed);
            let _ = reply.send(work(argon2));
        });
        self.jobs.try_send(job).map_err(|_| HashError::Busy)?;
        done.await.ok().flatten().ok_or(HashError::Failed)
    }
}

fn run(argon2: &Argon2<'static>, queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The thread that waits holds the lock, and releases it before it computes.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = job else { return };
        job(argon2);
    }
}

fn hash(argon2: &Argon2<'static>, password: &[u8]) -> Option<PasswordHash> {
    let salt = SaltString::encode_b64(&random::<16>()).ok()?;
    let hash = argon2.hash_password(password, &salt).ok()?;
    Some(PasswordHash(hash.to_string()))
}

/// Random bytes in place of a computed hash: checking a password against it costs as much as with
/// any other, and the start costs nothing.
fn dummy(params: &Params) -> Option<PasswordHash> {
    let salt = SaltString::encode_b64(&random::<16>()).ok()?;
    let output = SaltString::encode_b64(&random::<32>()).ok()?;
    let (memory, passes) = (params.m_cost(), params.t_cost());
    let text = format!("$argon2id$v=19$m={memory},t={passes},p=1${salt}${output}");
    Some(PasswordHash(text))
}

fn is_computable(hash: &PasswordHash) -> bool {
    let Ok(parsed) = argon2::PasswordHash::new(hash.as_stored()) else { return false };
    let is_ours = parsed.algorithm == Algorithm::Argon2id.ident();
    is_ours
        && Params::try_from(&parsed).is_ok_and(|params| {
            params.m_cost() <= MAX_MEMORY_KIB
                && params.t_cost() <= MAX_PASSES
                && params.p_cost() == 1
        })
}

fn is_same(found: &Params, now: &Params) -> bool {
    let costs = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    costs(found) == costs(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cheap, because what is tested here does not depend on the cost.
    fn cheap(passes: u32) -> HashSettings {
        HashSettings { memory_kib: 64, passes, threads: NonZeroUsize::MIN }
    }

    #[tokio::test]
    async fn a_password_is_right_only_for_its_hash() {
        let hasher = Hasher::start(cheap(1)).unwrap();
        let right = Password::new("correct horse");
        let hash = hasher.hash(right.clone()).await.unwrap();
        let again = hasher.hash(right.clone()).await.unwrap();
        assert_ne!(hash, again, "each has a salt of its own");
        let check = async |text, stored| hasher.check(Password::new(text), stored).await.unwrap();
        assert_eq!(check("correct horse", Some(hash.clone())).await, Check::Right);
        assert_eq!(check("correct horse ", Some(hash)).await, Check::Wrong);
        assert_eq!(check("", None).await, Check::Wrong);
    }

    #[test]
    fn the_dummy_is_a_hash_like_any_other() {
        let params = Params::new(64, 3, 1, None).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let (dummy, real) = (dummy(&params).unwrap(), hash(&argon2, b"x").unwrap());
        assert_eq!(dummy.as_stored().len(), real.as_stored().len());
        assert!(is_computable(&dummy));
        let parsed = argon2::PasswordHash::new(dummy.as_stored()).unwrap();
        assert!(is_same(&Params::try_from(&parsed).unwrap(), &params));
        assert!(parsed.hash.is_some_and(|output| output.len() == 32));
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_outdated() {
        let old = Hasher::start(cheap(1)).unwrap();
        let new = Hasher::start(cheap(2)).unwrap();
        let password = Password::new("correct horse");
        let hash = old.hash(password.clone()).await.unwrap();
        assert_eq!(new.check(password.clone(), Some(hash)).await, Ok(Check::Outdated));
        let hash = new.hash(password.clone()).await.unwrap();
        assert_eq!(new.check(password, Some(hash)).await, Ok(Check::Right));
    }

    #[tokio::test]
    async fn damaged_and_hostile_hashes_are_wrong_and_cost_the_same() {
        let hasher = Hasher::start(cheap(1)).unwrap();
        let tail = "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for stored in [
            String::new(),
            "words".to_owned(),
            format!("$argon2id$v=19$m=4194304,t=9,p=1{tail}"),
            format!("$argon2id$v=19$m=64,t=4000000,p=1{tail}"),
            format!("$argon2i$v=19$m=64,t=1,p=1{tail}"),
        ] {
            let before = hasher.computed();
            let hash = PasswordHash::from_stored(stored.clone());
            let checked = hasher.check(Password::new("x"), Some(hash)).await;
            assert_eq!(checked, Ok(Check::Wrong), "{stored}");
            assert_eq!(hasher.computed(), before + 1);
        }
    }

    /// The queue is bounded, and a login that gave up is not computed.
    #[tokio::test]
    async fn a_flood_is_refused_and_does_not_pile_up() {
        let hasher = Hasher::start(cheap(1)).unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begun, begins) = oneshot::channel();
        let blocking = hasher.clone();
        let first = tokio::spawn(async move {
            blocking
                .compute(move |_| {
                    let _ = begun.send(());
                    held.recv().ok()
                })
                .await
        });
        begins.await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..QUEUE {
            let hasher = hasher.clone();
            waiting.spawn(async move { hasher.hash(Password::new("x")).await });
        }
        while hasher.jobs.capacity() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(hasher.hash(Password::new("x")).await, Err(HashError::Busy));
        waiting.shutdown().await;
        release.send(()).unwrap();
        first.await.unwrap().unwrap();
        // The thread takes those who gave up out of the queue one after the other.
        while hasher.jobs.capacity() < QUEUE {
            tokio::task::yield_now().await;
        }
        hasher.hash(Password::new("x")).await.unwrap();
        assert_eq!(hasher.computed(), 2, "those who gave up cost nothing");
    }
}
