//! Large numbers as people read them.

/// Formats 4096 as 4,096, as both English and Japanese write it.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (4096, "4,096"), (1_048_576, "1,048,576")] {
            assert_eq!(grouped(number), text);
        }
    }
}
