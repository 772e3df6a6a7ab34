//! Exports of conversations.

use std::sync::Arc;
use std::vec;

use protocol::{AccountId, Error, Event, WorkerId};
use store::{ConversationExport, Store, StoreError};
use tokio::sync::OwnedSemaphorePermit;
use transfer::{self, Document, Salvaged, Writer};

use super::Access;
use super::transfer_slots::too_many;
use crate::fault;

/// The size in bytes at which a piece of an export is handed out; its last line may exceed it.
const PIECE_BYTES: usize = 64 * 1024;

/// The file format of one exported conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportForm {
    /// Companion's own format: an export of all conversations that contains only this one.
    Lines,
    /// Markdown for people: the newest branch only.
    Markdown,
}

/// An export that is handed out in pieces. It counts as a running export until it is dropped.
pub struct Export {
    body: Body,
    _place: OwnedSemaphorePermit,
}

enum Body {
    Lines(Box<Lines>),
    Markdown(Document),
}

/// An export in JSON Lines that is being written.
struct Lines {
    store: Arc<dyn Store>,
    /// `None` after the last line.
    writer: Option<Writer>,
    rest: Rest,
    /// The remaining events of the current conversation.
    events: vec::IntoIter<Event>,
    /// Lines that are written but not handed out yet.
    piece: Vec<u8>,
}

/// The conversations that still follow the current one.
enum Rest {
    /// All conversations of the account with ids after this one; `None` means all.
    After(AccountId, Option<WorkerId>),
    Nothing,
}

impl Access {
    /// Exports every conversation of the account as JSON Lines.
    pub fn export(&self) -> Result<Export, Error> {
        let _place = self.place_to_export()?;
        let body = Body::Lines(Box::new(Lines::begin(
            self.inner.shared.store.clone(),
            Rest::of(self.account()),
        )));
        Ok(Export { body, _place })
    }

    /// Exports one conversation; returns its title besides.
    pub async fn export_one(
        &self,
        id: WorkerId,
        form: ExportForm,
    ) -> Result<(Option<String>, Export), Error> {
        let id = self.own(id).await?;
        // The permit is taken before the conversation is read, because reading is what takes
        // memory.
        let _place = self.place_to_export()?;
        let whole = read_or_salvage(self.store(), id).await.map_err(fault::from_store)?;
        let whole = whole.ok_or_else(fault::no_worker)?;
        let title = whole.title();
        let body = match (form, whole) {
            (ExportForm::Markdown, Found::Whole(whole)) => Body::Markdown(Document::of(whole)),
            (ExportForm::Markdown, Found::Salvaged(salvaged)) => {
                Body::Markdown(Document::of_salvaged(salvaged))
            }
            (ExportForm::Lines, whole) => {
                let mut lines = Lines::begin(self.inner.shared.store.clone(), Rest::Nothing);
                lines.take(whole);
                Body::Lines(Box::new(lines))
            }
        };
        Ok((title, Export { body, _place }))
    }

    pub(super) fn place_to_export(&self) -> Result<OwnedSemaphorePermit, Error> {
        let place = self.inner.transfer_slots.exports.clone().try_acquire_owned();
        place.map_err(|_| too_many("The server is exporting or copying other conversations."))
    }
}

impl Rest {
    fn of(owner: AccountId) -> Self {
        Self::After(owner, None)
    }
}

impl Export {
    /// The next piece; `None` after the last one, or after an error.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        match &mut self.body {
            Body::Lines(lines) => lines.next().await,
            Body::Markdown(document) => document.next().map(|piece| Ok(piece.into_bytes())),
        }
    }
}

impl Lines {
    fn begin(store: Arc<dyn Store>, rest: Rest) -> Self {
        let mut piece = Vec::new();
        let writer = Some(Writer::begin(&mut piece));
        Self { store, writer, rest, events: Vec::new().into_iter(), piece }
    }

    async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        match self.fill().await {
            Ok(()) => {
                let piece = std::mem::take(&mut self.piece);
                (!piece.is_empty()).then_some(Ok(piece))
            }
            Err(error) => {
                self.writer = None;
                self.piece.clear();
                Some(Err(error))
            }
        }
    }

    /// Writes lines until they fill a piece, or until the export ends.
    async fn fill(&mut self) -> Result<(), Error> {
        while self.piece.len() < PIECE_BYTES {
            let Some(writer) = &mut self.writer else { return Ok(()) };
            if let Some(event) = self.events.next() {
                writer.event(&event, &mut self.piece);
            } else if let Some(whole) = self.following().await? {
                self.take(whole);
            } else if let Some(writer) = self.writer.take() {
                writer.end(&mut self.piece);
            }
        }
        Ok(())
    }

    /// Writes the head of a conversation and takes its events.
    fn take(&mut self, found: Found) {
        let Some(writer) = &mut self.writer else { return };
        let whole = match found {
            Found::Whole(whole) => Some(whole),
            Found::Salvaged(Salvaged { worker_id, lost, whole }) => {
                writer.unreadable(worker_id, lost, &mut self.piece);
                whole
            }
        };
        if let Some(whole) = whole {
            writer.begin_conversation(&whole, &mut self.piece);
            self.events = whole.events.into_iter();
        }
    }

    /// Reads the next conversation. Conversations that were deleted since the export began are
    /// left out.
    async fn following(&mut self) -> Result<Option<Found>, Error> {
        while let Rest::After(owner, last) = &mut self.rest {
            let id = self.store.next_worker(*owner, *last).await.map_err(fault::from_store)?;
            let Some(id) = id else { return Ok(None) };
            *last = Some(id);
            let found =
                read_or_salvage(self.store.as_ref(), id).await.map_err(fault::from_store)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

/// A conversation as it was read for an export.
pub(super) enum Found {
    Whole(ConversationExport),
    /// The readable part of a conversation with unreadable rows.
    Salvaged(Salvaged),
}

impl Found {
    fn title(&self) -> Option<String> {
        let whole = match self {
            Self::Whole(whole) => Some(whole),
            Self::Salvaged(salvaged) => salvaged.whole.as_ref(),
        };
        whole.and_then(|whole| whole.worker.title.clone())
    }
}

/// Reads a conversation for an export. Where it cannot be read as a whole, or could not be imported
/// again, its readable part is salvaged. `None` means that there is no such worker.
pub(super) async fn read_or_salvage(
    store: &dyn Store,
    id: WorkerId,
) -> Result<Option<Found>, StoreError> {
    match store.whole(id).await {
        Ok(None) => return Ok(None),
        Ok(Some(whole)) => {
            if let Some(whole) = transfer::exportable(whole) {
                return Ok(Some(Found::Whole(whole)));
            }
        }
        Err(StoreError::Damaged(_)) => {}
        Err(error) => return Err(error),
    }
    let found = store.salvage(id).await?;
    Ok(found.map(|found| Found::Salvaged(transfer::salvage(found))))
}
