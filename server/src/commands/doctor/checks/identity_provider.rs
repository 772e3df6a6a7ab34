//! Whether people can log in with the provider of identities.

use std::time::Duration;

use oidc::{Checked, LoginError};

use super::{Bad, Doubtful, Finding, Good, chain};
use crate::config::Config;
use crate::identity_provider;

/// By how much the clocks may differ before the provider's answers are refused.
const SKEW: Duration = Duration::from_secs(60);

/// Asks the provider what it publishes; `None` if none is configured.
pub(super) async fn check(config: &Config) -> Option<Finding> {
    let provider = match identity_provider::of(config) {
        Ok(provider) => provider?,
        Err(error) => return Some(Bad(chain(&error))),
    };
    let is_enclosed = cfg!(target_os = "linux") && config.settings.http.sandbox;
    Some(match provider.check().await {
        Ok(checked) => judge(provider.issuer(), &checked, is_enclosed),
        // It may be restarting; people with a password come in meanwhile.
        Err(error @ LoginError::Unreachable(_)) => Doubtful(error.to_string()),
        Err(error) => Bad(error.to_string()),
    })
}

fn judge(issuer: &str, checked: &Checked, is_enclosed: bool) -> Finding {
    let Checked { keys, skew, other_ports } = checked;
    if is_enclosed && !other_ports.is_empty() {
        let ports = other_ports.join(", ");
        return Bad(format!(
            "{issuer} has its {ports}, which the server in its sandbox cannot reach; \
             let the provider use one port, or set sandbox = false"
        ));
    }
    if *keys == 0 {
        return Bad(format!("{issuer} publishes no key, so nothing that it signs can be checked"));
    }
    match skew {
        Some(skew) if *skew > SKEW => Doubtful(format!(
            "{issuer} answers, but its clock and this one differ by {} seconds, so its answers are \
             refused",
            skew.as_secs()
        )),
        Some(_) => Good(format!("{issuer} answers, its clock is right, and it has {keys} keys")),
        None => Good(format!("{issuer} answers, and has {keys} keys")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_keep_people_out_is_said() {
        let good = Checked { keys: 2, skew: Some(Duration::from_secs(3)), other_ports: Vec::new() };
        let judge = |checked: &Checked, enclosed| judge("https://login.example", checked, enclosed);
        assert!(matches!(judge(&good, true), Good(_)));
        let late = Checked { skew: Some(Duration::from_secs(61)), ..good.clone() };
        assert!(matches!(judge(&late, true), Doubtful(_)));
        assert!(matches!(judge(&Checked { keys: 0, ..good.clone() }, true), Bad(_)));
        let elsewhere =
            Checked { other_ports: vec!["set of keys at port 8443".to_owned()], ..good };
        assert!(matches!(judge(&elsewhere, true), Bad(_)));
        assert!(matches!(judge(&elsewhere, false), Good(_)));
    }
}
