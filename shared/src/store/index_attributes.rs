//! In which lists an item stands: the attributes of every index, each written in one place, so that
//! no write can list something here and forget it there.

use jiff::Timestamp;

use super::{Status, keys};
use crate::domain::{
    AddressDigest, BoundedList, CustomRole, Email, Invitation, Member, OrgId, OrgPath, RoleId, fold,
};

type Attribute = (&'static str, String);

/// Everywhere a member is listed.
pub(super) fn member(member: &Member) -> Vec<Attribute> {
    let Member { path, email, role_id, user_id, joined_at, .. } = member;
    let digest = AddressDigest::of(path.id(), email);
    let mut all = user((path, Status::Active), (*role_id, email), (*joined_at, digest));
    all.push(("identity", keys::user(user_id)));
    all
}

/// Everywhere an invitation is listed while it is pending.
pub(super) fn invitation(invitation: &Invitation) -> Vec<Attribute> {
    let Invitation { path, email, role_id, id, created_at, .. } = invitation;
    let mut all = user((path, Status::Pending), (*role_id, email), (*created_at, id.digest()));
    all.push(("identity", keys::address(email)));
    all.push(("due", keys::due(id.digest().shard(keys::DUE_SHARDS))));
    all
}

/// What the users list has in common for members and invitations (U3).
fn user(
    (path, status): (&OrgPath, Status),
    (role, email): (RoleId, &Email),
    (since, digest): (Timestamp, AddressDigest),
) -> Vec<Attribute> {
    let mut all = in_role((path, status), role);
    all.extend([
        ("tree", keys::tree(path, status)),
        ("place", keys::place(path, email)),
        ("since", keys::since(path, since, digest)),
        ("prefix", keys::by_address(email, path.id())),
    ]);
    all
}

/// What of it changes with the role.
pub(super) fn in_role((path, status): (&OrgPath, Status), role: RoleId) -> Vec<Attribute> {
    let branch = |(index, top)| (index, keys::branch(top, role.built_in(), status));
    let group = ("group", keys::holders(path, role, status));
    keys::branches(path).map(branch).chain([group]).collect()
}

/// Where an entry of a bounded list is listed: approved domains by their name.
pub(super) fn list_entry(list: BoundedList, id: &str) -> Option<Attribute> {
    (list == BoundedList::ApprovedDomains).then(|| ("identity", keys::mail_domain(id)))
}

/// Where a role's name is listed: on its lock, because the role itself changes with each user.
pub(super) fn role(path: &OrgPath, role: &CustomRole) -> Vec<Attribute> {
    let folded = role.name.folded();
    let mut all = in_branches(path, keys::branch_of_roles);
    all.extend([
        ("tree", keys::tree_of_roles(path)),
        ("place", keys::place_of_role(path, &folded, role.id)),
        ("prefix", keys::by_name(&folded, role.id)),
        ("identity", keys::name_of(role.id)),
        ("about", fold(&role.description)),
        ("name", folded),
    ]);
    all
}

/// Where what is said of a role is listed.
pub(super) fn description(path: &OrgPath, role: &CustomRole) -> Vec<Attribute> {
    let about = fold(&role.description);
    let mut all = in_branches(path, keys::branch_of_descriptions);
    all.extend([
        ("tree", keys::tree_of_descriptions(path)),
        ("prefix", keys::by_name(&about, role.id)),
        ("about", about),
        ("name", role.name.folded()),
    ]);
    all
}

fn in_branches(path: &OrgPath, hash: fn(OrgId) -> String) -> Vec<Attribute> {
    keys::branches(path).map(|(index, top)| (index, hash(top))).collect()
}
