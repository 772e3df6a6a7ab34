//! Decides which request is served next: first come, first served, one at a time. Pure.
//!
//! A worker has at most one turn at a time, so the order of arrival is fair between conversations:
//! none is served twice while another one waits.

use std::collections::VecDeque;

use engine_wire::JobId;

/// The most requests that may wait behind the one that is being served.
pub(crate) const WAITING: usize = 16;

/// The waiting requests, each with its payload.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: VecDeque<(JobId, T)>,
}

/// The queue is full; contains the request.
#[derive(Debug)]
pub(crate) struct Full<T>(pub(super) T);

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::with_capacity(WAITING) }
    }

    /// Adds a request at the end. Fails if [`WAITING`] requests wait already.
    pub(crate) fn push(&mut self, job: JobId, request: T) -> Result<(), Full<T>> {
        if self.waiting.len() >= WAITING {
            return Err(Full(request));
        }
        self.waiting.push_back((job, request));
        Ok(())
    }

    /// Removes the next request to be served.
    pub(crate) fn pop(&mut self) -> Option<(JobId, T)> {
        self.waiting.pop_front()
    }

    /// Removes a request that is not wanted any more.
    pub(crate) fn remove(&mut self, job: JobId) -> Option<T> {
        let place = self.waiting.iter().position(|(id, _)| *id == job)?;
        self.waiting.remove(place).map(|(_, request)| request)
    }

    /// The requests from the place `first` on, each with the number of requests before it.
    pub(crate) fn from(&mut self, first: usize) -> impl Iterator<Item = (u32, &mut T)> {
        (0..).zip(&mut self.waiting).skip(first).map(|(before, (_, request))| (before, request))
    }

    /// The place of a request, counted from 0.
    pub(crate) fn place(&self, job: JobId) -> Option<usize> {
        self.waiting.iter().position(|(id, _)| *id == job)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(names: &[&'static str]) -> Queue<&'static str> {
        let mut queue = Queue::new();
        for (number, name) in (1..).zip(names) {
            queue.push(JobId(number), *name).unwrap();
        }
        queue
    }

    #[test]
    fn requests_are_served_in_order_of_arrival() {
        let mut queue = filled(&["a", "b"]);
        assert_eq!(queue.pop(), Some((JobId(1), "a")));
        assert_eq!(queue.pop(), Some((JobId(2), "b")));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn leaving_the_queue_moves_up_only_later_requests() {
        let mut queue = filled(&["a", "b", "c", "d"]);
        let place = queue.place(JobId(2)).unwrap();
        assert_eq!(queue.remove(JobId(2)), Some("b"));
        let moved: Vec<_> = queue.from(place).map(|(before, name)| (before, *name)).collect();
        assert_eq!(moved, [(1, "c"), (2, "d")]);
        assert_eq!(queue.remove(JobId(2)), None);
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut queue = filled(&["x"; WAITING]);
        let Full(refused) = queue.push(JobId(99), "one too many").unwrap_err();
        assert_eq!(refused, "one too many");
        assert!(!queue.is_empty());
    }
}
