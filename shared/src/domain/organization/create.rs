//! The creation of an organization by a member of the one above, or by an operator.

use jiff::Timestamp;

use crate::domain::{
    Email, FirstAdmin, Invitation, InvitationId, Kind, Language, Level, Name, OrgId, Organization,
    PendingFirstAdmin, Refusal, RoleObject, Standing,
};

/// Creates a sub-organization of the actor's organization. The actor becomes its Super Admin,
/// regardless of their role in the parent (SUB2).
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to
///   `user_management_sub_organizations`, which is available only if sub-organization management
///   is on (SUB1).
/// - [`Refusal::DepthLimit`] below [`MAX_DEPTH`](crate::domain::MAX_DEPTH).
pub fn create_sub_organization(
    actor: &Standing,
    id: OrgId,
    name: Name,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    actor.require(RoleObject::UserManagementSubOrganizations, Level::FullAccess)?;
    actor.org.create_child(id, name, Some(&actor.person), now)
}

/// An organization as an operator describes it.
#[derive(Clone, Debug)]
pub struct OrganizationDraft {
    /// The name.
    pub name: Name,
    /// The kind. `None` for that of the parent, or standard.
    pub kind: Option<Kind>,
    /// The language of its mails. `None` for that of the parent, or English.
    pub language: Option<Language>,
    /// The address of the first Admin.
    pub first_admin: Option<Email>,
}

/// Creates an organization for an operator, below `parent` if there is one, and invites its first
/// Admin (OP1, INV8). `root` is the root above the parent, if that is another organization.
///
/// # Errors
/// - [`Refusal::SubOrganizationsDisabled`] if sub-organization management is off (SUB1).
/// - [`Refusal::KindInherited`] if the kind differs from the parent's (SUB2).
/// - [`Refusal::DepthLimit`] below [`MAX_DEPTH`](crate::domain::MAX_DEPTH).
/// - [`Refusal::FirstAdminRequired`] for a root organization without a first Admin.
pub fn create_organization_as_operator(
    id: OrgId,
    draft: OrganizationDraft,
    parent: Option<&Organization>,
    root: Option<&Organization>,
    now: Timestamp,
) -> Result<(Organization, Option<Invitation>), Refusal> {
    let org = match parent {
        Some(parent) => {
            draft.check_below(parent, root)?;
            parent.create_child(id, draft.name, None, now)?
        }
        None if draft.first_admin.is_none() => return Err(Refusal::FirstAdminRequired),
        None => {
            Organization::create(id, draft.name, draft.kind.unwrap_or(Kind::Standard), None, now)
        }
    };
    let org = Organization { language: draft.language.unwrap_or(org.language), ..org };
    let Some(email) = draft.first_admin else { return Ok((org, None)) };
    let first = FirstAdmin { id: InvitationId::of(now, id, &email), email, language: None };
    let first = Invitation::of_first_admin(&org, first, now);
    let pending = PendingFirstAdmin { invitation: first.id, until: first.expires_at };
    Ok((Organization { pending_first_admin: Some(pending), ..org }, Some(first)))
}

impl OrganizationDraft {
    /// Checks that an operator may create the organization below `parent`.
    fn check_below(
        &self,
        parent: &Organization,
        root: Option<&Organization>,
    ) -> Result<(), Refusal> {
        if !parent.conditions(root).manage_sub_organizations {
            return Err(Refusal::SubOrganizationsDisabled);
        }
        if self.kind.is_some_and(|kind| kind != parent.kind) {
            return Err(Refusal::KindInherited);
        }
        Ok(())
    }
}
