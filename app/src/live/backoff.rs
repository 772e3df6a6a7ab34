//! How long to wait before reconnecting.

const FIRST_MS: f64 = 300.0;
const LONGEST_MS: f64 = 15_000.0;

/// Milliseconds to wait before attempt `attempt` (1 is the first after a loss). `random` in 0..1
/// picks a delay between half of the maximum and the maximum, so that clients of a restarted server
/// do not all reconnect at once.
pub fn delay_ms(attempt: u32, random: f64) -> u32 {
    let doublings = attempt.saturating_sub(1).min(16);
    let longest = (FIRST_MS * f64::from(1_u32 << doublings)).min(LONGEST_MS);
    (longest * (0.5 + random.clamp(0.0, 1.0) / 2.0)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_a_bound() {
        let delays: Vec<_> = (1..=8).map(|attempt| delay_ms(attempt, 1.0)).collect();
        assert_eq!(delays, [300, 600, 1200, 2400, 4800, 9600, 15_000, 15_000]);
        assert_eq!(delay_ms(u32::MAX, 1.0), 15_000);
        assert_eq!(delay_ms(0, 1.0), 300);
    }

    #[test]
    fn the_delay_is_spread_over_half_of_its_length() {
        assert_eq!(delay_ms(3, 0.0), 600);
        assert_eq!(delay_ms(3, 0.5), 900);
        assert_eq!(delay_ms(3, f64::INFINITY), 1200);
    }
}
