//! Persons, organizations and members for unit tests.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::domain::{
    AcceptanceFacts, AddressFacts, AuthnContext, BuiltIn, CustomRole, CustomRoleId, DEFAULT_DAYS,
    Email, Invitation, InvitationDraft, InvitationId, Inviter, Kind, Level, Levels, LinkCounts,
    Member, MemberId, MissingClaim, Name, OrgId, Organization, Person, Refusal, RequestContext,
    RequestedReplacement, RoleId, RoleObject, Settings, Source, Standing, UserId, Version, invite,
};

/// The time of every request in the tests.
pub(crate) fn now() -> Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// The time `days` days after [`now`].
pub(crate) fn in_days(days: i64) -> Timestamp {
    now() + SignedDuration::from_hours(24 * days)
}

/// A person whose verified address is `name@example.com`.
pub(crate) fn person(name: &str) -> Person {
    Person {
        id: UserId::new(name),
        email: Some(email(name)),
        claimed_email: Some(email(name)),
        email_fault: None,
        name: Some(name.to_owned()),
        operator: false,
        authn: Some(one_factor()),
        at: now(),
    }
}

/// A sign-in with one factor, of unknown age, from an unknown address.
pub(crate) fn one_factor() -> AuthnContext {
    let sign_in_age = Err(MissingClaim("auth_time"));
    AuthnContext { multi_factor: Ok(false), sign_in_age, source_ip: None }
}

/// A platform operator.
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

/// A standard root organization without a condition that holds. Its Super Admin is Sue.
pub(crate) fn standard() -> Organization {
    Organization::create(org_id(1), name("Standard"), Kind::Standard, Some(&person("sue")), now())
}

/// A partner organization in which every condition holds. Its Super Admin is Sue.
pub(crate) fn partner() -> Organization {
    Organization {
        kind: Kind::Partner,
        settings: Settings { manage_sub_organizations: true, mdf_program: true },
        links: LinkCounts { customers: 1, preferred: 1, ..LinkCounts::default() },
        ..standard()
    }
}

/// A root organization with sub-organization management turned on.
pub(crate) fn tree() -> Organization {
    let settings = Settings { manage_sub_organizations: true, mdf_program: false };
    Organization { settings, ..standard() }
}

/// A sub-organization without members.
pub(crate) fn empty_below(parent: &Organization) -> Organization {
    parent.create_child(org_id(2), name("Below"), None, now()).unwrap()
}

/// The id of `name` as a member of the fixtures' root organization.
pub(crate) fn member_id(name: &str) -> MemberId {
    MemberId::of(org_id(1), &person(name).id)
}

pub(crate) fn custom_id(n: u128) -> CustomRoleId {
    CustomRoleId::new(now(), n)
}

/// A custom role named "R".
pub(crate) fn custom_role(n: u128, levels: Levels) -> CustomRole {
    CustomRole {
        id: custom_id(n),
        name: name("R"),
        description: String::new(),
        levels,
        reassignment: None,
        version: Version::first(now(), None),
    }
}

/// The organization with another custom role. Role objects not in `levels` have `none`.
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

/// The standing of a person with `role` in the root organization `org`.
pub(crate) fn standing(name: &str, org: &Organization, role: RoleId) -> Standing {
    let member = member(name, org, role);
    Standing::of(person(name), Some(org.clone()), Some(member), None).unwrap()
}

/// The standing of the Super Admin of the root organization `org`.
pub(crate) fn super_admin(org: &Organization) -> Standing {
    standing("sue", org, RoleId::SUPER_ADMIN)
}

/// The standing of an operator in `org`.
pub(crate) fn operator_in(org: &Organization) -> Standing {
    Standing::of(operator(), Some(org.clone()), None, None).unwrap()
}

/// The invitation of `name` to `role` by `actor`, for seven days.
pub(crate) fn invited(actor: &Standing, name: &str, role: RoleId) -> Result<Invitation, Refusal> {
    let draft = InvitationDraft {
        email: email(name),
        role_id: role,
        days: DEFAULT_DAYS,
        access_expires_at: None,
        language: None,
    };
    let id = InvitationId::of(now(), actor.org.id(), &draft.email);
    Ok(invite(actor, draft, AddressFacts::default(), id, now())?.invitation)
}

/// A role for the users of a deleted one. It is a built-in role, or not being deleted.
pub(crate) fn replacement(id: RoleId) -> RequestedReplacement<'static> {
    RequestedReplacement { id, role: None }
}

/// The context of a request from `by`.
pub(crate) fn context(by: &Person) -> RequestContext {
    RequestContext {
        by: Some(by.clone()),
        as_operator: false,
        at: now(),
        request_id: "request".to_owned(),
        client_request_id: None,
        seed: 7,
        idempotency_key: None,
    }
}

/// The levels of a built-in role in `tests/catalogue.json`, as ranks from 0 to 2. The code under
/// test does not parse them.
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

/// Levels as ranks, for a comparison with [`stated`].
pub(crate) fn ranks(levels: Levels) -> BTreeMap<String, usize> {
    levels.iter().map(|(object, level)| (object.key().to_owned(), level as usize)).collect()
}

/// A deterministic generator of pseudo-random numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number from 0 to `sides - 1`.
    pub(crate) fn throw(&mut self, sides: usize) -> usize {
        // Knuth's MMIX constants. The low bits have short periods, so they are dropped.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// A random level for each role object, among those that it accepts.
    pub(crate) fn levels(&mut self) -> Levels {
        RoleObject::ALL.into_iter().fold(nothing(), |levels, object| {
            let allowed = object.levels();
            levels.with(object, allowed[self.throw(allowed.len())])
        })
    }
}

/// The facts of an acceptance by a person without a former membership.
pub(crate) fn acceptance_facts<'a>(
    invitation: &'a Invitation,
    inviter: Option<&'a Inviter>,
) -> AcceptanceFacts<'a> {
    AcceptanceFacts { invitation, inviter, tombstone: None }
}
