//! Decides what the palette offers for a query.

use protocol::{Visibility, Worker, WorkerId};

use crate::text::{self, tr};
use crate::{ModelOption, label};

/// The most conversations that are offered.
const CONVERSATIONS: usize = 8;

/// An option of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Conversation {
        id: WorkerId,
        title: String,
    },
    Command(Command),
    /// Search all messages for the query.
    Search(String),
    Model(ModelOption),
    /// The page with all settings.
    MoreSettings,
    /// The models to ask besides the usual one.
    Several,
}

/// A command that is available on every page of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    New,
    Write,
    CopyAnswer,
    Rename,
    Visibility(Visibility),
    Delete,
    ExportMarkdown,
    ExportHtml,
    ExportJson,
    Share,
    Choose,
    Several,
    Settings,
    Appearance,
    Language,
    Notify,
    Data,
    Usage,
    Shortcuts,
}

impl Command {
    /// The commands for a conversation with this visibility, in the palette's order.
    pub fn all(place: Visibility) -> [Self; 20] {
        let pin = if place == Visibility::Pinned { Visibility::Listed } else { Visibility::Pinned };
        let archive =
            if place == Visibility::Archived { Visibility::Listed } else { Visibility::Archived };
        [
            Self::New,
            Self::Write,
            Self::CopyAnswer,
            Self::Rename,
            Self::Visibility(pin),
            Self::Visibility(archive),
            Self::Delete,
            Self::ExportMarkdown,
            Self::ExportHtml,
            Self::ExportJson,
            Self::Share,
            Self::Choose,
            Self::Several,
            Self::Settings,
            Self::Appearance,
            Self::Language,
            Self::Notify,
            Self::Data,
            Self::Usage,
            Self::Shortcuts,
        ]
    }

    /// The command's name for a conversation with this visibility.
    pub fn words(self, place: Visibility) -> &'static str {
        match self {
            Self::New => tr!(new),
            Self::Write => tr!(command_write),
            Self::CopyAnswer => tr!(command_copy),
            Self::Rename => tr!(command_rename),
            Self::Visibility(Visibility::Pinned) => tr!(command_pin),
            Self::Visibility(Visibility::Archived) => tr!(command_archive),
            Self::Visibility(Visibility::Listed) if place == Visibility::Pinned => {
                tr!(command_unpin)
            }
            Self::Visibility(Visibility::Listed) => tr!(command_unarchive),
            Self::Delete => tr!(command_delete),
            Self::ExportMarkdown => tr!(command_markdown),
            Self::ExportHtml => tr!(command_html),
            Self::ExportJson => tr!(command_json),
            Self::Share => tr!(share_command),
            Self::Choose => tr!(profile_and_model),
            Self::Several => tr!(several),
            Self::Settings => tr!(settings),
            Self::Appearance => tr!(command_appearance),
            Self::Language => tr!(command_language),
            Self::Notify => tr!(command_notify),
            Self::Data => tr!(data),
            Self::Usage => tr!(usage),
            Self::Shortcuts => tr!(shortcuts),
        }
    }
}

/// The options that match `query`, the best first: the conversations that were `found`, the
/// commands that contain its words, the search, and the commands that only contain its letters.
/// `low` lowercases a text.
pub fn choices(
    query: &str,
    found: Vec<Worker>,
    place: Visibility,
    low: impl Fn(&str) -> String,
) -> Vec<Choice> {
    let typed = query.trim();
    let wanted = low(typed);
    // The results may be those of an earlier query.
    let fits = |worker: &Worker| {
        let title = label::title(worker.title.as_deref()).unwrap_or_default();
        titles::score(&low(title), &wanted).is_some()
    };
    let found: Vec<_> = found.into_iter().filter(fits).take(CONVERSATIONS).collect();
    let conversations = found.into_iter().map(|worker| {
        let title = label::of(&worker).to_owned();
        Choice::Conversation { id: worker.worker_id, title }
    });
    let mut commands: Vec<(u32, Command)> = Vec::new();
    for command in Command::all(place) {
        if let Some(score) = titles::score(&low(command.words(place)), &wanted) {
            // Insert behind equal scores, so that equal commands keep their order.
            let at = commands.partition_point(|(other, _)| *other >= score);
            commands.insert(at, (score, command));
        }
    }
    let search = (!typed.is_empty()).then(|| Choice::Search(typed.to_owned()));
    // A command that only contains the letters ranks below the search, so Enter does not run it.
    let said = commands.partition_point(|(score, _)| titles::is_said(*score, &wanted));
    let command = |(_, command): (u32, Command)| Choice::Command(command);
    let others: Vec<_> = commands.split_off(said).into_iter().map(command).collect();
    let said = commands.into_iter().map(command);
    conversations.chain(said).chain(search).chain(others).collect()
}

/// The models that match `query`, the best first, and the page with more settings. Without a query
/// they keep their order.
pub fn models(query: &str, options: &[ModelOption], low: impl Fn(&str) -> String) -> Vec<Choice> {
    let wanted = low(query.trim());
    let mut fitting: Vec<(u32, &ModelOption)> = Vec::new();
    for option in options {
        let text = [&option.words, " ", &option.place].concat();
        if let Some(score) = titles::score(&low(&text), &wanted) {
            let at = fitting.partition_point(|(other, _)| *other >= score);
            fitting.insert(at, (score, option));
        }
    }
    // Of a long list only a part is here, and a name that was typed may be of the rest.
    let typed = query.trim();
    let named = |option: &ModelOption| option.model.as_deref() == Some(typed);
    let is_named = options.iter().any(named);
    let rest = options.iter().filter(|option| option.more && !typed.is_empty() && !is_named);
    let rest = rest.map(|option| ModelOption {
        model: Some(typed.to_owned()),
        words: text::model_typed(typed),
        off: false,
        more: false,
        ..option.clone()
    });
    let fitting = fitting.into_iter().map(|(_, option)| option.clone());
    let mut found: Vec<_> = fitting.chain(rest).map(Choice::Model).collect();
    if typed.is_empty() || !found.is_empty() {
        found.push(Choice::MoreSettings);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    fn offered(query: &str, titles: &[&str]) -> Vec<Choice> {
        let worker = |title: &&str| Worker { title: Some((*title).to_owned()), ..sample::worker() };
        let found = titles.iter().map(worker).collect();
        choices(query, found, Visibility::Listed, str::to_lowercase)
    }

    #[test]
    fn an_empty_query_offers_everything() {
        let all = offered(" ", &["a", "b"]);
        assert_eq!(all.len(), 2 + 20);
        assert!(matches!(&all[0], Choice::Conversation { title, .. } if title == "a"));
        assert!(!all.iter().any(|choice| matches!(choice, Choice::Search(_))));
    }

    #[test]
    fn the_best_match_comes_first() {
        let delete = offered("DELETE", &[]);
        assert_eq!(delete[0], Choice::Command(Command::Delete));
        assert_eq!(delete[1], Choice::Search("DELETE".to_owned()));
        let letters = offered("dlt", &[]);
        assert_eq!(letters[0], Choice::Search("dlt".to_owned()));
        assert_eq!(letters[1], Choice::Command(Command::Delete));
        let none = offered("zzz", &[]);
        assert_eq!(none, [Choice::Search("zzz".to_owned())]);
    }

    #[test]
    fn conversations_found_for_an_older_query_are_not_offered() {
        let choices = offered("moon", &["Tides", "The Moon"]);
        assert!(matches!(&choices[0], Choice::Conversation { title, .. } if title == "The Moon"));
        assert_eq!(choices[1], Choice::Search("moon".to_owned()));
    }

    #[test]
    fn a_pinned_or_archived_conversation_is_offered_the_reverse_command() {
        let words = |place| -> Vec<_> {
            Command::all(place)
                .into_iter()
                .filter(|command| matches!(command, Command::Visibility(_)))
                .map(|command| command.words(place))
                .collect()
        };
        assert_eq!(words(Visibility::Listed), [tr!(command_pin), tr!(command_archive)]);
        assert_eq!(words(Visibility::Pinned), [tr!(command_unpin), tr!(command_archive)]);
        assert_eq!(words(Visibility::Archived), [tr!(command_pin), tr!(command_unarchive)]);
    }

    #[test]
    fn a_conversation_without_a_title_is_called_untitled() {
        let found = vec![Worker { title: None, ..sample::worker() }];
        let choices = choices("", found, Visibility::Listed, str::to_lowercase);
        let untitled = tr!(untitled);
        assert!(matches!(&choices[0], Choice::Conversation { title, .. } if title == untitled));
    }

    #[test]
    fn models_are_found_by_their_name_and_by_their_place() {
        let option = |words: &str, place: &str| ModelOption {
            words: words.to_owned(),
            place: place.to_owned(),
            ..ModelOption::default()
        };
        let options = [option("big-1", "Acme"), option("small", "Other"), option("big-2", "Other")];
        let found = |query| -> Vec<String> {
            let name = |choice: Choice| match choice {
                Choice::Model(option) => option.words,
                _ => "more".to_owned(),
            };
            models(query, &options, str::to_lowercase).into_iter().map(name).collect()
        };
        assert_eq!(found(""), ["big-1", "small", "big-2", "more"]);
        assert_eq!(found("BIG"), ["big-1", "big-2", "more"]);
        assert_eq!(found("other big"), ["big-2", "more"]);
        assert_eq!(found("zzz"), <[&str; 0]>::default());
        let more = ModelOption { more: true, off: true, ..option("9 more", "Other") };
        let options = [options.to_vec(), vec![more]].concat();
        let typed = |query: &str| models(query, &options, str::to_lowercase);
        assert!(matches!(&typed("zzz")[0],
            Choice::Model(option) if option.model.as_deref() == Some("zzz") && !option.off));
        assert_eq!(typed("").len(), 5);
    }
}
