//! The columns of the export, and the row of a user.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::{
    domain::{IdentityProviderRole, OrgId},
    http::views,
    store::{Error, Key, RoleSummaries, Store, User},
};

use crate::sheet::{Cell, Column};

/// The columns. Names come first, ids last.
pub(crate) const COLUMNS: [Column; 14] = [
    ("Organization", 28.0),
    ("E-mail", 32.0),
    ("Name", 24.0),
    ("Display name", 24.0),
    ("Status", 10.0),
    ("Role", 20.0),
    ("Identity provider role", 21.0),
    ("Joined at (UTC)", 20.0),
    ("Invited at (UTC)", 20.0),
    ("Expires at (UTC)", 20.0),
    ("Organization ID", 33.0),
    ("Role ID", 34.0),
    ("User ID", 34.0),
    ("Invitation ID", 56.0),
];

/// The names of organizations and custom roles. Each is read once.
#[derive(Debug, Default)]
pub(crate) struct DisplayNames {
    organizations: HashMap<OrgId, String>,
    roles: RoleSummaries,
}

impl DisplayNames {
    /// Reads the names that `users` need and that are not known yet.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub(crate) async fn learn(&mut self, store: &Store, users: &[User]) -> Result<(), Error> {
        let orgs = users.iter().map(|user| user.path().id());
        let orgs: Vec<_> = orgs.filter(|org| !self.organizations.contains_key(org)).collect();
        let keys = orgs.iter().map(|&org| Key::organization(org));
        let (found, ()) = tokio::try_join!(
            store.get_for_display(keys),
            store.load_missing_roles(&mut self.roles, users)
        )?;
        for org in orgs {
            let name = found.organization(org).map(|org| org.name.to_string());
            self.organizations.insert(org, name.unwrap_or_default());
        }
        Ok(())
    }

    /// The row of `user`, in the order of [`COLUMNS`].
    pub(crate) fn row<'a>(&'a self, user: &'a User, now: Timestamp) -> [Cell<'a>; 14] {
        let (org, (role_name, identity)) = (user.path().id(), self.role(user));
        let organization = self.organizations.get(&org).map(String::as_str);
        let organization = organization.unwrap_or_default().into();
        let identity = match identity {
            IdentityProviderRole::Admin => "admin".into(),
            IdentityProviderRole::User => "user".into(),
        };
        let (org, role) = (org.to_string().into(), user.role().to_string().into());
        match user {
            User::Active(member) => [
                organization,
                member.email.as_str().into(),
                member.name.as_deref().map_or(Cell::Blank, Cell::from),
                member.display_name.as_ref().map_or(Cell::Blank, |name| name.as_str().into()),
                "active".into(),
                role_name.into(),
                identity,
                Cell::Time(member.joined_at),
                Cell::Blank,
                Cell::Blank,
                org,
                role,
                member.user_id.as_str().into(),
                Cell::Blank,
            ],
            User::Pending(invitation) => [
                organization,
                invitation.email.as_str().into(),
                Cell::Blank,
                Cell::Blank,
                if invitation.expired(now) { "expired" } else { "pending" }.into(),
                role_name.into(),
                identity,
                Cell::Blank,
                Cell::Time(invitation.created_at),
                Cell::Time(invitation.expires_at),
                org,
                role,
                Cell::Blank,
                invitation.id.to_string().into(),
            ],
        }
    }

    fn role(&self, user: &User) -> (String, IdentityProviderRole) {
        let (role, custom) = (user.role(), self.roles.of(user.role()));
        (views::role_name(role, custom), views::identity_provider_role(role, custom))
    }
}
