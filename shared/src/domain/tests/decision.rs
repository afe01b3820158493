//! Decisions: what each way grants, and what keeps it from granting.

use std::fmt::Write;

use crate::domain::Standing;
use crate::{
    domain::{
        Action, Approach, BuiltIn, Condition, Lacking, Level, OrgId, Organization, Remedy, RoleId,
        RoleObject, Way, granting, granting_roles, judge, remedy,
    },
    fixtures::{member, org_id, partner, person, standard, tree, with_role},
    printed::assert_printed,
};

fn action(name: &str) -> Action {
    Action::find(name).unwrap()
}

/// What somebody in `role` of `org`, a root, brings along this way.
fn approach(way: Way, org: &Organization, role: RoleId, link: Option<bool>) -> Approach {
    let member = member("bob", org, role);
    let standing = Standing::of(person("bob"), Some(org.clone()), Some(member), None).unwrap();
    Approach { way, standing, link }
}

const OPEN: &str = "license_management.open_page";
const NOTES: &str = "license_management.edit_license_notes";
const BELOW: &str = "license_management_sub_organizations.view_active_licenses";
const MERGED: &str = "license_management_sub_organizations.view_merged_unattributed";
const CREATE: &str = "user_management_sub_organizations.create_sub_organization";
const CUSTOMERS: &str = "license_management_customer_organizations.view_active_licenses";
const CASE: &str = "support_service_customer_organizations.submit_case_on_behalf";

/// The page that says which way can grant what.
#[test]
fn the_ways_are_the_page_in_the_documentation() {
    let mut page = String::from(
        "# Which way grants what\n\n\
         Other services ask whether a person may do an action in an organization (ORG6). A test prints\n\
         this page from the code: change the code, then run `UPDATE_DOCS=1 cargo test -p shared`.\n\n\
         - **member**: the person is a member of the organization.\n\
         - **ancestor**: they are a member of an organization above it, in the same tree.\n\
         - **partner**: they are a member of a partner that is linked to it.\n\n\
         A cell names the level that is needed where the way starts: in the organization itself, above\n\
         it, in the partner. There the role object must be shown, and its prerequisite met (ROLE4,\n\
         ROLE5), even where `none` suffices. `–`: this way never grants it. \\*: as the customer's\n\
         preferred partner.\n\n\
         | action | member | ancestor | partner |\n|---|---|---|---|\n",
    );
    for action in Action::all() {
        let cell = |way: Way| match action.level.filter(|_| way.carries(action)) {
            None => "–".to_owned(),
            Some(level) => {
                let condition = action.role_object.shown_when();
                let preferred =
                    way == Way::Partner && condition == Condition::PreferredPartnerCustomer;
                format!("`{level}`{}", if preferred { " \\*" } else { "" })
            }
        };
        let [own, above, beside] = Way::ALL.map(cell);
        writeln!(page, "| `{}` | {own} | {above} | {beside} |", action.name).unwrap();
    }
    assert_printed("ways.md", &page);
}

/// U2, ORG6
#[test]
fn a_member_may_what_their_level_says_and_no_more() {
    let org = standard();
    let user = approach(Way::Member, &org, RoleId::USER, None);
    let admin = approach(Way::Member, &org, RoleId::ADMIN, None);
    assert_eq!(judge(&user, action(OPEN)), Ok(()));
    assert_eq!(judge(&user, action(NOTES)), Err(Lacking::Level(Level::FullAccess)));
    assert_eq!(judge(&admin, action(NOTES)), Ok(()));
}

/// Every action, every built-in role: what the levels of the role say, where everything is on.
#[test]
fn where_everything_is_on_a_member_may_what_the_catalogue_says() {
    let org = partner();
    for role in BuiltIn::ALL {
        let approach = approach(Way::Member, &org, RoleId::BuiltIn(role), None);
        for action in Action::all() {
            let base = action.role_object.prerequisite();
            let met = base.is_none_or(|(base, least)| role.levels().of(base) >= least);
            let held = action.granted_by(role.levels().of(action.role_object));
            assert_eq!(judge(&approach, action).is_ok(), held && met, "{role}: {}", action.name);
        }
    }
}

/// U2, SUB4
#[test]
fn from_above_only_what_is_about_organizations_below_is_granted() {
    let org = tree();
    let admin = approach(Way::Ancestor, &org, RoleId::ADMIN, None);
    assert_eq!(judge(&admin, action(BELOW)), Ok(()));
    assert_eq!(judge(&admin, action(NOTES)), Err(Lacking::Membership));
    assert_eq!(judge(&admin, action(CUSTOMERS)), Err(Lacking::Membership));
    let user = approach(Way::Ancestor, &org, RoleId::USER, None);
    assert_eq!(judge(&user, action(BELOW)), Err(Lacking::Level(Level::ViewOnly)));
}

/// SUB2: an organization is created by a member of the one above it.
#[test]
fn from_above_nothing_is_created_and_nothing_is_merged() {
    let admin = approach(Way::Ancestor, &tree(), RoleId::ADMIN, None);
    for name in [CREATE, MERGED] {
        assert_eq!(judge(&admin, action(name)), Err(Lacking::Membership), "{name}");
        let own = approach(Way::Member, &tree(), RoleId::ADMIN, None);
        assert_eq!(judge(&own, action(name)), Ok(()), "{name}");
    }
}

/// The catalogue's `never`.
#[test]
fn what_the_catalogue_never_grants_no_way_does() {
    let org = partner();
    let never = Action::all().filter(|action| action.level.is_none());
    for action in never.inspect(|action| assert!(!action.name.is_empty())) {
        for way in Way::ALL {
            let everything = approach(way, &org, RoleId::SUPER_ADMIN, Some(true));
            assert_eq!(judge(&everything, action), Err(Lacking::Never), "{}", action.name);
        }
    }
}

/// ROLE5
#[test]
fn a_switch_that_is_off_grants_nothing_that_depends_on_it() {
    let off = Lacking::Switch(Condition::ManageSubOrganizations);
    for way in [Way::Member, Way::Ancestor] {
        let admin = approach(way, &standard(), RoleId::ADMIN, None);
        assert_eq!(judge(&admin, action(BELOW)), Err(off));
    }
    let member = approach(Way::Member, &standard(), RoleId::ADMIN, None);
    assert_eq!(judge(&member, action(MERGED)), Err(off), "not even what `none` grants");
}

/// ROLE4: or somebody who may not see licences would see them merged with others.
#[test]
fn an_unmet_prerequisite_grants_nothing_not_even_what_none_grants() {
    let (org, role) = with_role(tree(), 5, &[(RoleObject::EventHistory, Level::ViewOnly)]);
    let member = approach(Way::Member, &org, role, None);
    let unmet = Lacking::Prerequisite(RoleObject::LicenseManagement, Level::ViewOnly);
    assert_eq!(judge(&member, action(MERGED)), Err(unmet));
}

/// PAR2
#[test]
fn from_a_partner_a_link_opens_what_is_about_customers_alone() {
    let org = partner();
    let admin = |link| approach(Way::Partner, &org, RoleId::ADMIN, link);
    assert_eq!(judge(&admin(Some(false)), action(CUSTOMERS)), Ok(()));
    assert_eq!(judge(&admin(None), action(CUSTOMERS)), Err(Lacking::Link));
    assert_eq!(judge(&admin(Some(true)), action(BELOW)), Err(Lacking::Membership));
    assert_eq!(judge(&admin(Some(true)), action(NOTES)), Err(Lacking::Membership));
}

/// PAR2: another customer's preference does not count here.
#[test]
fn only_the_preferred_partner_acts_on_behalf_of_a_customer() {
    let org = partner();
    let admin = |link| approach(Way::Partner, &org, RoleId::ADMIN, link);
    assert_eq!(judge(&admin(Some(true)), action(CASE)), Ok(()));
    assert_eq!(judge(&admin(Some(false)), action(CASE)), Err(Lacking::PreferredLink));
}

#[test]
fn in_a_standard_organization_what_is_for_partners_is_not_granted() {
    let admin = approach(Way::Member, &standard(), RoleId::ADMIN, None);
    assert_eq!(judge(&admin, action(CUSTOMERS)), Err(Lacking::Kind));
}

#[test]
fn the_first_way_that_grants_is_the_one_that_counts() {
    let user = approach(Way::Member, &tree(), RoleId::USER, None);
    let admin = approach(Way::Ancestor, &tree(), RoleId::ADMIN, None);
    let ways = [user, admin];
    assert_eq!(granting(&ways, action(BELOW)).unwrap().way, Way::Ancestor);
    assert_eq!(granting(&ways, action(OPEN)).unwrap().way, Way::Member);
    assert_eq!(granting(&ways, action(NOTES)), None);
}

/// A search by roles finds whom a decision would let.
#[test]
fn the_roles_that_grant_are_those_whose_holders_are_let() {
    let (org, _) = with_role(partner(), 5, &[(RoleObject::LicenseManagement, Level::ViewOnly)]);
    let custom = org.roles.keys().copied().map(RoleId::Custom);
    let roles: Vec<_> = BuiltIn::ALL.into_iter().map(RoleId::BuiltIn).chain(custom).collect();
    for (way, link) in [(Way::Member, None), (Way::Ancestor, None), (Way::Partner, Some(false))] {
        for action in Action::all() {
            let granting = granting_roles(way, link, &org, None, action);
            for &role in &roles {
                let let_in = judge(&approach(way, &org, role, link), action).is_ok();
                assert_eq!(granting.contains(&role), let_in, "{} {role}", action.name);
            }
        }
    }
}

/// ROLE7
#[test]
fn who_could_grant_holds_as_much_themselves() {
    let holders = |name, lacking| remedy(action(name), lacking, None, org_id(9));
    let admins = vec![BuiltIn::SuperAdmin, BuiltIn::Admin];
    let users = (RoleObject::UserManagement, Level::FullAccess);
    let org: OrgId = org_id(9);
    let notes = (RoleObject::LicenseManagement, Level::FullAccess);
    assert_eq!(
        holders(NOTES, Lacking::Level(Level::FullAccess)),
        Remedy::Holders { org, levels: vec![users, notes], built_in: admins.clone() }
    );
    // What a User holds may be given by anybody who gives roles.
    let view = "license_management.view_active_licenses";
    assert_eq!(
        holders(view, Lacking::Level(Level::ViewOnly)),
        Remedy::Holders { org, levels: vec![users], built_in: admins }
    );
    assert_eq!(holders(BELOW, Lacking::Link), Remedy::Operators);
    assert_eq!(holders(BELOW, Lacking::Never), Remedy::Nobody);
}
