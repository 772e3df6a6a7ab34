//! Opening files that somebody else named: a setting, a folder's entry, an argument.
//!
//! A name may belong to a named pipe, which blocks the opener until somebody writes into it, or
//! to a device, which may do anything when it is opened. So the type is looked at first, the
//! file is opened in a way that cannot block, and the type of what was opened is looked at
//! again, because the name may have been given to something else in between.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// How long a pipe that was named as a configuration or key file may take to deliver all of
/// its text. A program that asks somebody for a password writes into it.
pub const PIPE_PATIENCE: Duration = Duration::from_secs(60);

/// What was opened is no regular file. The text says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {0} and not a regular file")]
pub struct NotRegular(pub &'static str);

/// Opens a regular file for reading; links are followed. Never blocks on a pipe or a device.
/// An error that holds [`NotRegular`] tells that something else has the name.
pub fn open_regular(path: &Path) -> io::Result<File> {
    regular(std::fs::metadata(path)?.file_type())?;
    let file = open_without_waiting(path)?;
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// The [`NotRegular`] in an error, if that is what the error is about.
pub fn not_regular(error: &io::Error) -> Option<NotRegular> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<NotRegular>()).copied()
}

/// The text of a configured file of at most `most` bytes: a regular file, or a pipe, such as
/// a shell's `<(command)` or `/dev/stdin`. Errors when a pipe does not deliver its text within
/// `patience`, when the file is longer, and when it is not UTF-8.
pub fn read_text(path: &Path, most: u64, patience: Duration) -> io::Result<String> {
    let bytes = if std::fs::metadata(path)?.file_type().is_fifo() {
        read_pipe(&open_without_waiting(path)?, most, patience)?
    } else {
        let mut bytes = Vec::new();
        open_regular(path)?.take(most + 1).read_to_end(&mut bytes)?;
        bytes
    };
    if bytes.len() as u64 > most {
        return Err(io::Error::new(ErrorKind::FileTooLarge, TooLong(most)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

#[derive(Debug, thiserror::Error)]
#[error("it is longer than {0} bytes")]
struct TooLong(u64);

fn open_without_waiting(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC).bits();
    OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path)
}

fn regular(found: FileType) -> io::Result<()> {
    if found.is_file() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::InvalidInput, NotRegular(kind(found))))
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a folder"
    } else if found.is_fifo() {
        "a named pipe"
    } else if found.is_socket() {
        "a socket"
    } else if found.is_char_device() || found.is_block_device() {
        "a device"
    } else {
        "something else"
    }
}

/// Reads until every writer has closed the pipe. One that nobody has opened yet is waited for:
/// it counts as ended only after it has had a writer.
fn read_pipe(mut pipe: &File, most: u64, patience: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + patience;
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let late = io::Error::new(ErrorKind::TimedOut, "nobody wrote into this pipe in time");
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let ready = poll(&mut [PollFd::new(pipe, PollFlags::IN)], Some(&timeout));
        match ready {
            Ok(0) => return Err(late),
            Err(rustix::io::Errno::INTR) => continue,
            ready => ready?,
        };
        match pipe.read(&mut buffer) {
            Ok(0) => return Ok(text),
            Ok(read) => text.extend_from_slice(&buffer[..read]),
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
        if text.len() as u64 > most {
            return Ok(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType as Type, Mode, mknodat};
    use std::io::Write as _;
    use std::os::unix::fs::symlink;

    const LONG: Duration = Duration::from_secs(20);

    fn pipe(path: &Path) {
        mknodat(CWD, path, Type::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    }

    #[test]
    fn what_is_no_regular_file_is_told_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "text").unwrap();
        symlink("file", at("link")).unwrap();
        assert!(open_regular(&at("file")).is_ok() && open_regular(&at("link")).is_ok());

        pipe(&at("pipe"));
        symlink("pipe", at("link to a pipe")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        for (name, expected) in [
            ("pipe", "a named pipe"),
            ("link to a pipe", "a named pipe"),
            ("socket", "a socket"),
            ("", "a folder"),
            ("/dev/null", "a device"),
        ] {
            let error = open_regular(&at(name)).unwrap_err();
            assert_eq!(not_regular(&error), Some(NotRegular(expected)), "{name}");
            assert!(error.to_string().contains("not a regular file"), "{error}");
        }
        symlink("circle", at("circle")).unwrap();
        assert_eq!(not_regular(&open_regular(&at("circle")).unwrap_err()), None);
        let missing = open_regular(&at("none")).unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    }

    #[test]
    fn a_pipe_is_read_to_its_end_and_not_waited_for_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        pipe(&path);
        let alone = read_text(&path, 100, Duration::from_millis(20)).unwrap_err();
        assert_eq!(alone.kind(), ErrorKind::TimedOut);

        let writes = {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut pipe = OpenOptions::new().write(true).open(path).unwrap();
                pipe.write_all(b"one ").unwrap();
                pipe.write_all(b"two").unwrap();
            })
        };
        assert_eq!(read_text(&path, 100, LONG).unwrap(), "one two");
        writes.join().unwrap();
    }

    #[test]
    fn a_text_has_a_bound_and_is_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5, LONG).unwrap(), "12345");
        assert_eq!(read_text(&path, 4, LONG).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path, 5, LONG).unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(not_regular(&read_text(Path::new("/dev/zero"), 5, LONG).unwrap_err()).is_some());
    }
}
