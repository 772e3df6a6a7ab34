//! The content of a message: its text, its reasoning, and counts of everything else.

use protocol::api::LeftOut;
use protocol::{Role, Timestamp};

use super::super::json::Json;
use super::{Node, details, thought};

/// The author of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    User,
    Assistant,
    System,
    Tool,
    /// The role is missing or not known.
    Unknown,
}

impl Who {
    pub(super) fn of(role: Option<&str>) -> Self {
        match role.unwrap_or_default().to_ascii_lowercase().as_str() {
            "user" | "human" => Self::User,
            "assistant" | "ai" | "model" | "bot" | "gpt" | "chatgpt" => Self::Assistant,
            "system" | "developer" => Self::System,
            "tool" | "function" | "ipython" => Self::Tool,
            _ => Self::Unknown,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct MessageContent {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) left_out: LeftOut,
    /// Lone surrogates in JSON that is nested in a text; those of the file itself are counted
    /// elsewhere.
    pub(super) replaced: u64,
}

impl MessageContent {
    /// Reads the field `content`: a text, or a list of parts.
    pub(super) fn of(content: Option<Json<'_>>) -> Self {
        let mut said = Self::default();
        match content {
            None => {}
            Some(list) if list.is_list() => list.items().for_each(|part| said.part(part)),
            Some(part) => said.part(part),
        }
        said
    }

    pub(super) fn say(&mut self, text: &str) {
        apart(&mut self.text, text);
    }

    pub(super) fn think(&mut self, text: &str) {
        apart(&mut self.reasoning, text.trim());
    }

    fn part(&mut self, part: Json<'_>) {
        if part.is_null() {
            return;
        }
        if let Some(text) = part.text() {
            return self.say(text);
        }
        let text = words(part, &["text", "content", "value"]);
        let kind = part.text_of("type").unwrap_or_default();
        match kind {
            "text" | "output_text" | "input_text" | "voice_note" | "audio_transcription" => {
                self.say(&text);
            }
            "think" | "thinking" | "reasoning" | "reasoning_content" | "redacted_thinking"
            | "reasoning.text" | "reasoning.summary" | "summary_text" => {
                let names = ["think", "thinking", "reasoning", "text", "content", "summary"];
                self.think(&words(part, &names));
            }
            "refusal" => self.say(&words(part, &["refusal", "text"])),
            _ if kind.contains("tool") || kind.contains("function") || kind.contains("code_") => {
                self.left_out.tools += 1;
            }
            _ if ["image", "file", "audio", "video", "document", "media"]
                .iter()
                .any(|word| kind.contains(word)) =>
            {
                self.left_out.attachments += 1;
            }
            "" if !text.is_empty() => self.say(&text),
            "" => self.left_out.unreadable += 1,
            _ => self.left_out.other += 1,
        }
    }

    /// Adds the texts of the files in a field, and counts the files without a text.
    pub(super) fn files(&mut self, list: Option<Json<'_>>) {
        for file in list.into_iter().flat_map(Json::items).filter(|file| !file.is_null()) {
            match document(file) {
                Some(document) => self.say(&document),
                None => self.left_out.attachments += 1,
            }
        }
    }

    /// Makes the node with this content.
    pub(super) fn node(
        mut self,
        who: Who,
        (id, parent): (String, Option<String>),
        at: Option<Timestamp>,
        model: Option<String>,
    ) -> Node {
        let role = match who {
            Who::User => Some(Role::User),
            Who::Assistant => Some(Role::Assistant),
            Who::System | Who::Tool | Who::Unknown => None,
        };
        if who == Who::Assistant {
            let tools = details::take(&mut self.text, &mut self.reasoning);
            self.left_out.tools += tools;
            thought::take(&mut self.text, &mut self.reasoning);
        } else if role.is_some() {
            // Only a model's message can have reasoning.
            self.reasoning.clear();
        } else {
            let (says, parts) = (!self.text.is_empty(), self.left_out.total());
            self.left_out = LeftOut::default();
            match who {
                Who::System => self.left_out.system += u64::from(says || parts > 0),
                Who::Tool => self.left_out.tools += 1,
                _ => self.left_out.unreadable += 1,
            }
            (self.text, self.reasoning) = (String::new(), String::new());
        }
        let Self { text, reasoning, left_out, replaced } = self;
        Node { id, parent, role, text, reasoning, at, model, left_out, replaced }
    }
}

/// A file whose text the export contains, such as a long pasted text: its name, and the text in a
/// code fence.
fn document(file: Json<'_>) -> Option<String> {
    const TEXTS: [&str; 5] = ["text", "textfile", "context", "pdf", "pdffile"];
    let kind = file.text_of("type").unwrap_or_default().to_ascii_lowercase();
    let content = || file.text_of("content").filter(|_| TEXTS.contains(&&*kind));
    let text = file.text_of("extracted_content").or_else(content)?;
    if text.trim().is_empty() {
        return None;
    }
    let name = file.first_of(&["file_name", "name"]).and_then(Json::text).unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    let text = fenced("", text);
    Some(if name.trim().is_empty() { text } else { format!("{}:\n{text}", name.trim()) })
}

/// The text in a code fence that is longer than any run of backticks in it.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language.chars().filter(|c| c.is_alphanumeric()).collect();
    format!("{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'))
}

/// The text of the first of these fields that exists; the field may hold a list of parts.
fn words(part: Json<'_>, names: &[&str]) -> String {
    let Some(found) = part.first_of(names) else { return String::new() };
    if let Some(text) = found.text() {
        return text.to_owned();
    }
    let inner = found.text_of("value");
    let texts = found.items().filter_map(|item| {
        item.text().or_else(|| item.first_of(&["text", "content", "summary"])?.text())
    });
    inner.into_iter().chain(texts).collect::<Vec<_>>().join("\n\n")
}

/// The reasoning beside a message's content, under its usual names.
pub(super) fn beside(message: Json<'_>) -> String {
    let names =
        ["reasoning_content", "reasoningContent", "reasoning", "thinking", "thinking_content"];
    for name in names {
        let Some(found) = message.get(name) else { continue };
        let text = found.text().map_or_else(|| words(message, &[name]), str::to_owned);
        if !text.trim().is_empty() {
            return text;
        }
    }
    MessageContent::of(message.get("reasoning_details")).reasoning
}

/// Appends a text after a blank line.
fn apart(to: &mut String, text: &str) {
    if text.is_empty() {
        return;
    }
    if !to.is_empty() {
        to.push_str("\n\n");
    }
    to.push_str(text);
}

/// The name of a model, which may be given as an object.
pub(super) fn model(value: Option<Json<'_>>) -> Option<String> {
    let value = value?;
    let name = value.text().or_else(|| value.first_of(&["name", "id"])?.text())?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
