//! Checks that the processor has the features that the engine is compiled for.
//!
//! The list is the baseline for which `.cargo/config.toml` builds the engine. Without this check,
//! the first vector instruction would end the child with SIGILL and without a message.

/// The x86-64 features that the engine is compiled to use: the vector units of x86-64-v3. Other
/// architectures are compiled for their common baseline (armv8-a).
#[cfg(target_arch = "x86_64")]
const REQUIRED: [&str; 6] = ["sse4.2", "avx", "avx2", "fma", "f16c", "bmi2"];
#[cfg(not(target_arch = "x86_64"))]
const REQUIRED: [&str; 0] = [];

/// The features that this machine's processor lacks; empty if the engine can run.
pub(crate) fn lacking() -> Vec<&'static str> {
    lacking_of(&REQUIRED, detected)
}

fn lacking_of(required: &[&'static str], has: impl Fn(&str) -> bool) -> Vec<&'static str> {
    required.iter().copied().filter(|feature| !has(feature)).collect()
}

#[cfg(target_arch = "x86_64")]
fn detected(feature: &str) -> bool {
    match feature {
        "sse4.2" => is_x86_feature_detected!("sse4.2"),
        "avx" => is_x86_feature_detected!("avx"),
        "avx2" => is_x86_feature_detected!("avx2"),
        "fma" => is_x86_feature_detected!("fma"),
        "f16c" => is_x86_feature_detected!("f16c"),
        "bmi2" => is_x86_feature_detected!("bmi2"),
        _ => false,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detected(_: &str) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: [&str; 3] = ["avx", "avx2", "fma"];

    #[test]
    fn only_missing_features_are_reported() {
        assert_eq!(lacking_of(&LIST, |_| true), Vec::<&str>::new());
        assert_eq!(lacking_of(&LIST, |feature| feature == "avx"), ["avx2", "fma"]);
    }

    #[test]
    fn the_probe_knows_every_required_feature() {
        // A machine that runs these tests can run the engine. A name that the probe does not know
        // would be reported as lacking.
        assert_eq!(lacking(), Vec::<&str>::new());
    }

    /// This list and the build configuration name the same baseline.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn the_build_uses_exactly_the_required_features() {
        let build = include_str!("../../../.cargo/config.toml");
        let asked: Vec<String> = build
            .lines()
            .filter_map(|line| line.strip_prefix("GGML_")?.strip_suffix(" = \"ON\""))
            .map(|name| name.to_lowercase().replace("sse42", "sse4.2"))
            .collect();
        assert_eq!(asked, REQUIRED);
    }
}
