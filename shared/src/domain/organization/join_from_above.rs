//! Joining an empty sub-organization from an organization above it (SUB5).

use jiff::Timestamp;

use crate::domain::{Invitation, Member, Organization, Person, Refusal, RoleId, Source, Version};

/// The facts that joining an organization depends on.
#[derive(Clone, Debug)]
pub struct JoiningFacts {
    /// The organization.
    pub org: Organization,
    /// The root of its tree, and the organizations above it that can have the person as a member.
    pub ancestors: Vec<Organization>,
    /// The memberships of the person in the organization and in these ancestors, nearest to the
    /// root first.
    pub memberships: Vec<Member>,
    /// The version of the tombstone, if one was read: the new membership continues from it.
    pub tombstone: Option<Version>,
    /// The invitation of the person's address to the organization, expired or not.
    pub invitation: Option<Invitation>,
}

/// The changes of joining an empty sub-organization, and the membership that allows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The membership in an ancestor that allows the person to join.
    pub evidence: Member,
    /// The new member, who is the Super Admin.
    pub member: Member,
    /// The organization without a Super Admin.
    pub before: Organization,
    /// The organization with its new Super Admin.
    pub after: Organization,
    /// The version of the tombstone, if one was read: the new membership continues from it.
    pub tombstone: Option<Version>,
    /// The expired invitation of the person, which ends.
    pub expired: Option<Invitation>,
}

/// Lets `person` join an empty sub-organization as its Super Admin (SUB5).
///
/// An organization is empty if it has no Super Admin and no pending invitation of its first Admin.
///
/// # Errors
/// - [`Refusal::OrganizationNotEmpty`] if the person is a member of it, or it is not empty.
/// - [`Refusal::NoSuchOrganization`] unless the person is Admin or Super Admin of an ancestor (U5).
///   An operator gets [`Refusal::OperatorReadOnly`] instead.
/// - The refusals of [`Organization::check_open`] (SA7) and [`Organization::check_sign_in`] (ORG3)
///   of that ancestor.
/// - [`Refusal::OrganizationSuspended`] while the organization is suspended (SA7).
/// - [`Refusal::SubOrganizationsDisabled`] if sub-organization management is off (SUB1).
/// - [`Refusal::EmailNotVerified`] if the person has no verified address.
pub fn join(person: &Person, facts: JoiningFacts, now: Timestamp) -> Result<Joining, Refusal> {
    let JoiningFacts { org, ancestors, memberships, tombstone, invitation } = facts;
    if memberships.iter().any(|member| member.path.id() == org.id()) {
        return Err(Refusal::OrganizationNotEmpty);
    }
    let evidence = admin_membership_above(person, &org, memberships, &ancestors)?;
    org.check_open()?;
    let root = ancestors.iter().find(|org| org.path.is_root());
    if !org.conditions(root).manage_sub_organizations {
        return Err(Refusal::SubOrganizationsDisabled);
    }
    if !org.is_vacant(now) {
        return Err(Refusal::OrganizationNotEmpty);
    }
    let member = Member::new(person, &org, RoleId::SUPER_ADMIN, Source::Joined, now)?;
    let member = member.continuing(tombstone);
    let after = org.with_super_admin(&member.user_id, now);
    Ok(Joining { evidence, member, before: org, after, tombstone, expired: invitation })
}

/// The first membership as Admin or Super Admin of an ancestor that is not suspended, and whose
/// security settings the sign-in satisfies. Otherwise the refusal of the last such ancestor.
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
