//! The security settings of an organization: sign-in requirements and event retention (ORG3).

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv6Net};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::{AuthnContext, Level, Organization, Refusal, RoleObject, Standing};

/// The default and longest retention of events, in days (ORG5).
pub const DEFAULT_RETENTION_DAYS: u32 = 365;
/// The shortest maximum session age that an organization can set, in minutes.
pub const MIN_SESSION_MINUTES: u32 = 5;
/// The longest maximum session age that an organization can set, in minutes: 30 days.
pub const MAX_SESSION_MINUTES: u32 = 30 * 24 * 60;
/// The highest number of allowed networks. Every request reads them.
pub const MAX_NETWORKS: usize = 20;
/// The longest reason of an operator, in characters.
pub const MAX_REASON: usize = 500;

/// The security settings of an organization. Every request in the organization reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// Whether members must sign in with more than one factor.
    pub require_mfa: bool,
    /// The maximum age of a sign-in in minutes, from [`MIN_SESSION_MINUTES`] to
    /// [`MAX_SESSION_MINUTES`]. `None`: no maximum.
    pub max_session_minutes: Option<u32>,
    /// The networks that requests may come from, at most [`MAX_NETWORKS`]. Empty: any network.
    pub allowed_networks: BTreeSet<IpNet>,
    /// The number of days that new events are kept, from 1 to [`DEFAULT_RETENTION_DAYS`] (ORG5).
    pub event_retention_days: u32,
}

impl Default for Security {
    fn default() -> Self {
        Self {
            require_mfa: false,
            max_session_minutes: None,
            allowed_networks: BTreeSet::new(),
            event_retention_days: DEFAULT_RETENTION_DAYS,
        }
    }
}

impl Security {
    /// Whether all settings have their default values. Default settings are not stored.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that a sign-in satisfies the settings. A missing fact does not satisfy them.
    ///
    /// # Errors
    /// - [`Refusal::MfaRequired`] if the sign-in used one factor, and two are required.
    /// - [`Refusal::SessionTooOld`] if the sign-in is older than the maximum age.
    /// - [`Refusal::MfaUnknown`] or [`Refusal::SessionAgeUnknown`] if the token does not say how or
    ///   when the caller signed in.
    /// - [`Refusal::NetworkNotAllowed`] if the request comes from a network that is not allowed.
    pub fn check_sign_in(&self, authn: &AuthnContext) -> Result<(), Refusal> {
        if self.require_mfa && !authn.multi_factor.map_err(Refusal::MfaUnknown)? {
            return Err(Refusal::MfaRequired);
        }
        if let Some(minutes) = self.max_session_minutes {
            let maximum = SignedDuration::from_mins(minutes.into());
            let unknown = |claim| Refusal::SessionAgeUnknown { minutes, claim };
            if authn.sign_in_age.map_err(unknown)? > maximum {
                return Err(Refusal::SessionTooOld(minutes));
            }
        }
        self.check_network(authn)
    }

    /// Checks the sign-in of a service (MACH1). Its token is given to a program, so it has neither
    /// a second factor nor a time of sign-in.
    ///
    /// # Errors
    /// [`Refusal::NetworkNotAllowed`] as in [`check_sign_in`](Self::check_sign_in).
    pub fn check_network(&self, authn: &AuthnContext) -> Result<(), Refusal> {
        let contains_source = |net: &IpNet| authn.source_ip.is_some_and(|ip| net.contains(&ip));
        if !self.allowed_networks.is_empty() && !self.allowed_networks.iter().any(contains_source) {
            return Err(Refusal::NetworkNotAllowed);
        }
        Ok(())
    }
}

/// Changes the security settings of the actor's organization.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `security_management`.
/// - [`Refusal::WouldLockOutCaller`] if the actor's own sign-in does not satisfy the new settings.
pub fn update_security(
    actor: &Standing,
    update: Security,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    actor.require(RoleObject::SecurityManagement, Level::FullAccess)?;
    let org = secured(&actor.org, update, now);
    Standing { org: org.clone(), ..actor.clone() }
        .check_sign_in()
        .map_err(|why| Refusal::WouldLockOutCaller(Box::new(why)))?;
    Ok(org)
}

/// Removes the sign-in requirements of an organization for an operator, so that its members can
/// sign in again (ORG3). The event retention stays.
pub fn reset_security(org: &Organization, now: Timestamp) -> Organization {
    let event_retention_days = org.security.event_retention_days;
    secured(org, Security { event_retention_days, ..Security::default() }, now)
}

/// The organization with these settings. It keeps its version if nothing changes.
fn secured(org: &Organization, security: Security, now: Timestamp) -> Organization {
    if security == org.security {
        return org.clone();
    }
    Organization { security, version: org.version.next(now), ..org.clone() }
}

/// Why a text is not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The text is not in CIDR notation.
    #[error("is not a network: enter it like 192.0.2.0/24 or 2001:db8::/32")]
    NotCidr,
    /// The address is not the first of the network. Contains the network.
    #[error("does not start at the first address of its network: enter {0} instead")]
    HostBitsSet(IpNet),
    /// The network has IPv4-mapped IPv6 addresses. Source addresses of requests are never in this
    /// form.
    #[error("is a network of IPv4 addresses in IPv6 form: enter it like 192.0.2.0/24")]
    Ipv4Mapped,
}

/// Parses a network in CIDR notation.
///
/// # Errors
/// - [`NetworkError::NotCidr`] if the text is not in CIDR notation.
/// - [`NetworkError::HostBitsSet`] if the address is not the first of the network.
/// - [`NetworkError::Ipv4Mapped`] if the network has IPv4-mapped IPv6 addresses.
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let net: IpNet = text.parse().map_err(|_| NetworkError::NotCidr)?;
    if net != net.trunc() {
        return Err(NetworkError::HostBitsSet(net.trunc()));
    }
    let mapped = |net: &Ipv6Net| net.prefix_len() >= 96 && net.addr().to_ipv4_mapped().is_some();
    if matches!(&net, IpNet::V6(net) if mapped(net)) {
        return Err(NetworkError::Ipv4Mapped);
    }
    Ok(net)
}
