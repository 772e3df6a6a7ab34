//! Reads Companion's own format line by line. A line is parsed only after its check was compared.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Read as _};
use std::mem;

use protocol::{LogId, Timestamp, WorkerId};
use sha2::{Digest, Sha256};

use super::check::Checker;
use super::format::{CHECK_DIGITS, COVERED, Content, HexLog, NAME, NUMBER, PREFIX, VERSION, check};
use super::refusal::{ReadError, Refusal};
use super::{CONVERSATION_BYTES, CONVERSATIONS, LINE_BYTES, Totals};
use crate::bundle::text_digest;
use crate::newborn;
use crate::store::{Prompt, Take, WholeLog};

const DAMAGED: &str = "it does not fit its check: it was changed or cut off";
const OUT_OF_PLACE: &str =
    "it was changed, or a line before it is missing, doubled or out of place";

/// Reads all conversations of a file.
pub fn read(bytes: &[u8]) -> Result<Vec<WholeLog>, Refusal> {
    let mut all = Vec::new();
    let read = each(bytes, &mut |log| {
        all.push(log);
        Ok(())
    });
    match read {
        Ok(_) => Ok(all),
        Err(ReadError::Refused(refusal)) => Err(refusal),
        Err(ReadError::Input(_) | ReadError::Taker(_)) => {
            unreachable!("bytes in memory can be read, and a list takes everything")
        }
    }
}

/// Passes the conversations of a file to `take` one by one. Each of them is valid, but only the
/// result of this function tells that the file is complete.
pub fn each(input: impl BufRead, take: &mut Take<'_>) -> Result<Totals, ReadError> {
    let mut lines = Lines { input, hash: Sha256::new(), number: 0, buffer: Vec::new() };
    let mut reader = Reader::default();
    loop {
        let Some(content) = lines.next()? else {
            return Err(Refusal::line(lines.number + 1, "the file ends before its end").into());
        };
        let number = lines.number;
        let refuse = |reason| ReadError::from(Refusal::line(number, reason));
        let bytes = lines.buffer.len() as u64;
        match reader.take(content, bytes, &lines.hash).map_err(refuse)? {
            Next::GoOn => {}
            Next::Whole(log) => take(*log).map_err(ReadError::Taker)?,
            Next::End => break,
        }
        // The hash in the last line covers the bytes before that line.
        lines.hash.update(&lines.buffer);
    }
    match lines.input.fill_buf().map_err(ReadError::Input)? {
        [] => Ok(Totals { conversations: reader.conversations, left_out: reader.lost }),
        _ => Err(Refusal::line(lines.number + 1, "there is something after the end").into()),
    }
}

struct Lines<R> {
    input: R,
    /// The hash of all lines before the one in the buffer.
    hash: Sha256,
    number: u64,
    /// The current line with its line feed.
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<Option<Content<'static>>, ReadError> {
        self.buffer.clear();
        let mut most = (&mut self.input).take(LINE_BYTES + 1);
        let read = most.read_until(b'\n', &mut self.buffer).map_err(ReadError::Input)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let content = if read as u64 > LINE_BYTES {
            Err(format!("it is longer than {LINE_BYTES} bytes"))
        } else {
            parse(&self.buffer, self.number, &self.hash)
        };
        content.map(Some).map_err(|reason| Refusal::line(self.number, reason).into())
    }
}

fn parse(line: &[u8], number: u64, before: &Sha256) -> Result<Content<'static>, String> {
    let covered = line.strip_suffix(b"\n").and_then(|line| line.get(COVERED..));
    let found = line.strip_prefix(PREFIX).and_then(|rest| rest.split_at_checked(CHECK_DIGITS));
    let (Some(covered), Some((found, rest))) = (covered, found) else {
        return Err(DAMAGED.to_owned());
    };
    if !rest.starts_with(NUMBER) {
        return Err(DAMAGED.to_owned());
    }
    let expected = format!("\"line\":{number},");
    if check(before, covered).as_bytes() != found {
        let placed = covered.starts_with(expected.as_bytes());
        return Err(if placed { DAMAGED } else { OUT_OF_PLACE }.to_owned());
    }
    let content = covered.strip_prefix(expected.as_bytes()).ok_or(OUT_OF_PLACE)?;
    let json = [b"{", content].concat();
    let content: Content<'static> =
        serde_json::from_slice(&json).map_err(|_| "it is not a line of this format")?;
    // The line is written again and compared: a difference means that this version does not know
    // something in it, which would be lost.
    if serde_json::to_vec(&content).ok().as_deref() != Some(&json) {
        return Err("it holds something that this version does not know".to_owned());
    }
    Ok(content)
}

/// The effect of a line.
enum Next {
    GoOn,
    /// A conversation is complete.
    Whole(Box<WholeLog>),
    End,
}

#[derive(Default)]
struct Reader {
    begun: bool,
    prompts: HashMap<String, String>,
    workers: HashSet<WorkerId>,
    conversations: u64,
    events: u64,
    /// Log entries that were unreadable when the file was written, of all conversations.
    lost: u64,
    open: Option<Conversation>,
}

/// A conversation whose events are being read.
struct Conversation {
    worker_id: WorkerId,
    log: LogId,
    created_at: Timestamp,
    missing: u64,
    bytes: u64,
    checker: Checker,
    events: Vec<protocol::Event>,
}

impl Reader {
    fn take(&mut self, content: Content<'_>, bytes: u64, hash: &Sha256) -> Result<Next, String> {
        if !self.begun {
            return self.header(&content);
        }
        if let Some(open) = &mut self.open {
            let Content::Event(event) = content else {
                return Err(format!("{} more events were announced", open.missing));
            };
            open.checker.take(&event)?;
            open.bytes += bytes;
            if open.bytes > CONVERSATION_BYTES {
                return Err(format!("its conversation has more than {CONVERSATION_BYTES} bytes"));
            }
            open.missing -= 1;
            open.events.push(event.into_owned());
            let whole = open.missing == 0;
            return Ok(match self.open.take_if(|_| whole) {
                Some(open) => Next::Whole(Box::new(self.whole(open))),
                None => Next::GoOn,
            });
        }
        match content {
            Content::Prompt { digest, text } => self.prompt(digest.into_owned(), text.into_owned()),
            Content::Conversation { worker_id, log_id, created_at, events } => {
                self.conversation(worker_id, log_id, created_at, events)
            }
            Content::End { conversations, events, sha256 } => {
                let sum = format!("{:x}", hash.clone().finalize());
                let right =
                    sha256 == sum && (conversations, events) == (self.conversations, self.events);
                if right { Ok(Next::End) } else { Err("it does not fit what is before it".into()) }
            }
            Content::Unreadable { lost, .. } => {
                self.lost = self.lost.saturating_add(lost);
                Ok(Next::GoOn)
            }
            Content::Header { .. } => Err("there is a second first line".into()),
            Content::Event(_) => Err("it belongs to no conversation".into()),
        }
    }

    fn header(&mut self, content: &Content<'_>) -> Result<Next, String> {
        let Content::Header { format, version } = content else {
            return Err("the file does not begin as an export does".into());
        };
        if format != NAME || *version != VERSION {
            return Err(format!("this version reads {NAME} {VERSION} only"));
        }
        self.begun = true;
        Ok(Next::GoOn)
    }

    fn prompt(&mut self, digest: String, text: String) -> Result<Next, String> {
        if text_digest(&text) != digest {
            return Err("the prompt has another digest".into());
        }
        match self.prompts.insert(digest, text) {
            None => Ok(Next::GoOn),
            Some(_) => Err("the prompt was there before".into()),
        }
    }

    fn conversation(
        &mut self,
        worker_id: WorkerId,
        HexLog(log): HexLog,
        created_at: Timestamp,
        events: u64,
    ) -> Result<Next, String> {
        if !self.workers.insert(worker_id) {
            return Err(format!("the conversation {worker_id} was there before"));
        }
        self.conversations += 1;
        self.events = self.events.saturating_add(events);
        if self.conversations > CONVERSATIONS {
            return Err(format!("there are more than {CONVERSATIONS} conversations"));
        }
        if events == 0 {
            return Err("a conversation has at least one event".into());
        }
        let (checker, list) = (Checker::default(), Vec::new());
        let missing = events;
        self.open = Some(Conversation {
            worker_id,
            log,
            created_at,
            missing,
            bytes: 0,
            checker,
            events: list,
        });
        Ok(Next::GoOn)
    }

    fn whole(&self, mut open: Conversation) -> WholeLog {
        let events = mem::take(&mut open.events);
        let mut digests: Vec<&str> =
            events.iter().filter_map(|event| event.body.refers_to()).collect();
        digests.sort_unstable();
        digests.dedup();
        let known = digests.into_iter().filter_map(|digest| self.prompts.get_key_value(digest));
        let prompts = known
            .map(|(digest, text)| Prompt { digest: digest.clone(), text: text.clone() })
            .collect();
        let worker = newborn::folded(open.worker_id, open.created_at, &events);
        WholeLog { worker, log: open.log, events, prompts }
    }
}
