//! Deleting a role that is in use: ROLE6, ROLE7, ROLE9, ROLE12, SA3, INV9.

use crate::{domain::*, fixtures::*};

/// An organization with a custom role, which Ann does not hold, and another one.
fn organization() -> (Organization, CustomRole, RoleId) {
    let (org, guests) = with_role(partner(), 1, &[]);
    let (org, hosts) = with_role(org, 2, &[]);
    let id = guests.custom().unwrap();
    let (name, description) = (name("Guests"), String::new());
    (org, CustomRole { id, name, description, levels: nothing(), retiring: None }, hosts)
}

#[test]
fn a_role_retires_to_any_other_role_that_its_actor_may_give() {
    let (org, guests, hosts) = organization();
    let admin = standing("ann", &org, RoleId::ADMIN);
    for target in [RoleId::USER, RoleId::ADMIN, hosts] {
        let retiring = retire_role(&admin, &guests, target, None).unwrap();
        assert_eq!(retiring, CustomRole { retiring: Some(target), ..guests.clone() });
        // And, once it is on its way, somewhere else.
        let elsewhere = retire_role(&admin, &retiring, RoleId::USER, None).unwrap();
        assert_eq!(elsewhere.retiring, Some(RoleId::USER));
    }
    let mdf = RoleId::BuiltIn(BuiltIn::MdfAdmin);
    assert_eq!(retire_role(&admin, &guests, mdf, None), Err(Refusal::OnlySuperAdmin));
    assert!(retire_role(&super_admin(&org), &guests, mdf, None).is_ok());
    let itself = retire_role(&admin, &guests, RoleId::Custom(guests.id), None);
    assert_eq!(itself, Err(Refusal::ReassignedToItself));
    let transferred = retire_role(&super_admin(&org), &guests, RoleId::SUPER_ADMIN, None);
    assert_eq!(transferred, Err(Refusal::SuperAdminIsTransferred));
    let missing = retire_role(&admin, &guests, RoleId::Custom(custom_id(9)), None);
    assert_eq!(missing, Err(Refusal::NoSuchRole));
}

#[test]
fn no_role_retires_to_one_that_retires_itself() {
    let (org, guests, hosts) = organization();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let known = CustomRole {
        id: hosts.custom().unwrap(),
        retiring: Some(RoleId::Custom(guests.id)),
        ..guests.clone()
    };
    let refused = retire_role(&admin, &guests, hosts, Some(&known));
    assert_eq!(refused, Err(Refusal::RoleRetiring(RoleId::Custom(guests.id))));
}

#[test]
fn whoever_may_not_delete_a_role_does_not_retire_it() {
    let (org, guests, hosts) = organization();
    let own = standing("ann", &org, RoleId::Custom(guests.id));
    assert!(matches!(retire_role(&own, &guests, hosts, None), Err(Refusal::Lacks { .. })));
    let roles = (RoleObject::RoleManagement, Level::FullAccess);
    let (org, managers) = with_role(org, 3, &[roles]);
    let manager = standing("ann", &org, managers);
    let managing = CustomRole { id: managers.custom().unwrap(), ..guests.clone() };
    assert_eq!(retire_role(&manager, &managing, hosts, None), Err(Refusal::OwnRole));
    assert!(retire_role(&manager, &guests, RoleId::USER, None).is_ok());
    let above = retire_role(&manager, &guests, RoleId::ADMIN, None);
    assert!(matches!(above, Err(Refusal::Escalates(..))));
    let strong = BuiltIn::Admin.levels();
    let strong = CustomRole { levels: strong, ..guests };
    let above = retire_role(&manager, &strong, RoleId::USER, None);
    assert!(matches!(above, Err(Refusal::Escalates(..))));
}

#[test]
fn whoever_has_a_role_retired_stands_behind_its_invitations() {
    let (org, guests, hosts) = organization();
    let (bob, ann) = (standing("bob", &org, RoleId::ADMIN), standing("ann", &org, RoleId::ADMIN));
    let offer = Offer { email: email("cy"), role_id: RoleId::Custom(guests.id), days: 3 };
    let id = InvitationId::of(now(), org.id(), &offer.email);
    let open = invite(&bob, offer, None, id, now()).unwrap();
    let moved = reoffer(&ann, &open, hosts).unwrap();
    let backer = Backer { user_id: ann.person.id.clone(), role_id: RoleId::ADMIN };
    assert_eq!(moved, Invitation { role_id: hosts, backer: Some(backer), ..open });
}

#[test]
fn an_edit_keeps_a_role_on_its_way_unless_it_says_otherwise() {
    let (org, guests, hosts) = organization();
    let admin = standing("ann", &org, RoleId::ADMIN);
    let retiring = retire_role(&admin, &guests, hosts, None).unwrap();
    let kept = edit_role(&admin, &retiring, RoleDraft::default()).unwrap();
    assert_eq!(kept, retiring);
    let stays = RoleDraft { stays: true, ..RoleDraft::default() };
    assert_eq!(edit_role(&admin, &retiring, stays).unwrap(), guests);
}
