//! Critical alert users and approved domains.

use jiff::Timestamp;
use serde::Serialize;

use super::Person;
use crate::{
    domain::{self, AlertId, Email, MailDomain, OrgId},
    store::{Error, FetchedItems},
};

/// An address that receives critical alerts.
#[derive(Clone, Debug, Serialize)]
pub struct CriticalAlertUser {
    id: AlertId,
    email: Email,
    added_by: Person,
    added_at: Timestamp,
}

impl CriticalAlertUser {
    /// Shows `user`, which `added_by` added.
    pub fn of(user: domain::CriticalAlertUser, added_by: Person) -> Self {
        let domain::CriticalAlertUser { organization_id, value: email, added_at, .. } = user;
        let id = AlertId::of(organization_id, &email);
        Self { id, email, added_by, added_at }
    }

    /// Names the person who added it, in this organization.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn name_adder(&mut self, names: &FetchedItems, org: OrgId) -> Result<(), Error> {
        self.added_by.name(names, org)
    }
}

/// An approved domain.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovedDomain {
    domain: MailDomain,
    added_by: Person,
    added_at: Timestamp,
}

impl ApprovedDomain {
    /// Shows `approved`, which `added_by` approved.
    pub fn of(approved: domain::ApprovedDomain, added_by: Person) -> Self {
        let domain::ApprovedDomain { value: domain, added_at, .. } = approved;
        Self { domain, added_by, added_at }
    }
}
