//! Counts how many bytes were looked at. Tests use this to check that the cost of a text grows no
//! faster than its length.

#[cfg(test)]
thread_local! {
    static LOOKED_AT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Counts bytes, or other things, that were looked at.
pub(super) fn looked_at(_count: usize) {
    #[cfg(test)]
    LOOKED_AT.set(LOOKED_AT.get() + _count);
}

/// The count for running `work`.
#[cfg(test)]
pub(super) fn of(work: impl FnOnce()) -> usize {
    let before = LOOKED_AT.get();
    work();
    LOOKED_AT.get() - before
}
