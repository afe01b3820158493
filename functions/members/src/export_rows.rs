//! The columns of the export, and the row of a user.

use std::collections::HashMap;

use jiff::Timestamp;
use shared::{
    domain::{
        Email, IdentityProviderRole, Invitation, Member, MemberId, MemberKind, Name, OrgId, RoleId,
    },
    http::views,
    store::{Error, Key, ListedUser, RoleSummaries, Store},
};

use crate::sheet::{Cell, Column};

/// The number of columns.
pub(crate) const WIDTH: usize = 19;

/// The columns. Names come first, ids last. The printed ones are narrow, and their texts wrap, so
/// that one page is wide enough for readable letters. An import of invitations knows "Email",
/// "Role" and "Name".
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

/// The cells that members and invitations fill in different ways. Those that are left out stay
/// blank.
#[derive(Default)]
struct UserCells<'a> {
    kind: Cell<'a>,
    email: Cell<'a>,
    name: Cell<'a>,
    display_name: Cell<'a>,
    status: Cell<'a>,
    joined_at: Cell<'a>,
    access_end: Cell<'a>,
    invited_at: Cell<'a>,
    expires_at: Cell<'a>,
    invited_by: Cell<'a>,
    member_id: Cell<'a>,
    user_id: Cell<'a>,
    invitation_id: Cell<'a>,
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
            let present = found.organization(org);
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
        let org = user.path().id();
        let role = user.role();
        let cells = match user {
            ListedUser::Active(member) => member_cells(member, now),
            ListedUser::Pending(invitation) => self.invitation_cells(invitation, now),
        };
        [
            self.organizations.get(&org).map_or("", String::as_str).into(),
            cells.kind,
            cells.email,
            cells.name,
            cells.display_name,
            cells.status,
            self.role_name(role).into(),
            self.identity_provider_role(role).into(),
            cells.joined_at,
            cells.access_end,
            cells.invited_at,
            cells.expires_at,
            cells.invited_by,
            self.keeper_of(user),
            org.to_string().into(),
            role.to_string().into(),
            cells.member_id,
            cells.user_id,
            cells.invitation_id,
        ]
    }

    fn identity_provider_role(&self, role: RoleId) -> &'static str {
        match views::identity_provider_role(role, self.roles.of(role)) {
            IdentityProviderRole::Admin => "Admin",
            IdentityProviderRole::User => "User",
        }
    }

    fn invitation_cells<'a>(&'a self, invitation: &'a Invitation, now: Timestamp) -> UserCells<'a> {
        let is_expired = invitation.expired(now);
        UserCells {
            kind: "Person".into(),
            email: invitation.email.as_str().into(),
            status: if is_expired { "Invitation expired" } else { "Invited" }.into(),
            access_end: Cell::time(invitation.access_expires_at),
            invited_at: Cell::Time(invitation.created_at),
            expires_at: Cell::Time(invitation.expires_at),
            invited_by: self.inviter_of(invitation),
            invitation_id: invitation.id.to_string().into(),
            ..UserCells::default()
        }
    }

    fn keeper_of(&self, user: &ListedUser) -> Cell<'_> {
        let keeper = keeper(user).map(|(org, keeper)| Key::member(org, keeper));
        let name = keeper.and_then(|key| self.keepers.get(&key)?.as_deref());
        Cell::text(name)
    }

    fn inviter_of(&self, invitation: &Invitation) -> Cell<'_> {
        match inviter(invitation) {
            Some(key) => Cell::text(self.inviters.get(&key).map(String::as_str)),
            None => views::Person::operator().label().into(),
        }
    }
}

fn member_cells(member: &Member, now: Timestamp) -> UserCells<'_> {
    let kind = match member.kind() {
        MemberKind::Person => "Person",
        MemberKind::Service => "Service",
    };
    UserCells {
        kind: kind.into(),
        email: Cell::text(member.email.as_ref().map(Email::as_str)),
        name: Cell::text(member.name.as_deref()),
        display_name: Cell::text(member.display_name.as_ref().map(Name::as_str)),
        status: if member.has_access(now) { "Active" } else { "Access ended" }.into(),
        joined_at: Cell::Time(member.joined_at),
        access_end: Cell::time(member.access_expires_at),
        member_id: member.id().to_string().into(),
        user_id: member.user_id.as_str().into(),
        ..UserCells::default()
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
