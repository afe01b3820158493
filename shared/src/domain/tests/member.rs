//! Members and the Super Admin: SA2 to SA5, ROLE9, ROLE12, SUB5.

use crate::{domain::*, fixtures::*};

const MDF_ADMIN: RoleId = RoleId::BuiltIn(BuiltIn::MdfAdmin);

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
        let changed = change_role(
            &standing("ann", &org, role),
            &member("ann", &org, role),
            RoleId::USER,
            now(),
        );
        assert_eq!(changed, Err(Refusal::CannotChangeOwnRole), "{role}");
    }
}

#[test]
fn super_admin_cannot_be_changed_or_removed() {
    let org = standard();
    let sue = member("sue", &org, RoleId::SUPER_ADMIN);
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert_eq!(change_role(&admin, &sue, RoleId::USER, now()), Err(Refusal::SuperAdminProtected));
    for actor in [admin, super_admin(&org)] {
        assert_eq!(remove_member(&actor, &sue), Err(Refusal::SuperAdminProtected));
    }
}

#[test]
fn super_admin_transfers_the_role_and_every_other_member_can_leave() {
    let (org, custom) = with_role(partner(), 1, &[]);
    let admin = Some(member("bob", &org, RoleId::ADMIN));
    for role in BuiltIn::ALL.map(RoleId::BuiltIn).into_iter().chain([custom]) {
        let (actor, ann) = (standing("ann", &org, role), member("ann", &org, role));
        let (transferred, left) = if role == RoleId::SUPER_ADMIN {
            (Ok(()), Err(Refusal::SuperAdminProtected))
        } else {
            (Err(Refusal::SuperAdminRequired), Ok(&ann))
        };
        assert_eq!(transfer(&actor, admin.clone(), now()).map(drop), transferred, "{role}");
        assert_eq!(leave(&actor), left, "{role}");
    }
    let operator = operator_in(&org);
    assert_eq!(transfer(&operator, admin, now()), Err(Refusal::OperatorReadOnly));
    assert_eq!(leave(&operator), Err(Refusal::OperatorReadOnly));
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

/// The user manager may not grant MDF Admin (ROLE9).
#[test]
fn user_manager_can_take_mdf_admin_away() {
    let org = partner();
    let holder = member("bob", &org, MDF_ADMIN);
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert!(change_role(&admin, &holder, RoleId::USER, now()).is_ok());
}

#[test]
fn holders_of_mdf_admin_keep_it_outside_the_mdf_programme() {
    let mut org = partner();
    org.settings.mdf_program = false;
    let mia = standing("mia", &org, MDF_ADMIN);
    assert_eq!(mia.effective.level_on(RoleObject::ChannelPartnerPortalMdf), Level::None);
    assert_eq!(mia.effective.level_on(RoleObject::LicenseManagement), Level::FullAccess);
}

#[test]
fn transfer_makes_the_admin_super_admin_and_the_former_one_admin() {
    let org = standard();
    let ann = member("ann", &org, RoleId::ADMIN);
    let transfer = transfer(&super_admin(&org), Some(ann.clone()), in_days(1)).unwrap();
    let version = ann.version.next(in_days(1));
    let demoted = Member { version, ..member("sue", &org, RoleId::ADMIN) };
    let successor = Member { version, ..member("ann", &org, RoleId::SUPER_ADMIN) };
    let org = org.with_super_admin(&ann.user_id, in_days(1));
    assert_eq!(transfer, SuperAdminTransfer { demoted, member: ann, successor, org });
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
fn person_without_a_verified_address_cannot_become_a_member() {
    let unverified = Person { email: None, ..person("eve") };
    let made = Member::new(&unverified, &standard(), RoleId::USER, Source::Creator, now());
    assert_eq!(made, Err(Refusal::EmailNotVerified));
}

fn joining_facts(
    below: &Organization,
    memberships: Vec<Member>,
    above: &[Organization],
) -> JoiningFacts {
    let (org, ancestors) = (below.clone(), above.to_vec());
    JoiningFacts { org, ancestors, memberships, tombstone: None, invitation: None }
}

/// Ann joins `below` with these memberships. `above` are the organizations above it.
fn joined(
    below: &Organization,
    memberships: Vec<Member>,
    above: &[Organization],
) -> Result<Joining, Refusal> {
    join(&person("ann"), joining_facts(below, memberships, above), now())
}

#[test]
fn admin_of_an_ancestor_joins_an_empty_sub_organization_as_its_super_admin() {
    let root = tree();
    let parent = empty_below(&root);
    let below = parent.create_child(org_id(3), name("Below"), None, now()).unwrap();
    let above = [root.clone(), parent.clone()];
    for (ancestor, role) in
        [(&root, RoleId::SUPER_ADMIN), (&root, RoleId::ADMIN), (&parent, RoleId::ADMIN)]
    {
        let evidence = member("ann", ancestor, role);
        let member = member("ann", &below, RoleId::SUPER_ADMIN);
        let expected = Joining {
            evidence: evidence.clone(),
            member: Member { source: Source::Joined, ..member },
            before: below.clone(),
            after: below.with_super_admin(&person("ann").id, now()),
            tombstone: None,
            expired: None,
        };
        assert_eq!(joined(&below, vec![evidence], &above), Ok(expected));
    }
}

#[test]
fn person_who_is_no_admin_above_gets_no_such_organization() {
    let users = (RoleObject::UserManagementSubOrganizations, Level::FullAccess);
    let (root, custom) = with_role(tree(), 1, &[users]);
    let elsewhere = Organization { path: OrgPath::root(org_id(9)), ..tree() };
    let roles = [RoleId::USER, MDF_ADMIN, custom];
    let others = roles.into_iter().map(|role| vec![member("ann", &root, role)]);
    let others = others.chain([vec![], vec![member("ann", &elsewhere, RoleId::ADMIN)]]);
    for memberships in others {
        let refused = joined(&empty_below(&root), memberships.clone(), std::slice::from_ref(&root));
        assert_eq!(refused, Err(Refusal::NoSuchOrganization), "{memberships:?}");
    }
}

#[test]
fn sub_organization_with_members_or_a_pending_invitation_cannot_be_joined() {
    let root = tree();
    let empty = empty_below(&root);
    let joined = |below: &Organization, memberships| {
        joined(below, memberships, std::slice::from_ref(&root)).map(drop)
    };
    let admin = || vec![member("ann", &root, RoleId::ADMIN)];
    let occupied = Err(Refusal::OrganizationNotEmpty);
    let taken = |name| Organization { super_admin_user_id: Some(person(name).id), ..empty.clone() };
    assert_eq!(joined(&taken("bob"), admin()), occupied);
    for role in [RoleId::SUPER_ADMIN, RoleId::USER] {
        let own = vec![member("ann", &empty, role)];
        assert_eq!(joined(&taken("ann"), own), occupied, "a member");
    }
    let invitation = InvitationId::of(now(), empty.id(), &email("bob"));
    let waiting = |until| Organization {
        pending_first_admin: Some(PendingFirstAdmin { invitation, until }),
        ..empty.clone()
    };
    assert_eq!(joined(&waiting(in_days(1)), admin()), occupied);
    assert_eq!(joined(&waiting(now()), admin()), Ok(()), "an expired invitation does not count");
}

#[test]
fn joining_requires_sub_organization_management_and_a_verified_address() {
    let join_from = |root: Organization, ann: &Person| {
        let above = vec![member("ann", &root, RoleId::ADMIN)];
        join(ann, joining_facts(&empty_below(&root), above, &[root]), now()).map(drop)
    };
    assert_eq!(join_from(standard(), &person("ann")), Err(Refusal::SubOrganizationsDisabled));
    let unverified = Person { email: None, ..person("ann") };
    assert_eq!(join_from(tree(), &unverified), Err(Refusal::EmailNotVerified));
}

/// ORG3: the membership in the ancestor allows the request, so its security settings apply.
#[test]
fn joining_requires_a_sign_in_that_satisfies_the_ancestor() {
    let root = tree();
    let security = Security { require_mfa: true, ..Security::default() };
    let strict = Organization { security, ..empty_below(&root) };
    let below = strict.create_child(org_id(3), name("Below"), None, now()).unwrap();
    let above = [root.clone(), strict.clone()];
    let at = |org: &Organization| member("ann", org, RoleId::ADMIN);
    assert_eq!(joined(&below, vec![at(&strict)], &above), Err(Refusal::MfaRequired));
    let joining = joined(&below, vec![at(&strict), at(&root)], &above).unwrap();
    assert_eq!(joining.evidence.path, root.path, "another ancestor accepts the sign-in");
}

#[test]
fn version_of_a_new_membership_continues_from_the_ended_one() {
    let ended = Version::first(in_days(1), None);
    let root = tree();
    let (below, above) = (empty_below(&root), vec![member("ann", &root, RoleId::ADMIN)]);
    let facts = JoiningFacts { tombstone: Some(ended), ..joining_facts(&below, above, &[root]) };
    let joining = join(&person("ann"), facts, now()).unwrap();
    assert_eq!((joining.member.version, joining.tombstone), (ended.next(now()), Some(ended)));
}

#[test]
fn member_id_depends_on_person_and_organization_only() {
    let org = standard();
    let (user, admin) = (member("ann", &org, RoleId::USER), member("ann", &org, RoleId::ADMIN));
    assert_eq!(user.id(), admin.id());
    assert_ne!(user.id(), member("bob", &org, RoleId::USER).id());
    assert_ne!(user.id(), member("ann", &empty_below(&org), RoleId::USER).id());
}

/// SA6
#[test]
fn operator_appoints_any_other_member_in_place_of_the_super_admin() {
    let (org, custom) = with_role(standard(), 1, &[]);
    let sue = || Some(member("sue", &org, RoleId::SUPER_ADMIN));
    for role in [RoleId::ADMIN, RoleId::USER, custom] {
        let ann = member("ann", &org, role);
        for (then, demoted) in
            [(FormerSuperAdmin::Admin, Some(RoleId::ADMIN)), (FormerSuperAdmin::Removed, None)]
        {
            let done = appoint_super_admin(&org, sue(), Some(ann.clone()), then, in_days(1));
            let done = done.unwrap();
            assert_eq!(done.org.super_admin_user_id, Some(ann.user_id.clone()));
            assert_eq!(done.successor.role_id, RoleId::SUPER_ADMIN);
            assert_eq!(done.demoted.map(|former| former.role_id), demoted);
        }
    }
    let appoint = |former, successor| {
        appoint_super_admin(&org, former, successor, FormerSuperAdmin::Admin, now()).map(drop)
    };
    let ann = || Some(member("ann", &org, RoleId::USER));
    assert_eq!(appoint(sue(), sue()), Err(Refusal::AlreadySuperAdmin));
    assert_eq!(appoint(sue(), None), Err(Refusal::NoMemberToAppoint));
    for former in [None, Some(member("sue", &org, RoleId::ADMIN))] {
        assert_eq!(appoint(former, ann()), Err(Refusal::SuperAdminChanged));
    }
}
