//! Organizations, their trees and settings: SUB1 to SUB3, PAR1, OP1.

use crate::{domain::*, fixtures::*};

const BELOW: &str = "Below";

fn create(actor: &Standing) -> Result<Organization, Refusal> {
    create_sub_organization(actor, org_id(2), name(BELOW), now())
}

#[test]
fn sub_organizations_are_off_by_default() {
    assert!(!standard().settings.manage_sub_organizations);
    let (object, level) = (RoleObject::UserManagementSubOrganizations, Level::FullAccess);
    let refused = Err(Refusal::MissingPermission { object, level, shown: false });
    assert_eq!(create(&super_admin(&standard())), refused);
}

#[test]
fn sub_organization_inherits_the_kind_only_and_its_creator_is_its_super_admin() {
    let objects = [
        (RoleObject::UserManagement, Level::ViewOnly),
        (RoleObject::UserManagementSubOrganizations, Level::FullAccess),
    ];
    for root in [tree(), partner()] {
        let (root, custom) = with_role(root, 1, &objects);
        let below = create(&standing("ann", &root, custom)).unwrap();
        let ann = person("ann");
        let expected = Organization::create(org_id(2), name(BELOW), root.kind, Some(&ann), now());
        assert_eq!(below, Organization { path: root.path.child(org_id(2)), ..expected });
        assert_eq!(below.super_admin_user_id, Some(ann.id));
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

/// The organization that an operator creates, without a first Admin.
fn by_operator(parent: Option<&Organization>, kind: Option<Kind>) -> Result<Organization, Refusal> {
    let draft = OrganizationDraft { name: name(BELOW), kind, language: None, first_admin: None };
    let (org, first_admin) =
        create_organization_as_operator(org_id(2), draft, parent, None, now())?;
    assert_eq!(first_admin, None);
    Ok(org)
}

#[test]
fn operator_creates_sub_organizations_only_if_turned_on_and_of_the_parents_kind() {
    let below = |parent, kind| by_operator(Some(&parent), kind);
    assert_eq!(below(standard(), None), Err(Refusal::SubOrganizationsDisabled));
    assert_eq!(below(tree(), Some(Kind::Partner)), Err(Refusal::KindInherited));
    for kind in [None, Some(Kind::Standard)] {
        let made = below(tree(), kind).unwrap();
        assert_eq!((made.kind, made.super_admin_user_id), (Kind::Standard, None));
    }
}

#[test]
fn operator_creates_a_root_only_with_the_first_admin_that_it_waits_for() {
    assert_eq!(by_operator(None, None), Err(Refusal::FirstAdminRequired));
    let draft = OrganizationDraft {
        name: name("Acme"),
        kind: None,
        language: Some(Language::German),
        first_admin: Some(email("ada")),
    };
    let (org, first) =
        create_organization_as_operator(org_id(2), draft, None, None, now()).unwrap();
    let first = first.unwrap();
    assert_eq!((org.kind, org.language), (Kind::Standard, Language::German));
    assert_eq!((first.email, first.role_id, first.inviter), (email("ada"), RoleId::ADMIN, None));
    let waits_for = PendingFirstAdmin { invitation: first.id, until: first.expires_at };
    assert_eq!(org.pending_first_admin, Some(waits_for));
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
fn kind_and_settings_have_conditions() {
    let below = empty_below(&tree());
    let linked =
        Organization { links: LinkCounts { partners: 2, ..standard().links }, ..standard() };
    let users = |persons, pending| UserCount { persons, pending, services: 0 };
    let none = UserCount::default();
    let kind = |kind| SettingsUpdate { kind: Some(kind), ..SettingsUpdate::default() };
    let manage =
        |on| SettingsUpdate { manage_sub_organizations: Some(on), ..SettingsUpdate::default() };
    let mdf = SettingsUpdate { mdf_program: Some(true), ..SettingsUpdate::default() };
    let cases = [
        (&below, none, manage(true), Refusal::RootSettingOnly),
        (&below, none, manage(false), Refusal::RootSettingOnly),
        (&below, none, kind(Kind::Partner), Refusal::KindInherited),
        (&standard(), none, mdf, Refusal::MdfPartnerOnly),
        (&partner(), users(1, 0), kind(Kind::Standard), Refusal::PartnerRolesInUse(users(1, 0))),
        (&partner(), users(0, 1), kind(Kind::Standard), Refusal::PartnerRolesInUse(users(0, 1))),
        (
            &partner(),
            none,
            kind(Kind::Standard),
            Refusal::OrganizationLinked { customers: 1, partners: 0 },
        ),
        (
            &linked,
            none,
            kind(Kind::Partner),
            Refusal::OrganizationLinked { customers: 0, partners: 2 },
        ),
    ];
    for (org, users, wanted, refusal) in cases {
        let root = (!org.path.is_root()).then(tree);
        let updated = update_settings(org, root.as_ref(), users, wanted, now());
        assert_eq!(updated, Err(refusal), "{wanted:?}");
    }
}

#[test]
fn sub_organization_can_get_the_kind_of_its_root() {
    let below = empty_below(&tree());
    let root = Organization { kind: Kind::Partner, ..tree() };
    let kind = |kind| SettingsUpdate { kind: Some(kind), ..SettingsUpdate::default() };
    let updated = |kind_of_root, root: &Organization| {
        update_settings(&below, Some(root), UserCount::default(), kind(kind_of_root), now())
    };
    assert_eq!(updated(Kind::Partner, &root).map(|below| below.kind), Ok(Kind::Partner));
    assert_eq!(updated(Kind::Standard, &tree()), Ok(below.clone()), "nothing changed");
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
fn only_partners_can_be_in_the_mdf_programme() {
    let both = update(&standard(), Some(Kind::Partner), None, Some(true)).unwrap();
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
fn new_name_or_super_admin_advances_the_version() {
    let org = standard();
    let version = org.version.next(in_days(1));
    let renamed = org.updated(name("Other"), org.language, in_days(1));
    assert_eq!(renamed, Organization { name: name("Other"), version, ..org.clone() });
    let ann = person("ann").id;
    let transferred = org.with_super_admin(&ann, in_days(1));
    assert_eq!(transferred, Organization { super_admin_user_id: Some(ann), version, ..org });
}

/// SA7
#[test]
fn suspension_refuses_members_and_not_operators() {
    let open = standard();
    let suspended = suspend(&open, "Unpaid.".to_owned(), in_days(1));
    assert_eq!(suspended.version, open.version.next(in_days(1)));
    let refusal = Refusal::OrganizationSuspended("Unpaid.".to_owned());
    let sue = || Some(member("sue", &open, RoleId::SUPER_ADMIN));
    let in_org = || Some(suspended.clone());
    assert_eq!(Standing::of(person("sue"), in_org(), sue(), None), Err(refusal.clone()));
    assert_eq!(Standing::for_security_settings(person("sue"), in_org(), sue()), Err(refusal));
    let stranger = Standing::of(person("eve"), in_org(), None, None);
    assert_eq!(stranger, Err(Refusal::NoSuchOrganization));
    assert!(Standing::of(operator(), in_org(), None, None).is_ok());
    // Again: the reason changes, the time does not.
    assert_eq!(suspend(&suspended, "Unpaid.".to_owned(), in_days(2)), suspended);
    let again = suspend(&suspended, "Fraud.".to_owned(), in_days(2));
    let since = |org: &Organization| org.suspension().unwrap().since;
    assert_eq!(since(&again), since(&suspended));
    assert_eq!(resume(&again, in_days(3)).closure, None);
    assert_eq!(resume(&open, in_days(3)), open);
}

/// SA7
#[test]
fn super_admin_deletes_an_organization_without_others_below_by_its_name() {
    let org = standard();
    let typed = |text| name(text);
    let sue = super_admin(&org);
    let delete = |actor: &Standing, text, below| {
        delete_organization(actor, &typed(text), below, now()).map(|org| org.is_deleted())
    };
    assert_eq!(delete(&sue, "Standard", 0), Ok(true));
    assert_eq!(delete(&sue, "standard", 0), Err(Refusal::OrganizationNameDiffers));
    assert_eq!(delete(&sue, "Standard", 2), Err(Refusal::HasSubOrganizations(2)));
    let admin = standing("ann", &org, RoleId::ADMIN);
    assert_eq!(delete(&admin, "Standard", 0), Err(Refusal::SuperAdminRequired));
    assert_eq!(delete(&operator_in(&org), "Standard", 0), Err(Refusal::OperatorReadOnly));
}
