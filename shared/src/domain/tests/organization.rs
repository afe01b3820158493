//! Organizations, their trees and settings: SUB1 to SUB3, PAR1, OP1.

use crate::{
    domain::*,
    fixtures::{
        empty_below, in_days, name, now, org_id, partner, person, standard, standing, stated,
        super_admin, tree, with_role,
    },
};

const BELOW: &str = "Below";

fn create(actor: &Standing) -> Result<Organization, Refusal> {
    create_sub_organization(actor, org_id(2), name(BELOW), now())
}

#[test]
fn creating_a_sub_organization_requires_the_full_level_in_the_parent() {
    let org = partner();
    for role in BuiltIn::ALL {
        let full = stated(role)["user_management_sub_organizations"] == 2;
        let made = create(&standing("ann", &org, RoleId::BuiltIn(role)));
        assert_eq!(made.is_ok(), full, "{role}");
    }
}

#[test]
fn sub_organizations_are_off_by_default() {
    assert!(!standard().settings.manage_sub_organizations);
    let (object, level) = (RoleObject::UserManagementSubOrganizations, Level::FullAccess);
    let refused = Err(Refusal::MissingPermission { object, level, shown: false });
    assert_eq!(create(&super_admin(&standard())), refused);
}

#[test]
fn creator_of_a_sub_organization_is_its_super_admin() {
    let objects = [
        (RoleObject::UserManagement, Level::ViewOnly),
        (RoleObject::UserManagementSubOrganizations, Level::FullAccess),
    ];
    let (org, custom) = with_role(tree(), 1, &objects);
    let made = create(&standing("ann", &org, custom)).unwrap();
    assert_eq!(made.super_admin_user_id, Some(person("ann").id));
}

#[test]
fn sub_organization_inherits_the_kind_of_its_parent_only() {
    for root in [tree(), partner()] {
        let made = create(&super_admin(&root)).unwrap();
        assert_eq!(made.kind, root.kind);
        assert_eq!(made.path, root.path.child(org_id(2)));
        assert_eq!(made.settings, Settings::default());
        assert_eq!((made.links, made.roles.len()), (LinkCounts::default(), 0));
    }
}

#[test]
fn sub_organizations_nest_at_most_8_levels_deep() {
    let mut org = tree();
    for depth in 1..=MAX_DEPTH {
        org = org.create_child(org_id(depth as u128 + 1), name(BELOW), None, now()).unwrap();
        assert_eq!(org.path.depth(), depth);
    }
    let deeper = org.create_child(org_id(99), name(BELOW), None, now());
    assert_eq!(deeper, Err(Refusal::DepthLimit));
    assert_eq!(MAX_DEPTH, 8);
}

fn by_operator(parent: &Organization, kind: Option<Kind>) -> Result<Organization, Refusal> {
    let conditions = parent.conditions(None);
    create_child_as_operator(parent, conditions, org_id(2), name(BELOW), kind, now())
}

#[test]
fn operator_creates_sub_organizations_only_if_turned_on_and_of_the_parents_kind() {
    assert_eq!(by_operator(&standard(), None), Err(Refusal::SubOrganizationsDisabled));
    assert_eq!(by_operator(&tree(), Some(Kind::Partner)), Err(Refusal::KindInherited));
    for kind in [None, Some(Kind::Standard)] {
        let made = by_operator(&tree(), kind).unwrap();
        assert_eq!((made.kind, made.super_admin_user_id), (Kind::Standard, None));
    }
}

/// Updates the settings of an organization without users of partner roles, below a standard root.
fn update(
    org: &Organization,
    kind: Option<Kind>,
    manage_sub_organizations: Option<bool>,
    mdf_program: Option<bool>,
) -> Result<Organization, Refusal> {
    let wanted = SettingsUpdate { kind, manage_sub_organizations, mdf_program };
    let root = (!org.path.is_root()).then(tree);
    update_settings(org, root.as_ref(), UserCount::default(), wanted, now())
}

#[test]
fn sub_organization_can_get_the_kind_of_its_root() {
    let below = empty_below(&tree());
    let root = Organization { kind: Kind::Partner, ..tree() };
    let update = SettingsUpdate { kind: Some(Kind::Partner), ..SettingsUpdate::default() };
    let updated =
        update_settings(&below, Some(&root), UserCount::default(), update, now()).unwrap();
    assert_eq!(updated.kind, Kind::Partner);
}

#[test]
fn partner_with_users_of_partner_roles_keeps_its_kind() {
    let update = SettingsUpdate { kind: Some(Kind::Standard), ..SettingsUpdate::default() };
    for users in [UserCount { active: 1, pending: 0 }, UserCount { active: 0, pending: 1 }] {
        let refused = Err(Refusal::PartnerRolesInUse(users));
        assert_eq!(update_settings(&partner(), None, users, update, now()), refused);
    }
}

#[test]
fn update_changes_the_named_settings_only() {
    let org = standard();
    assert_eq!(update(&org, None, None, None), Ok(org.clone()));
    let on = update(&org, None, Some(true), None).unwrap();
    assert_eq!(on, Organization { version: org.version.next(now()), ..tree() });
    let off = update(&on, None, Some(false), None).unwrap();
    assert_eq!(off, Organization { version: on.version.next(now()), ..org });
}

#[test]
fn manage_sub_organizations_is_set_at_the_root_only() {
    let below = empty_below(&tree());
    for on in [true, false] {
        assert_eq!(update(&below, None, Some(on), None), Err(Refusal::RootSettingOnly));
    }
}

#[test]
fn sub_organization_cannot_differ_in_kind_from_its_root() {
    let below = empty_below(&tree());
    assert_eq!(update(&below, Some(Kind::Partner), None, None), Err(Refusal::KindInherited));
    assert_eq!(update(&below, Some(Kind::Standard), None, None), Ok(below));
}

#[test]
fn only_partners_can_be_in_the_mdf_programme() {
    let org = standard();
    assert_eq!(update(&org, None, None, Some(true)), Err(Refusal::MdfPartnerOnly));
    let both = update(&org, Some(Kind::Partner), None, Some(true)).unwrap();
    assert!(both.settings.mdf_program && both.conditions(None).mdf_program);
    let below = update(&empty_below(&partner()), None, None, Some(true)).unwrap();
    assert!(below.settings.mdf_program, "each sub-organization has its own setting");
}

#[test]
fn former_partner_leaves_the_mdf_programme_permanently() {
    let partner = Organization { links: LinkCounts::default(), ..partner() };
    let left = update(&partner, Some(Kind::Standard), None, None).unwrap();
    assert!(!left.settings.mdf_program);
    let back = update(&left, Some(Kind::Partner), None, None).unwrap();
    assert!(!back.settings.mdf_program);
}

#[test]
fn path_lists_ids_from_the_root_and_its_text_is_a_prefix_of_paths_below() {
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
fn organization_is_unchanged_by_serialization() {
    let (org, _) = with_role(partner(), 1, &[(RoleObject::EventHistory, Level::ViewOnly)]);
    let json = serde_json::to_string(&org).unwrap();
    assert_eq!(serde_json::from_str::<Organization>(&json).unwrap(), org);
}

#[test]
fn new_name_or_super_admin_advances_the_version() {
    let org = standard();
    let version = org.version.next(in_days(1));
    let renamed = org.renamed(name("Other"), in_days(1));
    assert_eq!(renamed, Organization { name: name("Other"), version, ..org.clone() });
    let ann = person("ann").id;
    let transferred = org.with_super_admin(&ann, in_days(1));
    assert_eq!(transferred, Organization { super_admin_user_id: Some(ann), version, ..org });
}
