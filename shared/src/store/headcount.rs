//! How many users there are: counted in the transactions that change it, in a few parts, so that
//! those who come and go at once do not wait for each other.

use std::collections::HashMap;

use super::{Error, Found, Key, Store};
use crate::domain::{BuiltIn, OrgId, Organization, Users};

/// An organization's users, in all and by built-in role.
#[derive(Clone, Debug, Default)]
pub struct Headcount {
    counts: HashMap<String, u64>,
    super_admins: u64,
}

impl Headcount {
    /// Adds up the parts found at [`Key::headcounts`].
    #[must_use]
    pub fn of(org: &Organization, found: &Found) -> Self {
        let super_admins = u64::from(org.super_admin_user_id.is_some());
        Self { counts: sum(org.id(), found), super_admins }
    }

    /// The users of a built-in role.
    #[must_use]
    pub fn users(&self, role: BuiltIn) -> Users {
        if role == BuiltIn::SuperAdmin {
            return Users { active: self.super_admins, pending: 0 };
        }
        let count = |status| self.counts.get(&format!("{status}_{role}")).copied();
        let count = |status| count(status).unwrap_or_default();
        Users { active: count("active"), pending: count("pending") }
    }
}

/// What the parts call the users of the roles that only partners have.
pub(super) const PARTNERS: [&str; 4] =
    ["active_mdf_admin", "active_partner_user", "pending_mdf_admin", "pending_partner_user"];

impl Headcount {
    /// The users of the roles that only partners have.
    #[must_use]
    pub fn partners(&self) -> Users {
        let (mdf, partner) = (self.users(BuiltIn::MdfAdmin), self.users(BuiltIn::PartnerUser));
        Users { active: mdf.active + partner.active, pending: mdf.pending + partner.pending }
    }
}

impl Store {
    /// All users of each organization, its Super Admin aside, as of a moment ago.
    pub async fn headcounts(&self, orgs: &[OrgId]) -> Result<HashMap<OrgId, Users>, Error> {
        let found = self.glance(orgs.iter().flat_map(|&org| Key::headcounts(org))).await?;
        let users = orgs.iter().map(|&org| {
            let counts = sum(org, &found);
            let count = |status: &str| counts.get(status).copied().unwrap_or_default();
            (org, Users { active: count("active"), pending: count("pending") })
        });
        Ok(users.collect())
    }
}

fn sum(org: OrgId, found: &Found) -> HashMap<String, u64> {
    let mut counts = HashMap::<String, i64>::new();
    for key in Key::headcounts(org) {
        for (name, count) in found.counts(&key) {
            *counts.entry(name.to_owned()).or_default() += count;
        }
    }
    let whole = |(name, count)| (name, u64::try_from(count).unwrap_or_default());
    counts.into_iter().map(whole).collect()
}
