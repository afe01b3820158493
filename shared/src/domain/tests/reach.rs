//! Which organizations a list covers, and what is looked for there: SUB4, SUB6, U5.

use std::collections::BTreeMap;

use crate::{
    domain::*,
    fixtures::{
        empty_below, operator_in, org_id, person, standard, standing, super_admin, tree, with_role,
    },
};

const HERE: RoleObject = RoleObject::UserManagement;
const BEYOND: RoleObject = RoleObject::UserManagementSubOrganizations;

/// What `actor` may see who chooses these; a root and two organizations below it are there, and one
/// of another tree.
fn of(actor: &Standing, subtree: bool, chosen: &[u128]) -> Result<Reach, Refusal> {
    let root = OrgPath::root(org_id(1));
    let branch = root.child(org_id(2));
    let all = [root, branch.clone(), branch.child(org_id(3)), OrgPath::root(org_id(9))];
    let paths: BTreeMap<_, _> = all.into_iter().map(|path| (path.id(), path)).collect();
    let chosen: Vec<_> = chosen.iter().map(|&n| org_id(n)).collect();
    reach(actor, Coverage { subtree, chosen: &chosen }, &paths, [HERE, BEYOND])
}

fn ids(reach: Result<Reach, Refusal>) -> Vec<OrgId> {
    match reach.unwrap() {
        Reach::Organizations(paths) => paths.iter().map(OrgPath::id).collect(),
        Reach::Subtree(path) => panic!("the subtree of {path}"),
    }
}

#[test]
fn a_list_covers_the_organization_alone_unless_more_is_asked_for() {
    let sue = super_admin(&tree());
    assert_eq!(ids(of(&sue, false, &[])), [org_id(1)]);
    assert_eq!(of(&sue, true, &[]), Ok(Reach::Subtree(OrgPath::root(org_id(1)))));
}

#[test]
fn what_is_chosen_is_covered_once_and_nothing_below_it() {
    let sue = super_admin(&tree());
    for subtree in [true, false] {
        assert_eq!(ids(of(&sue, subtree, &[3, 1, 3])), [org_id(1), org_id(3)]);
    }
}

#[test]
fn what_is_elsewhere_is_like_what_is_not_there() {
    let sue = super_admin(&tree());
    for outside in [9, 8] {
        assert_eq!(of(&sue, false, &[2, outside]), Err(Refusal::OutsideSubtree(org_id(outside))));
    }
    let below = empty_below(&tree());
    let ann =
        Member::new(&person("ann"), &below, RoleId::ADMIN, Source::Invitation, below.created_at);
    let ann = Standing::of(person("ann"), Some(below), ann.ok(), Some(&tree())).unwrap();
    assert_eq!(ids(of(&ann, false, &[3, 2])), [org_id(2), org_id(3)]);
    assert_eq!(of(&ann, false, &[1]), Err(Refusal::OutsideSubtree(org_id(1))), "it is above");
}

#[test]
fn beyond_the_organization_it_takes_the_permission_for_that() {
    let lacks = |object, shown| Refusal::Lacks { object, level: Level::ViewOnly, shown };
    let (org, role) = with_role(tree(), 1, &[(HERE, Level::ViewOnly)]);
    let ann = standing("ann", &org, role);
    assert_eq!(ids(of(&ann, false, &[1])), [org_id(1)]);
    // Before anything is said of what was chosen.
    for (subtree, chosen) in [(true, vec![]), (false, vec![2]), (false, vec![1, 9])] {
        assert_eq!(of(&ann, subtree, &chosen), Err(lacks(BEYOND, true)), "{chosen:?}");
    }
    let off = super_admin(&standard());
    assert_eq!(of(&off, true, &[]), Err(lacks(BEYOND, false)));
    let (org, role) = with_role(tree(), 1, &[]);
    assert_eq!(of(&standing("ann", &org, role), false, &[]), Err(lacks(HERE, true)));
    assert!(of(&operator_in(&tree()), true, &[]).is_ok(), "operators read everything");
}

#[test]
fn a_search_compares_folded_names_and_normal_addresses() {
    let search = Search::parse(" NIGHT\u{A0} s", false).unwrap();
    assert_eq!((search.address(), search.name()), ("night\u{A0} s", "night s"));
    assert!(search.finds("Night  Shift") && !search.finds("Late night shift"));
    assert!(Search::parse("night s", true).unwrap().finds("Late Night shift"));
    for nothing in ["", "  ", "\u{3000}\t"] {
        assert_eq!(Search::parse(nothing, true), None);
    }
}
