//! Members: memberships of persons in organizations, and their changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Email, Language, Level, MemberId, Name, OrgPath, Organization, Person, Refusal, RoleId,
    RoleObject, Service, Standing, Target, TargetKind, UserId, Version,
    access_end::change_access_end, check_service_role, fold, service::check_keeper,
};

/// The longest display name of a member, in characters (U6).
pub const MAX_DISPLAY_NAME: usize = 100;

/// How a person became a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The person accepted an invitation.
    Invitation,
    /// A user manager approved the person's join request (ORG2).
    JoinRequest,
    /// The person created the organization.
    Creator,
    /// The person joined an empty sub-organization (SUB5).
    Joined,
    /// A user manager added the service (MACH1).
    Added,
}

/// The membership of a person in one organization, with exactly one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The id of the person.
    pub user_id: UserId,
    /// The organization.
    pub path: OrgPath,
    /// The verified address of the person when they joined. It does not change. `None` for a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// The name of the person, by the identity provider, or the name of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name that a user manager gave the member in this organization, if there is one (U6). It is
    /// shown instead of `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Name>,
    /// The role of the member.
    pub role_id: RoleId,
    /// How the person became a member.
    pub source: Source,
    /// What makes the member a service. `None` for a person (MACH1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The time at which the person became a member.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub joined_at: Timestamp,
    /// The time at which the access of the member ends. `None` for access without an end (END1).
    #[serde(
        default,
        with = "jiff::fmt::serde::timestamp::millisecond::optional",
        skip_serializing_if = "Option::is_none"
    )]
    pub access_expires_at: Option<Timestamp>,
    /// The member who set that end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_granted_by: Option<MemberId>,
    /// The language of their mails: that of the invitation that the person accepted. `None` for
    /// that of the organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// The id that the member had with their former account (OP2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<MemberId>,
    /// The version of the membership.
    pub version: Version,
}

impl Member {
    /// Makes `person` a member of `org`. `tombstone` is the version of the tombstone, if one was
    /// read: the new membership continues from it.
    ///
    /// # Errors
    /// [`Refusal::EmailNotVerified`] if the person has no verified address.
    pub fn new(
        person: &Person,
        org: &Organization,
        role_id: RoleId,
        source: Source,
        tombstone: Option<Version>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let email = person.verified_email()?.clone();
        Ok(Self {
            user_id: person.id.clone(),
            path: org.path.clone(),
            version: Version::first(now, tombstone),
            email: Some(email),
            name: person.name.clone(),
            display_name: None,
            role_id,
            source,
            service: None,
            joined_at: now,
            access_expires_at: None,
            access_granted_by: None,
            language: None,
            continues: None,
        })
    }

    /// The id of the member in the API.
    pub fn id(&self) -> MemberId {
        MemberId::of(self.path.id(), &self.user_id)
    }

    /// The member with this role. If they hold it already, nothing changes. The access of a Super
    /// Admin does not end (END1).
    pub fn with_role(&self, role_id: RoleId, now: Timestamp) -> Self {
        if role_id == self.role_id {
            return self.clone();
        }
        let changed = Self { role_id, version: self.version.next(now), ..self.clone() };
        if role_id == RoleId::SUPER_ADMIN {
            return Self { access_expires_at: None, access_granted_by: None, ..changed };
        }
        changed
    }

    /// The names that a search finds, folded, one a line. Empty without a name.
    pub fn folded_names(&self) -> String {
        let shown = self.display_name.as_ref().map(Name::folded);
        let own = self.name.as_deref().map(fold);
        shown.into_iter().chain(own).collect::<Vec<_>>().join("\n")
    }

    /// The member as the target of an event.
    pub fn target(&self, version: Version) -> Target {
        Target::new(TargetKind::Member, &self.id(), version)
    }
}

/// The fields of a member to change. Absent fields keep their values.
#[derive(Clone, Debug, Default)]
pub struct MemberUpdate {
    /// The new role.
    pub role_id: Option<RoleId>,
    /// The new display name. `Some(None)` removes the present one.
    pub display_name: Option<Option<Name>>,
    /// The new end of the access. `Some(None)` removes the present one (END1).
    pub access_expires_at: Option<Option<Timestamp>>,
    /// The new keeper of a service, if there is such a member: `Some(None)` if not (MACH1).
    pub keeper: Option<Option<Member>>,
}

/// Changes the role, the display name or the end of the access of `target`.
///
/// A user manager names every member, also the Super Admin and themselves (U6): a name grants nothing.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (U4).
/// - The refusals of [`change_role`] for a new role.
/// - The refusals of `change_access_end` for another end of the access.
/// - [`Refusal::NotAService`] for the keeper of a person, [`Refusal::KeeperNotMember`] if a keeper is no
///   person with access here (MACH1).
pub fn update_member(
    actor: &Standing,
    target: &Member,
    update: MemberUpdate,
    now: Timestamp,
) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let with_role = match update.role_id {
        Some(role) => change_role(actor, target, role, now)?,
        None => target.clone(),
    };
    let changed = match update.access_expires_at {
        Some(end) if end != with_role.access_expires_at => {
            change_access_end(actor, &with_role, end, now)?
        }
        _ => with_role,
    };
    let service = match (&update.keeper, target.service) {
        (Some(_), None) => return Err(Refusal::NotAService),
        (Some(keeper), Some(_)) => Some(Service { keeper: check_keeper(keeper.as_ref(), now)? }),
        (None, service) => service,
    };
    let display_name = update.display_name.unwrap_or_else(|| target.display_name.clone());
    let changed = Member { display_name, service, ..changed };
    if changed == *target {
        return Ok(changed);
    }
    Ok(Member { version: target.version.next(now), ..changed })
}

/// Gives `target` another role.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (U4).
/// - [`Refusal::CannotChangeOwnRole`] if the target is the actor (ROLE12).
/// - [`Refusal::SuperAdminProtected`] if the target is the Super Admin (SA3).
/// - [`Refusal::SuperAdminRequired`] if the target is an Admin, and the actor is not the Super
///   Admin (SA4).
/// - The refusal of [`check_service_role`] for a service (MACH1).
/// - The refusals of [`Standing::require_grant`] for the new role (ROLE7, ROLE9).
pub fn change_role(
    actor: &Standing,
    target: &Member,
    role: RoleId,
    now: Timestamp,
) -> Result<Member, Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    if target.user_id == actor.person.id {
        return Err(Refusal::CannotChangeOwnRole);
    }
    match target.role_id {
        RoleId::SUPER_ADMIN => return Err(Refusal::SuperAdminProtected),
        RoleId::ADMIN if !actor.is_super_admin() => return Err(Refusal::SuperAdminRequired),
        _ => {}
    }
    if target.service.is_some() {
        check_service_role(role)?;
    }
    actor.require_grant(role)?;
    Ok(target.with_role(role, now))
}

/// The membership of `member` with another account of theirs (OP2). `tombstone` is the version of the tombstone,
/// if one was read: the new membership continues from it.
pub fn with_account(
    member: &Member,
    account: UserId,
    tombstone: Option<Version>,
    now: Timestamp,
) -> Member {
    let (continues, version) = (Some(member.id()), Version::first(now, tombstone));
    Member { user_id: account, continues, version, ..member.clone() }
}

/// Checks that the actor may remove `target`.
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to `user_management` (SA4).
/// - [`Refusal::SuperAdminProtected`] if the target is the Super Admin (SA3).
pub fn remove_member(actor: &Standing, target: &Member) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    check_not_super_admin(target)
}

/// The membership of an actor who leaves the organization.
///
/// # Errors
/// - The refusal of [`Standing::membership`] if the actor is not a member.
/// - [`Refusal::SuperAdminProtected`] if the actor is the Super Admin (SA5).
pub fn leave(actor: &Standing) -> Result<&Member, Refusal> {
    let member = actor.membership()?;
    check_not_super_admin(member).map(|()| member)
}

fn check_not_super_admin(member: &Member) -> Result<(), Refusal> {
    if member.role_id == RoleId::SUPER_ADMIN { Err(Refusal::SuperAdminProtected) } else { Ok(()) }
}

/// The changes of a transfer of the Super Admin role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperAdminTransfer {
    /// The former Super Admin after the transfer, as an Admin.
    pub demoted: Member,
    /// The new Super Admin before the transfer, as an Admin.
    pub member: Member,
    /// The new Super Admin after the transfer.
    pub successor: Member,
    /// The organization with its new Super Admin.
    pub org: Organization,
}

/// Transfers the Super Admin role to the member `successor` (SA2).
///
/// # Errors
/// - [`Refusal::SuperAdminRequired`] if the actor is not the Super Admin.
/// - [`Refusal::NoSuchMember`] if there is no successor, [`Refusal::MemberAccessExpired`] if their access
///   has ended (END1).
/// - [`Refusal::TargetNotAdmin`] if the successor does not hold the built-in Admin role.
///
/// The access of the new Super Admin has no end (END1).
pub fn transfer(
    actor: &Standing,
    successor: Option<Member>,
    now: Timestamp,
) -> Result<SuperAdminTransfer, Refusal> {
    let former = actor.membership()?;
    if former.role_id != RoleId::SUPER_ADMIN {
        return Err(Refusal::SuperAdminRequired);
    }
    let successor = successor.ok_or(Refusal::NoSuchMember)?;
    successor.check_present(now)?;
    if successor.role_id != RoleId::ADMIN {
        return Err(Refusal::TargetNotAdmin);
    }
    Ok(SuperAdminTransfer {
        demoted: former.with_role(RoleId::ADMIN, now),
        org: succeeded(&actor.org, &successor, now),
        successor: successor.with_role(RoleId::SUPER_ADMIN, now),
        member: successor,
    })
}

/// What an operator does with the former Super Admin when they appoint another one (SA6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormerSuperAdmin {
    /// They become an Admin.
    Admin,
    /// They are removed from the organization.
    Removed,
}

/// The organization with its new Super Admin. The event of this change ends the end of the successor's access, too
/// (END1), so it comes after the last change of their membership.
fn succeeded(org: &Organization, successor: &Member, now: Timestamp) -> Organization {
    org.with_super_admin(&successor.user_id, successor.version.next(now).at())
}

/// The changes of the appointment of a Super Admin by an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuperAdminAppointment {
    /// The former Super Admin before the appointment.
    pub former: Member,
    /// The former Super Admin as an Admin. `None` if they are removed.
    pub demoted: Option<Member>,
    /// The new Super Admin before the appointment.
    pub member: Member,
    /// The new Super Admin after the appointment.
    pub successor: Member,
    /// The organization with its new Super Admin.
    pub org: Organization,
}

/// Makes `successor` the Super Admin of `org` for an operator, whatever role they hold (SA6).
///
/// `former` is the Super Admin that `org` names. An organization without one has no members (SA1), so
/// it has no successor either.
///
/// # Errors
/// - [`Refusal::NoMemberToAppoint`] if there is no successor, [`Refusal::MemberAccessExpired`] if their access
///   has ended (END1).
/// - [`Refusal::AlreadySuperAdmin`] if the successor is the Super Admin.
/// - The refusal of [`check_service_role`] for a service (MACH1).
/// - [`Refusal::SuperAdminChanged`] if `former` is not the Super Admin any more.
pub fn appoint_super_admin(
    org: &Organization,
    former: Option<Member>,
    successor: Option<Member>,
    then: FormerSuperAdmin,
    now: Timestamp,
) -> Result<SuperAdminAppointment, Refusal> {
    let member = successor.ok_or(Refusal::NoMemberToAppoint)?;
    member.check_present(now)?;
    if org.super_admin_user_id.as_ref() == Some(&member.user_id) {
        return Err(Refusal::AlreadySuperAdmin);
    }
    if member.service.is_some() {
        check_service_role(RoleId::SUPER_ADMIN)?;
    }
    let is_super_admin = |member: &Member| member.role_id == RoleId::SUPER_ADMIN;
    let former = former.filter(is_super_admin).ok_or(Refusal::SuperAdminChanged)?;
    Ok(SuperAdminAppointment {
        demoted: (then == FormerSuperAdmin::Admin).then(|| former.with_role(RoleId::ADMIN, now)),
        org: succeeded(org, &member, now),
        successor: member.with_role(RoleId::SUPER_ADMIN, now),
        former,
        member,
    })
}

/// The changes of joining an empty sub-organization, and the membership that allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The membership in an ancestor that allows the person to join.
    pub evidence: Member,
    /// The new member, who is the Super Admin.
    pub member: Member,
    /// The organization with its new Super Admin.
    pub org: Organization,
    /// The version of the tombstone, if one was read: the new entity continues from it.
    pub tombstone: Option<Version>,
}

/// Lets `person` join the empty sub-organization `org` as its Super Admin (SUB5).
///
/// An organization is empty if it has no Super Admin and no pending invitation of its first Admin.
/// `ancestors` are the root and those organizations above `org` of which the person can be a member.
/// `memberships` are those of the person in `org` and these ancestors. `tombstone` is the version of
/// the tombstone, if one was read: the new membership continues from it.
///
/// # Errors
/// - [`Refusal::OrganizationNotEmpty`] if the person is a member of `org`, or it is not empty.
/// - [`Refusal::NoSuchOrganization`] unless the person is Admin or Super Admin of an ancestor (U5).
///   An operator gets [`Refusal::OperatorReadOnly`] instead.
/// - The refusals of [`Organization::check_open`] (SA7) and [`Organization::check_sign_in`] (ORG3) of that
///   ancestor.
/// - [`Refusal::OrganizationSuspended`] while `org` is suspended (SA7).
/// - [`Refusal::SubOrganizationsDisabled`] if sub-organization management is off (SUB1).
/// - [`Refusal::EmailNotVerified`] if the person has no verified address.
pub fn join(
    person: &Person,
    org: &Organization,
    memberships: Vec<Member>,
    ancestors: &[Organization],
    tombstone: Option<Version>,
    now: Timestamp,
) -> Result<Joining, Refusal> {
    if memberships.iter().any(|member| member.path.id() == org.id()) {
        return Err(Refusal::OrganizationNotEmpty);
    }
    let evidence = admin_membership_above(person, org, memberships, ancestors)?;
    org.check_open()?;
    let root = ancestors.iter().find(|org| org.path.is_root());
    if !org.conditions(root).manage_sub_organizations {
        return Err(Refusal::SubOrganizationsDisabled);
    }
    if !org.is_vacant(now) {
        return Err(Refusal::OrganizationNotEmpty);
    }
    let member = Member::new(person, org, RoleId::SUPER_ADMIN, Source::Joined, tombstone, now)?;
    let org = org.with_super_admin(&member.user_id, now);
    Ok(Joining { evidence, member, org, tombstone })
}

/// The first membership as Admin or Super Admin of an ancestor that is not suspended, and whose security
/// settings the sign-in satisfies. Otherwise the refusal of the last such ancestor.
fn admin_membership_above(
    person: &Person,
    org: &Organization,
    memberships: Vec<Member>,
    ancestors: &[Organization],
) -> Result<Member, Refusal> {
    let mut refusal =
        if person.operator { Refusal::OperatorReadOnly } else { Refusal::NoSuchOrganization };
    for member in memberships {
        let is_admin = matches!(member.role_id, RoleId::SUPER_ADMIN | RoleId::ADMIN);
        if !is_admin || !org.path.ancestors().contains(&member.path.id()) {
            continue;
        }
        let ancestor = ancestors.iter().find(|ancestor| ancestor.id() == member.path.id());
        let ancestor = ancestor.ok_or(Refusal::NoSuchOrganization);
        let admits = |ancestor: &Organization| {
            ancestor.check_open()?;
            ancestor.check_sign_in(person)
        };
        match ancestor.and_then(admits) {
            Ok(()) => return Ok(member),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}
