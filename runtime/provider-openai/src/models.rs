//! What the owner says of an endpoint's models; pure.

use glob::Pattern;
use protocol::Effort;
use serde::Deserialize;

use super::config::Api;
use super::refusal::Parameter;

/// The owner's word on the models whose names match a pattern.
#[derive(Clone, Debug)]
pub struct ModelTable {
    pub names: Pattern,
    pub settings: ModelSettings,
}

/// What the owner says of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSettings {
    /// The window's size in tokens, before everything that is learned or listed.
    pub window_tokens: Option<u32>,
    /// The parameter for the answer's longest allowed length.
    pub max_tokens_field: Option<MaxTokensField>,
    /// Whether `temperature` may be sent.
    pub temperature: bool,
    /// How an effort is sent.
    pub reasoning: EffortForm,
    /// Which efforts are offered; those that are usual for the form where it is empty.
    pub efforts: Vec<Effort>,
    /// Whether pictures may be sent.
    pub images: Option<bool>,
    /// The interface by which it is asked; the endpoint's where it is none.
    pub api: Option<Api>,
}

/// The two names of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    MaxTokens,
    MaxCompletionTokens,
}

/// How a request says how hard the model is to think.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffortForm {
    /// `reasoning_effort`, by its name: OpenAI, and most of the others.
    #[default]
    ReasoningEffort,
    /// `chat_template_kwargs.enable_thinking`, on or off: Qwen3, GLM and SmolLM3 on vLLM, SGLang
    /// and llama.cpp.
    EnableThinking,
    /// `chat_template_kwargs.thinking`, on or off: DeepSeek V3.1 and Granite on the same.
    Thinking,
    /// `reasoning.effort`, or `reasoning.enabled` for none: OpenRouter.
    Openrouter,
    /// `thinking.type`, enabled or disabled: DeepSeek V4, GLM and Kimi at their makers.
    ThinkingType,
    /// Not at all; none is offered.
    None,
}

/// What holds for a model of which the owner says nothing.
pub(crate) static UNNAMED: ModelSettings = ModelSettings {
    window_tokens: None,
    max_tokens_field: None,
    temperature: true,
    reasoning: EffortForm::ReasoningEffort,
    efforts: Vec::new(),
    images: None,
    api: None,
};

impl Default for ModelSettings {
    fn default() -> Self {
        UNNAMED.clone()
    }
}

impl ModelSettings {
    /// The settings of `model`: those of the first table that names it.
    pub(crate) fn of<'a>(tables: &'a [ModelTable], model: &str) -> &'a Self {
        let found = tables.iter().find(|table| table.names.matches(model));
        found.map_or(&UNNAMED, |table| &table.settings)
    }

    /// Whether an effort is sent by its name, and not as on or off.
    pub(crate) fn names_efforts(&self) -> bool {
        matches!(self.reasoning, EffortForm::ReasoningEffort | EffortForm::Openrouter)
    }

    /// The efforts that are offered.
    pub(crate) fn efforts(&self) -> Vec<Effort> {
        match self.reasoning {
            EffortForm::None => Vec::new(),
            _ if !self.efforts.is_empty() => self.efforts.clone(),
            EffortForm::ReasoningEffort | EffortForm::Openrouter => Effort::usual(),
            EffortForm::EnableThinking | EffortForm::Thinking | EffortForm::ThinkingType => {
                Effort::on_and_off()
            }
        }
    }

    /// The parameter for the answer's longest allowed length, where the owner says it.
    pub(crate) fn maximum(&self) -> Option<Parameter> {
        self.max_tokens_field.map(|field| match field {
            MaxTokensField::MaxTokens => Parameter::MaxTokens,
            MaxTokensField::MaxCompletionTokens => Parameter::MaxCompletionTokens,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &str, settings: ModelSettings) -> ModelTable {
        ModelTable { names: names.parse().unwrap(), settings }
    }

    #[test]
    fn the_first_table_that_names_a_model_holds_for_it() {
        let window = |tokens| ModelSettings { window_tokens: Some(tokens), ..Default::default() };
        let tables = [table("o*-mini", window(1)), table("o*", window(2))];
        let of = |model| ModelSettings::of(&tables, model).window_tokens;
        assert_eq!((of("o3-mini"), of("o3"), of("gpt")), (Some(1), Some(2), None));
    }

    #[test]
    fn what_is_offered_follows_the_form() {
        let offered = |reasoning, efforts: &[&str]| -> Vec<String> {
            let efforts = efforts.iter().map(|effort| effort.parse().unwrap()).collect();
            let settings = ModelSettings { reasoning, efforts, ..Default::default() };
            settings.efforts().into_iter().map(String::from).collect()
        };
        assert_eq!(offered(EffortForm::ReasoningEffort, &[]), ["none", "low", "medium", "high"]);
        assert_eq!(offered(EffortForm::EnableThinking, &[]), ["none", "high"]);
        assert_eq!(offered(EffortForm::Openrouter, &["minimal", "xhigh"]), ["minimal", "xhigh"]);
        assert!(offered(EffortForm::None, &["low"]).is_empty());
    }
}
