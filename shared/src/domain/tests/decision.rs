//! Access decisions: which access path grants an action, and why a membership does not grant it.

use crate::{
    domain::{
        AccessPath, Action, BuiltIn, Condition, DenyReason, Level, LinkAccess, OrgId, Organization,
        PathMembership, Remediation, RoleId, RoleObject, Standing, evaluate, first_granting,
        granting_roles, remediation,
    },
    fixtures::{member, org_id, partner, person, standard, tree, with_role},
};

fn action(name: &str) -> Action {
    Action::find(name).unwrap()
}

/// The membership of a person with `role` in `org`, a root organization.
fn membership(
    path: AccessPath,
    org: &Organization,
    role: RoleId,
    link: Option<LinkAccess>,
) -> PathMembership {
    let member = member("bob", org, role);
    let standing = Standing::of(person("bob"), Some(org.clone()), Some(member), None).unwrap();
    let resource_name = standing.org.name.clone();
    let (resource_suspended, access_expired) = (false, false);
    PathMembership { path, standing, link, resource_name, resource_suspended, access_expired }
}

const OPEN: &str = "license_management.open_page";
const NOTES: &str = "license_management.edit_license_notes";
const BELOW: &str = "license_management_sub_organizations.view_active_licenses";
const MERGED: &str = "license_management_sub_organizations.view_merged_unattributed";
const CREATE: &str = "user_management_sub_organizations.create_sub_organization";
const CUSTOMERS: &str = "license_management_customer_organizations.view_active_licenses";
const CASE: &str = "support_service_customer_organizations.submit_case_on_behalf";

/// U2, SUB2, SUB4, ROLE4, ROLE5, PAR2
#[test]
fn action_is_granted_or_denied_for_the_first_reason() {
    use AccessPath::{Ancestor, Member, Partner};
    let (user, admin) = (RoleId::USER, RoleId::ADMIN);
    let (unlicensed, events) = with_role(tree(), 5, &[(RoleObject::EventHistory, Level::ViewOnly)]);
    let level = |level| Err(DenyReason::Level(level));
    let other_path = Err(DenyReason::Membership);
    let no_preference = Err(DenyReason::PreferredLink);
    let suspended = Err(DenyReason::LinkSuspended);
    let off = Err(DenyReason::Condition(Condition::ManageSubOrganizations));
    let unmet = Err(DenyReason::Prerequisite(RoleObject::LicenseManagement, Level::ViewOnly));
    let cases = [
        // As a member.
        (Member, standard(), user, None, OPEN, Ok(())),
        (Member, standard(), user, None, NOTES, level(Level::FullAccess)),
        (Member, standard(), admin, None, NOTES, Ok(())),
        (Member, tree(), admin, None, CREATE, Ok(())),
        (Member, tree(), admin, None, MERGED, Ok(())),
        (Member, standard(), admin, None, BELOW, off),
        // Not even actions that `none` grants.
        (Member, standard(), admin, None, MERGED, off),
        (Member, unlicensed, events, None, MERGED, unmet),
        (Member, standard(), admin, None, CUSTOMERS, Err(DenyReason::Kind)),
        // As a member of an ancestor. Only members of the direct parent create a sub-organization.
        (Ancestor, tree(), admin, None, BELOW, Ok(())),
        (Ancestor, tree(), user, None, BELOW, level(Level::ViewOnly)),
        (Ancestor, standard(), admin, None, BELOW, off),
        (Ancestor, tree(), admin, None, NOTES, other_path),
        (Ancestor, tree(), admin, None, CUSTOMERS, other_path),
        (Ancestor, tree(), admin, None, CREATE, other_path),
        (Ancestor, tree(), admin, None, MERGED, other_path),
        // As a member of a partner, which is the preferred one of another customer.
        (Partner, partner(), admin, Some(LinkAccess::Standard), CUSTOMERS, Ok(())),
        (Partner, partner(), admin, None, CUSTOMERS, Err(DenyReason::Link)),
        (Partner, partner(), admin, Some(LinkAccess::Preferred), BELOW, other_path),
        (Partner, partner(), admin, Some(LinkAccess::Preferred), NOTES, other_path),
        (Partner, partner(), admin, Some(LinkAccess::Preferred), CASE, Ok(())),
        (Partner, partner(), admin, Some(LinkAccess::Standard), CASE, no_preference),
        (Partner, partner(), admin, Some(LinkAccess::Suspended), CASE, suspended),
        (Partner, partner(), admin, Some(LinkAccess::Suspended), CUSTOMERS, suspended),
    ];
    for (path, org, role, link, name, expected) in cases {
        let outcome = evaluate(&membership(path, &org, role, link), action(name));
        assert_eq!(outcome, expected, "{path:?} {role} {link:?} {name}");
    }
}

#[test]
fn built_in_role_grants_what_the_catalogue_says_if_every_condition_holds() {
    let org = partner();
    for role in BuiltIn::ALL {
        let membership = membership(AccessPath::Member, &org, RoleId::BuiltIn(role), None);
        for action in Action::all() {
            let base = action.role_object.prerequisite();
            let met = base.is_none_or(|(base, least)| role.levels().level_on(base) >= least);
            let held = action.is_granted_by(role.levels().level_on(action.role_object));
            assert_eq!(
                evaluate(&membership, action).is_ok(),
                held && met,
                "{role}: {}",
                action.name
            );
        }
    }
}

#[test]
fn never_granted_action_is_denied_on_every_path() {
    for path in AccessPath::ALL {
        let super_admin =
            membership(path, &partner(), RoleId::SUPER_ADMIN, Some(LinkAccess::Preferred));
        for action in Action::all().filter(|action| action.level.is_none()) {
            assert_eq!(evaluate(&super_admin, action), Err(DenyReason::Never), "{}", action.name);
        }
    }
}

#[test]
fn first_granting_membership_is_returned() {
    let user = membership(AccessPath::Member, &tree(), RoleId::USER, None);
    let admin = membership(AccessPath::Ancestor, &tree(), RoleId::ADMIN, None);
    let memberships = [user, admin];
    let [user, admin] = &memberships;
    for (name, first) in [(BELOW, Some(admin)), (OPEN, Some(user)), (NOTES, None)] {
        assert_eq!(first_granting(&memberships, action(name)), first, "{name}");
    }
}

/// Searches use `granting_roles`, decisions use `evaluate`: the two must agree.
#[test]
fn granting_roles_are_the_roles_whose_holders_are_granted() {
    let (org, _) = with_role(partner(), 5, &[(RoleObject::LicenseManagement, Level::ViewOnly)]);
    let custom = org.roles.keys().copied().map(RoleId::Custom);
    let roles: Vec<_> = BuiltIn::ALL.into_iter().map(RoleId::BuiltIn).chain(custom).collect();
    for (path, link) in [
        (AccessPath::Member, None),
        (AccessPath::Ancestor, None),
        (AccessPath::Partner, Some(LinkAccess::Standard)),
        (AccessPath::Partner, Some(LinkAccess::Suspended)),
    ] {
        for action in Action::all() {
            let granting = granting_roles(path, link, &org, None, action);
            for &role in &roles {
                let granted = evaluate(&membership(path, &org, role, link), action).is_ok();
                assert_eq!(granting.contains(&role), granted, "{} {role}", action.name);
            }
        }
    }
}

/// ROLE7
#[test]
fn remediation_names_members_who_hold_the_missing_level() {
    let who = |name, reason| remediation(action(name), reason, None, org_id(9));
    let admins = vec![BuiltIn::SuperAdmin, BuiltIn::Admin];
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let org: OrgId = org_id(9);
    let notes = (RoleObject::LicenseManagement, Level::FullAccess);
    assert_eq!(
        who(NOTES, DenyReason::Level(Level::FullAccess)),
        Remediation::Holders { org, levels: vec![users, notes], built_in: admins.clone() }
    );
    // Every user manager may grant the levels of the built-in User.
    let view = "license_management.view_active_licenses";
    assert_eq!(
        who(view, DenyReason::Level(Level::ViewOnly)),
        Remediation::Holders { org, levels: vec![users], built_in: admins }
    );
    assert_eq!(who(BELOW, DenyReason::Link), Remediation::Operators);
    let levels = vec![(RoleObject::OrganizationGeneralInformation, Level::FullAccess)];
    let built_in = vec![BuiltIn::SuperAdmin, BuiltIn::Admin];
    let resume = Remediation::Customer { org, levels, built_in };
    assert_eq!(who(CUSTOMERS, DenyReason::LinkSuspended), resume);
    assert_eq!(who(BELOW, DenyReason::Never), Remediation::Impossible);
}
