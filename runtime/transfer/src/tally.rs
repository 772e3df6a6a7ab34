//! Counts what happens to the conversations of one or several files while they are read.

use protocol::WorkerId;
use protocol::api::{ImportFormat, ImportRefusal, ImportReplacement, LeftOut, RefusalCode};
use store::{ConversationExport, ImportSink, title};

use super::refusal::{ReadError, Refusal, SourceLocation};

/// The most refusals, and the most replacements, that are listed; further ones are only counted.
pub const REFUSALS: usize = 100;

/// The counts so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The formats of the files, without duplicates.
    pub formats: Vec<ImportFormat>,
    /// The number of sound conversations.
    pub sound: u64,
    /// Parts that were left out of the sound conversations.
    pub left_out: LeftOut,
    /// The number of conversations, lines and files that were not imported.
    pub refused: u64,
    /// The first refusals, including messages that were too long.
    pub refusals: Vec<ImportRefusal>,
    /// The number of refusals that are not listed.
    pub more_refusals: u64,
    /// Conversations after a damaged line that were imported although there was no sum to compare.
    pub unchecked: Vec<WorkerId>,
    /// Files of archives that hold no conversations.
    pub not_read: u64,
    /// The number of invalid characters that were replaced by U+FFFD.
    pub replaced: u64,
    /// The first conversations with replaced characters.
    pub replacements: Vec<ImportReplacement>,
    /// The number of conversations with replacements that are not listed.
    pub more_replacements: u64,
}

/// The counts of refusals at some point, to return to.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    refused: u64,
    pub(crate) named: usize,
    more: u64,
    not_read: u64,
}

/// How to handle a conversation that is not sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsound {
    /// It is reported, and the others are imported.
    #[default]
    Name,
    /// Nothing is imported.
    Refuse,
}

/// Receives the results of reading.
pub(crate) struct Sink<'a, 'b> {
    take: &'a mut ImportSink<'b>,
    unsound: Unsound,
    /// The name of the file that is being read.
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

    /// Passes on a sound conversation.
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

    /// Records the file's format.
    pub(crate) fn is_of(&mut self, format: ImportFormat) {
        if !self.tally.formats.contains(&format) {
            self.tally.formats.push(format);
        }
    }

    /// Reports something that is not imported. Errors if the import is strict.
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

    /// Records that a conversation has `characters` characters that were replaced by U+FFFD.
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
    /// Forgets the refusals of a file that is not an export.
    pub(crate) fn back_to(&mut self, mark: Mark) {
        self.refused = mark.refused;
        self.refusals.truncate(mark.named);
        self.more_refusals = mark.more;
        self.not_read = mark.not_read;
    }

    /// The current counts, for [`Self::back_to`].
    pub(crate) fn mark(&self) -> Mark {
        let Self { refused, more_refusals: more, not_read, .. } = *self;
        Mark { refused, named: self.refusals.len(), more, not_read }
    }
}
