//! Decides which key press sends the message.
//!
//! A key press that belongs to an input method (IME) never sends. The Enter that ends a composition
//! arrives while it still runs (`isComposing`, Chromium and Firefox), or after its end but with
//! key code 229 (Safari). Both can be recognized by the event alone, so the reader's next Enter is
//! never taken for one of the input method.

use crate::enter_key::EnterKey;

/// The parts of a key event that decide whether it sends.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keystroke {
    pub enter: bool,
    pub shift: bool,
    /// Ctrl, or the command key of a Mac.
    pub command: bool,
    pub alt: bool,
    pub composing: bool,
    pub key_code: u32,
}

/// Whether a key press sends: Enter (or Shift + Enter if Enter breaks lines), or Ctrl + Enter.
pub fn sends(key: Keystroke, enter: EnterKey) -> bool {
    let own = key.enter && !key.composing && key.key_code != 229;
    own && !key.alt && (key.command || key.shift == (enter == EnterKey::Breaks))
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

    /// How many messages a sequence of events sends.
    fn sent(events: &[Event]) -> usize {
        let keys = events.iter().filter_map(|event| match event {
            Down { key, code, composing } => Some(Keystroke {
                enter: *key == "Enter",
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
        let enter = Keystroke { enter: true, key_code: 13, ..Keystroke::default() };
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
}
