//! Permissions of a person in an organization: U2, U5, OP1, ROLE4, ROLE5.

use crate::{domain::*, fixtures::*};

#[test]
fn non_member_gets_the_same_answer_as_for_a_missing_organization() {
    let (above, org) = (tree(), standard());
    let strict = Organization {
        security: Security { require_mfa: true, ..Security::default() },
        ..standard()
    };
    let cases = [
        ("a missing organization", person("eve"), None),
        ("a stranger", person("eve"), Some(org)),
        ("a stranger whose sign-in is not accepted", person("eve"), Some(strict)),
        ("the Super Admin of the parent", person("sue"), Some(empty_below(&above))),
    ];
    for (case, person, org) in cases {
        let standing = Standing::of(person, org, None, Some(&above));
        assert_eq!(standing, Err(Refusal::NoSuchOrganization), "{case}");
    }
    // An operator sees every organization.
    let missing = Standing::of(operator(), None, None, None);
    assert_eq!(missing, Err(Refusal::NoOrganizationWithId));
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
fn role_object_with_unmet_condition_is_refused_as_not_shown() {
    let (object, level) = (RoleObject::UserManagementSubOrganizations, Level::ViewOnly);
    let sue = super_admin(&standard());
    assert_eq!(sue.levels.level_on(object), Level::FullAccess);
    assert_eq!(
        sue.require(object, level),
        Err(Refusal::MissingPermission { object, level, shown: false })
    );
    assert_eq!(super_admin(&tree()).require(object, level), Ok(()));
}

#[test]
fn manage_sub_organizations_is_read_from_the_root() {
    let (on, off) = (tree(), standard());
    let super_admin_below = |settings, root: Option<&Organization>| {
        let below = Organization { settings, ..empty_below(&on) };
        let ann = member("ann", &below, RoleId::SUPER_ADMIN);
        let ann = Standing::of(person("ann"), Some(below), Some(ann), root).unwrap();
        ann.effective.level_on(RoleObject::UserManagementSubOrganizations)
    };
    assert_eq!(super_admin_below(off.settings, Some(&on)), Level::FullAccess);
    assert_eq!(super_admin_below(on.settings, Some(&off)), Level::None, "the own setting");
    assert_eq!(super_admin_below(on.settings, None), Level::None, "an unknown root");
}

#[test]
fn deleted_role_and_partner_role_outside_a_partner_give_no_level() {
    let (_, deleted) = with_role(standard(), 1, &[]);
    let partner_roles = [BuiltIn::MdfAdmin, BuiltIn::PartnerUser].map(RoleId::BuiltIn);
    for role in partner_roles.into_iter().chain([deleted]) {
        let actor = standing("ann", &standard(), role);
        assert_eq!((actor.levels, actor.effective), (nothing(), nothing()), "{role}");
    }
}

#[test]
fn operator_can_view_every_shown_role_object_and_change_none() {
    for org in [standard(), tree(), partner()] {
        let actor = operator_in(&org);
        for object in RoleObject::ALL {
            let level = Level::ViewOnly;
            let hidden = Refusal::NotShownToOperator { object, level };
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
