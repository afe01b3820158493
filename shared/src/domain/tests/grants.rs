//! ROLE7 on every path that yields a role. What is expected is computed from the catalogue's second
//! statement and from ranks, never from the code under test.

use std::collections::BTreeMap;

use crate::{
    domain::*,
    fixtures::{
        Dice, custom_id, member, name, nothing, now, partner, person, ranks, standard, standing,
        stated, with_role,
    },
};

type Ranks = BTreeMap<String, usize>;

/// Nowhere more than the higher of the granter's and the built-in User's.
fn within_reach(granter: &Ranks, role: &Ranks) -> bool {
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
            _ => within_reach(&stated(granter), &stated(role)),
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
fn a_built_in_role_is_granted_exactly_by_those_who_hold_as_much() {
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
fn each_refusal_to_grant_says_which_rule_it_is() {
    use BuiltIn::{Admin, MdfAdmin, PartnerUser, SuperAdmin, User};
    let refused = |org: &Organization, granter: BuiltIn, role: BuiltIn| {
        may_grant(org, RoleId::BuiltIn(granter), granter.levels(), RoleId::BuiltIn(role))
    };
    let [standard, partner, outside] = organizations();
    let transferred = Err(Refusal::SuperAdminIsTransferred);
    assert_eq!(refused(&standard, SuperAdmin, SuperAdmin), transferred);
    assert_eq!(refused(&standard, SuperAdmin, PartnerUser), Err(Refusal::NoSuchRole));
    assert_eq!(refused(&standard, SuperAdmin, MdfAdmin), Err(Refusal::NoSuchRole));
    assert_eq!(refused(&partner, Admin, MdfAdmin), Err(Refusal::OnlySuperAdmin));
    assert_eq!(refused(&outside, SuperAdmin, MdfAdmin), Err(Refusal::OutsideMdfProgram));
    let first = RoleObject::CriticalAlertUsers;
    let escalates = Refusal::Escalates(first, Level::FullAccess);
    assert_eq!(refused(&partner, User, Admin), Err(escalates));
}

#[test]
fn a_role_of_another_organization_is_no_role_here() {
    let (_, role) = with_role(partner(), 9, &[]);
    let sue = standing("sue", &standard(), RoleId::SUPER_ADMIN);
    assert_eq!(sue.require_grant(role), Err(Refusal::NoSuchRole));
}

/// Whatever the granter holds and whatever the role gives: it is granted if and only if it is
/// within reach, and to every path that yields a role the answer is the same.
#[test]
fn no_path_hands_out_more_than_the_granter_or_a_user_holds() {
    let mut dice = Dice(2026);
    let (mut granted, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut org = organizations()[dice.throw(3)].clone();
        // Half the roles are cut from the granter's own, or nothing would ever be allowed.
        let own = dice.levels();
        let any = dice.levels();
        let user = BuiltIn::User.levels();
        let lower = |object| any.of(object).min(own.of(object).max(user.of(object)));
        let wanted = if dice.throw(2) == 0 { any } else { Levels::from_fn(lower) };
        let own = own
            .with(RoleObject::UserManagement, Level::FullAccess)
            .with(RoleObject::RoleManagement, Level::FullAccess);
        org.roles.insert(custom_id(1), own);
        org.roles.insert(custom_id(2), wanted);
        let role = RoleId::Custom(custom_id(2));
        let actor = standing("ann", &org, RoleId::Custom(custom_id(1)));
        let reach = within_reach(&ranks(own), &ranks(wanted));
        if reach {
            granted += 1;
        } else {
            refused += 1;
        }

        assert_eq!(actor.require_grant(role).is_ok(), reach);

        let email = Email::parse("bob@example.com").unwrap();
        let id = InvitationId::of(now(), org.id(), &email);
        let offer = Offer { email, role_id: role, days: 7 };
        let invited = invite(&actor, offer, None, id, now());
        assert_eq!(invited.is_ok(), reach);
        if let Ok(invitation) = invited {
            assert!(resend(&actor, &invitation, now()).is_ok());
            assert!(still_backed(&org, role, actor.role()).is_ok());
            let accepted = accept(&person("bob"), &org, &invitation, actor.role(), now());
            assert_eq!(accepted.unwrap().role_id, role);
        } else {
            let refused = Err(Refusal::BackerGone);
            assert_eq!(still_backed(&org, role, actor.role()), refused);
        }

        let bob = member("bob", &org, RoleId::USER);
        assert_eq!(change_role(&actor, &bob, role).is_ok(), reach);

        let present = CustomRole {
            id: custom_id(2),
            name: name("R"),
            description: String::new(),
            levels: wanted,
            retiring: None,
        };
        let touched = edit_role(&actor, &present, RoleDraft::default());
        assert!(touched.is_err() || reach);
        assert_eq!(delete_role(&actor, &present, Users::default()).is_ok(), reach);

        let other = CustomRole { id: custom_id(3), levels: nothing(), ..present };
        assert_eq!(retire_role(&actor, &other, role, None).is_ok(), reach);
        assert_eq!(invite_all(&actor, [(RoleId::USER, None), (role, None)]).is_ok(), reach);
    }
    assert!(granted > 500 && refused > 500, "{granted} granted, {refused} refused");
}

/// Whatever a draft asks for: the role that comes of it could be handed out by its author.
#[test]
fn no_role_is_made_or_edited_beyond_its_authors_reach() {
    let mut dice = Dice(4711);
    let (mut made, mut edited) = (0, 0);
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
        if let Ok(role) = create_role(&actor, custom_id(2), name("R"), draft.clone()) {
            made += 1;
            assert!(within_reach(&ranks(own), &ranks(role.levels)), "{draft:?}");
        }
        let levels = dice.levels();
        let was = CustomRole {
            id: custom_id(2),
            name: name("R"),
            description: String::new(),
            levels,
            retiring: None,
        };
        if let Ok(role) = edit_role(&actor, &was, draft) {
            edited += 1;
            assert!(within_reach(&ranks(own), &ranks(was.levels)));
            assert!(within_reach(&ranks(own), &ranks(role.levels)));
        }
    }
    assert!(made > 100, "{made} made, {edited} edited");
}
