//! Decides in which chunks a prompt is read. Pure.

use std::time::Duration;

/// The most tokens read at once; the engine's batch has this size. The engine reads no larger batch
/// faster, and smaller ones a quarter slower, because its attention by tiles needs 64 tokens
/// (`GGML_FA_TILE_Q` in ggml-cpu/common.h).
pub(crate) const CHUNK: usize = 64;
/// The fewest tokens in a chunk. Smaller ones cost more time than they gain in promptness.
const CHUNK_MIN: usize = 4;
/// The size of the first chunk, before the model's speed is known.
const CHUNK_FIRST: usize = 16;
/// How many single tokens are read after a chunk was slower than they are, at first and at most.
const PATIENCE: usize = 32;
const PATIENCE_MAX: usize = 512;
/// The longest that a chunk should take, because a stop is noticed only between chunks. Whole chunks
/// of a small model fit in this even where the cores are shared with others.
const PACE: Duration = Duration::from_millis(400);

/// Chooses the size of the chunks: as large as [`PACE`] allows on this machine with this model.
///
/// The engine's threads meet after every step and spin while they wait for each other. When other
/// processes use the cores, a chunk read by several threads can take a hundred times longer,
/// whatever its size. Single tokens are read by fewer threads (by one, on two cores) and do not
/// suffer from that. So where chunks are slower per token, single tokens are read, and now and then
/// a chunk is tried again. (Where the system tells that the cores are in use, see
/// [`is_contended`](super::cpu_contention::is_contended), single tokens are read from the start.)
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ChunkSizer {
    piece: usize,
    /// Recent average of the seconds that a single token takes.
    single: Option<f64>,
    /// How many single tokens to read before a chunk is tried again.
    singles: usize,
    /// The next value of `singles`, when a chunk is slower once more.
    patience: usize,
}

impl Default for ChunkSizer {
    fn default() -> Self {
        Self { piece: CHUNK_FIRST, single: None, singles: 0, patience: PATIENCE }
    }
}

impl ChunkSizer {
    /// The number of tokens in the next chunk.
    pub(crate) fn chunk(&self) -> usize {
        if self.singles > 0 { 1 } else { self.piece }
    }

    /// Learns from `tokens` that took `took` to read. The size changes by no more than half or
    /// double, so that one hiccup of the machine does little.
    pub(crate) fn learn(&mut self, tokens: usize, took: Duration) {
        let each = (took.as_secs_f64() / tokens.max(1) as f64).max(1e-9);
        if tokens <= 1 {
            self.single = Some(self.single.map_or(each, |before| 0.8 * before + 0.2 * each));
            self.singles = self.singles.saturating_sub(1);
            return;
        }
        let fits = (PACE.as_secs_f64() / each).min(CHUNK as f64) as usize;
        self.piece = fits.clamp(self.piece / 2, self.piece * 2).clamp(CHUNK_MIN, CHUNK);
        match self.single {
            None if took > 2 * PACE => self.singles = CHUNK_MIN,
            Some(single) if each > single => {
                self.singles = self.patience;
                self.patience = (self.patience * 2).min(PATIENCE_MAX);
            }
            _ => self.patience = PATIENCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn chunks_follow_the_speed_of_the_model() {
        let mut chunk_sizer = ChunkSizer { single: Some(1.0), ..ChunkSizer::default() };
        for _ in 0..4 {
            chunk_sizer.learn(chunk_sizer.chunk(), 10 * MS);
        }
        assert_eq!(chunk_sizer.chunk(), CHUNK);
        for _ in 0..10 {
            chunk_sizer.learn(chunk_sizer.chunk(), 10 * MS * chunk_sizer.chunk() as u32);
        }
        assert_eq!(chunk_sizer.chunk(), 40);
    }

    #[test]
    fn single_tokens_are_read_while_chunks_are_slower() {
        let mut chunk_sizer = ChunkSizer { single: Some(0.02), ..ChunkSizer::default() };
        chunk_sizer.learn(16, 5000 * MS);
        for _ in 0..PATIENCE {
            assert_eq!(chunk_sizer.chunk(), 1);
            chunk_sizer.learn(1, 20 * MS);
        }
        let again = chunk_sizer.chunk();
        assert!(again > 1);
        chunk_sizer.learn(again, 5000 * MS);
        assert_eq!((chunk_sizer.singles, chunk_sizer.patience), (2 * PATIENCE, 4 * PATIENCE));
        while chunk_sizer.chunk() == 1 {
            chunk_sizer.learn(1, 20 * MS);
        }
        chunk_sizer.learn(chunk_sizer.chunk(), 10 * MS);
        assert!(chunk_sizer.chunk() > 1);
        assert_eq!(chunk_sizer.patience, PATIENCE);
    }

    #[test]
    fn a_slow_first_chunk_is_compared_with_single_tokens() {
        let mut chunk_sizer = ChunkSizer::default();
        chunk_sizer.learn(16, 900 * MS);
        assert_eq!((chunk_sizer.chunk(), chunk_sizer.singles), (1, CHUNK_MIN));
        for _ in 0..CHUNK_MIN {
            chunk_sizer.learn(1, 200 * MS);
        }
        // The first chunk was slow because of a large model, and not because of contention.
        chunk_sizer.learn(chunk_sizer.chunk(), 900 * MS);
        assert_eq!(chunk_sizer.chunk(), CHUNK_MIN);
    }
}
