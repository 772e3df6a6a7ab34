//! The setting for the Enter key.

/// What the Enter key does in the message box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterKey {
    /// It sends, and Shift + Enter begins a new line.
    Sends,
    /// It begins a new line, and Shift + Enter sends.
    Breaks,
}

impl EnterKey {
    /// Its name in the page, in the form and in the cookie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sends => "sends",
            Self::Breaks => "breaks",
        }
    }

    /// Parses that name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Sends, Self::Breaks].into_iter().find(|key| key.name() == name)
    }
}
