//! Organizations: founding, describing, switching.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Error, Key, Reply, Store,
    expression::Expression,
    headcount::PARTNERS,
    item::{Item, attribute, number, text, to_item},
    keys,
    transaction::{Transaction, gone_or, or},
};
use crate::domain::{
    Act, Event, EventAction, Invitation, Kind, Member, Name, Organization, Profile, Refusal,
    Settings, Standing,
};

/// A profile as stored: `revision` tells one writing of it from the next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredProfile {
    /// What the organization says of itself.
    #[serde(flatten)]
    pub profile: Profile,
    /// Which writing this is.
    pub revision: String,
}

/// What comes into being with an organization.
#[derive(Clone, Debug)]
pub struct Founding<'a> {
    /// The organization.
    pub org: &'a Organization,
    /// Its first member, as Super Admin.
    pub founder: Option<&'a Member>,
    /// Or the invitation of its first Admin.
    pub first: Option<&'a Invitation>,
    /// What is right above it, if anything is.
    pub parent: Option<&'a Organization>,
    /// The member of the parent who creates it, where it is one who does.
    pub by_member: Option<&'a Standing>,
}

impl Store {
    /// Founds an organization: with a Super Admin, with a first Admin invited, or empty.
    pub async fn found(
        &self,
        act: &Act,
        founding: Founding<'_>,
        reply: &Reply,
    ) -> Result<(), Error> {
        let Founding { org, founder, first, parent, by_member } = founding;
        let id = org.id();
        let mut writes = self.transaction(act);
        if let Some(actor) = by_member {
            writes = writes.still_held(actor)?;
        }
        writes = writes.put_new(
            Key::organization(id),
            organization_item(org)?,
            Refusal::ChangedMeanwhile,
        );
        if let Some(parent) = parent {
            let target = ("organization", id.to_string());
            let created = Event::new(act, parent, EventAction::SubOrganizationCreated, target);
            writes = writes.record(created.new_value(json!({ "name": org.name })))?;
        }
        let created = Event::new(
            act,
            org,
            EventAction::OrganizationCreated,
            ("organization", id.to_string()),
        );
        writes = writes.record(created.new_value(json!({
            "name": org.name,
            "kind": org.kind,
            "parent_id": org.path.parent(),
            "super_admin_user_id": org.super_admin_user_id,
        })))?;
        if let Some(member) = founder {
            writes = writes.seat(member)?;
        }
        if let Some(invitation) = first {
            writes = writes.open(org, invitation)?;
        }
        writes.commit(reply).await
    }

    /// Changes what an organization says of itself. `seen` is the profile as it was read.
    pub async fn describe(
        &self,
        act: &Act,
        actor: &Standing,
        seen: Option<&StoredProfile>,
        (name, profile): (&Name, &Profile),
        reply: &Reply,
    ) -> Result<(), Error> {
        let id = actor.org.id();
        let before = seen.map(|seen| seen.profile.clone()).unwrap_or_default();
        let mut writes = self.transaction(act).still_held(actor)?;
        if *name != actor.org.name {
            writes = writes.set(
                Key::organization(id),
                Expression::new("#name = :name", [("name", attribute(name)?)]),
                Expression::new("#name = :was", [("was", attribute(&actor.org.name)?)]),
                gone_or(Refusal::NoSuchOrganization, Refusal::ChangedMeanwhile),
            );
        }
        if *profile != before {
            let revision = format!("{:032x}", act.seed);
            let stored = StoredProfile { profile: profile.clone(), revision };
            let unchanged = match seen {
                None => Expression::new("attribute_not_exists(#pk)", []),
                Some(seen) => Expression::new("#revision = :was", [("was", text(&seen.revision))]),
            };
            let item = to_item(Key::profile(id), &stored, [])?;
            let lost = or(Refusal::ChangedMeanwhile);
            writes = writes.put(Key::profile(id), item, unchanged, lost);
        }
        let target = ("organization", id.to_string());
        let fields = [
            ("name", actor.org.name.as_str(), name.as_str()),
            ("website", &before.website, &profile.website),
            ("address", &before.address, &profile.address),
            ("contact", &before.contact, &profile.contact),
        ];
        // What the write does not change it does not vouch for either.
        let changed = fields.into_iter().filter(|(_, old, new)| old != new);
        let (old, new): (Map<_, _>, Map<_, _>) = changed
            .map(|(field, old, new)| {
                ((field.to_owned(), json!(old)), (field.to_owned(), json!(new)))
            })
            .unzip();
        let updated = Event::new(act, &actor.org, EventAction::OrganizationUpdated, target)
            .old(Value::Object(old))
            .new_value(Value::Object(new));
        writes.record(updated)?.commit(reply).await
    }

    /// Switches what operators switch.
    pub async fn switch(
        &self,
        act: &Act,
        org: &Organization,
        (kind, settings): (Kind, Settings),
        reply: &Reply,
    ) -> Result<(), Error> {
        let id = org.id();
        let clause = Expression::new(
            "#settings = :settings, #kind = :kind",
            [("settings", attribute(&settings)?), ("kind", attribute(&kind)?)],
        );
        // A link made meanwhile would be between two of a kind (PAR1).
        let unchanged = Expression::new(
            "#settings = :settings AND #kind = :kind AND #links = :links",
            [
                ("settings", attribute(&org.settings)?),
                ("kind", attribute(&org.kind)?),
                ("links", attribute(&org.links)?),
            ],
        );
        let lost = gone_or(Refusal::NoSuchOrganization, Refusal::ChangedMeanwhile);
        let told = |kind: Kind, settings: Settings| {
            let Settings { manage_sub_organizations, mdf_program } = settings;
            json!({
                "kind": kind,
                "manage_sub_organizations": manage_sub_organizations,
                "mdf_program": mdf_program,
            })
        };
        let event =
            Event::new(act, org, EventAction::SettingsUpdated, ("organization", id.to_string()))
                .old(told(org.kind, org.settings))
                .new_value(told(kind, settings));
        let mut writes = self.transaction(act).set(Key::organization(id), clause, unchanged, lost);
        // The mark on the headcount is what stops a partners' role from being given meanwhile.
        let mark = [("standard", attribute(&true)?)];
        for part in Key::headcounts(id) {
            writes = match (org.kind, kind) {
                (Kind::Partner, Kind::Standard) => {
                    let unused = PARTNERS
                        .map(|name| format!("(attribute_not_exists(#{name}) OR #{name} = :none)"));
                    let unused = Expression::new(&unused.join(" AND "), [("none", number(0))]);
                    let marked = Expression::new("#standard = :standard", mark.clone());
                    writes.set(part, marked, unused, or(Refusal::ChangedMeanwhile))
                }
                (Kind::Standard, Kind::Partner) => {
                    let unmarked = Expression::new("#standard", []);
                    writes.remove(
                        part,
                        unmarked,
                        Expression::default(),
                        or(Refusal::ChangedMeanwhile),
                    )
                }
                _ => break,
            };
        }
        writes.record(event)?.commit(reply).await
    }

    /// Lets somebody from above into an empty sub-organization, as its Super Admin (SUB5). An
    /// invitation of theirs that `expired` ends with that.
    pub async fn join(
        &self,
        act: &Act,
        org: &Organization,
        (evidence, member): (&Member, &Member),
        expired: Option<&Invitation>,
        reply: &Reply,
    ) -> Result<(), Error> {
        let above = evidence.path.id();
        let role = evidence.role_id.to_string();
        let target = ("member", member.user_id.to_string());
        let event =
            Event::new(act, org, EventAction::SuperAdminAssigned, target).new_value(json!({
                "super_admin_user_id": member.user_id,
                "email": member.email,
                "role_id": member.role_id,
                "source": member.source,
            }));
        let writes = self
            .transaction(act)
            .check(
                Key::member(above, &evidence.user_id),
                Expression::new("#role_id = :role", [("role", text(role))]),
                or(Refusal::NoSuchOrganization),
            )
            .found_super_admin(member, Refusal::NotEmpty, act.at)?;
        let seated = match expired {
            None => writes.seat(member)?,
            Some(old) => writes.seat_over(org, member, old, Refusal::NotEmpty)?,
        };
        seated.record(event)?.commit(reply).await
    }
}

impl Transaction<'_> {
    /// Makes `member` the first Super Admin of their organization, which must have none, and wait
    /// for nobody but, perhaps, through this very invitation (SA1, INV8).
    pub(super) fn found_super_admin(
        self,
        member: &Member,
        otherwise: Refusal,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let vacant = "attribute_not_exists(#super_admin) AND \
                      (attribute_not_exists(#awaits) OR #awaits.#until <= :now)";
        self.first_super_admin(
            member,
            Expression::new(vacant, [("now", super::item::time(now))]),
            otherwise,
        )
    }

    pub(super) fn first_super_admin(
        self,
        member: &Member,
        vacant: Expression,
        otherwise: Refusal,
    ) -> Result<Self, Error> {
        let clause =
            Expression::new("#super_admin = :user", [("user", attribute(&member.user_id)?)]);
        Ok(self
            .set(Key::organization(member.path.id()), clause, vacant, or(otherwise))
            .and_remove(Expression::new("#awaits", [])))
    }
}

fn organization_item(org: &Organization) -> Result<Item, Error> {
    let indexed = [
        ("tree", keys::tree_of_organizations(&org.path)),
        ("group", keys::children(org.path.parent())),
        ("place", org.path.to_string()),
    ];
    to_item(Key::organization(org.id()), org, indexed)
}
