//! Writes Companion's own format, one conversation at a time.

use std::borrow::Cow;
use std::collections::HashSet;

use protocol::{Event, WorkerId};
use sha2::{Digest, Sha256};
use store::ConversationExport;

use super::format::{Content, HexLog, NAME, NUMBER, PREFIX, Sum, VERSION, check};
use super::salvage::Salvaged;

/// An export that is being written. Its bytes do not depend on the time or the machine.
pub struct Writer {
    /// The hash of all lines so far.
    hash: Sha256,
    lines: u64,
    conversations: u64,
    events: u64,
    /// The current conversation and the number of its events that still follow.
    open: Option<(WorkerId, u64)>,
    sum: Sum,
    /// The digests of the prompts that were written; usually few.
    prompts: HashSet<String>,
}

impl Writer {
    /// Begins an export: writes its first line to `out`.
    pub fn begin(out: &mut Vec<u8>) -> Self {
        let mut writer = Self {
            hash: Sha256::new(),
            lines: 0,
            conversations: 0,
            events: 0,
            open: None,
            sum: Sum::default(),
            prompts: HashSet::new(),
        };
        writer.line(&Content::Header { format: Cow::Borrowed(NAME), version: VERSION }, out);
        writer
    }

    /// Writes a conversation to `out`, after those of its prompts that were not written yet.
    pub fn conversation(&mut self, whole: &ConversationExport, out: &mut Vec<u8>) {
        self.begin_conversation(whole, out);
        for event in &whole.events {
            self.event(event, out);
        }
    }

    /// Writes the readable part of a conversation, after a line that says how much is missing.
    pub fn salvaged(&mut self, salvaged: &Salvaged, out: &mut Vec<u8>) {
        self.unreadable(salvaged.worker_id, salvaged.lost, out);
        if let Some(whole) = &salvaged.whole {
            self.conversation(whole, out);
        }
    }

    /// Writes the line that says how many entries of a conversation are missing. Its readable part
    /// must follow, if there is one.
    pub fn unreadable(&mut self, worker_id: WorkerId, lost: u64, out: &mut Vec<u8>) {
        self.line(&Content::Unreadable { worker_id, lost }, out);
    }

    /// Writes the lines before a conversation's events; all of its events must follow.
    pub fn begin_conversation(&mut self, whole: &ConversationExport, out: &mut Vec<u8>) {
        for prompt in &whole.prompts {
            if self.prompts.insert(prompt.digest.clone()) {
                let (digest, text) = (Cow::from(&prompt.digest), Cow::from(&prompt.text));
                self.line(&Content::Prompt { digest, text }, out);
            }
        }
        let begin = Content::Conversation {
            worker_id: whole.worker.worker_id,
            log_id: HexLog(whole.log),
            created_at: whole.worker.created_at,
            events: whole.events.len() as u64,
        };
        self.line(&begin, out);
        self.open = Some((whole.worker.worker_id, whole.events.len() as u64));
        self.conversations += 1;
        self.events += whole.events.len() as u64;
    }

    /// Writes the next event of the current conversation, and after the last one the sum.
    pub fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        self.line(&Content::Event(Cow::Borrowed(event)), out);
        let Some((worker_id, left)) = &mut self.open else { return };
        *left -= 1;
        if *left == 0 {
            let (worker_id, sha256) = (*worker_id, Cow::Owned(self.sum.digits()));
            self.open = None;
            self.line(&Content::Sum { worker_id, sha256 }, out);
        }
    }

    /// Writes the last line to `out`. Returns the numbers of conversations and events.
    pub fn end(mut self, out: &mut Vec<u8>) -> (u64, u64) {
        let sha256 = format!("{:x}", self.hash.clone().finalize());
        let (conversations, events) = (self.conversations, self.events);
        self.line(&Content::End { conversations, events, sha256: Cow::Owned(sha256) }, out);
        (conversations, events)
    }

    fn line(&mut self, content: &Content<'_>, out: &mut Vec<u8>) {
        self.lines += 1;
        let json = serde_json::to_string(content)
            .expect("lines have text keys, and their moments are within the calendar");
        self.sum.take(content, &json.as_bytes()[1..]);
        let covered = format!("\"line\":{},{}", self.lines, &json[1..]);
        let begin = out.len();
        out.extend_from_slice(PREFIX);
        out.extend_from_slice(check(&self.hash, covered.as_bytes()).as_bytes());
        out.extend_from_slice(&NUMBER[..2]);
        out.extend_from_slice(covered.as_bytes());
        out.push(b'\n');
        self.hash.update(&out[begin..]);
    }
}
