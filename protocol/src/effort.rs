//! The reasoning effort: how hard a model is to think before it answers.

use crate::Effort;

/// The names that are in use, in ascending order
/// (<https://platform.openai.com/docs/api-reference/chat/create>).
const KNOWN: [&str; 7] = ["none", "minimal", "low", "medium", "high", "xhigh", "max"];

impl Effort {
    /// No thinking.
    pub fn none() -> Self {
        Self::known(0)
    }

    /// The efforts that most thinking models accept.
    pub fn usual() -> Vec<Self> {
        [0, 2, 3, 4].map(Self::known).to_vec()
    }

    /// The two efforts of a model whose thinking can only be switched on or off.
    pub fn on_and_off() -> Vec<Self> {
        [0, 4].map(Self::known).to_vec()
    }

    /// Whether it is [`Self::none`].
    pub fn is_none(&self) -> bool {
        self.as_str() == KNOWN[0]
    }

    /// The least of `efforts`. An unknown name counts as more than all known ones.
    pub fn least(efforts: &[Self]) -> Option<&Self> {
        efforts.iter().min_by_key(|effort| effort.place())
    }

    /// All names that are in use, in ascending order.
    pub fn all() -> Vec<Self> {
        (0..KNOWN.len()).map(Self::known).collect()
    }

    /// Whether it is one of [`Self::all`].
    pub fn is_known(&self) -> bool {
        self.place() < KNOWN.len()
    }

    /// Sorts efforts in ascending order, with unknown names last.
    pub fn sort(efforts: &mut [Self]) {
        efforts.sort_by_key(Self::place);
    }

    /// The one of `taken` that is nearest to this one; `None` if this one is not known. `none` is
    /// never returned, since not to think is a different choice; for `none` itself the least effort
    /// is returned.
    pub fn nearest<'a>(&self, taken: &'a [Self]) -> Option<&'a Self> {
        if !self.is_known() {
            return None;
        }
        let thinks = taken.iter().filter(|effort| !effort.is_none() && effort.is_known());
        thinks.min_by_key(|effort| (effort.place().abs_diff(self.place()), effort.place()))
    }

    fn place(&self) -> usize {
        let place = KNOWN.iter().position(|known| *known == self.as_str());
        place.unwrap_or(KNOWN.len())
    }

    fn known(place: usize) -> Self {
        KNOWN[place].parse().expect("the constants are valid names of efforts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_accepted_effort_is_found() {
        let efforts = |names: &[&str]| -> Vec<Effort> {
            names.iter().map(|name| name.parse().unwrap()).collect()
        };
        for (asked, taken, nearest) in [
            ("xhigh", &["low", "medium", "high"][..], Some("high")),
            ("minimal", &["none", "low", "high"], Some("low")),
            ("medium", &["high", "low"], Some("low")),
            ("none", &["minimal", "low"], Some("minimal")),
            ("low", &["none", "default"], None),
            ("low", &[], None),
            ("auto", &["low"], None),
        ] {
            let (asked, taken) = (asked.parse::<Effort>().unwrap(), efforts(taken));
            let found = asked.nearest(&taken).map(Effort::as_str);
            assert_eq!(found, nearest, "{asked} of {taken:?}");
        }
        let mut mixed = efforts(&["default", "high", "none", "low"]);
        Effort::sort(&mut mixed);
        assert_eq!(mixed, efforts(&["none", "low", "high", "default"]));
    }

    #[test]
    fn the_least_effort_is_found_in_any_order() {
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
