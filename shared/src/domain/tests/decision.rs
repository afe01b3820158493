//! Access decisions: which access path grants an action, and why a membership does not grant it.

use std::fmt::Write;

use crate::{
    domain::{
        AccessPath, Action, BuiltIn, Condition, DenyReason, Level, OrgId, Organization,
        PathMembership, Remediation, RoleId, RoleObject, Standing, evaluate, first_granting,
        granting_roles, remediation,
    },
    fixtures::{member, org_id, partner, person, standard, tree, with_role},
    printed::assert_printed,
};

fn action(name: &str) -> Action {
    Action::find(name).unwrap()
}

/// The membership of a person with `role` in `org`, a root organization.
fn membership(
    path: AccessPath,
    org: &Organization,
    role: RoleId,
    preferred: Option<bool>,
) -> PathMembership {
    let member = member("bob", org, role);
    let standing = Standing::of(person("bob"), Some(org.clone()), Some(member), None).unwrap();
    PathMembership { path, standing, preferred }
}

const OPEN: &str = "license_management.open_page";
const NOTES: &str = "license_management.edit_license_notes";
const BELOW: &str = "license_management_sub_organizations.view_active_licenses";
const MERGED: &str = "license_management_sub_organizations.view_merged_unattributed";
const CREATE: &str = "user_management_sub_organizations.create_sub_organization";
const CUSTOMERS: &str = "license_management_customer_organizations.view_active_licenses";
const CASE: &str = "support_service_customer_organizations.submit_case_on_behalf";

#[test]
fn access_paths_match_the_documentation_page() {
    let mut page = String::from(
        "# Access paths\n\n\
         Other services ask whether a person may perform an action in an organization (ORG6). This page\n\
         lists the access paths that can grant each action. A test prints this page from the code:\n\
         change the code, then run `UPDATE_DOCS=1 cargo test -p shared`.\n\n\
         - **member**: the person is a member of the organization.\n\
         - **ancestor**: the person is a member of an organization above it in the tree.\n\
         - **partner**: the person is a member of a partner organization that is linked to it.\n\n\
         Each cell is the level that the person needs in the organization where the path starts. The\n\
         role object must be available there, even if the level is `none` (ROLE4, ROLE5). `–`: the path\n\
         never grants the action. \\*: only for the preferred partner of the customer.\n\n\
         | action | member | ancestor | partner |\n|---|---|---|---|\n",
    );
    for action in Action::all() {
        let cell = |path: AccessPath| match action.level.filter(|_| path.supports(action)) {
            None => "–".to_owned(),
            Some(level) => {
                let condition = action.role_object.shown_when();
                let preferred =
                    path == AccessPath::Partner && condition == Condition::PreferredPartnerCustomer;
                format!("`{level}`{}", if preferred { " \\*" } else { "" })
            }
        };
        let [member, ancestor, partner] = AccessPath::ALL.map(cell);
        writeln!(page, "| `{}` | {member} | {ancestor} | {partner} |", action.name).unwrap();
    }
    assert_printed("internals/decision-paths.md", &page);
}

/// U2, ORG6
#[test]
fn member_may_perform_the_actions_of_their_level_only() {
    let org = standard();
    let user = membership(AccessPath::Member, &org, RoleId::USER, None);
    let admin = membership(AccessPath::Member, &org, RoleId::ADMIN, None);
    assert_eq!(evaluate(&user, action(OPEN)), Ok(()));
    assert_eq!(evaluate(&user, action(NOTES)), Err(DenyReason::Level(Level::FullAccess)));
    assert_eq!(evaluate(&admin, action(NOTES)), Ok(()));
}

#[test]
fn built_in_role_grants_what_the_catalogue_says_if_every_condition_holds() {
    let org = partner();
    for role in BuiltIn::ALL {
        let membership = membership(AccessPath::Member, &org, RoleId::BuiltIn(role), None);
        for action in Action::all() {
            let base = action.role_object.prerequisite();
            let met = base.is_none_or(|(base, least)| role.levels().of(base) >= least);
            let held = action.is_granted_by(role.levels().of(action.role_object));
            assert_eq!(
                evaluate(&membership, action).is_ok(),
                held && met,
                "{role}: {}",
                action.name
            );
        }
    }
}

/// U2, SUB4
#[test]
fn ancestor_path_grants_actions_on_sub_organizations_only() {
    let org = tree();
    let admin = membership(AccessPath::Ancestor, &org, RoleId::ADMIN, None);
    assert_eq!(evaluate(&admin, action(BELOW)), Ok(()));
    assert_eq!(evaluate(&admin, action(NOTES)), Err(DenyReason::Membership));
    assert_eq!(evaluate(&admin, action(CUSTOMERS)), Err(DenyReason::Membership));
    let user = membership(AccessPath::Ancestor, &org, RoleId::USER, None);
    assert_eq!(evaluate(&user, action(BELOW)), Err(DenyReason::Level(Level::ViewOnly)));
}

/// SUB2: only members of the direct parent create a sub-organization.
#[test]
fn ancestor_path_grants_neither_creation_nor_merged_licences() {
    let admin = membership(AccessPath::Ancestor, &tree(), RoleId::ADMIN, None);
    for name in [CREATE, MERGED] {
        assert_eq!(evaluate(&admin, action(name)), Err(DenyReason::Membership), "{name}");
        let own = membership(AccessPath::Member, &tree(), RoleId::ADMIN, None);
        assert_eq!(evaluate(&own, action(name)), Ok(()), "{name}");
    }
}

#[test]
fn never_granted_action_is_denied_on_every_path() {
    let org = partner();
    let never = Action::all().filter(|action| action.level.is_none());
    for action in never.inspect(|action| assert!(!action.name.is_empty())) {
        for path in AccessPath::ALL {
            let super_admin = membership(path, &org, RoleId::SUPER_ADMIN, Some(true));
            assert_eq!(evaluate(&super_admin, action), Err(DenyReason::Never), "{}", action.name);
        }
    }
}

/// ROLE5
#[test]
fn unmet_condition_denies_the_actions_that_depend_on_it() {
    let off = DenyReason::Switch(Condition::ManageSubOrganizations);
    for path in [AccessPath::Member, AccessPath::Ancestor] {
        let admin = membership(path, &standard(), RoleId::ADMIN, None);
        assert_eq!(evaluate(&admin, action(BELOW)), Err(off));
    }
    let member = membership(AccessPath::Member, &standard(), RoleId::ADMIN, None);
    assert_eq!(
        evaluate(&member, action(MERGED)),
        Err(off),
        "not even an action that `none` grants"
    );
}

/// ROLE4: without it, a person without access to licences could see them merged with others.
#[test]
fn unmet_prerequisite_denies_even_actions_that_none_grants() {
    let (org, role) = with_role(tree(), 5, &[(RoleObject::EventHistory, Level::ViewOnly)]);
    let member = membership(AccessPath::Member, &org, role, None);
    let unmet = DenyReason::Prerequisite(RoleObject::LicenseManagement, Level::ViewOnly);
    assert_eq!(evaluate(&member, action(MERGED)), Err(unmet));
}

/// PAR2
#[test]
fn partner_path_needs_a_link_and_grants_actions_on_customers_only() {
    let org = partner();
    let admin = |link| membership(AccessPath::Partner, &org, RoleId::ADMIN, link);
    assert_eq!(evaluate(&admin(Some(false)), action(CUSTOMERS)), Ok(()));
    assert_eq!(evaluate(&admin(None), action(CUSTOMERS)), Err(DenyReason::Link));
    assert_eq!(evaluate(&admin(Some(true)), action(BELOW)), Err(DenyReason::Membership));
    assert_eq!(evaluate(&admin(Some(true)), action(NOTES)), Err(DenyReason::Membership));
}

/// PAR2: being the preferred partner of another customer does not help.
#[test]
fn only_the_preferred_partner_may_submit_cases_for_a_customer() {
    let org = partner();
    let admin = |link| membership(AccessPath::Partner, &org, RoleId::ADMIN, link);
    assert_eq!(evaluate(&admin(Some(true)), action(CASE)), Ok(()));
    assert_eq!(evaluate(&admin(Some(false)), action(CASE)), Err(DenyReason::PreferredLink));
}

#[test]
fn partner_only_action_is_denied_in_a_standard_organization() {
    let admin = membership(AccessPath::Member, &standard(), RoleId::ADMIN, None);
    assert_eq!(evaluate(&admin, action(CUSTOMERS)), Err(DenyReason::Kind));
}

#[test]
fn first_granting_membership_is_returned() {
    let user = membership(AccessPath::Member, &tree(), RoleId::USER, None);
    let admin = membership(AccessPath::Ancestor, &tree(), RoleId::ADMIN, None);
    let memberships = [user, admin];
    assert_eq!(first_granting(&memberships, action(BELOW)).unwrap().path, AccessPath::Ancestor);
    assert_eq!(first_granting(&memberships, action(OPEN)).unwrap().path, AccessPath::Member);
    assert_eq!(first_granting(&memberships, action(NOTES)), None);
}

/// Searches use `granting_roles`, decisions use `evaluate`: the two must agree.
#[test]
fn granting_roles_are_the_roles_whose_holders_are_granted() {
    let (org, _) = with_role(partner(), 5, &[(RoleObject::LicenseManagement, Level::ViewOnly)]);
    let custom = org.roles.keys().copied().map(RoleId::Custom);
    let roles: Vec<_> = BuiltIn::ALL.into_iter().map(RoleId::BuiltIn).chain(custom).collect();
    for (path, preferred) in [
        (AccessPath::Member, None),
        (AccessPath::Ancestor, None),
        (AccessPath::Partner, Some(false)),
    ] {
        for action in Action::all() {
            let granting = granting_roles(path, preferred, &org, None, action);
            for &role in &roles {
                let granted = evaluate(&membership(path, &org, role, preferred), action).is_ok();
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
    assert_eq!(who(BELOW, DenyReason::Never), Remediation::Impossible);
}
