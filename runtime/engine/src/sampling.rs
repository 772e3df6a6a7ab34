//! Chooses how the next token is sampled, from the request and from defaults. [`Plan`] is pure;
//! [`Plan::sampler`] makes the engine's sampler of it.

use llama_cpp_2::sampling::LlamaSampler;
use protocol::api::Sampling;

/// The default if the profile sets none. It is low enough for small models to keep to the point.
const TEMPERATURE: f32 = 0.6;
const TOP_P: f32 = 0.9;
/// Only the likeliest tokens are considered. This saves sorting the whole vocabulary, and the rest
/// does not matter.
const TOP_K: i32 = 40;
/// A token below this share of the likeliest token's probability is noise.
const MIN_P: f32 = 0.05;

/// Tokens that occur among the last ones are a little less likely to be repeated. Small models
/// otherwise fall into a loop now and then, up to the limit of the answer.
const REPEATED_TOKENS: i32 = 64;
const REPEATED_PENALTY: f32 = 1.1;

/// The sampling parameters, each within its range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plan {
    /// Always the likeliest token.
    Greedy,
    Random {
        temperature: f32,
        top_p: f32,
        seed: u32,
    },
}

impl Plan {
    /// `random_seed` is used if the request has no seed.
    pub(crate) fn new(asked: Sampling, random_seed: u32) -> Self {
        let usable = |number: &f32| number.is_finite();
        let temperature = asked.temperature.filter(usable).unwrap_or(TEMPERATURE).clamp(0.0, 2.0);
        if temperature == 0.0 {
            return Self::Greedy;
        }
        Self::Random {
            temperature,
            top_p: asked.top_p.filter(usable).unwrap_or(TOP_P).clamp(0.01, 1.0),
            seed: asked.seed.unwrap_or(random_seed),
        }
    }

    /// Makes the sampler for a model with `vocabulary` tokens.
    pub(crate) fn sampler(self, vocabulary: i32) -> LlamaSampler {
        match self {
            Self::Greedy => LlamaSampler::greedy(),
            Self::Random { temperature, top_p, seed } => LlamaSampler::chain(
                [
                    LlamaSampler::penalties(
                        vocabulary,
                        REPEATED_TOKENS,
                        REPEATED_PENALTY,
                        0.0,
                        0.0,
                    ),
                    LlamaSampler::top_k(TOP_K),
                    LlamaSampler::top_p(top_p, 1),
                    LlamaSampler::min_p(MIN_P, 1),
                    LlamaSampler::temp(temperature),
                    LlamaSampler::dist(seed),
                ],
                true,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperature_zero_is_greedy() {
        let asked = Sampling { temperature: Some(0.0), ..Sampling::default() };
        assert_eq!(Plan::new(asked, 1), Plan::Greedy);
    }

    #[test]
    fn missing_parameters_have_defaults() {
        let plan = Plan::Random { temperature: TEMPERATURE, top_p: TOP_P, seed: 7 };
        assert_eq!(Plan::new(Sampling::default(), 7), plan);
    }

    #[test]
    fn invalid_parameters_are_corrected() {
        let asked = Sampling {
            temperature: Some(f32::NAN),
            top_p: Some(-3.0),
            seed: Some(5),
            max_tokens: None,
        };
        let plan = Plan::Random { temperature: TEMPERATURE, top_p: 0.01, seed: 5 };
        assert_eq!(Plan::new(asked, 7), plan);
        let hot = Sampling { temperature: Some(99.0), ..asked };
        assert_eq!(Plan::new(hot, 7), Plan::Random { temperature: 2.0, top_p: 0.01, seed: 5 });
    }
}
