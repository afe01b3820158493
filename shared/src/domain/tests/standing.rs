//! Permissions of a person in an organization: U2, U5, OP1, ROLE4, ROLE5.

use crate::{
    domain::*,
    fixtures::{
        empty_below, member, nothing, operator, operator_in, partner, person, ranks, standard,
        standing, stated, super_admin, tree, with_role,
    },
};

#[test]
fn non_member_gets_the_same_answer_as_for_a_missing_organization() {
    let missing = Standing::of(person("eve"), None, None, None);
    let foreign = Standing::of(person("eve"), Some(standard()), None, None);
    assert_eq!(missing, Err(Refusal::NoSuchOrganization));
    assert_eq!(foreign, missing);
}

#[test]
fn super_admin_of_the_parent_is_no_member_of_the_sub_organization() {
    let (above, sue) = (tree(), person("sue"));
    let below = Standing::of(sue, Some(empty_below(&above)), None, Some(&above));
    assert_eq!(below, Err(Refusal::NoSuchOrganization));
}

#[test]
fn built_in_roles_have_their_catalogue_levels_if_every_condition_holds() {
    let org = partner();
    for role in BuiltIn::ALL {
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        assert_eq!(ranks(actor.effective), stated(role), "{role}");
        assert_eq!(actor.is_super_admin(), role == BuiltIn::SuperAdmin);
    }
}

#[test]
fn refusal_names_the_missing_role_object_and_level() {
    let actor = standing("ann", &standard(), RoleId::USER);
    let (object, level) = (RoleObject::UserManagement, Level::FullAccess);
    assert_eq!(actor.require(object, Level::ViewOnly), Ok(()));
    assert_eq!(
        actor.require(object, level),
        Err(Refusal::MissingPermission { object, level, shown: true })
    );
}

#[test]
fn role_object_with_unmet_condition_is_refused_as_not_shown() {
    let (object, level) = (RoleObject::UserManagementSubOrganizations, Level::ViewOnly);
    let sue = super_admin(&standard());
    assert_eq!(sue.levels.of(object), Level::FullAccess);
    assert_eq!(
        sue.require(object, level),
        Err(Refusal::MissingPermission { object, level, shown: false })
    );
    assert_eq!(super_admin(&tree()).require(object, level), Ok(()));
}

#[test]
fn manage_sub_organizations_is_read_from_the_root() {
    let root = tree();
    let below = Organization {
        super_admin_user_id: Some(person("ann").id),
        settings: Settings::default(),
        ..empty_below(&root)
    };
    let stands = |above: Option<&Organization>| {
        let ann = member("ann", &below, RoleId::SUPER_ADMIN);
        Standing::of(person("ann"), Some(below.clone()), Some(ann), above).unwrap()
    };
    let object = RoleObject::UserManagementSubOrganizations;
    assert_eq!(stands(Some(&root)).effective.of(object), Level::FullAccess);
    assert_eq!(stands(Some(&standard())).effective.of(object), Level::None);
    assert_eq!(stands(None).effective.of(object), Level::None, "an unknown root counts as off");
}

#[test]
fn manage_sub_organizations_below_the_root_has_no_effect() {
    let root = standard();
    let settings = Settings { manage_sub_organizations: true, mdf_program: false };
    let below = Organization { settings, ..empty_below(&root) };
    assert!(!below.conditions(Some(&root)).manage_sub_organizations);
    assert!(!below.conditions(None).manage_sub_organizations);
}

#[test]
fn level_with_unmet_prerequisite_counts_as_none() {
    let object = RoleObject::RoleManagementSubOrganizations;
    let (org, role) = with_role(tree(), 1, &[(object, Level::ViewOnly)]);
    let actor = standing("ann", &org, role);
    assert_eq!(actor.effective.of(object), Level::None);

    let base = (RoleObject::RoleManagement, Level::ViewOnly);
    let (org, role) = with_role(tree(), 1, &[base, (object, Level::ViewOnly)]);
    assert_eq!(standing("ann", &org, role).effective.of(object), Level::ViewOnly);
}

#[test]
fn deleted_role_gives_no_level() {
    let (_, role) = with_role(standard(), 1, &[]);
    let actor = standing("ann", &standard(), role);
    assert_eq!((actor.levels, actor.effective), (nothing(), nothing()));
}

#[test]
fn partner_role_gives_no_level_in_a_standard_organization() {
    for role in [BuiltIn::MdfAdmin, BuiltIn::PartnerUser] {
        let actor = standing("ann", &standard(), RoleId::BuiltIn(role));
        assert_eq!((actor.levels, actor.effective), (nothing(), nothing()), "{role}");
    }
}

#[test]
fn operator_can_view_every_shown_role_object_and_change_none() {
    for org in [standard(), tree(), partner()] {
        let actor = operator_in(&org);
        for object in RoleObject::ALL {
            let level = Level::ViewOnly;
            let hidden = Refusal::MissingPermission { object, level, shown: false };
            let expected = if actor.conditions.shows(object) { Ok(()) } else { Err(hidden) };
            assert_eq!(actor.require(object, level), expected, "{object}");
            let change = actor.require(object, Level::FullAccess);
            assert_eq!(change, Err(Refusal::OperatorReadOnly), "{object}");
        }
        assert_eq!(actor.membership(), Err(Refusal::OperatorReadOnly));
        assert_eq!(actor.require_grant(RoleId::USER), Err(Refusal::OperatorReadOnly));
    }
}

#[test]
fn operator_with_a_membership_has_the_permissions_of_a_member() {
    let org = standard();
    let ann = member("operator", &org, RoleId::ADMIN);
    let actor = Standing::of(operator(), Some(org), Some(ann), None).unwrap();
    assert_eq!(actor.require(RoleObject::UserManagement, Level::FullAccess), Ok(()));
}

#[test]
fn operator_gets_no_such_organization_for_a_missing_one() {
    let missing = Standing::of(operator(), None, None, None);
    assert_eq!(missing, Err(Refusal::NoSuchOrganization));
}
