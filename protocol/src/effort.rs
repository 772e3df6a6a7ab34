//! How hard a model is to think before it answers.

use crate::Effort;

/// The names that are in use, the least first
/// (<https://platform.openai.com/docs/api-reference/chat/create>).
const KNOWN: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

impl Effort {
    /// Not at all.
    pub fn none() -> Self {
        Self::known(0)
    }

    /// The ones that most models that think take.
    pub fn usual() -> Vec<Self> {
        [0, 2, 3, 4].map(Self::known).to_vec()
    }

    /// The two of a model whose thinking can only be switched on or off.
    pub fn on_and_off() -> Vec<Self> {
        [0, 4].map(Self::known).to_vec()
    }

    /// Whether it is [`Self::none`].
    pub fn is_none(&self) -> bool {
        self.as_str() == KNOWN[0]
    }

    /// The least of some efforts. One whose name is not known counts as more than all that are.
    pub fn least(efforts: &[Self]) -> Option<&Self> {
        let place = |effort: &&Self| KNOWN.iter().position(|known| *known == effort.as_str());
        efforts.iter().min_by_key(|effort| place(effort).unwrap_or(KNOWN.len()))
    }

    fn known(place: usize) -> Self {
        KNOWN[place].parse().expect("the constants are names of efforts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_is_found_whatever_the_order() {
        let efforts = |names: &[&str]| -> Vec<Effort> {
            names.iter().map(|name| name.parse().unwrap()).collect()
        };
        for (names, least) in [
            (&["high", "low", "medium"][..], Some("low")),
            (&["high", "none"], Some("none")),
            (&["default", "xhigh"], Some("xhigh")),
            (&["default"], Some("default")),
            (&[], None),
        ] {
            let efforts = efforts(names);
            assert_eq!(Effort::least(&efforts).map(Effort::as_str), least, "{names:?}");
        }
        assert!(Effort::none().is_none() && Effort::usual().contains(&Effort::none()));
    }
}
