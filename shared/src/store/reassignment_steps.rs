//! The writes of the deletion of a role that is in use: its beginning, each batch of users, and its
//! end (ROLE6).

use serde_json::json;

use super::{
    Error, FetchedItems, InvitationChange, Key, ListedUser, MemberChange, RoleWithUsers,
    counters::{is_number, number_in},
    expression::Expression,
    index,
    item::attribute,
    roles::{replaces_no_role, role_changed, role_in_event},
    step::{Change, at_version},
    transaction::Transaction,
    user_counts::{UserKind, user_count},
};
use crate::domain::{
    CustomRole, Event, EventAction, Organization, Reassignment, Refusal, Standing, UserCount,
    check_service_role,
};

/// A role that is being deleted, as it was found.
#[derive(Clone, Debug)]
pub struct RoleDeletion {
    pub(super) org: Organization,
    pub(super) role: CustomRole,
    pub(super) reassignment: Reassignment,
    /// How many users still have the role. Once the reassignment has begun, the number cannot grow.
    pub(super) remaining: UserCount,
    /// How many users have the replacement role by now.
    pub(super) reassigned: UserCount,
}

impl FetchedItems {
    /// The deletion of a role that was found with these users, and whose reassignment has begun.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] if the role is not being deleted.
    pub fn role_deletion(
        &self,
        org: &Organization,
        RoleWithUsers { role, users: remaining }: RoleWithUsers,
    ) -> Result<RoleDeletion, Refusal> {
        let reassignment = role.reassignment.clone().ok_or(Refusal::NoSuchRole)?;
        let item = self.item(&Key::role(org.id(), role.id));
        let reassigned = user_count(|kind| number_in(item, reassigned_attribute(kind)));
        Ok(RoleDeletion { org: org.clone(), role, reassignment, remaining, reassigned })
    }
}

/// The attribute of a role's item with the number of users who have the replacement role.
fn reassigned_attribute(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Person => "reassigned_persons",
        UserKind::Invitation => "reassigned_invitations",
        UserKind::Service => "reassigned_services",
    }
}

impl Transaction<'_> {
    /// Begins the deletion of a role with users. It cannot be granted from then on, because every
    /// write that grants a role has a condition on its item.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] or [`Refusal::ChangedConcurrently`] if the role is not as the rule
    /// saw it; [`Refusal::RoleIsReplacement`] if users of another role get it; the refusals of
    /// `still_grantable` for the replacement role.
    pub fn begin_reassignment(
        self,
        actor: &Standing,
        before: &CustomRole,
        after: &CustomRole,
    ) -> Result<Self, Error> {
        let context = self.context;
        let org = actor.org.id();
        let reassignment = after.reassignment.as_ref().ok_or(Refusal::ChangedConcurrently)?;
        let values =
            [("reassignment", attribute(reassignment)?), ("version", attribute(&after.version)?)];
        let begun = Expression::assignments(values);
        let due = Change::list_as_due(index::due_of_role(after.id), context.at);
        let event = Event::new(context, &actor.org, EventAction::RoleUpdated, after.target())
            .old(json!({ "reassign_to": null }))
            .new_value(json!({ "reassign_to": reassignment.to }));
        let allowed = check_service_role(reassignment.to).is_ok();
        self.still_held(actor)?
            .still_grantable(&actor.org, reassignment.to)?
            .count_reassignment_to(org, reassignment.to, 1)
            .update(
                Key::role(org, after.id),
                vec![Change::Set(begun), due],
                at_version(before.version)?
                    .and(replaces_no_role())
                    .and(no_services_unless(allowed)),
                role_changed(),
            )
            .record(event)
    }

    /// Gives users of the deleted role the replacement role.
    pub(super) fn reassign_all(
        self,
        users: &[ListedUser],
        reassignment: &Reassignment,
    ) -> Result<Self, Error> {
        users.iter().try_fold(self, |writes, user| writes.reassign(user, reassignment))
    }

    /// Gives a user of the deleted role the replacement role.
    fn reassign(self, user: &ListedUser, reassignment: &Reassignment) -> Result<Self, Error> {
        let now = self.context.at;
        match user {
            ListedUser::Active(before) => {
                let after = &reassignment.member(before, now);
                let change = MemberChange { before, after };
                self.replace_member(change, Refusal::ChangedConcurrently)
            }
            ListedUser::Pending(before) => {
                let (org, after) = (before.path.id(), &reassignment.invitation(before, now));
                let change = InvitationChange { before, after };
                Ok(self
                    .update_invitation(change)?
                    .count(org, before.role_id, UserKind::Invitation, -1)
                    .count(org, after.role_id, UserKind::Invitation, 1))
            }
        }
    }

    /// Counts users who got the replacement role. The event of the deletion has their number.
    pub(super) fn count_reassigned(
        self,
        deletion: &RoleDeletion,
        users: UserCount,
    ) -> Result<Self, Error> {
        let add = |kind: UserKind| {
            let by = i64::try_from(kind.number_in(users)).unwrap_or_default();
            Change::add(reassigned_attribute(kind), by)
        };
        let key = Key::role(deletion.org.id(), deletion.role.id);
        let seen = at_version(deletion.role.version)?;
        let counted = self.update(key, UserKind::ALL.map(add).into(), seen, role_changed());
        // No event of the batch names the organization.
        Ok(counted.while_present(deletion.org.id()))
    }

    /// Deletes the role. The transaction gives the remaining users the replacement role, and no
    /// others got it meanwhile, so the number in the event is exact.
    pub(super) fn end_reassignment(self, deletion: &RoleDeletion) -> Result<Self, Error> {
        let RoleDeletion { org, role, reassignment, remaining, reassigned } = deletion;
        let gone = role.version.next(self.context.at);
        let all = |kind: UserKind| kind.number_in(*remaining) + kind.number_in(*reassigned);
        let event = Event::new(self.context, org, EventAction::RoleDeleted, role.target_at(gone))
            .old(role_in_event(role))
            .new_value(json!({
                "reassign_to": reassignment.to,
                "members": all(UserKind::Person),
                "invitations": all(UserKind::Invitation),
                "services": all(UserKind::Service),
            }));
        let same =
            |kind: UserKind| is_number(reassigned_attribute(kind), kind.number_in(*reassigned));
        let as_seen = Expression::all(UserKind::ALL.map(same));
        self.remove_role(org, role, *remaining)?
            .also(&Key::role(org.id(), role.id), as_seen)
            .record(event)
    }
}

/// The role has no services, unless these may get the role that its users get (MACH1).
fn no_services_unless(allowed: bool) -> Expression {
    if allowed {
        return Expression::default();
    }
    is_number(UserKind::Service.attribute(), 0)
}
