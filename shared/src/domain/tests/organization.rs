//! Organizations and their trees: SUB1 to SUB3, PAR1, OP1.

use crate::{
    domain::*,
    fixtures::{
        empty_below, name, now, org_id, partner, person, standard, standing, stated, super_admin,
        tree, with_role,
    },
};

const BELOW: &str = "Below";

fn create(actor: &Standing) -> Result<Organization, Refusal> {
    create_sub_organization(actor, org_id(2), name(BELOW), now())
}

#[test]
fn creating_below_needs_the_full_level_in_the_parent() {
    let org = partner();
    for role in BuiltIn::ALL {
        let full = stated(role)["user_management_sub_organizations"] == 2;
        let made = create(&standing("ann", &org, RoleId::BuiltIn(role)));
        assert_eq!(made.is_ok(), full, "{role}");
    }
}

#[test]
fn by_default_there_are_no_sub_organizations() {
    assert!(!standard().settings.manage_sub_organizations);
    let (object, level) = (RoleObject::UserManagementSubOrganizations, Level::FullAccess);
    let refused = Err(Refusal::Lacks { object, level, shown: false });
    assert_eq!(create(&super_admin(&standard())), refused);
}

#[test]
fn whoever_creates_one_is_its_super_admin_whatever_they_are_above() {
    let objects = [
        (RoleObject::UserManagement, Level::ViewOnly),
        (RoleObject::UserManagementSubOrganizations, Level::FullAccess),
    ];
    let (org, custom) = with_role(tree(), 1, &objects);
    let made = create(&standing("ann", &org, custom)).unwrap();
    assert_eq!(made.super_admin_user_id, Some(person("ann").id));
}

#[test]
fn a_sub_organization_is_of_its_parents_kind_and_inherits_nothing_else() {
    for root in [tree(), partner()] {
        let made = create(&super_admin(&root)).unwrap();
        assert_eq!(made.kind, root.kind);
        assert_eq!(made.path, root.path.child(org_id(2)));
        assert_eq!(made.settings, Settings::default());
        assert_eq!((made.links, made.roles.len()), (Links::default(), 0));
    }
}

#[test]
fn they_nest_eight_deep_and_no_deeper() {
    let mut org = tree();
    for depth in 1..=MAX_DEPTH {
        org = org.found_below(org_id(depth as u128 + 1), name(BELOW), None, now()).unwrap();
        assert_eq!(org.path.depth(), depth);
    }
    let deeper = org.found_below(org_id(99), name(BELOW), None, now());
    assert_eq!(deeper, Err(Refusal::TooDeep));
    assert_eq!(MAX_DEPTH, 8);
}

fn by_operator(parent: &Organization, kind: Option<Kind>) -> Result<Organization, Refusal> {
    let conditions = parent.conditions(None);
    found_below_by_operator(parent, conditions, org_id(2), name(BELOW), kind, now())
}

#[test]
fn an_operator_creates_below_where_the_tree_allows_it_and_in_its_kind() {
    assert_eq!(by_operator(&standard(), None), Err(Refusal::SubOrganizationsOff));
    assert_eq!(by_operator(&tree(), Some(Kind::Partner)), Err(Refusal::KindIsInherited));
    for kind in [None, Some(Kind::Standard)] {
        let made = by_operator(&tree(), kind).unwrap();
        assert_eq!((made.kind, made.super_admin_user_id), (Kind::Standard, None));
    }
}

/// Nobody holds a partners' role, and the root is a standard organization.
fn switched(
    org: &Organization,
    kind: Option<Kind>,
    manage_sub_organizations: Option<bool>,
    mdf_program: Option<bool>,
) -> Result<Organization, Refusal> {
    let wanted = Switches { kind, manage_sub_organizations, mdf_program };
    let root = (!org.path.is_root()).then(tree);
    switch(org, root.as_ref(), Users::default(), wanted)
}

#[test]
fn a_sub_organization_follows_its_trees_kind() {
    let below = empty_below(&tree());
    let root = Organization { kind: Kind::Partner, ..tree() };
    let wanted = Switches { kind: Some(Kind::Partner), ..Switches::default() };
    let now = switch(&below, Some(&root), Users::default(), wanted).unwrap();
    assert_eq!(now.kind, Kind::Partner);
}

#[test]
fn a_partner_stays_one_while_its_roles_are_used() {
    let wanted = Switches { kind: Some(Kind::Standard), ..Switches::default() };
    for users in [Users { active: 1, pending: 0 }, Users { active: 0, pending: 1 }] {
        let refused = Err(Refusal::PartnerRolesInUse(users));
        assert_eq!(switch(&partner(), None, users, wanted), refused);
    }
}

#[test]
fn a_switch_changes_what_it_names_and_nothing_else() {
    let org = standard();
    assert_eq!(switched(&org, None, None, None), Ok(org.clone()));
    let on = switched(&org, None, Some(true), None).unwrap();
    assert_eq!(on, tree());
    assert_eq!(switched(&on, None, Some(false), None), Ok(org));
}

#[test]
fn the_trees_switch_is_set_at_its_root() {
    let below = empty_below(&tree());
    for on in [true, false] {
        assert_eq!(switched(&below, None, Some(on), None), Err(Refusal::SwitchIsTheRoots));
    }
}

#[test]
fn a_sub_organization_keeps_its_kind() {
    let below = empty_below(&tree());
    assert_eq!(switched(&below, Some(Kind::Partner), None, None), Err(Refusal::KindIsInherited));
    assert_eq!(switched(&below, Some(Kind::Standard), None, None), Ok(below));
}

#[test]
fn only_partners_are_in_the_programme() {
    let org = standard();
    assert_eq!(switched(&org, None, None, Some(true)), Err(Refusal::MdfIsForPartners));
    let both = switched(&org, Some(Kind::Partner), None, Some(true)).unwrap();
    assert!(both.settings.mdf_program && both.conditions(None).mdf_program);
    let below = switched(&empty_below(&partner()), None, None, Some(true)).unwrap();
    assert!(below.settings.mdf_program, "a sub-organization joins on its own");
}

#[test]
fn who_stops_being_a_partner_leaves_the_programme_for_good() {
    let partner = Organization { links: Links::default(), ..partner() };
    let left = switched(&partner, Some(Kind::Standard), None, None).unwrap();
    assert!(!left.settings.mdf_program);
    let back = switched(&left, Some(Kind::Partner), None, None).unwrap();
    assert!(!back.settings.mdf_program);
}

#[test]
fn a_path_reads_from_the_root_down_and_its_text_is_a_prefix_of_all_below() {
    let root = OrgPath::root(org_id(1));
    let path = root.child(org_id(2)).child(org_id(3));
    assert_eq!(path.ids().collect::<Vec<_>>(), [1, 2, 3].map(org_id));
    assert_eq!((path.root_id(), path.parent(), path.id()), (org_id(1), Some(org_id(2)), org_id(3)));
    assert!(path.to_string().starts_with(&format!("{root}/")));
    let json = serde_json::to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<OrgPath>(&json).unwrap(), path);
    assert!(serde_json::from_str::<OrgPath>("[]").is_err());
}

#[test]
fn an_organization_is_stored_as_it_is() {
    let (org, _) = with_role(partner(), 1, &[(RoleObject::EventHistory, Level::ViewOnly)]);
    let json = serde_json::to_string(&org).unwrap();
    assert_eq!(serde_json::from_str::<Organization>(&json).unwrap(), org);
}
