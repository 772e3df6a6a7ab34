//! Who made a request, and how it came.

use std::net::IpAddr;

use accounts::Admission;

/// What the server found out about the maker of a request. It puts this into the extensions of each
/// request, and beside it a [`runtime::Principal`] if somebody is let in.
#[derive(Clone)]
pub struct Visitor {
    /// The address of the browser or program, as far as it is known: behind a proxy that was not
    /// declared it is the proxy's. `None` only if the request came over no network.
    pub address: Option<IpAddr>,
    /// Whether the browser uses HTTPS, with this server or with a proxy in front of it.
    pub secure: bool,
    /// The session or token by which the request is let in.
    pub admission: Option<Admission>,
    /// Whether the request is let in without a login, because it comes from the server's own machine.
    pub at_machine: bool,
}
