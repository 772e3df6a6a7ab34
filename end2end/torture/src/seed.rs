//! The random choices of a run: all of them come from one number, which is printed first.

use fastrand::Rng;

/// Uses the given seed or makes one; prints it, so that the run can be repeated.
pub fn rng(given: Option<u64>) -> Rng {
    // The seed is short enough to be typed.
    let seed = given.unwrap_or_else(|| fastrand::u64(1..1_000_000_000));
    println!("seed {seed}");
    Rng::with_seed(seed)
}

/// A UUIDv7 made from the run's random choices: repeatable, and never the same twice.
pub fn message_id(rng: &mut Rng) -> protocol::MessageId {
    let mut random = [0; 10];
    rng.fill(&mut random);
    // Any time would do; this one is the same in every run.
    protocol::MessageId::from_parts(1_763_800_000_000 + rng.u64(0..1_000_000_000), random)
}
