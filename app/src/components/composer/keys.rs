//! Decides what a key press in the message box does.
//!
//! A key press that belongs to an input method (IME) does nothing here. The Enter that ends a composition
//! arrives while it still runs (`isComposing`, Chromium and Firefox), or after its end but with
//! key code 229 (Safari). Both can be recognized by the event alone, so the reader's next Enter is
//! never taken for one of the input method.

use crate::enter_key::EnterKey;

/// The keys that may do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Key {
    Enter,
    Escape,
    Up,
    #[default]
    Other,
}

impl Key {
    /// By the name that browsers give it.
    pub fn named(name: &str) -> Self {
        match name {
            "Enter" => Self::Enter,
            "Escape" => Self::Escape,
            "ArrowUp" => Self::Up,
            _ => Self::Other,
        }
    }
}

/// The parts of a key event that decide what it does.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keystroke {
    pub key: Key,
    pub shift: bool,
    /// Ctrl, or the command key of a Mac.
    pub command: bool,
    pub alt: bool,
    pub composing: bool,
    pub key_code: u32,
}

/// The state of the message box at a key press.
#[derive(Clone, Copy, Debug, Default)]
pub struct BoxState {
    /// There is no text in it.
    pub empty: bool,
    /// It holds an earlier message.
    pub editing: bool,
    /// An answer is being written.
    pub running: bool,
}

/// What a key press does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    Send,
    /// Stop the running answer.
    Stop,
    /// Put the earlier draft back.
    LeaveEdit,
    /// Edit the reader's last message.
    EditLast,
}

/// What a key press does; `None` leaves it to the browser. Enter sends (or Shift + Enter if Enter breaks
/// lines), and Ctrl + Enter does. Escape leaves an edit first, and only then stops an answer. The arrow up
/// edits the last message where it would not move in a text.
pub fn action(key: Keystroke, state: BoxState, enter: EnterKey) -> Option<KeyAction> {
    if key.composing || key.key_code == 229 {
        return None;
    }
    let plain = !key.shift && !key.command && !key.alt;
    match key.key {
        Key::Enter => {
            let sends = !key.alt && (key.command || key.shift == (enter == EnterKey::Breaks));
            sends.then_some(KeyAction::Send)
        }
        Key::Escape if plain && state.editing => Some(KeyAction::LeaveEdit),
        Key::Escape if plain && state.running => Some(KeyAction::Stop),
        Key::Up if plain && state.empty && !state.editing => Some(KeyAction::EditLast),
        Key::Escape | Key::Up | Key::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event as browsers report it, reduced to the parts that matter to a composer.
    enum Event {
        Down {
            key: &'static str,
            code: u32,
            composing: bool,
        },
        /// Start, update or end of a composition; a key release; a change of the text.
        Other,
    }
    use Event::{Down, Other};

    fn sends(key: Keystroke, enter: EnterKey) -> bool {
        action(key, BoxState::default(), enter) == Some(KeyAction::Send)
    }

    /// How many messages a sequence of events sends.
    fn sent(events: &[Event]) -> usize {
        let keys = events.iter().filter_map(|event| match event {
            Down { key, code, composing } => Some(Keystroke {
                key: Key::named(key),
                composing: *composing,
                key_code: *code,
                ..Keystroke::default()
            }),
            Other => None,
        });
        keys.filter(|key| sends(*key, EnterKey::Sends)).count()
    }

    fn down(key: &'static str, code: u32, composing: bool) -> Event {
        Down { key, code, composing }
    }

    /// An Enter that the reader presses outside of a composition.
    fn enter() -> Event {
        down("Enter", 13, false)
    }

    #[test]
    fn chromium_reports_the_last_enter_before_the_end_of_the_composition() {
        let taking = [
            down("Process", 229, false),
            Other, // compositionstart
            Other, // compositionupdate
            Other, // keyup
            down("Process", 229, true),
            down("Enter", 229, true),
            Other, // compositionend
            Other, // keyup
        ];
        assert_eq!(sent(&taking), 0);
        assert_eq!(sent(&[down("Enter", 229, true), Other, enter()]), 1);
    }

    #[test]
    fn firefox_reports_the_last_enter_as_process_or_enter_in_the_composition() {
        let taking =
            [down("Process", 229, true), Other, down("Enter", 13, true), Other, Other, enter()];
        assert_eq!(sent(&taking), 1);
    }

    #[test]
    fn safari_ends_the_composition_first_and_the_next_enter_counts() {
        let ended_first = [
            down("a", 229, false),
            Other, // compositionstart, compositionupdate
            Other, // compositionend comes before the keydown of its own Enter
            down("Enter", 229, false),
            Other, // keyup, with key code 13
        ];
        assert_eq!(sent(&ended_first), 0);
        assert_eq!(sent(&[Other, down("Enter", 229, false), Other, enter(), enter()]), 2);
    }

    #[test]
    fn enter_sends_after_a_cancelled_composition() {
        assert_eq!(sent(&[Other, down("Escape", 229, true), Other, enter()]), 1);
    }

    #[test]
    fn enter_breaks_the_line_if_the_reader_chose_that() {
        let enter = Keystroke { key: Key::Enter, key_code: 13, ..Keystroke::default() };
        let shift = Keystroke { shift: true, ..enter };
        let command = Keystroke { command: true, ..enter };
        let alt = Keystroke { alt: true, ..enter };
        assert_eq!(
            [enter, shift, command, alt].map(|key| sends(key, EnterKey::Sends)),
            [true, false, true, false]
        );
        assert_eq!(
            [enter, shift, command, alt].map(|key| sends(key, EnterKey::Breaks)),
            [false, true, true, false]
        );
        assert!(!sends(Keystroke { composing: true, ..command }, EnterKey::Breaks));
    }

    fn pressed(key: Key, state: BoxState) -> Option<KeyAction> {
        action(Keystroke { key, ..Keystroke::default() }, state, EnterKey::Sends)
    }

    #[test]
    fn escape_leaves_an_edit_and_then_stops_the_answer() {
        let running = BoxState { running: true, ..BoxState::default() };
        let both = BoxState { editing: true, ..running };
        assert_eq!(pressed(Key::Escape, both), Some(KeyAction::LeaveEdit));
        assert_eq!(pressed(Key::Escape, running), Some(KeyAction::Stop));
        assert_eq!(pressed(Key::Escape, BoxState::default()), None);
        // It ends a composition, which is all that the reader wants of it.
        let composing = Keystroke { key: Key::Escape, composing: true, ..Keystroke::default() };
        assert_eq!(action(composing, running, EnterKey::Sends), None);
    }

    #[test]
    fn the_arrow_up_edits_the_last_message_only_where_there_is_no_text() {
        let empty = BoxState { empty: true, ..BoxState::default() };
        assert_eq!(pressed(Key::Up, empty), Some(KeyAction::EditLast));
        assert_eq!(pressed(Key::Up, BoxState::default()), None);
        assert_eq!(pressed(Key::Up, BoxState { editing: true, ..empty }), None);
        let selects = Keystroke { key: Key::Up, shift: true, ..Keystroke::default() };
        assert_eq!(action(selects, empty, EnterKey::Sends), None);
    }
}
