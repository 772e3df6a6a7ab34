//! ZIP archives: the JSON files in them are read where they are, and nothing is ever unpacked to a
//! path. An archive may be made to harm whoever opens it, so all that it says of itself is bounded:
//! the number of its entries, what comes out of it, and how much more that is than what is in it.

use std::fs::File;
use std::io::{self, BufReader, Read};

use protocol::ProfileName;
use protocol::api::RefusalCode;
use zip::ZipArchive;
use zip::result::ZipError;

use super::any;
use super::refusal::{Place, ReadError, Refusal};
use super::tally::Sink;

/// Entries of an archive at most; a ChatGPT export has one for each picture.
const ENTRIES: usize = 100_000;
/// Bytes that come out of all files of an archive at most.
const UNPACKED_BYTES: u64 = 4 << 30;
/// How many times its packed bytes a file may have, once it has [`UNPACKED_FREE_BYTES`]. Deflate
/// makes at most 1032 of one; exports have some ten.
const RATIO: u64 = 200;
const UNPACKED_FREE_BYTES: u64 = 16 << 20;
/// Characters of a file's name that are shown.
const NAME_CHARS: usize = 100;

/// Reads the conversations of an archive. Files in it that are no exports are passed over.
pub(super) fn read(
    file: File,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
) -> Result<(), ReadError> {
    let refuse = |reason: &str| ReadError::from(Refusal::at(Place::File, reason));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| match error {
        ZipError::Io(error)
            if error.kind() != io::ErrorKind::InvalidData
                && error.kind() != io::ErrorKind::UnexpectedEof =>
        {
            ReadError::Input(error)
        }
        _ => refuse(
            "it begins as a ZIP archive does, but its list of files cannot be read; it was cut off \
             or damaged, perhaps on the way",
        ),
    })?;
    if archive.len() > ENTRIES {
        return Err(refuse(&format!("it is an archive of more than {ENTRIES} files")));
    }
    let outer = sink.file.take();
    let (mut left, mut seen) = (UNPACKED_BYTES, Seen::default());
    let (sound, refused) = (sink.tally.sound, sink.tally.refused);
    for index in 0..archive.len() {
        let done = entry(&mut archive, index, &mut left, profile, sink, &mut seen);
        sink.file = None;
        if let Err(error) = done {
            sink.file = outer;
            return Err(error);
        }
    }
    sink.file = outer;
    if (sink.tally.sound, sink.tally.refused) != (sound, refused) {
        return Ok(());
    }
    Err(refuse(&seen.nothing()))
}

/// What there was in an archive without conversations.
#[derive(Default)]
struct Seen {
    json: u64,
    archives: u64,
    pages: u64,
}

impl Seen {
    fn nothing(&self) -> String {
        match self {
            Self { json: 1.., .. } => {
                "it is an archive whose JSON files hold no conversations that are known here".into()
            }
            Self { archives: 1.., .. } => {
                "it is an archive with another archive in it; unpack it first".into()
            }
            Self { pages: 1.., .. } => {
                "it is an archive with web pages and without a JSON file; export as JSON".into()
            }
            _ => "it is an archive without a JSON file in it".into(),
        }
    }
}

fn entry(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
    left: &mut u64,
    profile: &ProfileName,
    sink: &mut Sink<'_, '_>,
    seen: &mut Seen,
) -> Result<(), ReadError> {
    // Its header alone; what is packed in an unknown way, or encrypted, has one as well.
    let (name, packed, unpacked, encrypted) = match archive.by_index_raw(index) {
        Ok(entry) if entry.is_dir() => return Ok(()),
        Ok(entry) => {
            (entry.name().to_owned(), entry.compressed_size(), entry.size(), entry.encrypted())
        }
        Err(_) => {
            let reason = "a file of the archive cannot be found in it";
            return sink.refuse(RefusalCode::Archive, None, None, at(reason));
        }
    };
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
    if last.starts_with('.') || name.starts_with("__MACOSX") {
        return Ok(());
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| last.ends_with(ending));
    seen.archives += u64::from(ends(&[".zip", ".gz", ".7z", ".tar"]));
    seen.pages += u64::from(ends(&[".html", ".htm"]));
    if !ends(&[".json", ".jsonl", ".ndjson"]) {
        return Ok(());
    }
    seen.json += 1;
    sink.file = Some(shown(&name));
    let mut refuse = |reason: &str| sink.refuse(RefusalCode::Archive, None, None, at(reason));
    if encrypted {
        return refuse("it is encrypted; make an archive without a password");
    }
    let bound = most(packed);
    if unpacked > bound {
        return refuse("it would unpack to far more than what it is packed in");
    }
    let most = bound.min(*left);
    let Ok(entry) = archive.by_index(index) else {
        return refuse("it is packed in a way that is not known here");
    };
    let (mut read, mut over) = (0, false);
    let bounded = Bounded { input: entry, most, read: &mut read, over: &mut over };
    let before = sink.tally.mark();
    let done = any::read(BufReader::with_capacity(256 * 1024, bounded), profile, sink);
    *left = left.saturating_sub(read);
    match done {
        Err(ReadError::Input(_)) if over => {
            sink.refuse(RefusalCode::Archive, None, None, at("it unpacks to more than is taken"))
        }
        // Of the packed data: a checksum, or a stream that ends.
        Err(ReadError::Input(error)) if is_of_data(&error) => {
            sink.refuse(RefusalCode::Archive, None, None, at("its packed data is damaged"))
        }
        // Archives hold other files beside the conversations.
        Err(ReadError::Refused(Refusal { place: Place::File, .. })) => {
            sink.tally.back_to(before);
            Ok(())
        }
        done => done,
    }
}

fn at(reason: &str) -> Refusal {
    Refusal::at(Place::File, reason)
}

/// Bytes that may come out of so many packed ones.
fn most(packed: u64) -> u64 {
    packed.saturating_mul(RATIO).max(UNPACKED_FREE_BYTES)
}

fn is_of_data(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof)
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect()
}

/// Ends where more came out than may.
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
