//! Who has a standing, and what it comes to: U2, U5, OP1, ROLE4, ROLE5.

use crate::{
    domain::*,
    fixtures::{
        empty_below, member, nothing, operator, operator_in, partner, person, ranks, standard,
        standing, stated, super_admin, tree, with_role,
    },
};

#[test]
fn to_a_stranger_there_is_no_such_organization() {
    let missing = Standing::of(person("eve"), None, None, None);
    let foreign = Standing::of(person("eve"), Some(standard()), None, None);
    assert_eq!(missing, Err(Refusal::NoSuchOrganization));
    assert_eq!(foreign, missing);
}

#[test]
fn the_super_admin_of_the_parent_is_a_stranger_below() {
    let (above, sue) = (tree(), person("sue"));
    let below = Standing::of(sue, Some(empty_below(&above)), None, Some(&above));
    assert_eq!(below, Err(Refusal::NoSuchOrganization));
}

#[test]
fn a_member_holds_what_the_catalogue_says_where_everything_is_on() {
    let org = partner();
    for role in BuiltIn::ALL {
        let actor = standing("ann", &org, RoleId::BuiltIn(role));
        assert_eq!(ranks(actor.effective), stated(role), "{role}");
        assert_eq!(actor.is_super_admin(), role == BuiltIn::SuperAdmin);
    }
}

#[test]
fn a_member_who_lacks_a_level_is_told_object_and_level() {
    let actor = standing("ann", &standard(), RoleId::USER);
    let (object, level) = (RoleObject::UserManagement, Level::FullAccess);
    assert_eq!(actor.require(object, Level::ViewOnly), Ok(()));
    assert_eq!(actor.require(object, level), Err(Refusal::Lacks { object, level, shown: true }));
}

#[test]
fn what_is_switched_off_counts_for_nobody_and_the_refusal_says_so() {
    let (object, level) = (RoleObject::UserManagementSubOrganizations, Level::ViewOnly);
    let sue = super_admin(&standard());
    assert_eq!(sue.levels.of(object), Level::FullAccess);
    assert_eq!(sue.require(object, level), Err(Refusal::Lacks { object, level, shown: false }));
    assert_eq!(super_admin(&tree()).require(object, level), Ok(()));
}

#[test]
fn the_trees_switch_is_the_roots() {
    let root = tree();
    let below = Organization {
        super_admin_user_id: Some(person("ann").id),
        settings: Settings::default(),
        ..empty_below(&root)
    };
    let sits = |above: Option<&Organization>| {
        let ann = member("ann", &below, RoleId::SUPER_ADMIN);
        Standing::of(person("ann"), Some(below.clone()), Some(ann), above).unwrap()
    };
    let object = RoleObject::UserManagementSubOrganizations;
    assert_eq!(sits(Some(&root)).effective.of(object), Level::FullAccess);
    assert_eq!(sits(Some(&standard())).effective.of(object), Level::None);
    assert_eq!(sits(None).effective.of(object), Level::None, "unknown counts as off");
}

#[test]
fn a_switch_set_below_the_root_switches_nothing() {
    let root = standard();
    let settings = Settings { manage_sub_organizations: true, mdf_program: false };
    let below = Organization { settings, ..empty_below(&root) };
    assert!(!below.conditions(Some(&root)).manage_sub_organizations);
    assert!(!below.conditions(None).manage_sub_organizations);
}

#[test]
fn an_unmet_prerequisite_counts_as_none() {
    let object = RoleObject::RoleManagementSubOrganizations;
    let (org, role) = with_role(tree(), 1, &[(object, Level::ViewOnly)]);
    let actor = standing("ann", &org, role);
    assert_eq!(actor.effective.of(object), Level::None);

    let base = (RoleObject::RoleManagement, Level::ViewOnly);
    let (org, role) = with_role(tree(), 1, &[base, (object, Level::ViewOnly)]);
    assert_eq!(standing("ann", &org, role).effective.of(object), Level::ViewOnly);
}

#[test]
fn a_role_that_is_gone_grants_nothing() {
    let (_, role) = with_role(standard(), 1, &[]);
    let actor = standing("ann", &standard(), role);
    assert_eq!((actor.levels, actor.effective), (nothing(), nothing()));
}

#[test]
fn a_partners_role_grants_nothing_once_the_organization_is_no_partner() {
    for role in [BuiltIn::MdfAdmin, BuiltIn::PartnerUser] {
        let actor = standing("ann", &standard(), RoleId::BuiltIn(role));
        assert_eq!((actor.levels, actor.effective), (nothing(), nothing()), "{role}");
    }
}

#[test]
fn an_operator_looks_at_everything_shown_and_touches_nothing() {
    for org in [standard(), tree(), partner()] {
        let actor = operator_in(&org);
        for object in RoleObject::ALL {
            let sees = actor.require(object, Level::ViewOnly);
            assert_eq!(sees.is_ok(), actor.conditions.shows(object), "{object}");
            let touches = actor.require(object, Level::FullAccess);
            assert_eq!(touches, Err(Refusal::OperatorsOnlyRead), "{object}");
        }
        assert_eq!(actor.membership(), Err(Refusal::OperatorsOnlyRead));
        assert_eq!(actor.require_grant(RoleId::USER), Err(Refusal::OperatorsOnlyRead));
    }
}

#[test]
fn an_operator_who_is_a_member_is_judged_as_the_member() {
    let org = standard();
    let ann = member("operator", &org, RoleId::ADMIN);
    let actor = Standing::of(operator(), Some(org), Some(ann), None).unwrap();
    assert_eq!(actor.require(RoleObject::UserManagement, Level::FullAccess), Ok(()));
}

#[test]
fn an_operator_finds_no_organization_that_does_not_exist() {
    let missing = Standing::of(operator(), None, None, None);
    assert_eq!(missing, Err(Refusal::NoSuchOrganization));
}
