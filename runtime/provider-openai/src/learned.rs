//! What was learned about the endpoint's models from their refusals.
//!
//! It is in memory and, if there is a [`Memory`], also in a file, so that the models need not
//! refuse the same again after a restart. It is forgotten when the configuration of the endpoint
//! changes, and on request.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::catalogue::LearnedModel;
use protocol::{Adjustment, Effort};
use serde::{Deserialize, Serialize};

use super::models::{EffortForm, ModelSettings};

mod memory;

pub(crate) use memory::Memory;

/// The most models that are remembered. The oldest one is forgotten first.
const MODELS: usize = 256;

/// What was learned about one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Habits {
    /// In the order in which they were learned, without duplicates.
    pub(crate) adjustments: Vec<Adjustment>,
    /// The window's size in tokens, if a refusal gave it.
    pub(crate) window: Option<u32>,
    /// The most estimated tokens of a prompt, because a longer one was refused.
    pub(crate) room: Option<u32>,
    /// Efforts that were refused while others may be accepted.
    #[serde(default)]
    pub(crate) refused_efforts: Vec<Effort>,
    /// The only efforts that the model accepts, as a refusal named them; empty if none did.
    #[serde(default)]
    pub(crate) taken_efforts: Vec<Effort>,
}

impl Habits {
    /// Adds an adjustment as the newest one, and removes the contrary one.
    pub(crate) fn adjust(&mut self, new: Adjustment) {
        let contrary = match new {
            Adjustment::WithReasoning => Adjustment::WithoutReasoning,
            Adjustment::WithoutReasoning => Adjustment::WithReasoning,
            _ => new,
        };
        self.adjustments.retain(|known| *known != new && *known != contrary);
        self.adjustments.push(new);
    }

    /// Whether the model refuses this effort.
    pub(crate) fn refuses(&self, effort: &Effort) -> bool {
        let any = self.adjustments.contains(&Adjustment::WithoutEffort);
        let others = !self.taken_efforts.is_empty() && !self.taken_efforts.contains(effort);
        any || others || self.refused_efforts.contains(effort)
    }

    /// The efforts that are offered for a model: those that it is known to accept, as far as they
    /// are in the owner's list; otherwise the owner's list, or the usual one, without those that it
    /// refused.
    pub(crate) fn efforts(&self, settings: &ModelSettings) -> Vec<Effort> {
        let is_free = settings.efforts.is_empty() && settings.names_efforts();
        let heard = is_free && !self.taken_efforts.is_empty();
        let mut efforts = if heard { self.taken_efforts.clone() } else { settings.efforts() };
        efforts.retain(|effort| !self.refuses(effort));
        efforts
    }

    /// Whether a user may choose this effort, even if the model refused it before.
    pub(crate) fn may_choose(&self, settings: &ModelSettings, effort: &Effort) -> bool {
        settings.efforts().contains(effort) || self.efforts(settings).contains(effort)
    }

    /// The effort that is sent when `asked` is asked for: that one or, if the model refuses it and
    /// has named those that it accepts, the nearest of these.
    pub(crate) fn effort_sent(&self, settings: &ModelSettings, asked: &Effort) -> Option<Effort> {
        if settings.reasoning == EffortForm::None {
            None
        } else if self.refuses(asked) {
            let taken =
                if self.taken_efforts.is_empty() { Vec::new() } else { self.efforts(settings) };
            asked.nearest(&taken).cloned()
        } else {
            Some(asked.clone())
        }
    }

    /// Records that the model refuses an effort, and the efforts that it accepts if it named them.
    pub(crate) fn refuse_effort(&mut self, refused: &Effort, taken: Vec<Effort>) {
        if !self.refused_efforts.contains(refused) {
            self.refused_efforts.push(refused.clone());
        }
        if !taken.is_empty() {
            self.taken_efforts = taken;
        }
    }
}

/// Models by name, in the order in which they were first learned about.
type Models = Vec<(String, Habits)>;

pub(crate) struct Learned {
    models: Mutex<Models>,
    /// Whether something changed since the file was last written.
    changed: AtomicBool,
    memory: Option<Memory>,
}

impl Learned {
    /// Loads the file of `memory`; empty without one. Blocks while it is read.
    pub(crate) fn new(memory: Option<Memory>) -> Self {
        let models = memory.as_ref().map(Memory::load).unwrap_or_default();
        Self { models: Mutex::new(models), changed: AtomicBool::new(false), memory }
    }

    /// What was learned about `model`.
    pub(crate) fn of(&self, model: &str) -> Habits {
        let models = self.lock();
        let found = models.iter().find(|(name, _)| name == model);
        found.map(|(_, habits)| habits.clone()).unwrap_or_default()
    }

    /// What was learned about all models, in the form of the API.
    pub(crate) fn all(&self) -> Vec<LearnedModel> {
        let told = |(model, habits): &(String, Habits)| LearnedModel {
            model: model.clone(),
            adjustments: habits.adjustments.clone(),
            window_tokens: habits.window,
            prompt_tokens: habits.room,
            refused_efforts: habits.refused_efforts.clone(),
            taken_efforts: habits.taken_efforts.clone(),
        };
        self.lock().iter().map(told).collect()
    }

    /// Changes what is known about `model`. Concurrent calls run one after the other, so that no
    /// change is lost.
    pub(crate) fn learn(&self, model: &str, learn: impl FnOnce(&mut Habits)) {
        let mut models = self.lock();
        let found = models.iter().position(|(name, _)| name == model);
        let before = found.map(|at| models[at].1.clone()).unwrap_or_default();
        let mut habits = before.clone();
        learn(&mut habits);
        if habits == before {
            return;
        }
        match found {
            Some(at) => models[at].1 = habits,
            None => {
                if models.len() >= MODELS {
                    models.remove(0);
                }
                models.push((model.to_owned(), habits));
            }
        }
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Forgets what was learned about `model`, or about all models. Returns the number of models
    /// concerned.
    pub(crate) fn forget(&self, model: Option<&str>) -> u32 {
        let mut models = self.lock();
        let before = models.len();
        models.retain(|(name, _)| model.is_some_and(|model| name != model));
        let forgotten = before - models.len();
        if forgotten > 0 {
            self.changed.store(true, Ordering::Relaxed);
        }
        u32::try_from(forgotten).unwrap_or(u32::MAX)
    }

    /// Whether there are changes for [`Self::save`] to write.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.memory.is_some() && self.changed.load(Ordering::Relaxed)
    }

    /// Writes the file. Blocks.
    pub(crate) fn save(&self) {
        let Some(memory) = &self.memory else { return };
        memory.save(|| {
            // Cleared first, so that later changes are written by the next call.
            self.changed.store(false, Ordering::Relaxed);
            self.lock().clone()
        });
    }

    fn lock(&self) -> MutexGuard<'_, Models> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn habits_are_kept_per_model_and_the_oldest_are_forgotten() {
        let learned = Learned::new(None);
        for n in 1..=MODELS + 1 {
            learned.learn(&format!("m{n}"), |habits| habits.window = u32::try_from(n).ok());
        }
        assert_eq!(learned.of("m1"), Habits::default());
        assert_eq!(learned.of("m2").window, Some(2));
        learned.learn("m2", |habits| habits.adjustments.push(Adjustment::WithoutSeed));
        assert_eq!((learned.of("m2").window, learned.of("m2").adjustments.len()), (Some(2), 1));
        learned.learn("nothing new", |_| {});
        assert_eq!(learned.all().len(), MODELS);
        assert!(!learned.is_unsaved(), "there is no file");
    }

    #[test]
    fn one_model_or_all_can_be_forgotten() {
        let learned = Learned::new(None);
        for model in ["a", "b", "c"] {
            learned.learn(model, |habits| habits.window = Some(2_048));
        }
        assert_eq!((learned.forget(Some("b")), learned.forget(Some("b"))), (1, 0));
        assert_eq!(learned.of("b"), Habits::default());
        let known: Vec<_> = learned.all().into_iter().map(|known| known.model).collect();
        assert_eq!(known, ["a", "c"]);
        assert_eq!((learned.forget(None), learned.all().len()), (2, 0));
    }
}
