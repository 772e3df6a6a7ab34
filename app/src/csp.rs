//! The Content-Security-Policy: a page may load its own files and run scripts with this response's
//! nonce.

/// The Content-Security-Policy of a page whose scripts carry `nonce`.
///
/// A module that a nonced script imports inherits the nonce. WASM needs `wasm-unsafe-eval`, which
/// allows no JavaScript.
pub fn csp(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_unsafe_and_no_other_origin() {
        let policy = csp("abc");
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-abc'"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        assert!(!policy.contains("http"));
    }
}
