//! The escalation check (ROLE7) in every operation that grants a role. The expected results are
//! computed from `tests/catalogue.json`, not by the code under test.

use std::collections::BTreeMap;

use crate::{
    domain::*,
    fixtures::{
        Dice, custom_id, custom_role, member, name, nothing, now, partner, person, ranks, standard,
        standing, stated, with_role,
    },
};

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
            for role in BuiltIn::ALL {
                let held = RoleId::BuiltIn(granter);
                let granted = may_grant(&org, held, granter.levels(), RoleId::BuiltIn(role));
                assert_eq!(granted.is_ok(), expected(&org, granter, role), "{granter} {role}");
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
    let sue = standing("sue", &standard(), RoleId::SUPER_ADMIN);
    assert_eq!(sue.require_grant(role), Err(Refusal::NoSuchRole));
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
        check_invitations(&actor, role, grantable);
        check_role_deletion(&actor, role_levels, grantable);
        let bob = member("bob", &org, RoleId::USER);
        assert_eq!(change_role(&actor, &bob, role, now()).is_ok(), grantable);
    }
    assert!(counts.iter().all(|&count| count > 500), "{counts:?} refused and granted");
}

/// Random levels of a granter, who has full access to users and roles, and of a role. Half of the
/// roles are limited to grantable levels. Otherwise, almost none would be.
fn granter_and_role(dice: &mut Dice) -> (Levels, Levels) {
    let own = dice.levels();
    let any = dice.levels();
    let user = BuiltIn::User.levels();
    let lower = |object| any.of(object).min(own.of(object).max(user.of(object)));
    let role = if dice.throw(2) == 0 { any } else { Levels::from_fn(lower) };
    let own = own
        .with(RoleObject::UserManagement, Level::FullAccess)
        .with(RoleObject::RoleManagement, Level::FullAccess);
    (own, role)
}

fn check_invitations(actor: &Standing, role: RoleId, grantable: bool) {
    let email = Email::parse("bob@example.com").unwrap();
    let id = InvitationId::of(now(), actor.org.id(), &email);
    let draft = InvitationDraft { email, role_id: role, days: 7 };
    let invited = invite(actor, draft, None, id, now());
    assert_eq!(invited.is_ok(), grantable);
    if let Ok(invitation) = invited {
        assert!(resend(actor, &invitation, now()).is_ok());
        let member =
            accept(&person("bob"), &actor.org, &invitation, actor.role(), None, now()).unwrap();
        assert_eq!(member.role_id, role);
    }
    let expected = if grantable { Ok(()) } else { Err(Refusal::InviterNotAuthorized) };
    assert_eq!(inviter_may_grant(&actor.org, role, actor.role()), expected);
    let offered = [RoleId::USER, role].map(|id| OfferedRole { id, reassigned_to: None });
    assert_eq!(check_batch(actor, offered).is_ok(), grantable);
}

fn check_role_deletion(actor: &Standing, levels: Levels, grantable: bool) {
    let role = custom_role(2, levels);
    let edited = edit_role(actor, &role, RoleDraft::default(), now());
    assert!(edited.is_err() || grantable);
    assert_eq!(delete_role(actor, &role, UserCount::default()).is_ok(), grantable);
    let target = RoleId::Custom(role.id);
    let deleted = delete_with_reassignment(actor, &custom_role(3, nothing()), target, None, now());
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
