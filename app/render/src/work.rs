//! How much was looked at, which tests count: what a text costs has to grow with its length
//! and no faster.

#[cfg(test)]
thread_local! {
    static LOOKED_AT: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// So many bytes, or other things, were looked at.
pub(super) fn looked_at(_count: usize) {
    #[cfg(test)]
    LOOKED_AT.set(LOOKED_AT.get() + _count);
}

/// How much `work` looks at.
#[cfg(test)]
pub(super) fn of(work: impl FnOnce()) -> usize {
    let before = LOOKED_AT.get();
    work();
    LOOKED_AT.get() - before
}
