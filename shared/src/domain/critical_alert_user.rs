//! Addresses that receive critical alerts (ORG4). Whose they are, and what is sent, is not asked
//! here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Email, Level, Refusal, RoleObject, Standing, UserId};

/// How many an organization may have.
pub const MAX_CRITICAL_ALERT_USERS: u64 = 100;

/// An address that receives an organization's critical alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriticalAlertUser {
    /// Which.
    pub email: Email,
    /// Who added it.
    pub added_by: UserId,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub added_at: Timestamp,
}

/// Adds an address. The actor has `critical_alert_users` full.
pub fn add_critical_alert_user(
    actor: &Standing,
    email: Email,
    now: Timestamp,
) -> Result<CriticalAlertUser, Refusal> {
    actor.require(RoleObject::CriticalAlertUsers, Level::FullAccess)?;
    let added_by = actor.membership()?.user_id.clone();
    Ok(CriticalAlertUser { email, added_by, added_at: now })
}
