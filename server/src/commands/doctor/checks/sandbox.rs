//! Checks which walls this system has for the server and for the local model's process.

use provider_local::Sandbox;

use super::super::Finding::{self, Bad, Doubtful, Good};
use super::chain;
use crate::config::Config;
use crate::{engine, walls};

/// Raises the server's walls around a thread.
pub(super) fn server(config: &Config) -> Finding {
    if !config.settings.http.sandbox {
        return Doubtful("none: sandbox is false, so the server runs without walls".to_owned());
    }
    let consequence = "a fault of the server could do more harm than it should";
    judge(&walls::probe(config), config.settings.local.require_sandbox, consequence)
}

/// Starts the process without a model and asks it.
pub(super) async fn sandbox(config: &Config) -> Finding {
    match engine::sandbox(config).await {
        Ok(sandbox) => {
            let consequence = "a malicious model file could do more harm than it should";
            judge(&sandbox, config.settings.local.require_sandbox, consequence)
        }
        Err(error) => Bad(chain(&error)),
    }
}

/// `consequence` is that of a missing wall.
fn judge(sandbox: &Sandbox, required: bool, consequence: &str) -> Finding {
    let Sandbox { in_force, missing, single } = sandbox;
    let mut text = match in_force.is_empty() {
        true => "none".to_owned(),
        false => in_force.join(", "),
    };
    if !single.is_empty() {
        text = format!(
            "{text}; this kernel lacks {}, which seccomp denies as well",
            single.join(", ")
        );
    }
    if missing.is_empty() {
        return Good(text);
    }
    let text = format!("{text}; missing: {}", missing.join("; "));
    match required {
        true => Bad(format!("{text}; require_sandbox is set, so the server does not start")),
        false => Doubtful(format!("{text}; {consequence}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_wall_is_a_failure_only_if_the_sandbox_is_required() {
        let judge = |sandbox: &Sandbox, required| judge(sandbox, required, "more harm");
        let walls = |walls: &[&str]| walls.iter().map(|wall| (*wall).to_owned()).collect();
        let whole = Sandbox { in_force: walls(&["a", "b"]), ..Sandbox::default() };
        assert_eq!(judge(&whole, true), Good("a, b".to_owned()));
        let older = Sandbox { single: walls(&["c"]), ..whole.clone() };
        assert!(matches!(judge(&older, true), Good(text) if text.contains("lacks c")));
        let lacking = Sandbox { missing: walls(&["d: no"]), ..whole };
        assert!(
            matches!(judge(&lacking, false), Doubtful(text) if text.contains("missing: d: no"))
        );
        assert!(matches!(judge(&lacking, true), Bad(text) if text.contains("require_sandbox")));
    }
}
