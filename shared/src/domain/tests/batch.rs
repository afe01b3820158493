//! Many invitations at once: INV11, INV12, ROLE7.

use crate::{domain::*, fixtures::*};

#[test]
fn a_list_is_refused_for_the_first_role_that_may_not_be_granted() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let actor = standing("ann", &org, manager);
    let all = |roles: [RoleId; 3]| roles.map(|role| (role, None));
    assert_eq!(invite_all(&actor, all([RoleId::USER, manager, RoleId::USER])), Ok(()));
    let retiring = [(RoleId::USER, None), (manager, Some(RoleId::USER))];
    let refused = invite_all(&actor, retiring);
    assert_eq!(refused, Err((Some(1), Refusal::RoleRetiring(RoleId::USER))));
    let refused = invite_all(&actor, all([RoleId::USER, RoleId::ADMIN, RoleId::SUPER_ADMIN]));
    assert!(matches!(refused, Err((Some(1), Refusal::Escalates(..)))), "{refused:?}");
    let reader = standing("ann", &org, RoleId::USER);
    let refused = invite_all(&reader, [(RoleId::USER, None)]);
    assert!(matches!(refused, Err((None, Refusal::Lacks { .. }))), "{refused:?}");
}

#[test]
fn an_invitation_is_seated_in_its_own_part_or_where_there_is_room() {
    let org = standard();
    let offer = Offer { email: email("bob"), role_id: RoleId::USER, days: DEFAULT_DAYS };
    let id = InvitationId::of(now(), org.id(), &offer.email);
    let new = invite(&super_admin(&org), offer, None, id, now()).unwrap();
    let new = Invitation { part: 2, ..new };
    let mut room = Room { parts: [0, 1, 1, 1], cap: 9 };
    let seats = [(); 4].map(|()| room.seat(new.clone()).map(|seated| seated.part));
    assert_eq!(seats, [Ok(2), Ok(1), Ok(3), Err(Refusal::TooManyPending(9))]);
}
