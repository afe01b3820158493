//! In which lists an item stands: the attributes of every index, each written in one place, so that
//! no write can list something here and forget it there.

use super::{Status, keys};
use crate::domain::{AddressDigest, CustomRole, Email, Invitation, Member, OrgPath, RoleId, fold};

use jiff::Timestamp;

type Attribute = (&'static str, String);

/// Everywhere a member is listed.
pub(super) fn member(member: &Member) -> [Attribute; 6] {
    let Member { path, email, role_id, user_id, joined_at, .. } = member;
    let digest = AddressDigest::of(path.id(), email);
    let [tree, group, place, since, prefix] =
        user((path, Status::Active), (*role_id, email), (*joined_at, digest));
    [tree, group, place, since, prefix, ("identity", keys::user(user_id))]
}

/// Everywhere an invitation is listed while it is pending.
pub(super) fn invitation(invitation: &Invitation) -> [Attribute; 7] {
    let Invitation { path, email, role_id, id, created_at, .. } = invitation;
    let [tree, group, place, since, prefix] =
        user((path, Status::Pending), (*role_id, email), (*created_at, id.digest()));
    let due = keys::due(id.digest().part(keys::DUE_PARTS));
    [tree, group, place, since, prefix, ("identity", keys::address(email)), ("due", due)]
}

/// Where a role's name is listed: on its lock, because the role itself changes with each user.
pub(super) fn role(path: &OrgPath, role: &CustomRole) -> [Attribute; 5] {
    let folded = role.name.folded();
    [
        ("tree", keys::tree_of_roles(path)),
        ("place", keys::place_of_role(path, &folded, role.id)),
        ("prefix", keys::by_name(&folded, role.id)),
        ("about", fold(&role.description)),
        ("name", folded),
    ]
}

/// What the users list has in common for members and invitations (U3).
fn user(
    (path, status): (&OrgPath, Status),
    (role, email): (RoleId, &Email),
    (since, digest): (Timestamp, AddressDigest),
) -> [Attribute; 5] {
    [
        ("tree", keys::tree(path, status)),
        ("group", keys::holders(path, role, status)),
        ("place", keys::place(path, email)),
        ("since", keys::since(path, since, digest)),
        ("prefix", keys::by_address(email, path)),
    ]
}
