//! Logging in with an OpenID Connect provider: discovery, the code flow with PKCE, and who is let in.
//!
//! [`RelyingParty`] is the handle that the server uses. It begins a login, remembers it for ten
//! minutes, and turns the provider's answer into a [`Person`]: an issuer and a subject that were
//! verified, and that the configured rules let in. Which account is theirs, the crate `accounts`
//! decides; cookies and pages are `app`'s.
//!
//! "Provider" is the provider of identities here, as in OpenID Connect, and not the one of texts. The
//! reasons are in `docs/adr/openid-connect.md`.

mod callback;
mod check;
mod claims;
mod discovery;
mod error;
mod exchange;
mod http;
mod party;
mod pending;
mod redirect;
mod settings;

pub use callback::Callback;
pub use check::Checked;
pub use claims::{ClaimRule, ClaimRules, Claims, RuleError};
pub use error::{LoginError, SetUpError};
pub use party::{Begin, Finished, Person, RelyingParty, Started};
pub use pending::Purpose;
pub use redirect::{Origin, OriginError};
pub use settings::{IssuerError, Settings, check_issuer, host_of};
