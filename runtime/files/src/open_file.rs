//! Opens files whose path comes from outside of the program: from a setting, a directory or an
//! argument.
//!
//! Such a path may lead to a named pipe, where opening blocks until another process writes into
//! it, or to a device, where opening may have any effect. So the file's type is checked first,
//! the file is opened in a mode that cannot block, and then the type of the opened file is checked
//! again, because the path may have been replaced in between.

use std::fs::{File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

/// How long a pipe in the place of a configuration or key file may take to deliver all of its
/// text. The program that writes into it may first ask a person for a password.
pub const PIPE_PATIENCE: Duration = Duration::from_secs(60);

/// The path leads to something other than a regular file. The text names it, such as
/// "a named pipe".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is {0} and not a regular file")]
pub struct NotRegular(pub &'static str);

/// Opens a regular file for reading; symbolic links are followed. Never blocks on a pipe or a
/// device: for those the error holds a [`NotRegular`], see [`not_regular`].
pub fn open_regular(path: &Path) -> io::Result<File> {
    regular(std::fs::metadata(path)?.file_type())?;
    let file = open_without_waiting(path)?;
    regular(file.metadata()?.file_type())?;
    Ok(file)
}

/// The [`NotRegular`] that an error of [`open_regular`] holds, if it holds one.
pub fn not_regular(error: &io::Error) -> Option<NotRegular> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<NotRegular>()).copied()
}

/// Reads a text of at most `most` bytes from a regular file, a pipe or a character device, such as
/// a shell's `<(command)`, `/dev/stdin` or `/dev/null`. Errors: `TimedOut` when a pipe does not
/// deliver all of its text within `patience`, `FileTooLarge`, and `InvalidData` when the text is
/// not UTF-8.
pub fn read_text(path: &Path, most: u64, patience: Duration) -> io::Result<String> {
    let found = std::fs::metadata(path)?.file_type();
    // `/dev/null` is the usual name of an empty file, and `/dev/stdin` may be a terminal.
    let bytes = if found.is_fifo() || found.is_char_device() {
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

/// Reads until all writers have closed the pipe. While no writer has opened it yet, this waits:
/// a pipe has an end only after it has had a writer.
fn read_pipe(mut pipe: &File, most: u64, patience: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + patience;
    let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let late =
            io::Error::new(ErrorKind::TimedOut, "the pipe did not deliver all of its text in time");
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
    fn opening_anything_but_a_regular_file_fails_at_once_and_names_it() {
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
    fn a_pipe_is_read_to_its_end_within_a_time_limit() {
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
    fn a_text_that_is_too_long_or_not_utf_8_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5, LONG).unwrap(), "12345");
        assert_eq!(read_text(&path, 4, LONG).unwrap_err().kind(), ErrorKind::FileTooLarge);
        std::fs::write(&path, [0xff]).unwrap();
        assert_eq!(read_text(&path, 5, LONG).unwrap_err().kind(), ErrorKind::InvalidData);
        let endless = read_text(Path::new("/dev/zero"), 5, LONG).unwrap_err();
        assert_eq!(endless.kind(), ErrorKind::FileTooLarge);
        assert_eq!(read_text(Path::new("/dev/null"), 5, LONG).unwrap(), "");
        assert!(not_regular(&read_text(folder.path(), 5, LONG).unwrap_err()).is_some());
    }
}
