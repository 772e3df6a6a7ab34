//! A wrapper around a store that makes writes and reads fail on command.

use std::sync::{Arc, Mutex};

use protocol::{
    AccountId, Event, LogId, Message, MessageId, Role, Timestamp, TurnId, Worker, WorkerId,
};
use store::{
    Acceptance, Append, Branch, ConflictPolicy, ConversationExport, Deleted, Durability, Found,
    ImportSource, Imported, ListPosition, Outage, Page, Repaired, Salvage, Search, Store,
    StoreError, Stored, UsageFound, UsageQuery, VisibilityFilter,
};
use tokio::sync::watch;

use crate::stage::soon;

/// The outcome of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    Pass,
    /// The write fails, and nothing is stored.
    Refuse,
    /// The write is stored but returns an error, as if its answer were lost.
    Lose,
    /// The write waits until the mode changes.
    Hold,
    /// The write succeeds, unless it creates a worker.
    RefuseNew,
    /// It passes, unless it adds a worker; that waits for another mode.
    HoldNew,
}

/// The reads that fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    Pass,
    TailsFail,
    BranchesFail,
    /// A worker's summary cannot be read; what a list shows of it can.
    Damaged,
    Fail,
}

pub(crate) struct Faulty {
    inner: Arc<dyn Store>,
    writes: watch::Sender<Writes>,
    reads: watch::Sender<Reads>,
    /// The number of appends that still succeed, and the mode after them.
    after: watch::Sender<Option<(u64, Writes)>>,
    /// The kinds of the events and the durability of each append.
    asked: Mutex<Vec<(Vec<&'static str>, Durability)>>,
    /// The number of appends that met another mode than `Pass`.
    met: watch::Sender<u64>,
    /// Which read of a worker is held back.
    held: watch::Sender<Held>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    No,
    /// The one after this many others.
    After(u64),
    Yes,
}

impl Faulty {
    pub(crate) fn around(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            writes: watch::Sender::new(Writes::Pass),
            reads: watch::Sender::new(Reads::Pass),
            after: watch::Sender::new(None),
            asked: Mutex::default(),
            met: watch::Sender::new(0),
            held: watch::Sender::new(Held::No),
        }
    }

    /// Holds back the result of one read of a worker, after `looks` earlier reads.
    pub(crate) fn hold_a_look_after(&self, looks: u64) {
        self.held.send_replace(Held::After(looks));
    }

    /// Waits until a read is held back.
    pub(crate) async fn a_look_is_held(&self) {
        soon(self.held.subscribe().wait_for(|held| *held == Held::Yes)).await.unwrap();
    }

    /// Lets the held read return.
    pub(crate) fn answer_the_look(&self) {
        self.held.send_replace(Held::No);
    }

    async fn looked(&self) {
        let mine = self.held.send_if_modified(|held| match *held {
            Held::After(0) => {
                *held = Held::Yes;
                true
            }
            Held::After(looks) => {
                *held = Held::After(looks - 1);
                false
            }
            Held::No | Held::Yes => false,
        });
        if mine {
            self.held.subscribe().wait_for(|held| *held == Held::No).await.unwrap();
        }
    }

    pub(crate) fn set(&self, writes: Writes) {
        self.met.send_replace(0);
        self.writes.send_replace(writes);
    }

    pub(crate) fn set_reads(&self, reads: Reads) {
        self.reads.send_replace(reads);
    }

    /// Sets the mode after `appends` more appends have succeeded.
    pub(crate) fn set_after(&self, appends: u64, writes: Writes) {
        self.set(Writes::Pass);
        self.after.send_replace(Some((appends, writes)));
    }

    /// The durability of each commit so far that contained an event of this kind.
    pub(crate) fn durabilities_of(&self, kind: &str) -> Vec<Durability> {
        let asked = self.asked.lock().unwrap();
        let with = asked.iter().filter(|(kinds, _)| kinds.contains(&kind));
        with.map(|(_, durability)| *durability).collect()
    }

    /// Waits until `appends` appends have met the mode that was set.
    pub(crate) async fn met(&self, appends: u64) {
        let mut met = self.met.subscribe();
        soon(met.wait_for(|met| *met >= appends)).await.unwrap();
    }

    /// Counts down to the mode that was set for later.
    fn count_down(&self) {
        let due = *self.after.borrow();
        match due {
            Some((0, writes)) => {
                self.after.send_replace(None);
                self.set(writes);
            }
            Some((left, writes)) => {
                self.after.send_replace(Some((left - 1, writes)));
            }
            None => {}
        }
    }

    /// The outcome of a change to a whole worker.
    async fn change(
        &self,
        change: impl Future<Output = Result<bool, StoreError>>,
    ) -> Result<bool, StoreError> {
        let fails = || Err(StoreError::Delete("scripted".into()));
        let writes = *self.writes.borrow();
        match writes {
            Writes::Refuse => fails(),
            Writes::Lose => change.await.and_then(|_| fails()),
            Writes::Pass | Writes::Hold | Writes::RefuseNew | Writes::HoldNew => change.await,
        }
    }

    fn sees(&self, blind: Reads) -> Result<(), StoreError> {
        let reads = *self.reads.borrow();
        if reads == blind || reads == Reads::Fail {
            return Err(StoreError::Read("scripted".into()));
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Store for Faulty {
    async fn append(&self, append: Append) -> Result<(), StoreError> {
        self.count_down();
        let kinds = append.events.iter().map(|event| event.body.kind()).collect();
        self.asked.lock().unwrap().push((kinds, append.durability));
        let mut mode = self.writes.subscribe();
        let writes = *mode.borrow_and_update();
        if writes != Writes::Pass {
            self.met.send_modify(|met| *met += 1);
        }
        let fails = || Err(StoreError::Append("scripted".into()));
        match writes {
            Writes::Pass | Writes::RefuseNew | Writes::HoldNew => self.inner.append(append).await,
            Writes::Refuse => fails(),
            Writes::Lose => self.inner.append(append).await.and_then(|()| fails()),
            Writes::Hold => {
                mode.wait_for(|mode| *mode != Writes::Hold).await.unwrap();
                self.append(append).await
            }
        }
    }

    async fn create(&self, owner: AccountId, log: LogId, first: Append) -> Result<(), StoreError> {
        let writes = *self.writes.borrow();
        match writes {
            Writes::Refuse | Writes::RefuseNew => {
                let source = "scripted".into();
                Err(StoreError::Outage { outage: Outage::Full, source })
            }
            Writes::HoldNew => {
                self.met.send_modify(|met| *met += 1);
                let mut mode = self.writes.subscribe();
                mode.wait_for(|mode| *mode != Writes::HoldNew).await.unwrap();
                self.inner.create(owner, log, first).await
            }
            Writes::Pass | Writes::Lose | Writes::Hold => {
                self.inner.create(owner, log, first).await
            }
        }
    }

    async fn owner(&self, id: WorkerId) -> Result<Option<AccountId>, StoreError> {
        self.sees(Reads::Fail)?;
        self.inner.owner(id).await
    }

    async fn delete(&self, id: WorkerId, at: Timestamp) -> Result<bool, StoreError> {
        self.change(self.inner.delete(id, at)).await
    }

    async fn restore(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.change(self.inner.restore(id)).await
    }

    async fn deleted(
        &self,
        owner: AccountId,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Deleted>, StoreError> {
        self.inner.deleted(owner, before, limit).await
    }

    async fn deleted_one(&self, id: WorkerId) -> Result<Option<Deleted>, StoreError> {
        self.inner.deleted_one(id).await
    }

    async fn purge(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.change(self.inner.purge(id)).await
    }

    async fn collect(&self, until: Timestamp) -> Result<bool, StoreError> {
        self.inner.collect(until).await
    }

    async fn exists(&self, id: WorkerId) -> Result<bool, StoreError> {
        self.sees(Reads::Fail)?;
        self.inner.exists(id).await
    }

    async fn listed(&self, id: WorkerId) -> Result<Option<Worker>, StoreError> {
        self.sees(Reads::Fail)?;
        let found = self.inner.listed(id).await;
        self.looked().await;
        found
    }

    async fn worker(&self, id: WorkerId) -> Result<Option<Stored>, StoreError> {
        self.sees(Reads::Fail)?;
        if *self.reads.borrow() == Reads::Damaged {
            return Err(StoreError::Damaged("scripted".into()));
        }
        let found = self.inner.worker(id).await;
        self.looked().await;
        found
    }

    async fn workers(
        &self,
        owner: AccountId,
        places: VisibilityFilter,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Worker>, StoreError> {
        self.inner.workers(owner, places, before, limit).await
    }

    async fn count(&self, owner: AccountId) -> Result<u64, StoreError> {
        self.inner.count(owner).await
    }

    async fn bytes(&self, owner: AccountId) -> Result<u64, StoreError> {
        self.inner.bytes(owner).await
    }

    async fn tail(
        &self,
        id: WorkerId,
        after: u64,
        limit: u32,
    ) -> Result<Option<Vec<Event>>, StoreError> {
        self.sees(Reads::TailsFail)?;
        self.inner.tail(id, after, limit).await
    }

    async fn page(
        &self,
        id: WorkerId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.sees(Reads::Fail)?;
        self.inner.page(id, before, limit).await
    }

    async fn around(
        &self,
        id: WorkerId,
        message: MessageId,
        limit: u32,
    ) -> Result<Option<Page>, StoreError> {
        self.inner.around(id, message, limit).await
    }

    async fn search(&self, search: Search) -> Result<Found, StoreError> {
        self.inner.search(search).await
    }

    async fn usage(&self, query: UsageQuery) -> Result<UsageFound, StoreError> {
        self.inner.usage(query).await
    }

    async fn role_of(&self, id: WorkerId, message: MessageId) -> Result<Option<Role>, StoreError> {
        self.inner.role_of(id, message).await
    }

    async fn question(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Message>, StoreError> {
        self.inner.question(id, message).await
    }

    async fn acceptance(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Acceptance>, StoreError> {
        self.inner.acceptance(id, message).await
    }

    async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Option<Vec<Event>>, StoreError> {
        self.inner.turn(id, turn).await
    }

    async fn branch(
        &self,
        id: WorkerId,
        leaf: MessageId,
        max_bytes: u64,
    ) -> Result<Branch, StoreError> {
        self.sees(Reads::BranchesFail)?;
        self.inner.branch(id, leaf, max_bytes).await
    }

    async fn prompt(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.inner.prompt(digest).await
    }

    async fn unfinished(&self) -> Result<Vec<(WorkerId, TurnId)>, StoreError> {
        self.inner.unfinished().await
    }

    async fn next_worker(
        &self,
        owner: AccountId,
        after: Option<WorkerId>,
    ) -> Result<Option<WorkerId>, StoreError> {
        self.inner.next_worker(owner, after).await
    }

    async fn whole(&self, id: WorkerId) -> Result<Option<ConversationExport>, StoreError> {
        self.inner.whole(id).await
    }

    async fn salvage(&self, id: WorkerId) -> Result<Option<Salvage>, StoreError> {
        self.inner.salvage(id).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.sees(Reads::Fail)?;
        self.inner.check().await
    }

    async fn import(
        &self,
        owner: AccountId,
        logs: ImportSource,
        differing: ConflictPolicy,
    ) -> Result<Imported, StoreError> {
        self.inner.import(owner, logs, differing).await
    }

    async fn repaired(&self) -> Option<Repaired> {
        self.inner.repaired().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
