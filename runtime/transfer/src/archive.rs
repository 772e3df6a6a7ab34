//! ZIP archives. Their JSON files are read in place; nothing is ever unpacked to a path. An archive
//! may be made to do harm, so everything that it declares is bounded: the number of entries, the
//! unpacked bytes, and the ratio of unpacked to packed bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};

use protocol::ProfileName;
use protocol::api::RefusalCode;
use zip::ZipArchive;
use zip::result::ZipError;

use super::refusal::{ReadError, Refusal, SourceLocation, code_of_file};
use super::tally::Sink;
use super::{any, beside, seems};

/// The most entries in an archive; a ChatGPT export has one for each picture.
const ENTRIES: usize = 100_000;
/// The most unpacked bytes of all files of an archive together.
const UNPACKED_BYTES: u64 = 4 << 30;
/// The largest ratio of a file's unpacked to its packed bytes, beyond [`UNPACKED_FREE_BYTES`].
/// Deflate reaches at most 1032; exports have about ten.
const RATIO: u64 = 200;
const UNPACKED_FREE_BYTES: u64 = 16 << 20;
/// The most characters of a file's path in a message.
const PATH_CHARS: usize = 200;
/// The most files that a message names if none of them is an export.
const NAMED: usize = 10;

/// Reads the conversations of an archive. Files that cannot be imported are named in the tally,
/// except for known files that hold no conversations.
pub(crate) fn read(
    file: File,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
) -> Result<(), ReadError> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
        match error {
        ZipError::Io(error)
            if error.kind() != io::ErrorKind::InvalidData
                && error.kind() != io::ErrorKind::UnexpectedEof =>
        {
            ReadError::Input(error)
        }
        _ => not_opened(
            "it begins as a ZIP archive does, but its list of files cannot be read; it was cut off \
             or damaged, perhaps on the way"
                .to_owned(),
        ),
    }
    })?;
    if archive.len() > ENTRIES {
        return Err(not_opened(format!("it is an archive of more than {ENTRIES} files")));
    }
    let outer = sink.file.take();
    let (mut left, mut seen) = (UNPACKED_BYTES, Seen::default());
    let (named, sound) = (sink.tally.refusals.len(), sink.tally.sound);
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).unwrap_or_default().to_owned();
        sink.file = Some(shown(outer.as_deref(), &name));
        let done = entry(&mut archive, index, &name, &mut left, profile, sink, &mut seen);
        sink.file.clone_from(&outer);
        done?;
    }
    if sink.tally.sound > sound || seen.known {
        return Ok(());
    }
    let refusals = sink.tally.refusals.get(named..).unwrap_or_default().iter();
    let reasons = refusals.map(|refusal| {
        let file = refusal.file.as_deref().unwrap_or_default();
        let within = outer.as_deref().and_then(|outer| file.strip_prefix(outer)?.strip_prefix('/'));
        format!("{}: {}", within.unwrap_or(file), refusal.reason)
    });
    let reasons: Vec<String> = reasons.take(NAMED).collect();
    Err(ReadError::not_an_export(seen.nothing(&reasons)))
}

/// The error for an archive that cannot be read as a whole.
fn not_opened(reason: String) -> ReadError {
    ReadError::NotAnExport(RefusalCode::Archive, Refusal::at(SourceLocation::File, reason))
}

/// The kinds of files in an archive, for the message if it contains no conversations.
#[derive(Default)]
struct Seen {
    /// Whether there was an export, or a JSON file that cannot be unpacked and so may be one.
    known: bool,
    json: bool,
    pages: bool,
}

impl Seen {
    fn nothing(&self, reasons: &[String]) -> String {
        match self {
            _ if !reasons.is_empty() => {
                format!("it is an archive without an export in it ({})", reasons.join("; "))
            }
            Self { json: true, .. } => {
                "it is an archive whose JSON files hold no conversations that are known here".into()
            }
            Self { pages: true, .. } => {
                "it is an archive with web pages and without a JSON file; export as JSON".into()
            }
            _ => "it is an archive without a JSON file in it".into(),
        }
    }
}

fn entry(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
    name: &str,
    left: &mut u64,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
    seen: &mut Seen,
) -> Result<(), ReadError> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    // This reads only the header, which even encrypted or unusually packed entries have.
    let (packed, unpacked, encrypted) = match archive.by_index_raw(index) {
        Ok(entry) if entry.is_dir() => return Ok(()),
        Ok(entry) => (entry.compressed_size(), entry.size(), entry.encrypted()),
        Err(_) => {
            seen.known = true;
            let reason = "it cannot be found in the archive, which was damaged";
            return sink.refuse(RefusalCode::Archive, None, None, at(reason));
        }
    };
    if last.starts_with('.') || name.starts_with("__MACOSX") {
        return Ok(());
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
    seen.pages |= ends(&[".html", ".htm"]);
    if ends(&[".zip", ".gz", ".7z", ".tar"]) && !beside::is_known(&last) {
        return sink.refuse(RefusalCode::NotAnExport, None, None, at(seems::INNER_ARCHIVE));
    }
    if !ends(&[".json", ".jsonl", ".ndjson"]) {
        sink.tally.not_read += 1;
        return Ok(());
    }
    seen.json = true;
    let refuse = |reason: &str, sink: &mut Sink<'_, '_>, seen: &mut Seen| {
        seen.known = true;
        sink.refuse(RefusalCode::Archive, None, None, at(reason))
    };
    if encrypted {
        return refuse("it is encrypted; make an archive without a password", sink, seen);
    }
    let bound = most(packed);
    if unpacked > bound {
        return refuse("it would unpack to far more than what it is packed in", sink, seen);
    }
    let most = bound.min(*left);
    let Ok(entry) = archive.by_index(index) else {
        return refuse("it is packed in a way that is not known here", sink, seen);
    };
    let (mut read, mut over) = (0, false);
    let bounded = Bounded { input: entry, most, read: &mut read, over: &mut over };
    let before = sink.tally.mark();
    let done = any::read(BufReader::with_capacity(256 * 1024, bounded), profile, sink);
    *left = left.saturating_sub(read);
    match done {
        Err(ReadError::Input(_)) if over => refuse("it unpacks to more than is taken", sink, seen),
        // The packed data is wrong: the checksum does not match, or the stream ends early.
        Err(ReadError::Input(error)) if is_of_data(&error) => {
            let reason = "its packed data is damaged; what could be read of it came in, and may have \
                          been altered";
            refuse(reason, sink, seen)
        }
        Err(ReadError::NotAnExport(code, refusal)) => {
            sink.tally.back_to(before);
            // A file with an empty list of conversations has nothing to lose.
            if beside::is_known(&last) || code == RefusalCode::NoMessages {
                sink.tally.not_read += 1;
                return Ok(());
            }
            sink.refuse(code_of_file(code), None, None, refusal)
        }
        done => {
            seen.known = true;
            done
        }
    }
}

fn at(reason: &str) -> Refusal {
    Refusal::at(SourceLocation::File, reason)
}

/// The most unpacked bytes for `packed` bytes.
fn most(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).max(UNPACKED_FREE_BYTES)
}

fn is_of_data(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

/// The path of a file in an archive, after the archive's name if it has one.
fn shown(archive: Option<&str>, path: &str) -> String {
    let path: String = path.chars().filter(|c| !c.is_control()).take(PATH_CHARS).collect();
    archive.map_or_else(|| path.clone(), |archive| format!("{archive}/{path}"))
}

/// A reader that fails after `most` bytes.
struct Bounded<'a, R> {
    input: R,
    most: u64,
    read: &'a mut u64,
    over: &'a mut bool,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        *self.read += read as u64;
        if *self.read > self.most {
            *self.over = true;
            return Err(io::Error::other("it unpacks to more than is taken"));
        }
        Ok(read)
    }
}
