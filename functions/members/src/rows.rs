//! The columns of the export, and the row of a user.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::{
    domain::{IdentityProviderRole, Invitation, MemberId, MemberKind, OrgId, RoleId},
    http::views,
    store::{Error, Key, ListedUser, RoleSummaries, Store},
};

use crate::sheet::{Cell, Column};

/// The number of columns.
pub(crate) const WIDTH: usize = 19;

/// The columns. Names come first, ids last. The printed ones are narrow, and their texts wrap, so that one page is wide
/// enough for readable letters. An import of invitations knows "Email", "Role" and "Name".
pub(crate) const COLUMNS: [Column; WIDTH] = [
    Column::printed("Organization", 16.0),
    Column::printed("Kind", 8.0),
    Column::printed("Email", 26.0),
    Column::printed("Name", 16.0),
    Column::printed("Display name", 14.0),
    Column::printed("Status", 11.0),
    Column::printed("Role", 13.0),
    Column::printed("Identity provider role", 10.0),
    Column::printed("Joined at (UTC)", 16.0),
    Column::printed("Access ends at (UTC)", 16.0),
    Column::printed("Invited at (UTC)", 16.0),
    Column::printed("Invitation expires at (UTC)", 16.0),
    Column::printed("Invited by", 20.0),
    Column::printed("Keeper", 20.0),
    Column::id("Organization ID", 33.0),
    Column::id("Role ID", 34.0),
    Column::id("Member ID", 34.0),
    Column::id("User ID", 34.0),
    Column::id("Invitation ID", 56.0),
];

/// The names of organizations, custom roles, inviters and keepers of services. Each is read once.
#[derive(Debug, Default)]
pub(crate) struct DisplayNames {
    organizations: HashMap<OrgId, String>,
    roles: RoleSummaries,
    /// By the keys of their members.
    inviters: HashMap<Key, String>,
    /// The keepers who have access, by the keys of their members. `None` for others.
    keepers: HashMap<Key, Option<String>>,
}

/// What some rows name by id, and whose name is not known yet.
struct Unknown<'a> {
    organizations: Vec<OrgId>,
    /// Those whose sender is unknown.
    invitations: Vec<&'a Invitation>,
    /// The keepers of services, with their organizations.
    keepers: Vec<(OrgId, MemberId)>,
}

impl DisplayNames {
    /// Names of which these roles are known.
    pub(crate) fn with_roles(roles: RoleSummaries) -> Self {
        Self { roles, ..Self::default() }
    }

    /// Reads the names that `users` need and that are not known yet.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub(crate) async fn learn(
        &mut self,
        store: &Store,
        users: &[ListedUser],
        now: Timestamp,
    ) -> Result<(), Error> {
        let Unknown { organizations, invitations, keepers } = self.unknown(users);
        let senders = invitations.iter().filter_map(|invitation| inviter(invitation));
        let members = keepers.iter().map(|&(org, keeper)| Key::member(org, keeper));
        let keys = organizations.iter().map(|&org| Key::organization(org)).chain(senders);
        let (found, ()) = tokio::try_join!(
            store.get_for_display(keys.chain(members)),
            store.load_missing_roles(&mut self.roles, users)
        )?;
        for org in organizations {
            // The users of a deleted organization end soon.
            let present = found.present_organization(org);
            self.organizations.extend(present.map(|present| (org, present.name.to_string())));
        }
        for invitation in invitations {
            let name = views::Person::sender(&found, invitation)?.label();
            self.inviters.extend(inviter(invitation).map(|key| (key, name)));
        }
        for (org, keeper) in keepers {
            let member = found.continued_member(org, keeper)?;
            let present = member.filter(|member| member.has_access(now));
            let name = present.as_ref().map(|member| views::Person::member(member).label());
            self.keepers.insert(Key::member(org, keeper), name);
        }
        Ok(())
    }

    /// What the rows of `users` name by id, and whose name is not known yet.
    fn unknown<'a>(&self, users: &'a [ListedUser]) -> Unknown<'a> {
        let orgs = users.iter().map(|user| user.path().id());
        let sent_by_unknown = |invitation: &&Invitation| {
            inviter(invitation).is_some_and(|key| !self.inviters.contains_key(&key))
        };
        let is_unknown_keeper =
            |&(org, id): &(OrgId, MemberId)| !self.keepers.contains_key(&Key::member(org, id));
        Unknown {
            organizations: orgs.filter(|org| !self.organizations.contains_key(org)).collect(),
            invitations: users
                .iter()
                .filter_map(ListedUser::invitation)
                .filter(sent_by_unknown)
                .collect(),
            keepers: users.iter().filter_map(keeper).filter(is_unknown_keeper).collect(),
        }
    }

    /// Whether the organization of a user is not deleted.
    pub(crate) fn has_organization_of(&self, user: &ListedUser) -> bool {
        self.organizations.contains_key(&user.path().id())
    }

    /// Whether the name of a role is known.
    pub(crate) fn has_role(&self, role: RoleId) -> bool {
        role.custom().is_none() || self.roles.of(role).is_some()
    }

    /// The name of a role.
    pub(crate) fn role_name(&self, role: RoleId) -> String {
        role.shown_name(self.roles.of(role))
    }

    /// The row of `user`, in the order of [`COLUMNS`].
    pub(crate) fn row<'a>(&'a self, user: &'a ListedUser, now: Timestamp) -> [Cell<'a>; WIDTH] {
        let (org, role) = (user.path().id(), user.role());
        let organization = self.organizations.get(&org).map_or("", String::as_str).into();
        let identity = match views::identity_provider_role(role, self.roles.of(role)) {
            IdentityProviderRole::Admin => "Admin".into(),
            IdentityProviderRole::User => "User".into(),
        };
        let role_name = self.role_name(role).into();
        let (org, role) = (org.to_string().into(), role.to_string().into());
        match user {
            ListedUser::Active(member) => [
                organization,
                match member.kind() {
                    MemberKind::Person => "Person",
                    MemberKind::Service => "Service",
                }
                .into(),
                member.email.as_ref().map_or(Cell::Blank, |email| email.as_str().into()),
                member.name.as_deref().map_or(Cell::Blank, Cell::from),
                member.display_name.as_ref().map_or(Cell::Blank, |name| name.as_str().into()),
                if member.has_access(now) { "Active" } else { "Access ended" }.into(),
                role_name,
                identity,
                Cell::Time(member.joined_at),
                member.access_expires_at.map_or(Cell::Blank, Cell::Time),
                Cell::Blank,
                Cell::Blank,
                Cell::Blank,
                self.keeper_of(user),
                org,
                role,
                member.id().to_string().into(),
                member.user_id.as_str().into(),
                Cell::Blank,
            ],
            ListedUser::Pending(invitation) => [
                organization,
                "Person".into(),
                invitation.email.as_str().into(),
                Cell::Blank,
                Cell::Blank,
                if invitation.expired(now) { "Invitation expired" } else { "Invited" }.into(),
                role_name,
                identity,
                Cell::Blank,
                invitation.access_expires_at.map_or(Cell::Blank, Cell::Time),
                Cell::Time(invitation.created_at),
                Cell::Time(invitation.expires_at),
                self.inviter_of(invitation),
                Cell::Blank,
                org,
                role,
                Cell::Blank,
                Cell::Blank,
                invitation.id.to_string().into(),
            ],
        }
    }

    fn keeper_of(&self, user: &ListedUser) -> Cell<'_> {
        let keeper = keeper(user).map(|(org, keeper)| Key::member(org, keeper));
        let name = keeper.and_then(|key| self.keepers.get(&key)?.as_deref());
        name.map_or(Cell::Blank, Cell::from)
    }

    fn inviter_of(&self, invitation: &Invitation) -> Cell<'_> {
        match inviter(invitation) {
            Some(key) => self.inviters.get(&key).map_or(Cell::Blank, |name| name.as_str().into()),
            None => views::Person::operator().label().into(),
        }
    }
}

/// The organization and the keeper of a service.
fn keeper(user: &ListedUser) -> Option<(OrgId, MemberId)> {
    Some((user.path().id(), user.keeper()?))
}

/// The key of the member who sent an invitation last. None if an operator did.
fn inviter(invitation: &Invitation) -> Option<Key> {
    Some(Key::member(invitation.path.id(), invitation.sent_by()?))
}
