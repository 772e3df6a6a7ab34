//! What a certificate says about itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{SystemTime, UNIX_EPOCH};

use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

const DAY_S: i64 = 24 * 60 * 60;

/// The names, dates and origin of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The host names and addresses that it is valid for: only those that browsers look at, which
    /// are the subject alternative names.
    pub names: Vec<String>,
    /// When it begins to be valid, in seconds since 1970.
    pub not_before: i64,
    /// When it expires, in seconds since 1970.
    pub not_after: i64,
    /// The day on which it expires (UTC), such as 2026-11-27.
    pub last_day: String,
    /// Who signed it.
    pub issuer: String,
    /// Whom it is for.
    pub subject: String,
}

impl Facts {
    /// Reads a certificate in DER form.
    pub fn of(certificate: &[u8]) -> Result<Self, X509Error> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| match error {
            x509_parser::nom::Err::Error(error) | x509_parser::nom::Err::Failure(error) => error,
            x509_parser::nom::Err::Incomplete(_) => X509Error::InvalidCertificate,
        })?;
        let validity = parsed.validity();
        let names = parsed.subject_alternative_name().ok().flatten();
        let names = names.map(|names| names.value.general_names.as_slice()).unwrap_or_default();
        Ok(Self {
            names: names.iter().filter_map(shown).collect(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            last_day: validity.not_after.to_datetime().date().to_string(),
            issuer: parsed.issuer().to_string(),
            subject: parsed.subject().to_string(),
        })
    }

    /// The whole days that are left; negative once it has expired.
    pub fn days_left(&self) -> i64 {
        days_until(self.not_after)
    }

    /// Whether it is not valid yet.
    pub fn begins_in_future(&self) -> bool {
        self.not_before > now()
    }

    /// Whether it is its own issuer, as certificates are that people make for themselves.
    pub fn is_self_signed(&self) -> bool {
        self.issuer == self.subject
    }
}

fn shown(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let address =
                <[u8; 4]>::try_from(*bytes).map(|four| IpAddr::from(Ipv4Addr::from(four)));
            let address = address
                .or_else(|_| <[u8; 16]>::try_from(*bytes).map(|all| Ipv6Addr::from(all).into()));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// The whole days until a time in seconds since 1970.
pub(super) fn days_until(time: i64) -> i64 {
    (time - now()).div_euclid(DAY_S)
}

/// The time in seconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
