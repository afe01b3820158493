//! Members and the Super Admin: SA2 to SA5, ROLE9, ROLE12, SUB5.

use crate::{
    domain::*,
    fixtures::{
        empty_below, in_days, member, now, operator_in, partner, person, standard, standing,
        stated, super_admin, tree, with_role,
    },
};

const MDF_ADMIN: RoleId = RoleId::BuiltIn(BuiltIn::MdfAdmin);

#[test]
fn changing_a_role_and_removing_require_full_user_management() {
    let org = partner();
    let bob = member("bob", &org, RoleId::USER);
    for role in BuiltIn::ALL {
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        let full = stated(role)["user_management"] == 2;
        assert_eq!(change_role(&actor, &bob, RoleId::USER, now()).is_ok(), full, "{role}");
        assert_eq!(remove_member(&actor, &bob).is_ok(), full, "{role}");
    }
}

#[test]
fn role_change_changes_role_and_version_only() {
    let org = standard();
    let bob = member("bob", &org, RoleId::USER);
    let changed = |role| change_role(&super_admin(&org), &bob, role, in_days(1)).unwrap();
    let version = bob.version.next(in_days(1));
    assert_eq!(changed(RoleId::ADMIN), Member { role_id: RoleId::ADMIN, version, ..bob.clone() });
    assert_eq!(changed(RoleId::USER), bob, "nothing changed");
}

#[test]
fn own_role_cannot_be_changed() {
    let org = standard();
    for role in [RoleId::SUPER_ADMIN, RoleId::ADMIN] {
        let actor = standing("ann", &org, role);
        let ann = member("ann", &org, role);
        assert_eq!(
            change_role(&actor, &ann, RoleId::USER, now()),
            Err(Refusal::CannotChangeOwnRole)
        );
    }
}

#[test]
fn super_admin_cannot_be_changed_removed_or_leave() {
    let org = standard();
    let sue = member("sue", &org, RoleId::SUPER_ADMIN);
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert_eq!(change_role(&admin, &sue, RoleId::USER, now()), Err(Refusal::SuperAdminProtected));
    assert_eq!(remove_member(&admin, &sue), Err(Refusal::SuperAdminProtected));
    assert_eq!(remove_member(&super_admin(&org), &sue), Err(Refusal::SuperAdminProtected));
    assert_eq!(leave(&super_admin(&org)), Err(Refusal::SuperAdminProtected));
}

#[test]
fn every_other_member_can_leave() {
    let (org, custom) = with_role(partner(), 1, &[]);
    let others = BuiltIn::ALL.into_iter().filter(|&role| role != BuiltIn::SuperAdmin);
    for role in others.map(RoleId::BuiltIn).chain([custom]) {
        assert_eq!(leave(&standing("ann", &org, role)), Ok(&member("ann", &org, role)));
    }
    assert_eq!(leave(&operator_in(&org)), Err(Refusal::OperatorReadOnly));
}

#[test]
fn only_the_super_admin_changes_an_admins_role_but_a_user_manager_can_remove_an_admin() {
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let (org, manager) = with_role(standard(), 1, &[users]);
    let bob = member("bob", &org, RoleId::ADMIN);
    for role in [RoleId::ADMIN, manager] {
        let actor = standing("ann", &org, role);
        assert_eq!(
            change_role(&actor, &bob, RoleId::USER, now()),
            Err(Refusal::SuperAdminRequired)
        );
        assert_eq!(remove_member(&actor, &bob), Ok(()));
    }
    assert!(change_role(&super_admin(&org), &bob, RoleId::USER, now()).is_ok());
}

#[test]
fn super_admin_cannot_be_granted_by_a_role_change() {
    let org = standard();
    let bob = member("bob", &org, RoleId::USER);
    let given = change_role(&super_admin(&org), &bob, RoleId::SUPER_ADMIN, now());
    assert_eq!(given, Err(Refusal::SuperAdminNotAssignable));
}

#[test]
fn only_the_super_admin_grants_mdf_admin_but_a_user_manager_can_take_it_away() {
    let org = partner();
    let bob = member("bob", &org, RoleId::USER);
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert_eq!(change_role(&admin, &bob, MDF_ADMIN, now()), Err(Refusal::SuperAdminRequired));
    let made = change_role(&super_admin(&org), &bob, MDF_ADMIN, now()).unwrap();
    assert!(change_role(&admin, &made, RoleId::USER, now()).is_ok());
}

#[test]
fn mdf_admin_cannot_be_granted_outside_the_mdf_programme_but_holders_keep_it() {
    let mut org = partner();
    org.settings.mdf_program = false;
    let bob = member("bob", &org, RoleId::USER);
    let made = change_role(&super_admin(&org), &bob, MDF_ADMIN, now());
    assert_eq!(made, Err(Refusal::MdfProgramRequired));
    let mia = standing("mia", &org, MDF_ADMIN);
    assert_eq!(mia.effective.of(RoleObject::ChannelPartnerPortalMdf), Level::None);
    assert_eq!(mia.effective.of(RoleObject::LicenseManagement), Level::FullAccess);
}

#[test]
fn transfer_makes_the_admin_super_admin_and_the_former_one_admin() {
    let org = standard();
    let ann = member("ann", &org, RoleId::ADMIN);
    let transfer = transfer(&super_admin(&org), Some(ann.clone()), in_days(1)).unwrap();
    let version = ann.version.next(in_days(1));
    let former = Member { version, ..member("sue", &org, RoleId::ADMIN) };
    let successor = Member { version, ..member("ann", &org, RoleId::SUPER_ADMIN) };
    let org = org.with_super_admin(&ann.user_id, in_days(1));
    assert_eq!(transfer, SuperAdminTransfer { former, admin: ann, successor, org });
}

#[test]
fn super_admin_can_be_transferred_to_an_admin_only() {
    let (org, custom) = with_role(partner(), 1, &[]);
    let sue = super_admin(&org);
    assert_eq!(transfer(&sue, None, now()), Err(Refusal::NoSuchMember));
    let others = BuiltIn::ALL.into_iter().filter(|&role| role != BuiltIn::Admin);
    for role in others.map(RoleId::BuiltIn).chain([custom]) {
        let successor = member("ann", &org, role);
        assert_eq!(transfer(&sue, Some(successor), now()), Err(Refusal::TargetNotAdmin), "{role}");
    }
}

#[test]
fn only_the_super_admin_can_transfer_the_role() {
    let org = partner();
    let successor = Some(member("bob", &org, RoleId::ADMIN));
    for role in BuiltIn::ALL.into_iter().filter(|&role| role != BuiltIn::SuperAdmin) {
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        assert_eq!(
            transfer(&actor, successor.clone(), now()),
            Err(Refusal::SuperAdminRequired),
            "{role}"
        );
    }
    assert_eq!(transfer(&operator_in(&org), successor, now()), Err(Refusal::OperatorReadOnly));
}

#[test]
fn person_without_a_verified_address_cannot_become_a_member() {
    let unverified = Person { email: None, ..person("eve") };
    let made = Member::new(&unverified, &standard(), RoleId::USER, Source::Creator, None, now());
    assert_eq!(made, Err(Refusal::EmailNotVerified));
}

fn join_as(role: RoleId, below: &Organization, root: &Organization) -> Result<Member, Refusal> {
    let above = member("ann", root, role);
    let orgs = [root.clone()];
    let joining = join(&person("ann"), below, vec![above.clone()], &orgs, None, now())?;
    assert_eq!(joining.evidence, above);
    assert_eq!(joining.org.super_admin_user_id, Some(person("ann").id));
    Ok(joining.member)
}

#[test]
fn admin_of_an_ancestor_joins_an_empty_sub_organization_as_its_super_admin() {
    let root = tree();
    let below = empty_below(&root);
    for role in [RoleId::SUPER_ADMIN, RoleId::ADMIN] {
        let joined = join_as(role, &below, &root).unwrap();
        assert_eq!((joined.role_id, joined.source), (RoleId::SUPER_ADMIN, Source::Joined));
        assert_eq!(joined.path, below.path);
    }
}

#[test]
fn admin_of_the_parent_can_join_without_being_a_member_of_the_root() {
    let root = tree();
    let parent = empty_below(&root);
    let below = parent.create_child(crate::fixtures::org_id(3), parent.name.clone(), None, now());
    let above = vec![member("ann", &parent, RoleId::ADMIN)];
    assert!(join(&person("ann"), &below.unwrap(), above, &[root, parent], None, now()).is_ok());
}

#[test]
fn person_who_is_no_admin_above_gets_no_such_organization() {
    let users = (RoleObject::UserManagementSubOrganizations, Level::FullAccess);
    let (root, custom) = with_role(tree(), 1, &[users]);
    let below = empty_below(&root);
    let missing = Err(Refusal::NoSuchOrganization);
    for role in [RoleId::USER, MDF_ADMIN, custom] {
        assert_eq!(join_as(role, &below, &root), missing, "{role}");
    }
    let stranger = join(&person("eve"), &below, vec![], std::slice::from_ref(&root), None, now());
    assert_eq!(stranger.map(|joining| joining.member), missing);
    let elsewhere = Organization { path: OrgPath::root(crate::fixtures::org_id(9)), ..tree() };
    let unrelated = vec![member("eve", &elsewhere, RoleId::ADMIN)];
    let joined = join(&person("eve"), &below, unrelated, &[root], None, now());
    assert_eq!(joined.map(|joining| joining.member), missing);
}

#[test]
fn member_of_a_sub_organization_cannot_join_it_again() {
    let root = tree();
    let below = Organization { super_admin_user_id: Some(person("ann").id), ..empty_below(&root) };
    for role in [RoleId::SUPER_ADMIN, RoleId::USER] {
        let own = vec![member("ann", &below, role)];
        let joined = join(&person("ann"), &below, own, std::slice::from_ref(&root), None, now());
        assert_eq!(joined.map(|joining| joining.member), Err(Refusal::OrganizationNotEmpty));
    }
}

#[test]
fn sub_organization_with_members_or_a_pending_invitation_cannot_be_joined() {
    let root = tree();
    let taken = Organization { super_admin_user_id: Some(person("bob").id), ..empty_below(&root) };
    assert_eq!(join_as(RoleId::ADMIN, &taken, &root), Err(Refusal::OrganizationNotEmpty));

    let id = InvitationId::of(now(), taken.id(), person("bob").email.as_ref().unwrap());
    let with_invitation = |until| Organization {
        pending_first_admin: Some(PendingFirstAdmin { invitation: id, until }),
        ..empty_below(&root)
    };
    assert_eq!(
        join_as(RoleId::ADMIN, &with_invitation(in_days(1)), &root),
        Err(Refusal::OrganizationNotEmpty)
    );
    assert!(
        join_as(RoleId::ADMIN, &with_invitation(now()), &root).is_ok(),
        "an expired invitation does not count"
    );
}

#[test]
fn joining_requires_sub_organization_management_to_be_on() {
    let root = standard();
    let below = empty_below(&root);
    assert_eq!(join_as(RoleId::ADMIN, &below, &root), Err(Refusal::SubOrganizationsDisabled));
}

#[test]
fn joining_requires_a_verified_address() {
    let root = tree();
    let below = empty_below(&root);
    let above = vec![member("ann", &root, RoleId::ADMIN)];
    let ann = Person { email: None, ..person("ann") };
    let joined = join(&ann, &below, above, &[root], None, now());
    assert_eq!(joined.map(|joining| joining.member), Err(Refusal::EmailNotVerified));
}

/// ORG3: the membership in the ancestor allows the request, so its security settings apply.
#[test]
fn joining_requires_a_sign_in_that_satisfies_the_ancestor() {
    let root = tree();
    let strict = Organization {
        security: Security { require_mfa: true, ..Security::default() },
        ..empty_below(&root)
    };
    let below =
        strict.create_child(crate::fixtures::org_id(3), root.name.clone(), None, now()).unwrap();
    let above = [root.clone(), strict.clone()];
    let at = |org: &Organization| member("ann", org, RoleId::ADMIN);
    let joined = |memberships| join(&person("ann"), &below, memberships, &above, None, now());
    assert_eq!(joined(vec![at(&strict)]), Err(Refusal::MfaRequired));
    let joining = joined(vec![at(&strict), at(&root)]).unwrap();
    assert_eq!(joining.evidence.path, root.path, "another ancestor accepts the sign-in");
}

#[test]
fn version_of_a_new_membership_continues_from_the_ended_one() {
    let ended = Version::first(in_days(1), None);
    let new = |deleted| {
        let ann = person("ann");
        Member::new(&ann, &standard(), RoleId::USER, Source::Creator, deleted, now()).unwrap()
    };
    assert_eq!(new(None).version, Version::first(now(), None));
    assert_eq!(new(Some(ended)).version, ended.next(now()));
    let root = tree();
    let (below, above) = (empty_below(&root), vec![member("ann", &root, RoleId::ADMIN)]);
    let joining = join(&person("ann"), &below, above, &[root], Some(ended), now()).unwrap();
    assert_eq!((joining.member.version, joining.deleted), (ended.next(now()), Some(ended)));
}

#[test]
fn member_id_depends_on_person_and_organization_only() {
    let org = standard();
    let (user, admin) = (member("ann", &org, RoleId::USER), member("ann", &org, RoleId::ADMIN));
    assert_eq!(user.id(), admin.id());
    assert_ne!(user.id(), member("bob", &org, RoleId::USER).id());
    assert_ne!(user.id(), member("ann", &empty_below(&org), RoleId::USER).id());
}
