//! The owner's settings for an endpoint's models; pure.

use glob::Pattern;
use protocol::Effort;
use serde::Deserialize;

use super::config::Api;
use super::refusal::Parameter;

/// The owner's settings for the models whose names match a pattern.
#[derive(Clone, Debug)]
pub struct ModelTable {
    /// A glob that is matched against the whole name of a model.
    pub names: Pattern,
    /// The settings for the models that match.
    pub settings: ModelSettings,
}

/// The owner's settings for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSettings {
    /// The context window in tokens; takes precedence over a learned or listed one.
    pub window_tokens: Option<u32>,
    /// The parameter for the answer's longest allowed length.
    pub max_tokens_field: Option<MaxTokensField>,
    /// Whether `temperature` may be sent.
    pub temperature: bool,
    /// How an effort is sent.
    pub reasoning: EffortForm,
    /// The efforts that are offered; if it is empty, the usual ones for the form.
    pub efforts: Vec<Effort>,
    /// Whether pictures may be sent.
    pub images: Option<bool>,
    /// The API by which the model is asked; `None` for the endpoint's.
    pub api: Option<Api>,
}

/// The two names of one parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// The older name; most servers other than OpenAI's know only this one.
    MaxTokens,
    /// OpenAI's newer name, which its reasoning models require.
    MaxCompletionTokens,
}

/// How a request sets the reasoning effort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffortForm {
    /// `reasoning_effort` with the effort's name: OpenAI, and most of the others.
    #[default]
    ReasoningEffort,
    /// `chat_template_kwargs.enable_thinking`, on or off: Qwen3, GLM and SmolLM3 on vLLM, SGLang
    /// and llama.cpp.
    EnableThinking,
    /// `chat_template_kwargs.thinking`, on or off: DeepSeek V3.1 and Granite on the same servers.
    Thinking,
    /// `reasoning.effort`, or `reasoning.enabled: false` for no thinking: OpenRouter.
    Openrouter,
    /// `thinking.type`, enabled or disabled: DeepSeek V4, GLM and Kimi on their makers' own
    /// services.
    ThinkingType,
    /// No effort is sent, and none is offered.
    None,
}

/// The settings for a model that no table names.
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

    /// Whether an effort is sent by its name, and not only as on or off.
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

    /// The parameter for the answer's longest allowed length, if the owner sets it.
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
    fn the_first_matching_table_applies_to_a_model() {
        let window = |tokens| ModelSettings { window_tokens: Some(tokens), ..Default::default() };
        let tables = [table("o*-mini", window(1)), table("o*", window(2))];
        let of = |model| ModelSettings::of(&tables, model).window_tokens;
        assert_eq!((of("o3-mini"), of("o3"), of("gpt")), (Some(1), Some(2), None));
    }

    #[test]
    fn offered_efforts_follow_the_form_of_the_setting() {
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
