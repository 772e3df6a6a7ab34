//! What was learned about the endpoint's models from their refusals.
//!
//! It is kept in memory only. A restart forgets it, and so does every change of the configuration.

use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{Adjustment, Effort};

use super::models::ModelSettings;

/// The most models that are remembered. The oldest one is forgotten first.
const MODELS: usize = 256;

/// What was learned about one model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Habits {
    /// In the order in which they were learned, without duplicates.
    pub(super) adjustments: Vec<Adjustment>,
    /// The window's size in tokens, if a refusal told it.
    pub(super) window: Option<u32>,
    /// The most estimated tokens of a prompt, because a longer one was refused.
    pub(super) room: Option<u32>,
    /// Efforts that were refused where others may be taken.
    pub(super) refused_efforts: Vec<Effort>,
}

impl Habits {
    /// Notes an adjustment as the newest one. What says the contrary is forgotten.
    pub(super) fn adjust(&mut self, new: Adjustment) {
        let contrary = match new {
            Adjustment::WithReasoning => Adjustment::WithoutReasoning,
            Adjustment::WithoutReasoning => Adjustment::WithReasoning,
            _ => new,
        };
        self.adjustments.retain(|known| *known != new && *known != contrary);
        self.adjustments.push(new);
    }

    /// Whether the model refuses to be told this.
    pub(super) fn refuses(&self, effort: &Effort) -> bool {
        let any = self.adjustments.contains(&Adjustment::WithoutEffort);
        any || self.refused_efforts.contains(effort)
    }

    /// What the owner offers of a model, without what it was seen to refuse.
    pub(super) fn efforts(&self, settings: &ModelSettings) -> Vec<Effort> {
        let mut efforts = settings.efforts();
        efforts.retain(|effort| !self.refuses(effort));
        efforts
    }
}

pub(super) struct Learned {
    models: Mutex<Vec<(String, Habits)>>,
}

impl Learned {
    pub(super) fn new() -> Self {
        Self { models: Mutex::default() }
    }

    /// What was learned about `model`.
    pub(super) fn of(&self, model: &str) -> Habits {
        let models = self.lock();
        let found = models.iter().find(|(name, _)| name == model);
        found.map(|(_, habits)| habits.clone()).unwrap_or_default()
    }

    /// Changes what is known about `model`. Concurrent calls run one after the other, so that
    /// nothing is lost.
    pub(super) fn learn(&self, model: &str, learn: impl FnOnce(&mut Habits)) {
        let mut models = self.lock();
        if let Some((_, habits)) = models.iter_mut().find(|(name, _)| name == model) {
            return learn(habits);
        }
        let mut habits = Habits::default();
        learn(&mut habits);
        if habits == Habits::default() {
            return;
        }
        if models.len() >= MODELS {
            models.remove(0);
        }
        models.push((model.to_owned(), habits));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Habits)>> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_has_habits_of_its_own_and_the_oldest_are_forgotten() {
        let learned = Learned::new();
        for n in 0..=MODELS {
            learned.learn(&format!("m{n}"), |habits| habits.window = u32::try_from(n).ok());
        }
        assert_eq!(learned.of("m0"), Habits::default());
        assert_eq!(learned.of("m1").window, Some(1));
        learned.learn("m1", |habits| habits.adjustments.push(Adjustment::WithoutSeed));
        assert_eq!((learned.of("m1").window, learned.of("m1").adjustments.len()), (Some(1), 1));
        learned.learn("nothing new", |_| {});
        assert_eq!(learned.lock().len(), MODELS);
    }
}
