//! `companion export [FILE|-]`: writes every conversation as JSON Lines, even while a server runs.

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use files::NewFile;
use protocol::WorkerId;
use store::StoreError;
use store_sqlite::ReadOnlyStore;
use transfer::{self, Writer};

use crate::config::Config;

/// Writes the export. The summary goes to standard error, since standard output may be the export.
pub fn run(config: &Config, file: Option<&Path>) -> anyhow::Result<ExitCode> {
    let aside = ReadOnlyStore::open(&config.data_dir)?;
    let to = file.filter(|file| *file != Path::new("-"));
    let (conversations, events) = match to {
        None => {
            let mut out = BufWriter::new(io::stdout().lock());
            let written = write(&aside, &mut out).and_then(|counts| {
                out.flush()?;
                Ok(counts)
            });
            match written {
                // The reader of the output has closed it, as `head` does.
                Err(error) if is_broken_pipe(&error) => return Ok(ExitCode::FAILURE),
                written => written?,
            }
        }
        Some(name) => {
            let cannot = || match name.symlink_metadata() {
                Ok(_) => format!("{} exists already; choose another name", name.display()),
                Err(_) => format!("{} cannot be written", name.display()),
            };
            let mut out = BufWriter::new(NewFile::create(name).with_context(cannot)?);
            let counts = write(&aside, &mut out).with_context(cannot)?;
            let out =
                out.into_inner().map_err(io::IntoInnerError::into_error).with_context(cannot)?;
            out.finish().with_context(cannot)?;
            counts
        }
    };
    eprintln!("exported {conversations} conversations with {events} events");
    let without_id = aside.count_without_id()?;
    if without_id > 0 {
        eprintln!(
            "Note: {without_id} more cannot be exported, because their ids cannot be read. The next start of the server gives them new ids; export again after it."
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}

/// Each conversation is read in one transaction; conversations that are deleted meanwhile are left
/// out.
fn write(aside: &ReadOnlyStore, out: &mut impl Write) -> anyhow::Result<(u64, u64)> {
    let mut lines = Vec::new();
    let mut writer = Writer::begin(&mut lines);
    let mut last = None;
    while let Some(id) = aside.next_worker(last)? {
        let whole = match aside.whole(id) {
            Err(StoreError::Damaged(_)) => None,
            whole => Some(whole?),
        };
        match whole {
            None => salvage(aside, id, &mut writer, &mut lines)?,
            Some(None) => {}
            Some(Some(whole)) => match transfer::exportable(whole) {
                Some(whole) => writer.conversation(&whole, &mut lines),
                None => salvage(aside, id, &mut writer, &mut lines)?,
            },
        }
        out.write_all(&lines)?;
        lines.clear();
        last = Some(id);
    }
    let counts = writer.end(&mut lines);
    out.write_all(&lines)?;
    Ok(counts)
}

/// Writes the readable part of a conversation, marked as incomplete.
fn salvage(
    aside: &ReadOnlyStore,
    id: WorkerId,
    writer: &mut Writer,
    lines: &mut Vec<u8>,
) -> anyhow::Result<()> {
    if let Some(found) = aside.salvage(id)? {
        let left = transfer::salvage(found);
        match left.lost {
            0 => eprintln!("{id} cannot be read as it is stored; none of its entries is missing"),
            lost => eprintln!("{id} cannot be read as a whole; {lost} of its entries are missing"),
        }
        writer.salvaged(&left, lines);
    }
    Ok(())
}
