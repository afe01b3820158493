//! Batches of invitations: INV11, INV12, ROLE6, ROLE7.

use crate::{domain::*, fixtures::*};

fn offered(id: RoleId) -> OfferedRole {
    OfferedRole { id, reassigned_to: None }
}

#[test]
fn batch_is_refused_for_the_first_role_that_cannot_be_granted() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let actor = standing("ann", &org, manager);
    assert_eq!(check_batch(&actor, [RoleId::USER, manager, RoleId::USER].map(offered)), Ok(()));
    let refused =
        check_batch(&actor, [RoleId::USER, RoleId::ADMIN, RoleId::SUPER_ADMIN].map(offered));
    let BatchRefusal { position, refusal } = refused.unwrap_err();
    assert_eq!(position, Some(1));
    assert!(matches!(refusal, Refusal::ExceedsOwnPermissions(..)), "{refusal:?}");
}

#[test]
fn batch_with_a_role_that_is_being_deleted_is_refused() {
    let (org, role) = with_role(standard(), 1, &[]);
    let deleted =
        OfferedRole { id: role, reassigned_to: Some(ReplacementRole::new(RoleId::USER, None)) };
    let refused = check_batch(&super_admin(&org), [offered(RoleId::USER), deleted]);
    let refusal = Refusal::RoleBeingDeleted(ReplacementRole::new(RoleId::USER, None));
    assert_eq!(refused, Err(BatchRefusal { position: Some(1), refusal }));
}

#[test]
fn invitations_beyond_the_pending_limit_are_refused() {
    let mut room = PendingRoom { cap: 9, left: 2 };
    let taken = [(); 3].map(|()| room.take());
    assert_eq!(taken, [Ok(()), Ok(()), Err(Refusal::PendingInvitationLimit(9))]);
}
