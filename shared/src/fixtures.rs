//! People and organizations for tests: as much of them as a rule looks at.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::{
    Act, BuiltIn, CustomRoleId, Email, Kind, Level, Levels, Links, Member, Name, OrgId,
    Organization, Person, Presence, RoleId, RoleObject, Session, Settings, Source, Standing,
    UserId,
};

/// When everything happens.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// So many days after [`now`].
pub(crate) fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

/// Somebody with a verified address, named after them.
pub(crate) fn person(name: &str) -> Person {
    Person {
        id: UserId::new(name),
        email: Some(email(name)),
        name: Some(name.to_owned()),
        operator: false,
        presence: Presence::Asking(Session::default()),
    }
}

/// One of the platform's staff.
pub(crate) fn operator() -> Person {
    Person { operator: true, ..person("operator") }
}

pub(crate) fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text, 100).unwrap()
}

pub(crate) fn org_id(n: u128) -> OrgId {
    OrgId::new(now(), n)
}

/// A standard organization, whose Super Admin is Sue. Nothing is switched on.
pub(crate) fn standard() -> Organization {
    Organization::found(org_id(1), name("Standard"), Kind::Standard, Some(&person("sue")), now())
}

/// A partner's organization, whose Super Admin is Sue. Everything is switched on.
pub(crate) fn partner() -> Organization {
    Organization {
        kind: Kind::Partner,
        settings: Settings { manage_sub_organizations: true, mdf_program: true },
        links: Links { customers: 1, preferred: 1, partners: 0 },
        ..standard()
    }
}

/// The root of a tree that may have sub-organizations.
pub(crate) fn tree() -> Organization {
    let settings = Settings { manage_sub_organizations: true, mdf_program: false };
    Organization { settings, ..standard() }
}

/// A sub-organization that nobody is in yet.
pub(crate) fn empty_below(parent: &Organization) -> Organization {
    parent.found_below(org_id(2), name("Below"), None, now()).unwrap()
}

pub(crate) fn custom_id(n: u128) -> CustomRoleId {
    CustomRoleId::new(now(), n)
}

/// The organization with one more custom role; what `levels` does not name is `none`.
pub(crate) fn with_role(
    org: Organization,
    n: u128,
    levels: &[(RoleObject, Level)],
) -> (Organization, RoleId) {
    let all = levels.iter().fold(nothing(), |all, &(object, level)| all.with(object, level));
    let mut org = org;
    org.roles.insert(custom_id(n), all);
    (org, RoleId::Custom(custom_id(n)))
}

pub(crate) fn nothing() -> Levels {
    Levels::from_fn(|_| Level::None)
}

pub(crate) fn member(name: &str, org: &Organization, role: RoleId) -> Member {
    Member::new(&person(name), org, role, Source::Invitation, now()).unwrap()
}

/// Somebody who holds `role` in `org`, which is a root.
pub(crate) fn standing(name: &str, org: &Organization, role: RoleId) -> Standing {
    let member = member(name, org, role);
    Standing::of(person(name), Some(org.clone()), Some(member), None).unwrap()
}

/// The Super Admin of `org`, which is a root.
pub(crate) fn super_admin(org: &Organization) -> Standing {
    standing("sue", org, RoleId::SUPER_ADMIN)
}

/// An operator who looks at `org`.
pub(crate) fn operator_in(org: &Organization) -> Standing {
    Standing::of(operator(), Some(org.clone()), None, None).unwrap()
}

/// A request of `by`.
pub(crate) fn act(by: &Person) -> Act {
    Act {
        by: Some(by.clone()),
        as_operator: false,
        at: now(),
        request_id: "request".to_owned(),
        seed: 7,
        once: None,
    }
}

/// What the catalogue's second statement says that a built-in role holds, as a rank: 0, 1 or 2.
/// Nothing of it is read by the code it is to check.
pub(crate) fn stated(role: BuiltIn) -> BTreeMap<String, usize> {
    let catalogue: Value =
        serde_json::from_str(include_str!("../../tests/catalogue.json")).unwrap();
    let rank = |level: &Value| {
        ["none", "view_only", "full_access"].iter().position(|name| level == name).unwrap()
    };
    let objects = catalogue["role_objects"].as_array().unwrap();
    let held = |object: &Value| {
        (object["key"].as_str().unwrap().to_owned(), rank(&object["built_in"][role.key()]))
    };
    objects.iter().map(held).collect()
}

/// Levels as ranks, to compare with [`stated`] ones.
pub(crate) fn ranks(levels: Levels) -> BTreeMap<String, usize> {
    levels.iter().map(|(object, level)| (object.key().to_owned(), level as usize)).collect()
}

/// Numbers that look random and are the same every time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `sides`.
    pub(crate) fn throw(&mut self, sides: usize) -> usize {
        // Knuth's constants; the low bits are the poor ones.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// Any levels that the role objects allow.
    pub(crate) fn levels(&mut self) -> Levels {
        RoleObject::ALL.into_iter().fold(nothing(), |levels, object| {
            let allowed = object.levels();
            levels.with(object, allowed[self.throw(allowed.len())])
        })
    }
}
