//! Deletion of a role that has users: ROLE6, ROLE7, ROLE9, ROLE12, SA3, INV9.

use crate::{domain::*, fixtures::*};

/// An organization with the custom roles `guests`, which has no levels, and `hosts`.
struct Roles {
    org: Organization,
    guests: CustomRole,
    hosts: RoleId,
}

fn roles() -> Roles {
    let (org, _) = with_role(partner(), 1, &[]);
    let (org, hosts) = with_role(org, 2, &[]);
    Roles { org, guests: custom_role(1, nothing()), hosts }
}

const USED: UserCount = UserCount { persons: 1, pending: 0, services: 0 };

/// Deletes a role in use at [`in_days`]`(1)`, and returns it while its users get the role `to`.
fn delete(actor: &Standing, role: &CustomRole, to: RoleId) -> Result<CustomRole, Refusal> {
    match delete_role(actor, role, USED, Some(replacement(to)))? {
        RoleDeletionStep::Reassign(to) => Ok(begin_reassignment(role, to, in_days(1))),
        step => panic!("the users of a role in use get another role, but the step is {step:?}"),
    }
}

#[test]
fn deletion_names_the_replacement_role_and_the_deleting_member() {
    let Roles { org, guests, hosts } = roles();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let by = Inviter { member_id: member_id("ann"), role_id: RoleId::ADMIN };
    for to in [RoleId::USER, RoleId::ADMIN, hosts] {
        let reassignment = Some(Reassignment { to, to_name: None, by: by.clone() });
        let version = guests.version.next(in_days(1));
        let expected = CustomRole { reassignment, version, ..guests.clone() };
        assert_eq!(delete(&admin, &guests, to), Ok(expected));
    }
    let to_itself = delete(&admin, &guests, RoleId::Custom(guests.id));
    assert_eq!(to_itself, Err(Refusal::ReassignToSameRole));
}

#[test]
fn deletion_can_be_repeated_with_the_same_replacement_only() {
    let Roles { org, guests, hosts } = roles();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let deleted = delete(&admin, &guests, hosts).unwrap();
    let again = |to| delete_role(&super_admin(&org), &deleted, USED, Some(replacement(to)));
    assert_eq!(again(hosts), Ok(RoleDeletionStep::Continue));
    assert_eq!(
        again(RoleId::USER),
        Err(Refusal::RoleBeingDeleted(ReplacementRole::new(hosts, None)))
    );
}

#[test]
fn role_that_is_being_deleted_cannot_be_the_replacement() {
    let Roles { org, guests, hosts } = roles();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let role = CustomRole { id: hosts.custom().unwrap(), ..guests.clone() };
    let role = Some(&delete(&admin, &role, RoleId::Custom(guests.id)).unwrap());
    let replacement = Some(RequestedReplacement { id: hosts, role });
    let refused = delete_role(&admin, &guests, USED, replacement);
    let replacement_role = ReplacementRole::new(RoleId::Custom(guests.id), None);
    assert_eq!(refused, Err(Refusal::RoleBeingDeleted(replacement_role)));
}

#[test]
fn deletion_requires_permission_to_edit_the_role() {
    let Roles { org, guests, hosts } = roles();
    let full = (RoleObject::RoleManagement, Level::FullAccess);
    let (org, managers) = with_role(org, 3, &[full]);
    let manager = standing("ann", &org, managers);
    let own = CustomRole { id: managers.custom().unwrap(), ..guests.clone() };
    assert_eq!(delete(&manager, &own, hosts), Err(Refusal::CannotChangeOwnRole));
    assert!(delete(&manager, &guests, RoleId::USER).is_ok());
    let higher_role = CustomRole { levels: BuiltIn::Admin.levels(), ..guests };
    let refused = delete(&manager, &higher_role, RoleId::USER);
    assert!(matches!(refused, Err(Refusal::ExceedsOwnPermissions(..))));
}

#[test]
fn reassigned_user_gets_the_new_role_and_an_invitation_the_deleting_member_as_inviter() {
    let Roles { org, guests, hosts } = roles();
    let (bob, ann) = (standing("bob", &org, RoleId::ADMIN), standing("ann", &org, RoleId::ADMIN));
    let reassignment = delete(&ann, &guests, hosts).unwrap().reassignment.unwrap();
    let pending = invited(&bob, "cy", RoleId::Custom(guests.id)).unwrap();
    let inviter = Some(Inviter { member_id: member_id("ann"), role_id: RoleId::ADMIN });
    let version = pending.version.next(in_days(2));
    let reassigned = reassignment.invitation(&pending, in_days(2));
    let created_by = Some(member_id("bob"));
    assert_eq!(reassigned, Invitation { role_id: hosts, inviter, created_by, version, ..pending });
    let cy = member("cy", &org, RoleId::Custom(guests.id));
    let version = cy.version.next(in_days(2));
    assert_eq!(reassignment.member(&cy, in_days(2)), Member { role_id: hosts, version, ..cy });
}

#[test]
fn role_that_is_being_deleted_cannot_be_edited_and_is_deleted_without_users() {
    let Roles { org, guests, hosts } = roles();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let deleted = delete(&admin, &guests, hosts).unwrap();
    let being_deleted = Refusal::RoleBeingDeleted(ReplacementRole::new(hosts, None));
    let edited = edit_role(&admin, &deleted, RoleDraft::default(), now());
    assert_eq!(edited, Err(being_deleted.clone()));
    assert_eq!(delete_role(&admin, &deleted, USED, None), Err(being_deleted));
    let step = delete_role(&admin, &deleted, UserCount::default(), None);
    assert_eq!(step, Ok(RoleDeletionStep::Continue));
}

#[test]
fn role_without_users_is_deleted_at_once_if_its_replacement_is_allowed() {
    let Roles { org, guests, hosts } = roles();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let delete = |to| delete_role(&admin, &guests, UserCount::default(), Some(replacement(to)));
    assert_eq!(delete(hosts), Ok(RoleDeletionStep::Delete));
    assert_eq!(delete(RoleId::Custom(guests.id)), Err(Refusal::ReassignToSameRole));
    assert!(delete(RoleId::SUPER_ADMIN).is_err());
}
