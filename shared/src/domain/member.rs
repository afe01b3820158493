//! Members: their place in one organization, and how it changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AddressDigest, Email, HEADCOUNT_PARTS, Level, OrgPath, Organization, Person, Refusal, RoleId,
    RoleObject, Standing, UserId,
};

/// How somebody became a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// By accepting an invitation.
    Invitation,
    /// By an approved request (ORG2).
    JoinRequest,
    /// By creating the organization.
    Creator,
    /// By joining an empty sub-organization (SUB5).
    Joined,
}

/// A person's place in one organization, holding exactly one role there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// Where.
    pub path: OrgPath,
    /// The address they were known by when they joined; it stays theirs in this organization.
    pub email: Email,
    /// What they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they may do.
    pub role_id: RoleId,
    /// How they came in.
    pub source: Source,
    /// When.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub joined_at: Timestamp,
    /// Which part of the organization's headcount counts them, unless they are its Super Admin.
    #[serde(default)]
    pub part: u8,
}

impl Member {
    /// Makes `person` a member of `org`. Their address must be verified.
    pub fn new(
        person: &Person,
        org: &Organization,
        role_id: RoleId,
        source: Source,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let email = person.verified_email()?.clone();
        Ok(Self {
            user_id: person.id.clone(),
            path: org.path.clone(),
            part: AddressDigest::of(org.id(), &email).part(HEADCOUNT_PARTS),
            email,
            name: person.name.clone(),
            role_id,
            source,
            joined_at: now,
        })
    }
}

/// May the actor give `target` the role `role`?
///
/// 1. The actor has `user_management` full (U4).
/// 2. Nobody changes their own role (ROLE12).
/// 3. The Super Admin's role stays (SA3).
/// 4. An Admin's role is the Super Admin's to change (SA4).
/// 5. The actor may yield the new role (ROLE7, ROLE9).
pub fn change_role(actor: &Standing, target: &Member, role: RoleId) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    if target.user_id == actor.person.id {
        return Err(Refusal::OwnRole);
    }
    match target.role_id {
        RoleId::SUPER_ADMIN => return Err(Refusal::SuperAdminStays),
        RoleId::ADMIN if !actor.is_super_admin() => return Err(Refusal::OnlySuperAdmin),
        _ => {}
    }
    actor.require_grant(role)?;
    Ok(Member { role_id: role, ..target.clone() })
}

/// May the actor remove `target`? Anyone but the Super Admin, with `user_management` full (SA3,
/// SA4).
pub fn remove_member(actor: &Standing, target: &Member) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    stays(target)
}

/// May the member leave? Anyone but the Super Admin (SA5).
pub fn leave(actor: &Standing) -> Result<&Member, Refusal> {
    let member = actor.membership()?;
    stays(member).map(|()| member)
}

fn stays(member: &Member) -> Result<(), Refusal> {
    if member.role_id == RoleId::SUPER_ADMIN { Err(Refusal::SuperAdminStays) } else { Ok(()) }
}

/// May the actor hand the Super Admin role on to `heir` (SA2)? Answers the former and the new one.
///
/// 1. The actor is the Super Admin.
/// 2. The heir is a member.
/// 3. The heir holds the built-in Admin.
///
/// The former one takes the heir's place in the headcount, so that nothing is counted anew.
pub fn transfer(actor: &Standing, heir: Option<Member>) -> Result<(Member, Member), Refusal> {
    let former = actor.membership()?;
    if former.role_id != RoleId::SUPER_ADMIN {
        return Err(Refusal::OnlySuperAdmin);
    }
    let heir = heir.ok_or(Refusal::NoSuchMember)?;
    if heir.role_id != RoleId::ADMIN {
        return Err(Refusal::NotAnAdmin);
    }
    let former = Member { role_id: RoleId::ADMIN, part: heir.part, ..former.clone() };
    Ok((former, Member { role_id: RoleId::SUPER_ADMIN, ..heir }))
}

/// May `person` join the empty sub-organization `org` (SUB5)? Answers the ancestor's membership
/// that lets them, and the new one, as Super Admin. `places` are theirs in it and above it; `above`
/// are the organizations there, the root among them.
///
/// 1. They are not in it already; who is may know that it is not empty (U5).
/// 2. They hold the built-in Admin or Super Admin in an ancestor; to anybody else there is no such
///    organization (U5).
/// 3. They have signed in as that ancestor demands of its members (ORG3).
/// 4. The tree's switch is on (SUB1).
/// 5. It has neither members nor a pending invitation. An expired one does not count (INV2).
pub fn join(
    person: &Person,
    org: &Organization,
    places: Vec<Member>,
    above: &[Organization],
    now: Timestamp,
) -> Result<(Member, Member), Refusal> {
    let lets_in = |member: &Member| {
        matches!(member.role_id, RoleId::SUPER_ADMIN | RoleId::ADMIN)
            && org.path.ancestors().contains(&member.path.id())
    };
    if places.iter().any(|place| place.path.id() == org.id()) {
        return Err(Refusal::NotEmpty);
    }
    let mut why =
        if person.operator { Refusal::OperatorsOnlyRead } else { Refusal::NoSuchOrganization };
    let mut admitted = |place: &Member| {
        let there = above.iter().find(|org| org.id() == place.path.id());
        let judged = there.map_or(Err(Refusal::NoSuchOrganization), |org| org.admits(person));
        judged.map_err(|barred| why = barred).is_ok()
    };
    let evidence = places.into_iter().filter(lets_in).find(&mut admitted);
    let evidence = evidence.ok_or(why)?;
    let root = above.iter().find(|org| org.path.is_root());
    if !org.conditions(root).manage_sub_organizations {
        return Err(Refusal::SubOrganizationsOff);
    }
    let awaited = org.awaits.is_some_and(|awaited| awaited.until > now);
    if org.super_admin_user_id.is_some() || awaited {
        return Err(Refusal::NotEmpty);
    }
    let member = Member::new(person, org, RoleId::SUPER_ADMIN, Source::Joined, now)?;
    Ok((evidence, member))
}
