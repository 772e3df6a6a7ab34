//! Records what a program does to the files below a folder. The program runs unchanged, with this
//! library loaded before the C library (`LD_PRELOAD`, ld.so(8)): the functions here have the names
//! of the C library's, call those, and write a record of what they did (`power-journal`).
//!
//! The method is that of ALICE (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014),
//! which records system calls and derives the states that a crash could leave. A record at this
//! level needs no privileges, unlike dm-log-writes (the kernel's documentation of the device mapper)
//! and LazyFS (<https://github.com/dsrhaslab/lazyfs>), which need a block device or FUSE. And it
//! sees the whole program, unlike the VFS that SQLite's own crash tests use (its `test6.c`,
//! <https://sqlite.org/testing.html#crash_testing>), which sees only SQLite.
//!
//! Left out are maps (SQLite uses one for its `-shm` file only, which is no permanent state), system
//! calls without the C library, and descriptors that are duplicated. The reader of the journal
//! notices all of them, because it compares its result with the real files.
#![allow(unsafe_code, reason = "the C library's functions are called, and replaced, by pointers")]

use std::ffi::{CStr, c_char, c_int, c_void};

use libc::{AT_FDCWD, iovec, mode_t, off_t, size_t, ssize_t};
use power_journal::Operation;

use real::real;
use recorder::{Recorder, is_tracked, path_of, recorder};

mod real;
mod recorder;

/// Opens a file by `call`, and records what this created or cut.
///
/// # Safety
/// `path` must be a C string.
unsafe fn opening(
    folder: c_int,
    path: *const c_char,
    flags: c_int,
    call: impl FnOnce() -> c_int,
) -> c_int {
    let Some(mut recorder) = recorder() else { return call() };
    // SAFETY: the caller's promise.
    let before = unsafe { recorder::look(folder, path) };
    let opened = call();
    if opened >= 0 {
        recorder.opened(opened, before, flags & libc::O_TRUNC != 0);
    }
    opened
}

/// Writes by `call`, which returns the number of bytes, and records it. `at` is the position; `None`
/// for the descriptor's own one.
fn writing<'a>(
    file: c_int,
    at: Option<u64>,
    pieces: impl FnOnce() -> Vec<&'a [u8]>,
    call: impl FnOnce() -> ssize_t,
) -> ssize_t {
    let Some(mut recorder) = is_tracked(file).then(recorder).flatten() else { return call() };
    let written = call();
    if let Ok(mut left @ 1..) = usize::try_from(written) {
        let mut at = at.unwrap_or_else(|| recorder::position(file) - left as u64);
        for piece in pieces() {
            let piece = &piece[..piece.len().min(left)];
            recorder.did_to(file, |node| Operation::Write { node, at, bytes: piece });
            at += piece.len() as u64;
            left -= piece.len();
        }
    }
    written
}

/// Syncs by `call`. Others may write meanwhile; only what was written before is safe afterwards.
fn syncing(file: c_int, call: impl FnOnce() -> c_int) -> c_int {
    let begun = is_tracked(file).then(recorder).flatten().and_then(|mut r| r.sync_begins(file));
    let synced = call();
    if let Some(sync) = begun
        && synced == 0
        && let Some(pause) = recorder().map(|recorder| recorder.sync_pause)
    {
        std::thread::sleep(pause);
        if let Some(mut recorder) = recorder() {
            recorder.did(&Operation::SyncEnd { sync });
        }
    }
    synced
}

/// Changes a name by `call`, and records it by `record` if that succeeded.
fn naming(call: impl FnOnce() -> c_int, record: impl FnOnce(&mut Recorder)) -> c_int {
    let Some(mut recorder) = recorder() else { return call() };
    let named = call();
    if named == 0 {
        record(&mut recorder);
    }
    named
}

/// Records the new length of a file.
fn resizing(file: c_int, bytes: off_t, call: impl FnOnce() -> c_int) -> c_int {
    let Some(mut recorder) = is_tracked(file).then(recorder).flatten() else { return call() };
    let resized = call();
    if resized == 0 {
        recorder.did_to(file, |node| Operation::Resize { node, bytes: bytes.cast_unsigned() });
    }
    resized
}

/// # Safety
/// `bytes` must point to `length` bytes, as for the C library's functions.
unsafe fn slice<'a>(bytes: *const c_void, length: size_t) -> Vec<&'a [u8]> {
    // SAFETY: the caller's promise.
    vec![unsafe { std::slice::from_raw_parts(bytes.cast(), length) }]
}

/// # Safety
/// `pieces` must point to `count` pieces, as for the C library's functions.
unsafe fn slices<'a>(pieces: *const iovec, count: c_int) -> Vec<&'a [u8]> {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the caller's promise.
    let pieces = unsafe { std::slice::from_raw_parts(pieces, count) };
    let pieces = pieces.iter().filter(|piece| piece.iov_len > 0);
    // SAFETY: the caller's promise.
    pieces.flat_map(|piece| unsafe { slice(piece.iov_base, piece.iov_len) }).collect()
}

/// Defines functions of the C library: each calls the real one as `real`, in the expression behind
/// its signature.
macro_rules! replace {
    ($($real:ident: fn $name:ident($($arg:ident: $type:ty),*) -> $result:ty $body:block)*) => {$(
        /// # Safety
        /// As for the function of the C library.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name($($arg: $type),*) -> $result {
            let $real = || {
                let function = real!(concat!(stringify!($name), "\0"), fn($($type),*) -> $result);
                // SAFETY: these are the caller's arguments.
                unsafe { function($($arg),*) }
            };
            // SAFETY: pointers are as the caller promises.
            #[allow(unused_unsafe, reason = "not every function needs it")]
            unsafe { $body }
        }
    )*};
}

// `open` and `openat` have their last argument only if they create a file. Without it, the value
// here is arbitrary and ignored by the real function.
replace! {
    real: fn open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        opening(AT_FDCWD, path, flags, real)
    }
    real: fn open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        opening(AT_FDCWD, path, flags, real)
    }
    real: fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        opening(folder, path, flags, real)
    }
    real: fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
        opening(folder, path, flags, real)
    }
    real: fn close(file: c_int) -> c_int {
        // The number is free at once, so no other thread may get it before it is forgotten.
        let recorder = is_tracked(file).then(recorder).flatten();
        if let Some(mut recorder) = recorder {
            recorder.closes(file);
            return real();
        }
        real()
    }
    real: fn write(file: c_int, bytes: *const c_void, length: size_t) -> ssize_t {
        writing(file, None, || slice(bytes, length), real)
    }
    real: fn writev(file: c_int, pieces: *const iovec, count: c_int) -> ssize_t {
        writing(file, None, || slices(pieces, count), real)
    }
    real: fn pwrite(file: c_int, bytes: *const c_void, length: size_t, at: off_t) -> ssize_t {
        writing(file, Some(at.cast_unsigned()), || slice(bytes, length), real)
    }
    real: fn pwrite64(file: c_int, bytes: *const c_void, length: size_t, at: off_t) -> ssize_t {
        writing(file, Some(at.cast_unsigned()), || slice(bytes, length), real)
    }
    real: fn pwritev(file: c_int, pieces: *const iovec, count: c_int, at: off_t) -> ssize_t {
        writing(file, Some(at.cast_unsigned()), || slices(pieces, count), real)
    }
    real: fn pwritev64(file: c_int, pieces: *const iovec, count: c_int, at: off_t) -> ssize_t {
        writing(file, Some(at.cast_unsigned()), || slices(pieces, count), real)
    }
    real: fn ftruncate(file: c_int, bytes: off_t) -> c_int { resizing(file, bytes, real) }
    real: fn ftruncate64(file: c_int, bytes: off_t) -> c_int { resizing(file, bytes, real) }
    real: fn fsync(file: c_int) -> c_int { syncing(file, real) }
    real: fn fdatasync(file: c_int) -> c_int { syncing(file, real) }
    real: fn mkdir(path: *const c_char, mode: mode_t) -> c_int {
        naming(real, |recorder| recorder.made_folder(CStr::from_ptr(path)))
    }
    real: fn rmdir(path: *const c_char) -> c_int {
        let path = path_of(AT_FDCWD, path);
        naming(real, |recorder| recorder.unlinked(path))
    }
    real: fn unlink(path: *const c_char) -> c_int {
        let path = path_of(AT_FDCWD, path);
        naming(real, |recorder| recorder.unlinked(path))
    }
    real: fn unlinkat(folder: c_int, path: *const c_char, flags: c_int) -> c_int {
        let path = path_of(folder, path);
        naming(real, |recorder| recorder.unlinked(path))
    }
    real: fn rename(from: *const c_char, to: *const c_char) -> c_int {
        let (from, to) = (path_of(AT_FDCWD, from), path_of(AT_FDCWD, to));
        naming(real, |recorder| recorder.renamed(from, to))
    }
    real: fn link(from: *const c_char, to: *const c_char) -> c_int {
        let (from, to) = (path_of(AT_FDCWD, from), path_of(AT_FDCWD, to));
        naming(real, |recorder| recorder.linked(from, to))
    }
    real: fn linkat(a: c_int, from: *const c_char, b: c_int, to: *const c_char, flags: c_int) -> c_int {
        let (from, to) = (path_of(a, from), path_of(b, to));
        naming(real, |recorder| recorder.linked(from, to))
    }
}
