//! Custom roles: ROLE2 to ROLE7, ROLE11, ROLE12.

use crate::{domain::*, fixtures::*};

fn draft(permissions: &[(RoleObject, Level)]) -> RoleDraft {
    RoleDraft { permissions: permissions.iter().copied().collect(), ..RoleDraft::default() }
}

fn create(actor: &Standing, permissions: &[(RoleObject, Level)]) -> Result<CustomRole, Refusal> {
    create_role(actor, custom_id(1), name("Night shift"), draft(permissions), now())
}

fn role(levels: Levels) -> CustomRole {
    let description = "Works at night".to_owned();
    CustomRole { name: name("Night shift"), description, ..custom_role(1, levels) }
}

#[test]
fn new_role_has_the_catalogue_defaults_for_levels_it_does_not_set() {
    let events = (RoleObject::EventHistory, Level::ViewOnly);
    let made = create(&super_admin(&standard()), &[events]).unwrap();
    for (object, level) in made.levels.iter() {
        let expected = if object == events.0 { events.1 } else { object.custom_role_default() };
        assert_eq!(level, expected, "{object}");
    }
    assert_eq!(made.description, "");
}

#[test]
fn text_that_is_no_role_id_is_refused_with_both_kinds_of_ids() {
    let refused = "nope".parse::<RoleId>().unwrap_err().to_string();
    assert!(refused.contains("role_") && refused.contains("such as user"), "{refused}");
    assert_eq!("user".parse(), Ok(RoleId::USER));
}

#[test]
fn names_of_built_in_roles_are_taken_in_every_spelling() {
    let sue = super_admin(&standard());
    for taken in ["Super Admin", "ADMIN", "user", "mdf  admin", "Partner User", "Ａdmin"] {
        let made = create_role(&sue, custom_id(1), name(taken), RoleDraft::default(), now());
        assert_eq!(made, Err(Refusal::RoleNameTaken), "{taken}");
        let renamed = RoleDraft { name: Some(name(taken)), ..RoleDraft::default() };
        let edited = edit_role(&sue, &role(nothing()), renamed, now());
        assert_eq!(edited, Err(Refusal::RoleNameTaken), "{taken}");
    }
}

#[test]
fn organization_has_at_most_100_custom_roles() {
    let mut org = standard();
    for n in 0..99 {
        org.roles.insert(custom_id(1_000 + n), nothing());
    }
    assert!(create(&super_admin(&org), &[]).is_ok());
    org.roles.insert(custom_id(2_000), nothing());
    assert_eq!(create(&super_admin(&org), &[]), Err(Refusal::RoleLimit));
}

#[test]
fn level_can_be_set_only_if_accepted_shown_and_editable() {
    for org in [standard(), tree(), partner()] {
        let sue = super_admin(&org);
        for object in RoleObject::ALL {
            for level in Level::ALL {
                // The prerequisite is set as well.
                let mut wanted: Vec<_> = object.prerequisite().into_iter().collect();
                wanted.push((object, level));
                let expected = if !object.editable_in_custom_roles() {
                    Err(Refusal::RoleObjectNotEditable(object))
                } else if !sue.conditions.shows(object) {
                    Err(Refusal::RoleObjectNotAvailable(object))
                } else if !object.levels().contains(&level) {
                    Err(Refusal::LevelNotAllowed(object, level))
                } else {
                    Ok(level)
                };
                let made = create(&sue, &wanted).map(|role| role.levels.level_on(object));
                assert_eq!(made, expected, "{object} {level}");
            }
        }
    }
}

#[test]
fn role_without_a_prerequisite_is_refused() {
    let sue = super_admin(&partner());
    let dependent = RoleObject::ALL.into_iter().filter_map(|object| {
        let (base, least) = object.prerequisite()?;
        let level = *object.levels().last()?;
        object.editable_in_custom_roles().then_some((object, level, base, least))
    });
    let dependent: Vec<_> = dependent.collect();
    assert!(!dependent.is_empty());
    for (object, level, base, least) in dependent {
        let unmet = Err(Refusal::PrerequisiteNotMet { object, base, least });
        assert_eq!(create(&sue, &[(object, level), (base, Level::None)]), unmet);
        assert!(create(&sue, &[(object, level), (base, least)]).is_ok(), "{object}");
        assert!(create(&sue, &[(object, Level::None), (base, Level::None)]).is_ok());
        // The prerequisite cannot be removed later either.
        let both = role(nothing().with(object, level).with(base, least));
        assert_eq!(edit_role(&sue, &both, draft(&[(base, Level::None)]), now()), unmet);
    }
}

#[test]
fn stored_level_whose_condition_no_longer_holds_survives_an_edit() {
    let object = RoleObject::UserManagementSubOrganizations;
    let both =
        nothing().with(RoleObject::UserManagement, Level::ViewOnly).with(object, Level::ViewOnly);
    let sue = super_admin(&standard());
    let edited = edit_role(&sue, &role(both), draft(&[]), now()).unwrap();
    assert_eq!(edited.levels.level_on(object), Level::ViewOnly);
    // A hidden role object cannot be set, so its prerequisite is not checked.
    let base = draft(&[(RoleObject::UserManagement, Level::None)]);
    assert!(edit_role(&sue, &role(both), base, now()).is_ok());
    let hidden = edit_role(&sue, &role(both), draft(&[(object, Level::None)]), now());
    assert_eq!(hidden, Err(Refusal::RoleObjectNotAvailable(object)));
}

#[test]
fn edit_changes_the_given_values_and_the_version_only() {
    let before = role(nothing());
    let sue = super_admin(&standard());
    assert_eq!(edit_role(&sue, &before, RoleDraft::default(), now()), Ok(before.clone()));
    let renamed = RoleDraft { name: Some(name("Day shift")), ..RoleDraft::default() };
    let version = before.version.next(in_days(1));
    let expected = CustomRole { name: name("Day shift"), version, ..before.clone() };
    assert_eq!(edit_role(&sue, &before, renamed, in_days(1)), Ok(expected));
    let described = RoleDraft { description: Some(String::new()), ..RoleDraft::default() };
    let expected = CustomRole { description: String::new(), version, ..before.clone() };
    assert_eq!(edit_role(&sue, &before, described, in_days(1)), Ok(expected));
}

/// A level whose condition does not hold counts as well.
#[test]
fn role_with_higher_levels_than_the_actors_cannot_be_edited_or_deleted() {
    let roles = (RoleObject::RoleManagement, Level::FullAccess);
    let (org, clerk) = with_role(standard(), 9, &[roles]);
    let actor = standing("ann", &org, clerk);
    let (shown, hidden) =
        (RoleObject::SecurityManagement, RoleObject::UserManagementSubOrganizations);
    for (object, lowered) in [(shown, draft(&[(shown, Level::None)])), (hidden, draft(&[]))] {
        let strong = role(nothing().with(object, Level::FullAccess));
        let escalates = Refusal::ExceedsOwnPermissions(object, Level::FullAccess);
        assert_eq!(edit_role(&actor, &strong, lowered, now()), Err(escalates.clone()));
        assert_eq!(delete_role(&actor, &strong, UserCount::default(), None), Err(escalates));
    }
    let above = (shown, Level::FullAccess);
    let escalates = Refusal::ExceedsOwnPermissions(above.0, above.1);
    let raised = edit_role(&actor, &role(nothing()), draft(&[above]), now());
    assert_eq!(raised, Err(escalates.clone()));
    assert_eq!(create(&actor, &[above]), Err(escalates));
}

#[test]
fn holder_of_a_role_cannot_edit_or_delete_it() {
    let full = (RoleObject::RoleManagement, Level::FullAccess);
    let (org, held) = with_role(standard(), 1, &[full]);
    let actor = standing("ann", &org, held);
    let own = role(org.roles[&custom_id(1)]);
    for permissions in [draft(&[]), draft(&[(full.0, Level::None)])] {
        assert_eq!(edit_role(&actor, &own, permissions, now()), Err(Refusal::CannotChangeOwnRole));
    }
    assert_eq!(
        delete_role(&actor, &own, UserCount::default(), None),
        Err(Refusal::CannotChangeOwnRole)
    );
}

#[test]
fn role_with_users_cannot_be_deleted() {
    let sue = super_admin(&standard());
    for (persons, pending) in [(1, 0), (0, 1), (2, 3)] {
        let users = UserCount { persons, pending, services: 0 };
        let deleted = delete_role(&sue, &role(nothing()), users, None);
        assert_eq!(deleted, Err(Refusal::RoleInUse(users)));
    }
    let deleted = delete_role(&sue, &role(nothing()), UserCount::default(), None);
    assert_eq!(deleted, Ok(RoleDeletionStep::Delete));
}

#[test]
fn identity_provider_role_is_admin_for_full_user_and_role_management() {
    let (users, roles) = (RoleObject::UserManagement, RoleObject::RoleManagement);
    let pairs = Level::ALL.iter().flat_map(|&user| Level::ALL.map(|role| (user, role)));
    let custom = pairs.map(|(user, role)| nothing().with(users, user).with(roles, role));
    for levels in BuiltIn::ALL.map(BuiltIn::levels).into_iter().chain(custom) {
        let full =
            [users, roles].iter().all(|&object| levels.level_on(object) == Level::FullAccess);
        let expected = if full { IdentityProviderRole::Admin } else { IdentityProviderRole::User };
        assert_eq!(IdentityProviderRole::of(levels), expected, "{levels:?}");
    }
}

#[test]
fn role_id_is_parsed_from_a_key_or_an_id_only() {
    for role in BuiltIn::ALL {
        assert_eq!(role.key().parse(), Ok(RoleId::BuiltIn(role)));
    }
    let custom = RoleId::Custom(custom_id(1));
    assert_eq!(custom.to_string().parse(), Ok(custom));
    for other in ["", "Admin", "SUPER_ADMIN", "admin,super_admin", " admin", "ａdmin", "owner"] {
        assert!(other.parse::<RoleId>().is_err(), "{other}");
    }
}
