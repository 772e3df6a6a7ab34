//! The Content-Security-Policy: a page may load its own files and run scripts with this response's
//! nonce.

/// The Content-Security-Policy of a page whose scripts carry `nonce`.
///
/// A module that a nonced script imports inherits the nonce. There is no `strict-dynamic`: it is for
/// pages whose scripts load others, and would let any code of this page load a script from
/// anywhere. WASM needs `wasm-unsafe-eval`, which allows no JavaScript. Where the browser has
/// Trusted Types, no string becomes a script or the address of one, and [`TRUSTED_TYPES`] makes the
/// only policy that there can be.
pub fn csp(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'wasm-unsafe-eval'; \
         require-trusted-types-for 'script'; trusted-types default; \
         style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    )
}

/// JavaScript that makes the page's policy for Trusted Types. It lets HTML pass, which Leptos and
/// the messages of the server come as: HTML that is inserted runs no script, and the rest of the
/// Content-Security-Policy forbids handlers in it. There is no `createScript` and no
/// `createScriptURL`, so both are refused.
pub const TRUSTED_TYPES: &str =
    "self.trustedTypes?.createPolicy('default',{createHTML:html=>html});";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_unsafe_and_no_other_origin() {
        let policy = csp("abc");
        assert!(policy.starts_with("default-src 'none'; script-src 'nonce-abc' 'wasm"));
        assert!(policy.contains("require-trusted-types-for 'script'; trusted-types default;"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
        assert!(!policy.contains("http"));
    }
}
