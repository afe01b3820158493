//! The escalation check (ROLE7) in every operation that grants a role. The expected results are
//! computed from `tests/catalogue.json`, not by the code under test.

use std::collections::BTreeMap;

use crate::{domain::*, fixtures::*};

type Ranks = BTreeMap<String, usize>;

/// Whether no rank of the role exceeds those of the granter and of the built-in User.
fn is_grantable(granter: &Ranks, role: &Ranks) -> bool {
    let user = stated(BuiltIn::User);
    role.iter().all(|(object, &level)| level <= granter[object].max(user[object]))
}

fn expected(org: &Organization, granter: BuiltIn, role: BuiltIn) -> bool {
    use BuiltIn::{MdfAdmin, PartnerUser, SuperAdmin, User};
    let in_kind = org.kind == Kind::Partner || !matches!(role, MdfAdmin | PartnerUser);
    in_kind
        && match role {
            SuperAdmin => false,
            User | PartnerUser => true,
            MdfAdmin if granter != SuperAdmin || !org.settings.mdf_program => false,
            _ => is_grantable(&stated(granter), &stated(role)),
        }
}

fn organizations() -> [Organization; 3] {
    let outside = Organization {
        settings: Settings { mdf_program: false, ..partner().settings },
        ..partner()
    };
    [standard(), partner(), outside]
}

#[test]
fn built_in_role_can_be_granted_exactly_by_roles_that_hold_as_much() {
    for org in organizations() {
        for granter in BuiltIn::ALL {
            let actor = standing("ann", &org, RoleId::BuiltIn(granter));
            for role in BuiltIn::ALL {
                let granted = actor.require_grant(RoleId::BuiltIn(role));
                assert_eq!(granted.is_ok(), expected(&org, granter, role), "{granter} {role}");
                if matches!(granter, BuiltIn::SuperAdmin | BuiltIn::Admin) {
                    check_operations(&actor, RoleId::BuiltIn(role));
                }
            }
        }
    }
}

#[test]
fn each_refusal_to_grant_names_its_rule() {
    use BuiltIn::{Admin, MdfAdmin, PartnerUser, SuperAdmin, User};
    let refused = |org: &Organization, granter: BuiltIn, role: BuiltIn| {
        may_grant(org, RoleId::BuiltIn(granter), granter.levels(), RoleId::BuiltIn(role))
    };
    let [standard, partner, outside] = organizations();
    let transferred = Err(Refusal::SuperAdminNotAssignable);
    assert_eq!(refused(&standard, SuperAdmin, SuperAdmin), transferred);
    assert_eq!(refused(&standard, SuperAdmin, PartnerUser), Err(Refusal::NoSuchRole));
    assert_eq!(refused(&standard, SuperAdmin, MdfAdmin), Err(Refusal::NoSuchRole));
    assert_eq!(refused(&partner, Admin, MdfAdmin), Err(Refusal::SuperAdminRequired));
    assert_eq!(refused(&outside, SuperAdmin, MdfAdmin), Err(Refusal::MdfProgramRequired));
    let first = RoleObject::CriticalAlertUsers;
    let escalates = Refusal::ExceedsOwnPermissions(first, Level::FullAccess);
    assert_eq!(refused(&partner, User, Admin), Err(escalates));
}

#[test]
fn role_of_another_organization_cannot_be_granted() {
    let (_, role) = with_role(partner(), 9, &[]);
    let sue = super_admin(&standard());
    assert_eq!(sue.require_grant(role), Err(Refusal::NoSuchRole));
    check_operations(&sue, role);
}

/// Random granters and roles: every operation grants a role if and only if it is grantable.
#[test]
fn no_operation_grants_more_than_the_granter_or_a_user_holds() {
    let mut dice = Dice(2026);
    let mut counts = [0, 0];
    for _ in 0..3_000 {
        let mut org = organizations()[dice.throw(3)].clone();
        let (own, role_levels) = granter_and_role(&mut dice);
        org.roles.insert(custom_id(1), own);
        org.roles.insert(custom_id(2), role_levels);
        let role = RoleId::Custom(custom_id(2));
        let actor = standing("ann", &org, RoleId::Custom(custom_id(1)));
        let grantable = is_grantable(&ranks(own), &ranks(role_levels));
        counts[usize::from(grantable)] += 1;

        assert_eq!(actor.require_grant(role).is_ok(), grantable);
        check_operations(&actor, role);
        check_edit_and_deletion(&actor, role_levels, grantable);
    }
    assert!(counts.iter().all(|&count| count > 500), "{counts:?} refused and granted");
}

/// Random levels of a granter, who has full access to users and roles, and of a role. Half of the
/// roles are limited to grantable levels. Otherwise, almost none would be.
fn granter_and_role(dice: &mut Dice) -> (Levels, Levels) {
    let own = dice.levels();
    let any = dice.levels();
    let user = BuiltIn::User.levels();
    let lower = |object| any.level_on(object).min(own.level_on(object).max(user.level_on(object)));
    let role = if dice.throw(2) == 0 { any } else { Levels::from_fn(lower) };
    let own = own
        .with(RoleObject::UserManagement, Level::FullAccess)
        .with(RoleObject::RoleManagement, Level::FullAccess);
    (own, role)
}

/// Checks that each operation of a user and role manager grants `role`, or refuses it, as
/// [`Standing::require_grant`] does.
fn check_operations(actor: &Standing, role: RoleId) {
    let granted = actor.require_grant(role);
    let invited = invited(actor, "bob", role);
    let offered = [RoleId::USER, role].map(|id| OfferedRole { id, reassigned_to: None });
    let bob = member("bob", &actor.org, RoleId::USER);
    let facts = RequesterFacts { domain_approved: true, ..RequesterFacts::default() };
    let asked = ask_to_join(&person("cy"), &actor.org, &facts, String::new(), now()).unwrap();
    let facts = ApprovalFacts { domain_approved: true, slot: None, tombstone: None };
    let used = UserCount { persons: 1, pending: 0, services: 0 };
    let deleted = delete_role(actor, &custom_role(3, nothing()), used, Some(replacement(role)));
    let operations = [
        ("invite", invited.clone().map(drop)),
        ("invite in a batch", check_batch(actor, offered).map_err(|refused| refused.refusal)),
        ("change a role", change_role(actor, &bob, role, now()).map(drop)),
        ("approve", approve_request(actor, &asked, role, &facts, now()).map(drop)),
        ("delete a role", deleted.map(drop)),
    ];
    for (operation, outcome) in operations {
        assert_eq!(outcome, granted, "{operation}: {role}");
    }
    let pending =
        Invitation { role_id: role, ..self::invited(actor, "bob", RoleId::USER).unwrap() };
    let resent = resend(actor, &pending, &Budgets::default(), in_days(1)).map(drop);
    match &granted {
        // The deletion of a role changes its invitations, so this request has read outdated data.
        Err(Refusal::NoSuchRole) => assert_eq!(resent, Err(Refusal::ChangedConcurrently)),
        granted => assert_eq!(resent, *granted, "resend: {role}"),
    }
    let still_granted = inviter_may_grant(&actor.org, role, actor.role());
    assert_eq!(still_granted.is_ok(), granted.is_ok(), "{role}");
    if let Ok(invitation) = invited {
        let by = invitation.inviter.as_ref();
        let made = accept(&person("bob"), &actor.org, acceptance_facts(&invitation, by), now());
        assert_eq!(made, Ok(member("bob", &actor.org, role)));
    }
}

fn check_edit_and_deletion(actor: &Standing, levels: Levels, grantable: bool) {
    let role = custom_role(2, levels);
    let edited = edit_role(actor, &role, RoleDraft::default(), now());
    assert!(edited.is_err() || grantable);
    let deleted = delete_role(actor, &role, UserCount::default(), None);
    assert_eq!(deleted.is_ok(), grantable);
}

/// Random drafts: the author of a role could always grant it.
#[test]
fn created_or_edited_role_is_grantable_by_its_author() {
    let mut dice = Dice(4711);
    let (mut created, mut edited) = (0, 0);
    for _ in 0..3_000 {
        let mut org = organizations()[dice.throw(3)].clone();
        let own = dice.levels().with(RoleObject::RoleManagement, Level::FullAccess);
        org.roles.insert(custom_id(1), own);
        let actor = standing("ann", &org, RoleId::Custom(custom_id(1)));
        let mut draft = RoleDraft::default();
        for _ in 0..dice.throw(4) {
            let object = RoleObject::ALL[dice.throw(RoleObject::ALL.len())];
            draft.permissions.insert(object, Level::ALL[dice.throw(3)]);
        }
        if let Ok(role) = create_role(&actor, custom_id(2), name("R"), draft.clone(), now()) {
            created += 1;
            assert!(is_grantable(&ranks(own), &ranks(role.levels)), "{draft:?}");
        }
        let before = custom_role(2, dice.levels());
        if let Ok(role) = edit_role(&actor, &before, draft, now()) {
            edited += 1;
            assert!(is_grantable(&ranks(own), &ranks(before.levels)));
            assert!(is_grantable(&ranks(own), &ranks(role.levels)));
        }
    }
    assert!(created > 100, "{created} created, {edited} edited");
}
