//! What came of the conversations of one or several files, while they are read.

use protocol::WorkerId;
use protocol::api::{ImportFormat, ImportRefusal, ImportReplacement, LeftOut, RefusalCode};
use store::{ConversationExport, ImportSink, title};

use super::refusal::{ReadError, Refusal, SourceLocation};

/// How many refusals, and how many replacements, are named; further ones are only counted.
pub const REFUSALS: usize = 100;

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The formats of the files, each once.
    pub formats: Vec<ImportFormat>,
    /// Conversations that were sound.
    pub sound: u64,
    /// What was left out of those.
    pub left_out: LeftOut,
    /// Conversations, lines and files that were not taken.
    pub refused: u64,
    /// The first of them, and messages that were too long.
    pub refusals: Vec<ImportRefusal>,
    /// How many are not named in `refusals`.
    pub more_refusals: u64,
    /// Conversations behind a damaged line that came in although no sum of theirs could be compared.
    pub unchecked: Vec<WorkerId>,
    /// Files of archives that hold no conversations.
    pub not_read: u64,
    /// Characters that are none, in the place of which U+FFFD came in.
    pub replaced: u64,
    /// The first conversations with such characters.
    pub replacements: Vec<ImportReplacement>,
    /// How many are not named in `replacements`.
    pub more_replacements: u64,
}

/// What was told of refusals at some moment.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    refused: u64,
    pub(crate) named: usize,
    more: u64,
    not_read: u64,
}

/// What is done about a conversation that is not sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsound {
    /// It is named, and the others come in.
    #[default]
    Name,
    /// Nothing comes in.
    Refuse,
}

/// Takes what is read.
pub(crate) struct Sink<'a, 'b> {
    take: &'a mut ImportSink<'b>,
    unsound: Unsound,
    /// The name of the file that is read.
    pub(crate) file: Option<String>,
    pub(crate) tally: Tally,
}

impl<'a, 'b> Sink<'a, 'b> {
    pub(crate) fn new(take: &'a mut ImportSink<'b>, unsound: Unsound) -> Self {
        Self { take, unsound, file: None, tally: Tally::default() }
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.unsound == Unsound::Refuse
    }

    /// Takes a sound conversation.
    pub(crate) fn sound(
        &mut self,
        format: ImportFormat,
        log: ConversationExport,
        left_out: &LeftOut,
    ) -> Result<(), ReadError> {
        self.is_of(format);
        self.tally.sound += 1;
        self.tally.left_out.add(left_out);
        (self.take)(log).map_err(ReadError::Taker)
    }

    /// The file is of this format.
    pub(crate) fn is_of(&mut self, format: ImportFormat) {
        if !self.tally.formats.contains(&format) {
            self.tally.formats.push(format);
        }
    }

    /// Names what is not taken. Errors where nothing is to be taken then.
    pub(crate) fn refuse(
        &mut self,
        code: RefusalCode,
        number: Option<u64>,
        title: Option<&str>,
        refusal: Refusal,
    ) -> Result<(), ReadError> {
        if self.is_strict() {
            return Err(refusal.in_file(self.file.as_deref()).into());
        }
        self.tally.refused += u64::from(code != RefusalCode::MessageTooLong);
        if self.tally.refusals.len() >= REFUSALS {
            self.tally.more_refusals += 1;
            return Ok(());
        }
        let reason = match refusal.place {
            SourceLocation::Line(_) => refusal.to_string(),
            SourceLocation::File | SourceLocation::Conversation(_) => refusal.reason,
        };
        let (file, title) = (self.file.clone(), shown(title));
        self.tally.refusals.push(ImportRefusal { file, number, title, code, reason });
        Ok(())
    }

    /// Tells that a conversation came in with U+FFFD in the place of so many characters.
    pub(crate) fn replaced(&mut self, number: u64, title: Option<&str>, characters: u64) {
        self.tally.replaced += characters;
        if self.tally.replacements.len() >= REFUSALS {
            self.tally.more_replacements += 1;
            return;
        }
        let (file, title) = (self.file.clone(), shown(title));
        self.tally.replacements.push(ImportReplacement { file, number, title, characters });
    }
}

fn shown(title: Option<&str>) -> Option<String> {
    title.map(title::taken_over).filter(|title| !title.is_empty())
}

impl Tally {
    /// Forgets the refusals of a file of which nothing is an export.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.refused = mark.refused;
        self.refusals.truncate(mark.named);
        self.more_refusals = mark.more;
        self.not_read = mark.not_read;
    }

    /// For [`Self::back_to`].
    pub(crate) fn mark(&self) -> Mark {
        let Self { refused, more_refusals: more, not_read, .. } = *self;
        Mark { refused, named: self.refusals.len(), more, not_read }
    }
}
