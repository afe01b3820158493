//! Custom roles: ROLE2 to ROLE7, ROLE11, ROLE12.

use crate::{
    domain::*,
    fixtures::{
        custom_id, name, nothing, operator_in, partner, standard, standing, stated, super_admin,
        tree, with_role,
    },
};

fn draft(permissions: &[(RoleObject, Level)]) -> RoleDraft {
    RoleDraft { permissions: permissions.iter().copied().collect(), ..RoleDraft::default() }
}

fn create(actor: &Standing, permissions: &[(RoleObject, Level)]) -> Result<CustomRole, Refusal> {
    create_role(actor, custom_id(1), name("Night shift"), draft(permissions))
}

fn role(levels: Levels) -> CustomRole {
    let description = "They sleep by day".to_owned();
    CustomRole { id: custom_id(1), name: name("Night shift"), description, levels, retiring: None }
}

#[test]
fn making_editing_and_deleting_need_role_management_in_full() {
    let org = partner();
    for built_in in BuiltIn::ALL {
        let actor = standing("ann", &org, RoleId::BuiltIn(built_in));
        let full = stated(built_in)["role_management"] == 2;
        assert_eq!(create(&actor, &[]).is_ok(), full, "{built_in}");
        let edited = edit_role(&actor, &role(nothing()), RoleDraft::default());
        assert_eq!(edited.is_ok(), full, "{built_in}");
        let deleted = delete_role(&actor, &role(nothing()), Users::default());
        assert_eq!(deleted.is_ok(), full, "{built_in}");
    }
    assert_eq!(create(&operator_in(&org), &[]), Err(Refusal::OperatorsOnlyRead));
}

#[test]
fn what_a_new_role_leaves_out_gets_the_catalogues_default() {
    let events = (RoleObject::EventHistory, Level::ViewOnly);
    let made = create(&super_admin(&standard()), &[events]).unwrap();
    for (object, level) in made.levels.iter() {
        let expected = if object == events.0 { events.1 } else { object.custom_role_default() };
        assert_eq!(level, expected, "{object}");
    }
    assert_eq!(made.description, "");
}

#[test]
fn a_built_ins_name_is_taken_however_it_is_spelt() {
    let sue = super_admin(&standard());
    for taken in ["Super Admin", "ADMIN", "user", "mdf  admin", "Partner User", "Ａdmin"] {
        let made = create_role(&sue, custom_id(1), name(taken), RoleDraft::default());
        assert_eq!(made, Err(Refusal::RoleNameTaken), "{taken}");
        let renamed = RoleDraft { name: Some(name(taken)), ..RoleDraft::default() };
        let edited = edit_role(&sue, &role(nothing()), renamed);
        assert_eq!(edited, Err(Refusal::RoleNameTaken), "{taken}");
    }
}

#[test]
fn there_is_room_for_a_hundred_roles() {
    let mut org = standard();
    for n in 0..99 {
        org.roles.insert(custom_id(1_000 + n), nothing());
    }
    assert!(create(&super_admin(&org), &[]).is_ok());
    org.roles.insert(custom_id(2_000), nothing());
    assert_eq!(create(&super_admin(&org), &[]), Err(Refusal::TooManyRoles));
}

#[test]
fn a_role_object_accepts_its_own_levels_where_it_is_shown_and_editable() {
    for org in [standard(), tree(), partner()] {
        let sue = super_admin(&org);
        for object in RoleObject::ALL {
            for level in Level::ALL {
                // What a prerequisite asks for is set along.
                let mut wanted: Vec<_> = object.prerequisite().into_iter().collect();
                wanted.push((object, level));
                let expected = if !object.editable_in_custom_roles() {
                    Err(Refusal::NotEditable(object))
                } else if !sue.conditions.shows(object) {
                    Err(Refusal::NotShown(object))
                } else if !object.levels().contains(&level) {
                    Err(Refusal::LevelNotAllowed(object, level))
                } else {
                    Ok(level)
                };
                let made = create(&sue, &wanted).map(|role| role.levels.of(object));
                assert_eq!(made, expected, "{object} {level}");
            }
        }
    }
}

#[test]
fn the_partner_portal_is_not_editable_but_for_the_playbook() {
    let fixed = RoleObject::ALL.into_iter().filter(|object| !object.editable_in_custom_roles());
    let fixed: Vec<_> = fixed.map(RoleObject::key).collect();
    let portal = RoleObject::ALL
        .into_iter()
        .map(RoleObject::key)
        .filter(|key| key.starts_with("channel_partner_portal") && !key.contains("playbook"));
    assert_eq!(fixed, portal.collect::<Vec<_>>());
}

#[test]
fn a_role_that_breaks_a_prerequisite_is_refused_and_never_mended() {
    let sue = super_admin(&partner());
    let dependent = RoleObject::ALL.into_iter().filter_map(|object| {
        let (base, least) = object.prerequisite()?;
        let level = *object.levels().last()?;
        object.editable_in_custom_roles().then_some((object, level, base, least))
    });
    let dependent: Vec<_> = dependent.collect();
    assert!(!dependent.is_empty());
    for (object, level, base, least) in dependent {
        let unmet = Err(Refusal::PrerequisiteUnmet { object, base, least });
        assert_eq!(create(&sue, &[(object, level), (base, Level::None)]), unmet);
        assert!(create(&sue, &[(object, level), (base, least)]).is_ok(), "{object}");
        assert!(create(&sue, &[(object, Level::None), (base, Level::None)]).is_ok());
        // Nor can the base be taken away later.
        let both = role(nothing().with(object, level).with(base, least));
        assert_eq!(edit_role(&sue, &both, draft(&[(base, Level::None)])), unmet);
    }
}

#[test]
fn what_was_stored_while_a_condition_held_survives_an_edit_after_it_ended() {
    let object = RoleObject::UserManagementSubOrganizations;
    let both =
        nothing().with(RoleObject::UserManagement, Level::ViewOnly).with(object, Level::ViewOnly);
    let sue = super_admin(&standard());
    let edited = edit_role(&sue, &role(both), draft(&[])).unwrap();
    assert_eq!(edited.levels.of(object), Level::ViewOnly);
    // A hidden object cannot be set, so it does not stand in the way either.
    let base = draft(&[(RoleObject::UserManagement, Level::None)]);
    assert!(edit_role(&sue, &role(both), base).is_ok());
    let hidden = edit_role(&sue, &role(both), draft(&[(object, Level::None)]));
    assert_eq!(hidden, Err(Refusal::NotShown(object)));
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let was = role(nothing());
    let sue = super_admin(&standard());
    assert_eq!(edit_role(&sue, &was, RoleDraft::default()), Ok(was.clone()));
    let renamed = RoleDraft { name: Some(name("Day shift")), ..RoleDraft::default() };
    let expected = CustomRole { name: name("Day shift"), ..was.clone() };
    assert_eq!(edit_role(&sue, &was, renamed), Ok(expected));
    let described = RoleDraft { description: Some(String::new()), ..RoleDraft::default() };
    let expected = CustomRole { description: String::new(), ..was.clone() };
    assert_eq!(edit_role(&sue, &was, described), Ok(expected));
}

#[test]
fn a_role_above_the_actor_is_neither_lowered_nor_deleted_by_them() {
    let roles = (RoleObject::RoleManagement, Level::FullAccess);
    let (org, clerk) = with_role(standard(), 9, &[roles]);
    let actor = standing("ann", &org, clerk);
    let above = (RoleObject::SecurityManagement, Level::FullAccess);
    let strong = role(nothing().with(above.0, above.1));
    let escalates = Refusal::Escalates(above.0, above.1);
    let lowered = edit_role(&actor, &strong, draft(&[(above.0, Level::None)]));
    assert_eq!(lowered, Err(escalates.clone()));
    let deleted = delete_role(&actor, &strong, Users::default());
    assert_eq!(deleted, Err(escalates.clone()));
    let raised = edit_role(&actor, &role(nothing()), draft(&[above]));
    assert_eq!(raised, Err(escalates.clone()));
    assert_eq!(create(&actor, &[above]), Err(escalates));
}

#[test]
fn a_level_that_sleeps_is_compared_all_the_same() {
    let roles = (RoleObject::RoleManagement, Level::FullAccess);
    let object = RoleObject::UserManagementSubOrganizations;
    let (org, clerk) = with_role(standard(), 9, &[roles]);
    let sleeping = role(nothing().with(object, Level::FullAccess));
    let touched = edit_role(&standing("ann", &org, clerk), &sleeping, RoleDraft::default());
    assert_eq!(touched, Err(Refusal::Escalates(object, Level::FullAccess)));
}

#[test]
fn nobody_edits_or_deletes_the_role_they_hold() {
    let full = (RoleObject::RoleManagement, Level::FullAccess);
    let (org, held) = with_role(standard(), 1, &[full]);
    let actor = standing("ann", &org, held);
    let own = role(org.roles[&custom_id(1)]);
    for permissions in [draft(&[]), draft(&[(full.0, Level::None)])] {
        assert_eq!(edit_role(&actor, &own, permissions), Err(Refusal::OwnRole));
    }
    assert_eq!(delete_role(&actor, &own, Users::default()), Err(Refusal::OwnRole));
}

#[test]
fn a_role_that_anybody_holds_or_is_invited_to_is_not_deleted() {
    let sue = super_admin(&standard());
    for (active, pending) in [(1, 0), (0, 1), (2, 3)] {
        let users = Users { active, pending };
        let deleted = delete_role(&sue, &role(nothing()), users);
        assert_eq!(deleted, Err(Refusal::RoleInUse(users)));
    }
    assert_eq!(delete_role(&sue, &role(nothing()), Users::default()), Ok(()));
}

#[test]
fn the_identity_provider_is_told_admin_of_those_who_manage_users_and_roles() {
    for built_in in BuiltIn::ALL {
        let stated = stated(built_in);
        let admin = stated["user_management"] == 2 && stated["role_management"] == 2;
        let told = IdentityProviderRole::of(built_in.levels());
        assert_eq!(told == IdentityProviderRole::Admin, admin, "{built_in}");
    }
    for users in Level::ALL {
        for roles in Level::ALL {
            let levels = nothing()
                .with(RoleObject::UserManagement, users)
                .with(RoleObject::RoleManagement, roles);
            let admin = users == Level::FullAccess && roles == Level::FullAccess;
            let told = IdentityProviderRole::of(levels);
            assert_eq!(told == IdentityProviderRole::Admin, admin);
        }
    }
}

#[test]
fn a_role_is_named_by_its_key_or_its_id_and_by_nothing_else() {
    for role in BuiltIn::ALL {
        assert_eq!(role.key().parse(), Ok(RoleId::BuiltIn(role)));
    }
    let custom = RoleId::Custom(custom_id(1));
    assert_eq!(custom.to_string().parse(), Ok(custom));
    for other in ["", "Admin", "SUPER_ADMIN", "admin,super_admin", " admin", "ａdmin", "owner"] {
        assert!(other.parse::<RoleId>().is_err(), "{other}");
    }
}
