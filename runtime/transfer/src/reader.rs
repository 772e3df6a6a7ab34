//! Reads Companion's own format line by line. A line is parsed only after its check was compared.
//!
//! A damaged line affects only the conversation that it belongs to. The checks of the lines after
//! it cannot be compared any more, since each covers all bytes before it. A later conversation is
//! imported if all its lines are there in order, form a sound log, and match the sum after them.
//! Without a sum it is imported, too, and the tally says so.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::mem;

use protocol::api::{ImportFormat, LeftOut, RefusalCode};
use protocol::{Event, EventBody, LogId, Timestamp, WorkerId};
use store::{ConversationExport, Prompt, initial_worker, text_digest};

use super::check::Checker;
use super::format::{Content, HexLog, NAME, VERSION};
use super::refusal::{ReadError, Refusal};
use super::tally::{Sink, Unsound};
use super::{CONVERSATION_BYTES, CONVERSATIONS, MESSAGE_BYTES};
use lines::{Line, Lines, Wrong};

mod lines;

/// Reads all conversations of a file, all or none.
pub fn read(bytes: &[u8]) -> Result<Vec<ConversationExport>, Refusal> {
    let mut all = Vec::new();
    let mut take = |log| {
        all.push(log);
        Ok(())
    };
    let mut sink = Sink::new(&mut take, Unsound::Refuse);
    match read_into(bytes, &mut sink) {
        Ok(()) => Ok(all),
        Err(ReadError::Refused(refusal) | ReadError::NotAnExport(_, refusal)) => Err(refusal),
        Err(ReadError::Input(_) | ReadError::Taker(_)) => {
            unreachable!("bytes in memory can be read, and a list takes everything")
        }
    }
}

/// Reads the conversations of a file one by one. Each of them is sound; under a strict sink, only
/// the function's result tells whether the file is complete.
pub(crate) fn read_into(input: impl BufRead, sink: &mut Sink<'_, '_>) -> Result<(), ReadError> {
    let mut lines = Lines::new(input);
    let mut reader = Reader::default();
    let before = sink.tally.sound;
    let ended = loop {
        let Some(line) = lines.next()? else { break false };
        let number = lines.number();
        if let Line { content: Ok(Content::End { .. }), .. } = &line {
            reader.completed(sink)?;
            reader.skipped_or_missing(number, sink)?;
            reader.finish(line, number, &lines, sink)?;
            break true;
        }
        reader.line(line, number, &lines, sink)?;
    };
    let last = lines.number() + 1;
    if !ended {
        reader.completed(sink)?;
        reader.cut_off(last, sink)?;
    } else if lines.has_more()? {
        let words = "there is something after the end";
        sink.refuse(RefusalCode::Damaged, None, None, Refusal::line(last, words))?;
    }
    if sink.tally.sound == before && !reader.begun {
        return Err(ReadError::not_an_export("its first line is that of no export"));
    }
    sink.is_of(ImportFormat::Companion);
    Ok(())
}

#[derive(Default)]
struct Reader {
    /// Whether the first line was read.
    begun: bool,
    prompts: HashMap<String, String>,
    workers: HashSet<WorkerId>,
    conversations: u64,
    events: u64,
    /// The number of entries of the next conversation that were unreadable when the file was
    /// written.
    lost: u64,
    open: Option<Conversation>,
    /// A conversation with all its events, whose sum should follow.
    complete: Option<Complete>,
    /// Whether the following events belong to a conversation that is not imported.
    skips: bool,
    /// The number of damaged lines that may each have begun a conversation.
    headless: u64,
}

/// A conversation whose events are being read.
struct Conversation {
    worker_id: WorkerId,
    log: LogId,
    created_at: Timestamp,
    missing: u64,
    bytes: u64,
    /// The bytes so far of the current message.
    message_bytes: u64,
    checker: Checker,
    events: Vec<Event>,
    title: Option<String>,
}

struct Complete {
    log: ConversationExport,
    left_out: LeftOut,
    /// Whether the checks of all its lines were compared.
    checked: bool,
}

type Fault = (RefusalCode, String);

fn unsound(reason: impl Into<String>) -> Fault {
    (RefusalCode::Unsound, reason.into())
}

impl Complete {
    /// Takes the conversation although there is no sum to compare.
    fn without_sum(self, sink: &mut Sink<'_, '_>) -> Result<(), ReadError> {
        let Self { log, left_out, checked } = self;
        if !checked {
            sink.tally.unchecked.push(log.worker.worker_id);
        }
        sink.sound(ImportFormat::Companion, log, &left_out)
    }
}

impl Reader {
    /// Takes the complete conversation, if there is one, because no sum follows it.
    fn completed(&mut self, sink: &mut Sink<'_, '_>) -> Result<(), ReadError> {
        self.complete.take().map_or(Ok(()), |complete| complete.without_sum(sink))
    }

    fn line<R>(
        &mut self,
        line: Line,
        number: u64,
        lines: &Lines<R>,
        sink: &mut Sink<'_, '_>,
    ) -> Result<(), ReadError> {
        let Line { bytes, content } = line;
        if let Some(complete) = self.complete.take() {
            if let Ok(Content::Sum { worker_id, sha256 }) = &content {
                let fits = *worker_id == complete.log.worker.worker_id && *sha256 == lines.sum();
                if fits {
                    return sink.sound(ImportFormat::Companion, complete.log, &complete.left_out);
                }
                let title = complete.log.worker.title.as_deref();
                let words = "a line of it was changed: they do not fit the sum behind them";
                let (code, of) = (RefusalCode::Damaged, Some(self.conversations));
                return sink.refuse(code, of, title, Refusal::line(number, words));
            }
            complete.without_sum(sink)?;
        }
        let done = match content {
            Err(Wrong { code, reason }) => Err((code, reason)),
            // These lines belong to a conversation that is not imported.
            Ok(Content::Event(_) | Content::Sum { .. }) if self.skips => return Ok(()),
            Ok(content) if self.begun || lines.is_torn() => {
                if !matches!(content, Content::Event(_)) {
                    self.skipped_or_missing(number, sink)?;
                }
                self.take(content, bytes, !lines.is_torn(), sink)?
            }
            Ok(content) => match self.header(&content) {
                Ok(()) => Ok(()),
                // Without a valid first line, the rest cannot be interpreted.
                Err(reason) => return Err(Refusal::line(number, reason).into()),
            },
        };
        match done {
            Ok(()) => Ok(()),
            Err((code, reason)) => self.refuse(code, number, reason, sink),
        }
    }

    /// Reports the conversation that a line belongs to; its other lines are skipped.
    fn refuse(
        &mut self,
        code: RefusalCode,
        line: u64,
        reason: String,
        sink: &mut Sink<'_, '_>,
    ) -> Result<(), ReadError> {
        let refusal = Refusal::line(line, reason);
        self.lost = 0;
        if self.skips {
            // This conversation was reported already.
            return if sink.is_strict() { Err(refusal.into()) } else { Ok(()) };
        }
        let open = self.open.take();
        self.skips = true;
        let title = open.as_ref().and_then(|open| open.title.as_deref());
        let number = open.as_ref().map(|_| self.conversations);
        self.headless += u64::from(open.is_none());
        sink.refuse(code, number, title, refusal)
    }

    /// Handles the beginning of a line that is not an event: reports missing events before it.
    fn skipped_or_missing(&mut self, line: u64, sink: &mut Sink<'_, '_>) -> Result<(), ReadError> {
        if let Some(open) = &self.open {
            let reason = format!("{} more events were announced", open.missing);
            self.refuse(RefusalCode::Damaged, line, reason, sink)?;
        }
        self.skips = false;
        Ok(())
    }

    fn cut_off(&mut self, line: u64, sink: &mut Sink<'_, '_>) -> Result<(), ReadError> {
        let reason =
            "the file ends before its end: it was cut off, and what came behind is not known";
        self.skips = false;
        self.refuse(RefusalCode::CutOff, line, reason.to_owned(), sink)
    }

    /// Compares the last line with what was read.
    fn finish<R>(
        &mut self,
        line: Line,
        number: u64,
        lines: &Lines<R>,
        sink: &mut Sink<'_, '_>,
    ) -> Result<(), ReadError> {
        let Ok(Content::End { conversations, events, sha256 }) = line.content else {
            return Ok(());
        };
        let right = sha256 == lines.sum_before()
            && (conversations, events) == (self.conversations, self.events)
            && self.begun;
        if right {
            return Ok(());
        }
        if lines.is_torn() {
            // The damaged lines were reported; further conversations may be missing without a
            // trace.
            let more = conversations.saturating_sub(self.conversations + self.headless);
            if more == 0 {
                return Ok(());
            }
            let words = format!("{more} more conversations in it cannot be read");
            return sink.refuse(RefusalCode::Damaged, None, None, Refusal::line(number, words));
        }
        let words = "it does not fit what is before it";
        sink.refuse(RefusalCode::Damaged, None, None, Refusal::line(number, words))
    }

    fn header(&mut self, content: &Content<'_>) -> Result<(), String> {
        let Content::Header { format, version } = content else {
            return Err("the file does not begin as an export does".into());
        };
        if format != NAME || *version != VERSION {
            return Err(format!("this version reads {NAME} {VERSION} only"));
        }
        self.begun = true;
        Ok(())
    }

    fn take(
        &mut self,
        content: Content<'_>,
        bytes: u64,
        checked: bool,
        sink: &mut Sink<'_, '_>,
    ) -> Result<Result<(), Fault>, ReadError> {
        Ok(match content {
            Content::Event(event) => {
                let done = self.event(event.into_owned(), bytes);
                if let Some(open) = self.open.take_if(|open| done.is_ok() && open.missing == 0) {
                    let left_out =
                        LeftOut { unreadable: mem::take(&mut self.lost), ..LeftOut::default() };
                    let log = self.whole(open);
                    self.complete = Some(Complete { log, left_out, checked });
                }
                done
            }
            Content::Prompt { digest, text } => self.prompt(digest.into_owned(), text.into_owned()),
            Content::Conversation { worker_id, log_id, created_at, events } => {
                self.conversation(worker_id, log_id, created_at, events)
            }
            Content::Unreadable { lost, .. } => {
                self.count_lost(sink);
                self.lost = lost;
                Ok(())
            }
            Content::Sum { .. } => Err(unsound("it belongs to no conversation")),
            Content::Header { .. } => Err(unsound("there is a second first line")),
            Content::End { .. } => Ok(()),
        })
    }

    /// Counts the entries of a conversation of which nothing was readable.
    fn count_lost(&mut self, sink: &mut Sink<'_, '_>) {
        let unreadable = mem::take(&mut self.lost);
        sink.tally.left_out.add(&LeftOut { unreadable, ..LeftOut::default() });
    }

    fn event(&mut self, event: Event, bytes: u64) -> Result<(), Fault> {
        let Some(open) = &mut self.open else {
            return Err(unsound("it belongs to no conversation"));
        };
        open.checker.take(&event).map_err(unsound)?;
        open.bytes += bytes;
        if open.bytes > CONVERSATION_BYTES {
            let reason = format!("its conversation has more than {CONVERSATION_BYTES} bytes");
            return Err((RefusalCode::TooLarge, reason));
        }
        match &event.body {
            EventBody::WorkerCreated { title, .. } | EventBody::WorkerRenamed { title } => {
                open.title.clone_from(title);
            }
            EventBody::MessageCommitted { message } => {
                open.message_bytes = message.text.len() as u64;
            }
            EventBody::TurnAccepted { .. } => open.message_bytes = 0,
            EventBody::TextDelta { text, .. } | EventBody::ReasoningDelta { text, .. } => {
                open.message_bytes += text.len() as u64;
            }
            _ => {}
        }
        if open.message_bytes > MESSAGE_BYTES {
            let reason = format!("its message has more than {MESSAGE_BYTES} bytes");
            return Err((RefusalCode::TooLarge, reason));
        }
        open.missing -= 1;
        open.events.push(event);
        Ok(())
    }

    fn prompt(&mut self, digest: String, text: String) -> Result<(), Fault> {
        if text_digest(&text) != digest {
            return Err(unsound("the prompt has another digest"));
        }
        match self.prompts.insert(digest, text) {
            None => Ok(()),
            Some(_) => Err(unsound("the prompt was there before")),
        }
    }

    fn conversation(
        &mut self,
        worker_id: WorkerId,
        HexLog(log): HexLog,
        created_at: Timestamp,
        events: u64,
    ) -> Result<(), Fault> {
        self.conversations += 1;
        self.events = self.events.saturating_add(events);
        if !self.workers.insert(worker_id) {
            let reason = format!("the conversation {worker_id} is in it twice");
            return Err((RefusalCode::Twice, reason));
        }
        if self.conversations > CONVERSATIONS {
            let reason = format!("there are more than {CONVERSATIONS} conversations");
            return Err((RefusalCode::TooLarge, reason));
        }
        if events == 0 {
            return Err(unsound("a conversation has at least one event"));
        }
        self.open = Some(Conversation {
            worker_id,
            log,
            created_at,
            missing: events,
            bytes: 0,
            message_bytes: 0,
            checker: Checker::default(),
            events: Vec::new(),
            title: None,
        });
        Ok(())
    }

    fn whole(&self, open: Conversation) -> ConversationExport {
        let Conversation { worker_id, log, created_at, events, .. } = open;
        let mut digests: Vec<&str> =
            events.iter().filter_map(|event| event.body.refers_to()).collect();
        digests.sort_unstable();
        digests.dedup();
        let known = digests.into_iter().filter_map(|digest| self.prompts.get_key_value(digest));
        let prompts = known
            .map(|(digest, text)| Prompt { digest: digest.clone(), text: text.clone() })
            .collect();
        let worker = initial_worker::folded(worker_id, created_at, &events);
        ConversationExport { worker, log, events, prompts }
    }
}
