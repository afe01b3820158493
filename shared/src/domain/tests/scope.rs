//! The organizations that a list covers, and search texts: SUB4, SUB6, U5.

use std::collections::BTreeMap;

use crate::{domain::*, fixtures::*};

const OWN: RoleObject = RoleObject::UserManagement;
const BELOW: RoleObject = RoleObject::UserManagementSubOrganizations;

/// Resolves a scope in a tree with a root (1), its child (2) and grandchild (3). The organization 9
/// belongs to another tree.
fn resolve(actor: &Standing, subtree: bool, chosen: &[u128]) -> Result<Scope, Refusal> {
    let root = OrgPath::root(org_id(1));
    let branch = root.child(org_id(2));
    let all = [root, branch.clone(), branch.child(org_id(3)), OrgPath::root(org_id(9))];
    let paths: BTreeMap<_, _> = all.into_iter().map(|path| (path.id(), path)).collect();
    let chosen = chosen.iter().map(|&n| org_id(n)).collect();
    let needs = ListPermissions { own: OWN, below: BELOW };
    resolve_scope(actor, RequestedScope { subtree, chosen: &chosen }, &paths, needs)
}

fn ids(scope: Result<Scope, Refusal>) -> Vec<OrgId> {
    match scope.unwrap() {
        Scope::Organizations(paths) => paths.iter().map(OrgPath::id).collect(),
        Scope::Subtree(path) => panic!("unexpected subtree of {path}"),
    }
}

#[test]
fn scope_is_the_organization_its_subtree_or_each_chosen_organization_once() {
    let sue = super_admin(&tree());
    assert_eq!(ids(resolve(&sue, false, &[])), [org_id(1)]);
    assert_eq!(resolve(&sue, true, &[]), Ok(Scope::Subtree(OrgPath::root(org_id(1)))));
    for subtree in [true, false] {
        assert_eq!(ids(resolve(&sue, subtree, &[3, 1, 3])), [org_id(1), org_id(3)]);
    }
}

#[test]
fn organization_outside_the_subtree_is_refused_like_a_missing_one() {
    let (sue, below) = (super_admin(&tree()), empty_below(&tree()));
    let ann = member("ann", &below, RoleId::ADMIN);
    let ann = Standing::of(person("ann"), Some(below), Some(ann), Some(&tree())).unwrap();
    assert_eq!(ids(resolve(&ann, false, &[3, 2])), [org_id(2), org_id(3)]);
    for (actor, outside, case) in
        [(&sue, 9, "another tree"), (&sue, 8, "missing"), (&ann, 1, "above")]
    {
        let refused = Err(Refusal::OrganizationOutsideSubtree(org_id(outside)));
        assert_eq!(resolve(actor, false, &[2, outside]), refused, "{case}");
    }
}

#[test]
fn scope_beyond_the_organization_requires_the_sub_organizations_permission() {
    let lacks =
        |object, shown| Refusal::MissingPermission { object, level: Level::ViewOnly, shown };
    let (org, role) = with_role(tree(), 1, &[(OWN, Level::ViewOnly)]);
    let ann = standing("ann", &org, role);
    assert_eq!(ids(resolve(&ann, false, &[1])), [org_id(1)]);
    // The permission is checked before the chosen organizations.
    for (subtree, chosen) in [(true, vec![]), (false, vec![2]), (false, vec![1, 9])] {
        assert_eq!(resolve(&ann, subtree, &chosen), Err(lacks(BELOW, true)), "{chosen:?}");
    }
    let off = super_admin(&standard());
    assert_eq!(resolve(&off, true, &[]), Err(lacks(BELOW, false)));
    let (org, role) = with_role(tree(), 1, &[]);
    assert_eq!(resolve(&standing("ann", &org, role), false, &[]), Err(lacks(OWN, true)));
    assert!(resolve(&operator_in(&tree()), true, &[]).is_ok(), "operators read everything");
}

#[test]
fn search_text_is_folded_for_names_and_normalized_for_addresses() {
    let search = Search::parse(" NIGHT\u{A0} s", false).unwrap();
    assert_eq!((search.address(), search.name()), ("night\u{A0} s", "night s"));
    assert!(search.finds("Night  Shift") && !search.finds("Late night shift"));
    assert!(Search::parse("night s", true).unwrap().finds("Late Night shift"));
    for empty in ["", "  ", "\u{3000}\t"] {
        assert_eq!(Search::parse(empty, true), None);
    }
}
