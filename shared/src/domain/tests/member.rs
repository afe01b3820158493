//! Members and the one Super Admin: SA2 to SA5, ROLE9, ROLE12, SUB5.

use crate::{
    domain::*,
    fixtures::{
        empty_below, in_days, member, now, operator_in, partner, person, standard, standing,
        stated, super_admin, tree, with_role,
    },
};

const MDF_ADMIN: RoleId = RoleId::BuiltIn(BuiltIn::MdfAdmin);

#[test]
fn changing_and_removing_need_user_management_in_full() {
    let org = partner();
    let bob = member("bob", &org, RoleId::USER);
    for role in BuiltIn::ALL {
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        let full = stated(role)["user_management"] == 2;
        assert_eq!(change_role(&actor, &bob, RoleId::USER).is_ok(), full, "{role}");
        assert_eq!(remove_member(&actor, &bob).is_ok(), full, "{role}");
    }
}

#[test]
fn a_new_role_changes_nothing_else_about_a_member() {
    let org = standard();
    let bob = member("bob", &org, RoleId::USER);
    let changed = change_role(&super_admin(&org), &bob, RoleId::ADMIN).unwrap();
    assert_eq!(changed, Member { role_id: RoleId::ADMIN, ..bob });
}

#[test]
fn nobody_changes_their_own_role() {
    let org = standard();
    for role in [RoleId::SUPER_ADMIN, RoleId::ADMIN] {
        let actor = standing("ann", &org, role);
        let ann = member("ann", &org, role);
        assert_eq!(change_role(&actor, &ann, RoleId::USER), Err(Refusal::OwnRole));
    }
}

#[test]
fn the_super_admin_is_neither_changed_nor_removed_nor_lets_go() {
    let org = standard();
    let sue = member("sue", &org, RoleId::SUPER_ADMIN);
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert_eq!(change_role(&admin, &sue, RoleId::USER), Err(Refusal::SuperAdminStays));
    assert_eq!(remove_member(&admin, &sue), Err(Refusal::SuperAdminStays));
    assert_eq!(remove_member(&super_admin(&org), &sue), Err(Refusal::SuperAdminStays));
    assert_eq!(leave(&super_admin(&org)), Err(Refusal::SuperAdminStays));
}

#[test]
fn everybody_else_may_leave() {
    let (org, custom) = with_role(partner(), 1, &[]);
    let others = BuiltIn::ALL.into_iter().filter(|&role| role != BuiltIn::SuperAdmin);
    for role in others.map(RoleId::BuiltIn).chain([custom]) {
        assert_eq!(leave(&standing("ann", &org, role)), Ok(&member("ann", &org, role)));
    }
    assert_eq!(leave(&operator_in(&org)), Err(Refusal::OperatorsOnlyRead));
}

#[test]
fn an_admins_role_is_the_super_admins_to_change_but_anyones_to_take_away() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let bob = member("bob", &org, RoleId::ADMIN);
    for role in [RoleId::ADMIN, manager] {
        let actor = standing("ann", &org, role);
        assert_eq!(change_role(&actor, &bob, RoleId::USER), Err(Refusal::OnlySuperAdmin));
        assert_eq!(remove_member(&actor, &bob), Ok(()));
    }
    assert!(change_role(&super_admin(&org), &bob, RoleId::USER).is_ok());
}

#[test]
fn super_admin_is_never_a_new_role() {
    let org = standard();
    let bob = member("bob", &org, RoleId::USER);
    let given = change_role(&super_admin(&org), &bob, RoleId::SUPER_ADMIN);
    assert_eq!(given, Err(Refusal::SuperAdminIsTransferred));
}

#[test]
fn only_the_super_admin_makes_an_mdf_admin_and_any_user_manager_unmakes_one() {
    let org = partner();
    let bob = member("bob", &org, RoleId::USER);
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert_eq!(change_role(&admin, &bob, MDF_ADMIN), Err(Refusal::OnlySuperAdmin));
    let made = change_role(&super_admin(&org), &bob, MDF_ADMIN).unwrap();
    assert!(change_role(&admin, &made, RoleId::USER).is_ok());
}

#[test]
fn outside_the_programme_nobody_makes_an_mdf_admin_but_those_there_are_stay() {
    let mut org = partner();
    org.settings.mdf_program = false;
    let bob = member("bob", &org, RoleId::USER);
    let made = change_role(&super_admin(&org), &bob, MDF_ADMIN);
    assert_eq!(made, Err(Refusal::OutsideMdfProgram));
    let mia = standing("mia", &org, MDF_ADMIN);
    assert_eq!(mia.effective.of(RoleObject::ChannelPartnerPortalMdf), Level::None);
    assert_eq!(mia.effective.of(RoleObject::LicenseManagement), Level::FullAccess);
}

#[test]
fn the_super_admin_role_goes_to_an_admin_and_its_holder_becomes_one() {
    let org = standard();
    let heir = member("ann", &org, RoleId::ADMIN);
    let (former, new) = transfer(&super_admin(&org), Some(heir)).unwrap();
    assert_eq!(former, member("sue", &org, RoleId::ADMIN));
    assert_eq!(new, member("ann", &org, RoleId::SUPER_ADMIN));
}

#[test]
fn nobody_but_an_admin_can_take_it_over() {
    let (org, custom) = with_role(partner(), 1, &[]);
    let sue = super_admin(&org);
    assert_eq!(transfer(&sue, None), Err(Refusal::NoSuchMember));
    let others = BuiltIn::ALL.into_iter().filter(|&role| role != BuiltIn::Admin);
    for role in others.map(RoleId::BuiltIn).chain([custom]) {
        let heir = member("ann", &org, role);
        assert_eq!(transfer(&sue, Some(heir)), Err(Refusal::NotAnAdmin), "{role}");
    }
}

#[test]
fn nobody_but_the_super_admin_hands_it_on() {
    let org = partner();
    let heir = Some(member("bob", &org, RoleId::ADMIN));
    for role in BuiltIn::ALL.into_iter().filter(|&role| role != BuiltIn::SuperAdmin) {
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        assert_eq!(transfer(&actor, heir.clone()), Err(Refusal::OnlySuperAdmin), "{role}");
    }
    assert_eq!(transfer(&operator_in(&org), heir), Err(Refusal::OperatorsOnlyRead));
}

#[test]
fn without_a_verified_address_nobody_becomes_a_member() {
    let nameless = Person { email: None, ..person("eve") };
    let made = Member::new(&nameless, &standard(), RoleId::USER, Source::Creator, now());
    assert_eq!(made, Err(Refusal::EmailNotVerified));
}

fn join_as(role: RoleId, below: &Organization, root: &Organization) -> Result<Member, Refusal> {
    let above = member("ann", root, role);
    let orgs = [root.clone()];
    let (evidence, joined) = join(&person("ann"), below, vec![above.clone()], &orgs, now())?;
    assert_eq!(evidence, above);
    Ok(joined)
}

#[test]
fn an_admin_from_above_joins_an_empty_sub_organization_as_its_super_admin() {
    let root = tree();
    let below = empty_below(&root);
    for role in [RoleId::SUPER_ADMIN, RoleId::ADMIN] {
        let joined = join_as(role, &below, &root).unwrap();
        assert_eq!((joined.role_id, joined.source), (RoleId::SUPER_ADMIN, Source::Joined));
        assert_eq!(joined.path, below.path);
    }
}

#[test]
fn an_admin_of_the_parent_may_join_though_the_root_does_not_know_them() {
    let root = tree();
    let parent = empty_below(&root);
    let below = parent.found_below(crate::fixtures::org_id(3), parent.name.clone(), None, now());
    let above = vec![member("ann", &parent, RoleId::ADMIN)];
    assert!(join(&person("ann"), &below.unwrap(), above, &[root, parent], now()).is_ok());
}

#[test]
fn to_everybody_else_there_is_no_such_sub_organization() {
    let users = (RoleObject::UserManagementSubOrganizations, Level::FullAccess);
    let (root, custom) = with_role(tree(), 1, &[users]);
    let below = empty_below(&root);
    let missing = Err(Refusal::NoSuchOrganization);
    for role in [RoleId::USER, MDF_ADMIN, custom] {
        assert_eq!(join_as(role, &below, &root), missing, "{role}");
    }
    let nobody = join(&person("eve"), &below, vec![], std::slice::from_ref(&root), now());
    assert_eq!(nobody.map(|(_, member)| member), missing);
    let elsewhere = Organization { path: OrgPath::root(crate::fixtures::org_id(9)), ..tree() };
    let beside = vec![member("eve", &elsewhere, RoleId::ADMIN)];
    let joined = join(&person("eve"), &below, beside, &[root], now());
    assert_eq!(joined.map(|(_, member)| member), missing);
}

#[test]
fn who_is_in_it_already_may_know_that_it_is_not_empty() {
    let root = tree();
    let below = Organization { super_admin_user_id: Some(person("ann").id), ..empty_below(&root) };
    for role in [RoleId::SUPER_ADMIN, RoleId::USER] {
        let places = vec![member("ann", &below, role)];
        let joined = join(&person("ann"), &below, places, std::slice::from_ref(&root), now());
        assert_eq!(joined.map(|(_, member)| member), Err(Refusal::NotEmpty));
    }
}

#[test]
fn a_sub_organization_with_members_or_a_pending_invitation_is_not_joined() {
    let root = tree();
    let taken = Organization { super_admin_user_id: Some(person("bob").id), ..empty_below(&root) };
    assert_eq!(join_as(RoleId::ADMIN, &taken, &root), Err(Refusal::NotEmpty));

    let id = InvitationId::of(now(), taken.id(), person("bob").email.as_ref().unwrap());
    let awaiting = |until| Organization {
        awaits: Some(Awaited { invitation: id, until }),
        ..empty_below(&root)
    };
    assert_eq!(join_as(RoleId::ADMIN, &awaiting(in_days(1)), &root), Err(Refusal::NotEmpty));
    assert!(join_as(RoleId::ADMIN, &awaiting(now()), &root).is_ok(), "expired, it is none");
}

#[test]
fn where_the_trees_switch_is_off_nobody_joins() {
    let root = standard();
    let below = empty_below(&root);
    assert_eq!(join_as(RoleId::ADMIN, &below, &root), Err(Refusal::SubOrganizationsOff));
}

#[test]
fn whoever_joins_has_a_verified_address() {
    let root = tree();
    let below = empty_below(&root);
    let above = vec![member("ann", &root, RoleId::ADMIN)];
    let ann = Person { email: None, ..person("ann") };
    let joined = join(&ann, &below, above, &[root], now());
    assert_eq!(joined.map(|(_, member)| member), Err(Refusal::EmailNotVerified));
}

/// ORG3: whoever acts by their place above has signed in as is demanded there.
#[test]
fn whoever_joins_has_signed_in_as_the_ancestor_demands_whose_admin_they_are() {
    let root = tree();
    let strict = Organization {
        security: Security { require_mfa: true, ..Security::default() },
        ..empty_below(&root)
    };
    let below =
        strict.found_below(crate::fixtures::org_id(3), root.name.clone(), None, now()).unwrap();
    let above = [root.clone(), strict.clone()];
    let at = |org: &Organization| member("ann", org, RoleId::ADMIN);
    let joined = |places| join(&person("ann"), &below, places, &above, now());
    assert_eq!(joined(vec![at(&strict)]), Err(Refusal::SecondFactorNeeded));
    let (evidence, _) = joined(vec![at(&strict), at(&root)]).unwrap();
    assert_eq!(evidence.path, root.path, "by another place above they may");
}
