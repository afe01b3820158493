//! What an organization demands of its members' sign-ins, and how long it remembers (ORG3).

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv6Net};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Level, Organization, Presence, Refusal, RoleObject, Session, Standing};

/// How long an event is kept unless the organization says otherwise, in days; and the most it may
/// say (ORG5).
pub const DEFAULT_RETENTION_DAYS: u32 = 365;
/// The shortest session that may be demanded, in minutes: shorter ones end while people work.
pub const LEAST_SESSION: u32 = 5;
/// The longest: thirty days.
pub const MOST_SESSION: u32 = 30 * 24 * 60;
/// How many networks may be named. Every request reads them.
pub const MAX_NETWORKS: usize = 20;

/// An organization's security settings. Every request about it reads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// Only who signed in with more than one factor gets in.
    pub require_mfa: bool,
    /// Only who signed in at most so many minutes ago does.
    pub max_session_minutes: Option<u32>,
    /// Only who comes from one of these networks does; from anywhere, if none is named.
    pub allowed_networks: BTreeSet<IpNet>,
    /// For how many days its events are kept, from when they are written (ORG5).
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
    /// Does it say nothing of its own? Then it need not be stored, and read by every request.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Does a sign-in meet the demands? What nothing is known of does not.
    ///
    /// 1. It had a second factor, where one is demanded.
    /// 2. It is not too long ago.
    /// 3. The request comes from a network that is allowed.
    pub fn admits(&self, session: &Session) -> Result<(), Refusal> {
        if self.require_mfa && !session.multi_factor {
            return Err(Refusal::SecondFactorNeeded);
        }
        if let Some(minutes) = self.max_session_minutes {
            let most = SignedDuration::from_mins(minutes.into());
            if session.age.is_none_or(|age| age > most) {
                return Err(Refusal::SessionTooOld(minutes));
            }
        }
        let within = |net: &IpNet| session.from.is_some_and(|from| net.contains(&from));
        if !self.allowed_networks.is_empty() && !self.allowed_networks.iter().any(within) {
            return Err(Refusal::NetworkNotAllowed);
        }
        Ok(())
    }
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// It cannot be read.
    #[error("is not a network: write it like 192.0.2.0/24 or 2001:db8::/32")]
    Unreadable,
    /// It names an address in the network rather than the network.
    #[error("has bits set beyond its prefix: write {0} if that is the network you mean")]
    NotTheFirst(IpNet),
    /// No request comes from there: such addresses are read as the old kind.
    #[error("is a network of IPv4 addresses in IPv6 form: write it like 192.0.2.0/24")]
    Mapped,
}

/// Reads a network in CIDR notation.
pub fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let net: IpNet = text.parse().map_err(|_| NetworkError::Unreadable)?;
    if net != net.trunc() {
        return Err(NetworkError::NotTheFirst(net.trunc()));
    }
    let mapped = |net: &Ipv6Net| net.prefix_len() >= 96 && net.addr().to_ipv4_mapped().is_some();
    if matches!(&net, IpNet::V6(net) if mapped(net)) {
        return Err(NetworkError::Mapped);
    }
    Ok(net)
}

/// Sets an organization's security, or says why not.
///
/// 1. The actor has `security_management` full.
/// 2. The actor's own sign-in meets it: nobody locks themselves out.
pub fn secure(actor: &Standing, wanted: Security) -> Result<Organization, Refusal> {
    actor.require(RoleObject::SecurityManagement, Level::FullAccess)?;
    if let Presence::Asking(session) = &actor.person.presence {
        wanted.admits(session).map_err(|why| Refusal::LocksYouOut(Box::new(why)))?;
    }
    Ok(Organization { security: wanted, ..actor.org.clone() })
}
