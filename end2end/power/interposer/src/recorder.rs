//! The journal, and which descriptors lead to files that are recorded.
//!
//! One lock is held from before an operation until its record is written, so the journal has the
//! order in which the operations took effect. Syncs are the exception, see [`Operation`].

use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr, OsString, c_char, c_int};
use std::mem::MaybeUninit;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use libc::{iovec, off_t, ssize_t, stat};
use power_journal::{END, FOLDER, JOURNAL, Operation, SYNC_MS};

use crate::real::real;

/// More descriptors than a test gives the program; files with higher ones are not recorded.
const DESCRIPTORS: usize = 1 << 16;

/// Whether a descriptor leads to a recorded file. Sockets are written far more often than files, and
/// need no lock with this.
static TRACKED: [AtomicBool; DESCRIPTORS] = [const { AtomicBool::new(false) }; DESCRIPTORS];

static RECORDER: OnceLock<Option<Mutex<Recorder>>> = OnceLock::new();

pub(crate) struct Recorder {
    folder: PathBuf,
    journal: c_int,
    /// The nodes behind the tracked descriptors.
    nodes: HashMap<c_int, u64>,
    syncs: u64,
    pub(crate) sync_pause: Duration,
    /// Once this file exists, the process is killed.
    end: Option<CString>,
}

/// What a path led to before it was opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Before {
    Nothing,
    Bytes(i64),
}

/// The recorder, locked; `None` if the environment names no journal.
pub(crate) fn recorder() -> Option<MutexGuard<'static, Recorder>> {
    let recorder =
        RECORDER.get_or_init(|| Recorder::from_environment().map(Mutex::new)).as_ref()?;
    Some(recorder.lock().unwrap_or_else(PoisonError::into_inner))
}

pub(crate) fn is_tracked(file: c_int) -> bool {
    slot(file).is_some_and(|tracked| tracked.load(SeqCst))
}

fn slot(file: c_int) -> Option<&'static AtomicBool> {
    TRACKED.get(usize::try_from(file).ok()?)
}

impl Recorder {
    fn from_environment() -> Option<Self> {
        let sync_ms = std::env::var(SYNC_MS).ok().and_then(|ms| ms.parse().ok());
        let journal = std::env::var_os(JOURNAL)?;
        let folder = Path::new(&std::env::var_os(FOLDER)?).canonicalize().ok()?;
        let name = [journal.as_bytes(), b"\0"].concat();
        let open = real!("open64\0", fn(*const c_char, c_int, libc::mode_t) -> c_int);
        let flags = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC;
        // SAFETY: the name is a C string.
        let journal = unsafe { open(name.as_ptr().cast(), flags, 0o600) };
        assert!(journal >= 0, "the journal cannot be opened");
        Some(Self {
            folder,
            journal,
            nodes: HashMap::new(),
            // The number of a process is new for each start, so no sync gets a number twice.
            syncs: u64::from(std::process::id()) << 32,
            sync_pause: Duration::from_millis(sync_ms.unwrap_or(0)),
            end: std::env::var_os(END).and_then(|path| CString::new(path.into_vec()).ok()),
        })
    }

    /// Writes a record. Kills the process if it has to end.
    pub(crate) fn did(&mut self, operation: &Operation<'_>) {
        let (head, tail) = (operation.head(), operation.tail());
        let pieces = [&head, tail].map(|piece| iovec {
            iov_base: piece.as_ptr().cast_mut().cast(),
            iov_len: piece.len(),
        });
        let writev = real!("writev\0", fn(c_int, *const iovec, c_int) -> ssize_t);
        // SAFETY: both pieces live longer than the call.
        let written = unsafe { writev(self.journal, pieces.as_ptr(), 2) };
        let whole = usize::try_from(written) == Ok(head.len() + tail.len());
        assert!(whole, "the journal cannot be written");
        // SAFETY: the path is a C string.
        let exists = |path: &CString| unsafe { libc::access(path.as_ptr(), libc::F_OK) } == 0;
        if self.end.as_ref().is_some_and(exists) {
            // SAFETY: no memory is involved.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
    }

    /// Writes a record for the node of a descriptor.
    pub(crate) fn did_to<'a>(&mut self, file: c_int, operation: impl FnOnce(u64) -> Operation<'a>) {
        if let Some(node) = self.nodes.get(&file) {
            self.did(&operation(*node));
        }
    }

    /// Tracks a descriptor if it leads below the folder, and records what opening it did.
    pub(crate) fn opened(&mut self, file: c_int, before: Before, cut: bool) {
        let name = format!("/proc/self/fd/{file}\0");
        let Some(path) = link_at(&name).and_then(|path| self.relative(path)) else { return };
        let Some(found) = look_at(file) else { return };
        // A file without a name (`O_TMPFILE`) never survives its process.
        let Some(slot) = slot(file).filter(|_| found.st_nlink > 0) else { return };
        let node = found.st_ino;
        self.nodes.insert(file, node);
        slot.store(true, SeqCst);
        match before {
            Before::Nothing => self.did(&Operation::CreateFile { node, path: &path }),
            Before::Bytes(1..) if cut => self.did(&Operation::Resize { node, bytes: 0 }),
            Before::Bytes(_) => {}
        }
    }

    pub(crate) fn closes(&mut self, file: c_int) {
        self.nodes.remove(&file);
        if let Some(slot) = slot(file) {
            slot.store(false, SeqCst);
        }
    }

    pub(crate) fn sync_begins(&mut self, file: c_int) -> Option<u64> {
        let node = *self.nodes.get(&file)?;
        self.syncs += 1;
        self.did(&Operation::SyncBegin { sync: self.syncs, node });
        Some(self.syncs)
    }

    pub(crate) fn made_folder(&mut self, path: &CStr) {
        // SAFETY: the path is a C string.
        let full = unsafe { path_of(libc::AT_FDCWD, path.as_ptr()) };
        if let Some(path) = full.and_then(|path| self.relative(path))
            && let Some(node) = node_of(&self.folder.join(&path))
        {
            self.did(&Operation::CreateFolder { node, path: &path });
        }
    }

    pub(crate) fn unlinked(&mut self, path: Option<PathBuf>) {
        if let Some(path) = path.and_then(|path| self.relative(path)) {
            self.did(&Operation::Unlink { path: &path });
        }
    }

    /// Records a renaming within the folder; one from or to elsewhere is not supported.
    pub(crate) fn renamed(&mut self, from: Option<PathBuf>, to: Option<PathBuf>) {
        let from = from.and_then(|path| self.relative(path));
        let to = to.and_then(|path| self.relative(path));
        if let (Some(from), Some(to)) = (from, to) {
            self.did(&Operation::Rename { from: &from, to: &to });
        }
    }

    /// Records another name of a file within the folder.
    pub(crate) fn linked(&mut self, from: Option<PathBuf>, to: Option<PathBuf>) {
        let from = from.and_then(|path| self.relative(path));
        let to = to.and_then(|path| self.relative(path));
        if let (Some(from), Some(to)) = (from, to)
            && let Some(node) = node_of(&self.folder.join(from))
        {
            self.did(&Operation::Link { node, path: &to });
        }
    }

    fn relative(&self, path: PathBuf) -> Option<String> {
        path.strip_prefix(&self.folder).ok()?.to_str().map(ToOwned::to_owned)
    }
}

/// What a path leads to now.
///
/// # Safety
/// `path` must be a C string.
pub(crate) unsafe fn look(folder: c_int, path: *const c_char) -> Before {
    let mut found = MaybeUninit::<stat>::uninit();
    // SAFETY: the caller's promise, and there is room for the result.
    let status = unsafe { libc::fstatat(folder, path, found.as_mut_ptr(), 0) };
    // SAFETY: a successful call has filled it.
    if status == 0 {
        Before::Bytes(unsafe { found.assume_init() }.st_size)
    } else {
        Before::Nothing
    }
}

fn look_at(file: c_int) -> Option<stat> {
    let mut found = MaybeUninit::<stat>::uninit();
    // SAFETY: there is room for the result.
    let status = unsafe { libc::fstat(file, found.as_mut_ptr()) };
    // SAFETY: a successful call has filled it.
    (status == 0).then(|| unsafe { found.assume_init() })
}

fn node_of(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    Some(std::fs::symlink_metadata(path).ok()?.ino())
}

/// The position of a descriptor.
pub(crate) fn position(file: c_int) -> u64 {
    // SAFETY: no memory is involved.
    let at: off_t = unsafe { libc::lseek(file, 0, libc::SEEK_CUR) };
    at.cast_unsigned()
}

/// The absolute path, with its folder resolved; `None` if that folder does not exist.
///
/// # Safety
/// `path` must be a C string.
pub(crate) unsafe fn path_of(folder: c_int, path: *const c_char) -> Option<PathBuf> {
    // SAFETY: the caller's promise.
    let path = Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()));
    let base = match folder {
        _ if path.is_absolute() => PathBuf::new(),
        libc::AT_FDCWD => std::env::current_dir().ok()?,
        folder => link_at(&format!("/proc/self/fd/{folder}\0"))?,
    };
    let path = base.join(path);
    Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
}

/// Where a link leads. `name` ends with a NUL.
fn link_at(name: &str) -> Option<PathBuf> {
    let mut target = vec![0_u8; 4096];
    // SAFETY: the name is a C string, and the buffer as long as it says.
    let length =
        unsafe { libc::readlink(name.as_ptr().cast(), target.as_mut_ptr().cast(), target.len()) };
    target.truncate(usize::try_from(length).ok()?);
    Some(OsString::from_vec(target).into())
}
