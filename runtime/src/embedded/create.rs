//! Creates conversations, and finds the provider and model that would answer in them.

use protocol::api::CreateWorker;
use protocol::{AccountId, Error, Event, EventBody, ProfileName, Visibility, Worker, WorkerStatus};
use store::{Append, Durability, Prompt, StoreError, VisibilityFilter, initial_worker, title};

use super::{Access, Runtime};
use crate::providers::{ModelRequest, ResolvedModel};
use crate::worker::model_patch::{self, ModelPatch};
use crate::{fault, ids};

/// Among how many of the conversations in view, the most recently used first, [`Access::begin`] looks for
/// one that is unused.
const UNUSED_AMONG: u32 = 50;

impl Access {
    /// A conversation in which nothing was said yet: one that the account has in view already, or else
    /// a new one. So beginning again and again leaves one. It has the usual profile of the language.
    pub async fn begin(&self, language: &str) -> Result<Worker, Error> {
        let page = self.workers(None, UNUSED_AMONG).await?;
        for worker in page.workers {
            if self.is_unused(&worker).await? {
                return self.in_language(worker, language).await;
            }
        }
        let profile = Some(self.usual_profile(language).clone());
        self.create(CreateWorker { profile, ..CreateWorker::default() }).await
    }

    /// Gives a conversation the usual profile of the language if nothing was said in it yet. Others stay
    /// as they are.
    pub async fn welcome(&self, worker: Worker, language: &str) -> Result<Worker, Error> {
        match self.is_unused(&worker).await? {
            true => self.in_language(worker, language).await,
            false => Ok(worker),
        }
    }

    async fn in_language(&self, worker: Worker, language: &str) -> Result<Worker, Error> {
        let profile = self.usual_profile(language);
        if worker.profile == *profile {
            return Ok(worker);
        }
        let wanted = ModelPatch { profile: Some(profile.clone()), ..ModelPatch::default() };
        self.choose(worker.worker_id, wanted).await
    }

    /// The profile of new conversations in a language. The small model that comes with the product
    /// knows one language only, and has the default profile in all.
    pub fn usual_profile(&self, language: &str) -> &ProfileName {
        match self.provider_status().bundled_model {
            true => self.bundle().default_profile(),
            false => self.bundle().default_in(language),
        }
    }

    /// Whether nobody has said or chosen anything in a conversation.
    async fn is_unused(&self, worker: &Worker) -> Result<bool, Error> {
        // The first message gives a conversation its title, so only few have to be looked into.
        let may_be_unused = !worker.departs_from_profile()
            && worker.title.is_none()
            && worker.place == Visibility::Listed
            && worker.status != WorkerStatus::Stopped
            && !worker.unreadable
            && self.bundle().is_default(&worker.profile);
        if !may_be_unused {
            return Ok(false);
        }
        let messages = self.store().page(worker.worker_id, None, 1).await;
        Ok(messages.map_err(fault::from_store)?.is_some_and(|page| page.events.is_empty()))
    }

    /// Creates a conversation.
    pub async fn create(&self, request: CreateWorker) -> Result<Worker, Error> {
        let CreateWorker { profile, provider, model, effort, temperature, instructions, title } =
            request;
        let title = title::check(title)?;
        let wanted = ModelPatch {
            profile,
            provider: Some(provider),
            model: Some(model),
            effort: Some(effort),
            temperature: Some(temperature),
            instructions: Some(instructions),
        };
        let shared = &self.inner.shared;
        let unborn = self.unborn();
        wanted.look(&unborn, self.bundle(), &shared.providers).await;
        let text = wanted.text();
        let change = wanted.check(&unborn, self.bundle(), &shared.providers)?;
        self.add(self.account(), title, change, text).await.map_err(fault::from_store)
    }
}

impl Runtime {
    /// The provider and model that would answer in a conversation now.
    pub(super) fn choice_of(&self, worker: &Worker) -> Result<ResolvedModel, Error> {
        let profile = self.bundle().profile(&worker.profile);
        let profile = profile.ok_or_else(|| model_patch::profile_gone(&worker.profile))?;
        self.inner.shared.providers.choose(ModelRequest::of(worker, profile))
    }

    /// Creates a conversation if the account has none in view.
    pub(super) async fn keep_one(&self, owner: AccountId) -> Result<(), StoreError> {
        if self.is_empty(owner).await? {
            let _alone = self.inner.keeping.lock().await;
            if self.is_empty(owner).await? {
                self.add(owner, None, None, None).await?;
            }
        }
        Ok(())
    }

    async fn is_empty(&self, owner: AccountId) -> Result<bool, StoreError> {
        Ok(self.store().workers(owner, VisibilityFilter::InView, None, 1).await?.is_empty())
    }

    /// Like [`Self::keep_one`]. A failure is only logged, because the caller's own request has
    /// succeeded already.
    pub(super) async fn keep_one_if_it_can_be(&self, owner: AccountId) {
        if let Err(error) = self.keep_one(owner).await {
            // The next request for the list creates the conversation.
            let error = &error as &dyn std::error::Error;
            tracing::error!(
                error,
                "the list is empty, and no conversation can be created; the next request for the list tries again"
            );
        }
    }

    /// A conversation of the default profile, before its first event is committed.
    fn unborn(&self) -> Worker {
        let at = self.inner.shared.clock.now();
        initial_worker::worker(ids::worker_id(at), self.bundle().default_profile().clone(), at)
    }

    /// Commits a new conversation. `change` is the event by which it departs from the default
    /// profile, and `text` what that event refers to.
    async fn add(
        &self,
        owner: AccountId,
        title: Option<String>,
        change: Option<EventBody>,
        text: Option<Prompt>,
    ) -> Result<Worker, StoreError> {
        let mut worker = self.unborn();
        let profile = worker.profile.clone();
        let (profile, change) = match change {
            Some(EventBody::ProfileChanged {
                profile,
                provider: None,
                model: None,
                effort: None,
                temperature: None,
                instructions: None,
            }) => (profile, None),
            change => (profile, change),
        };
        let mut events = Vec::new();
        let created = EventBody::WorkerCreated { title, profile };
        for body in [created].into_iter().chain(change) {
            push(&mut worker, &mut events, body);
        }
        if let Err(reason) = self.choice_of(&worker) {
            let reason = Some(reason);
            push(&mut worker, &mut events, EventBody::AvailabilityChanged { reason });
        }
        let first = Append {
            worker_id: worker.worker_id,
            summary: Some(worker.clone()),
            events,
            durability: Durability::Power,
            prompt: text,
        };
        let seq = first.events.len() as u64;
        let lists = self.inner.shared.notifier.lists();
        let since = lists.since(owner);
        self.store().create(owner, ids::log_id(), first).await?;
        lists.changed(owner, &worker, seq, since);
        Ok(worker)
    }
}

fn push(worker: &mut Worker, events: &mut Vec<Event>, body: EventBody) {
    let event =
        Event { seq: events.len() as u64 + 1, first_seq: None, at: worker.created_at, body };
    worker.apply(&event);
    events.push(event);
}
