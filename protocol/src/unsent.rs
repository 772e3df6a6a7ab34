//! The parameters of a turn that were asked for and not sent.

use serde::{Deserialize, Serialize};

use crate::api::Sampling;
use crate::{Adjustment, ContextWindow, Effort, Turn};

/// Parameters that a provider is known to refuse.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unsent {
    /// A parameter that is absent here was sent, or not asked for.
    #[serde(default)]
    pub sampling: Sampling,
    /// The reasoning effort that was asked for. Another one, or none, was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
}

impl Unsent {
    /// Whether everything was sent as it was asked for.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Turn {
    /// The reasoning effort that was asked for; `None` for the model's default.
    pub fn asked_effort(&self) -> Option<&Effort> {
        self.unsent.effort.as_ref().or(self.effort.as_ref())
    }

    /// The parameters as they were asked for.
    pub fn asked_sampling(&self) -> Sampling {
        let (sent, unsent) = (self.sampling, self.unsent.sampling);
        Sampling {
            temperature: sent.temperature.or(unsent.temperature),
            top_p: sent.top_p.or(unsent.top_p),
            seed: sent.seed.or(unsent.seed),
            max_tokens: sent.max_tokens.or(unsent.max_tokens),
        }
    }

    /// Records what is sent. If there are several attempts, the last one counts.
    pub(crate) fn see(&mut self, sight: &ContextWindow) {
        let (sampling, effort) = (self.asked_sampling(), self.asked_effort().cloned());
        self.sampling = sent_sampling(sampling, &sight.adjustments);
        self.effort = sent_effort(effort.clone(), sight);
        self.unsent = Unsent {
            sampling: Sampling {
                temperature: sampling.temperature.filter(|_| self.sampling.temperature.is_none()),
                top_p: sampling.top_p.filter(|_| self.sampling.top_p.is_none()),
                seed: sampling.seed.filter(|_| self.sampling.seed.is_none()),
                max_tokens: sampling.max_tokens.filter(|_| self.sampling.max_tokens.is_none()),
            },
            effort: effort.filter(|effort| self.effort.as_ref() != Some(effort)),
        };
        self.sight = Some(sight.clone());
    }
}

/// The parameters that are sent of those that were asked for.
pub fn sent_sampling(asked: Sampling, adjustments: &[Adjustment]) -> Sampling {
    use Adjustment::{WithoutMaxTokens, WithoutSeed, WithoutTemperature, WithoutTopP};
    let sent = |without| !adjustments.contains(&without);
    Sampling {
        temperature: asked.temperature.filter(|_| sent(WithoutTemperature)),
        top_p: asked.top_p.filter(|_| sent(WithoutTopP)),
        seed: asked.seed.filter(|_| sent(WithoutSeed)),
        max_tokens: asked.max_tokens.filter(|_| sent(WithoutMaxTokens)),
    }
}

fn sent_effort(asked: Option<Effort>, sight: &ContextWindow) -> Option<Effort> {
    if sight.adjustments.contains(&Adjustment::WithoutEffort) {
        return None;
    }
    sight.effort.clone().or(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MessageId, Timestamp, Timings, TurnId, TurnState};

    fn turn() -> Turn {
        let message = |n| MessageId::from_parts(0, [n; 10]);
        Turn {
            turn_id: TurnId::from_parts(0, [0; 10]),
            question: message(1),
            answer: message(2),
            continues: None,
            edits: None,
            together: None,
            omitted: Vec::new(),
            state: TurnState::Accepted,
            waiting: None,
            loading: false,
            retries: Vec::new(),
            error: None,
            finish: None,
            profile: "companion".parse().unwrap(),
            provider: "openai".parse().unwrap(),
            model: "m".into(),
            prompt_digest: String::new(),
            bundle_digest: String::new(),
            sampling: Sampling { temperature: Some(0.3), seed: Some(7), ..Sampling::default() },
            effort: Some("high".parse().unwrap()),
            unsent: Unsent::default(),
            sight: None,
            usage: None,
            timings: Timings::default(),
            started_at: Timestamp::from_unix_ms(0),
            ended_at: None,
        }
    }

    fn sight(adjustments: &[Adjustment], effort: Option<&str>) -> ContextWindow {
        let effort = effort.map(|effort| effort.parse().unwrap());
        ContextWindow { adjustments: adjustments.to_vec(), effort, ..ContextWindow::default() }
    }

    #[test]
    fn requested_and_sent_parameters_are_kept_apart_over_several_attempts() {
        use Adjustment as A;
        let mut turn = turn();
        let (sampling, effort) = (turn.sampling, turn.effort.clone());
        turn.see(&sight(&[], None));
        assert_eq!((turn.sampling, &turn.effort), (sampling, &effort));
        assert!(turn.unsent.is_nothing());

        turn.see(&sight(&[A::WithoutTemperature, A::NearestEffort], Some("medium")));
        assert_eq!((turn.sampling.temperature, turn.sampling.seed), (None, Some(7)));
        assert_eq!(turn.unsent.sampling.temperature, Some(0.3));
        assert_eq!((turn.unsent.sampling.seed, &turn.unsent.effort), (None, &effort));
        assert_eq!(turn.effort.as_ref().map(Effort::as_str), Some("medium"));

        turn.see(&sight(&[A::WithoutSeed, A::WithoutEffort], None));
        assert_eq!((turn.sampling.temperature, turn.sampling.seed), (Some(0.3), None));
        assert_eq!((&turn.effort, &turn.unsent.effort), (&None, &effort));
        assert_eq!((turn.asked_sampling(), turn.asked_effort()), (sampling, effort.as_ref()));
    }
}
