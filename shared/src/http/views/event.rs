//! Events with names next to the ids that they hold (ORG5).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::person::{ERASED, Person};
use crate::{
    domain::{
        self, BuiltIn, EventAction, EventId, MemberId, OrgId, Organization, PersonLabel, RoleId,
        TargetKind, Version,
    },
    store::{Error, FetchedItems},
};

/// An entry of the history.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    id: EventId,
    at: Timestamp,
    organization_id: OrgId,
    organization_name: String,
    actor: Actor,
    action: EventAction,
    target: Target,
    old: Value,
    new: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    offboarding: bool,
    request_id: String,
    client_request_id: Option<String>,
}

/// The person who made a change. Without id and name: a member of another organization, or a change
/// that no one is recorded for.
#[derive(Clone, Debug, Serialize)]
struct Actor {
    #[serde(flatten)]
    person: Person,
    operator: bool,
}

/// The thing that changed. Its name is an address for an invitation or a critical alert user.
#[derive(Clone, Debug, Serialize)]
struct Target {
    #[serde(rename = "type")]
    kind: TargetKind,
    id: String,
    version: Version,
    name: Option<String>,
}

impl Event {
    /// Shows `event` of `org`. `names` has the items that say what its ids stand for.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if one of the items cannot be read.
    pub fn of(
        event: domain::Event,
        org: &Organization,
        names: &FetchedItems,
    ) -> Result<Self, Error> {
        let names = Names { org, names };
        let (actor, target) = (names.actor(&event)?, names.target(&event)?);
        let domain::Event { id, at, organization_id, action, old, new, reason, .. } = event;
        let domain::Event { offboarding, request_id, client_request_id, .. } = event;
        Ok(Self {
            id,
            at,
            organization_id,
            organization_name: org.name.to_string(),
            actor,
            action,
            target,
            old: names.with_names(old)?,
            new: names.with_names(new)?,
            reason,
            offboarding,
            request_id,
            client_request_id,
        })
    }
}

/// The names in the history of an organization.
struct Names<'a> {
    org: &'a Organization,
    names: &'a FetchedItems,
}

impl Names<'_> {
    fn actor(&self, event: &domain::Event) -> Result<Actor, Error> {
        let domain::Actor { member_id, operator } = event.actor;
        let person = match member_id {
            _ if operator => Person::operator(),
            Some(id) => self.recorded_in(event.organization_of_actor(), id)?,
            None => Person::default(),
        };
        Ok(Actor { person, operator })
    }

    fn target(&self, event: &domain::Event) -> Result<Target, Error> {
        let domain::Target { kind, id, version } = event.target.clone();
        let name = self.target_name(event)?;
        Ok(Target { kind, id, version, name })
    }

    fn target_name(&self, event: &domain::Event) -> Result<Option<String>, Error> {
        let (org, id) = (self.org.id(), event.target.id.as_str());
        Ok(match event.target.kind {
            TargetKind::Organization | TargetKind::CustomerLink | TargetKind::MemberExport => {
                self.organization(id)
            }
            TargetKind::Role => self.role(id)?,
            TargetKind::ApprovedDomain => Some(id.to_owned()),
            TargetKind::Person => Some(ERASED.to_owned()),
            TargetKind::Member => self.person(id)?,
            TargetKind::JoinRequest => {
                let mut values = [&event.new, &event.old].into_iter();
                let person = values.find_map(|value| value.get("member_id")?.as_str());
                person.map_or(Ok(None), |id| self.person(id))?
            }
            TargetKind::Invitation => match id.parse() {
                Ok(id) => display_name(self.names.invitation_label(org, id)?),
                Err(_) => None,
            },
            TargetKind::CriticalAlertUser => match id.parse() {
                Ok(id) => display_name(self.names.alert_label(org, id)?),
                Err(_) => None,
            },
        })
    }

    /// Adds the name of each thing whose id is in the values of an event.
    fn with_names(&self, values: Value) -> Result<Value, Error> {
        let Value::Object(values) = values else { return Ok(values) };
        let mut named = Map::new();
        for (field, id) in values {
            let (name_field, shown) = match (field.as_str(), id.as_str()) {
                ("member_id", Some(id)) => ("member", self.person_at(id)?),
                ("inviter_id", Some(id)) => ("inviter", self.person_at(id)?),
                ("keeper_id", Some(id)) => ("keeper", self.person_at(id)?),
                ("super_admin_id", Some(id)) => ("super_admin", self.person_at(id)?),
                ("role_id", Some(role)) => ("role_name", json!(self.role(role)?)),
                ("successor_role_id", Some(role)) => {
                    ("successor_role_name", json!(self.role(role)?))
                }
                ("reassign_to", Some(role)) => ("reassign_to_name", json!(self.role(role)?)),
                ("parent_id", Some(org)) => ("parent_name", json!(self.organization(org))),
                ("partner_id", Some(org)) => ("partner_name", json!(self.organization(org))),
                ("customer_id", Some(org)) => ("customer_name", json!(self.organization(org))),
                _ => ("", Value::Null),
            };
            if !name_field.is_empty() {
                named.insert(name_field.to_owned(), shown);
            }
            named.insert(field, id);
        }
        Ok(Value::Object(named))
    }

    fn person_at(&self, id: &str) -> Result<Value, Error> {
        let Ok(id) = id.parse() else { return Ok(Value::Null) };
        Ok(json!(self.recorded(id)?))
    }

    fn recorded(&self, id: MemberId) -> Result<Person, Error> {
        self.recorded_in(self.org.id(), id)
    }

    fn recorded_in(&self, org: OrgId, id: MemberId) -> Result<Person, Error> {
        Ok(Person::labelled(id, self.names.history_label(org, id)?))
    }

    fn person(&self, id: &str) -> Result<Option<String>, Error> {
        let Ok(id) = id.parse() else { return Ok(None) };
        Ok(display_name(self.names.history_label(self.org.id(), id)?))
    }

    fn role(&self, role: &str) -> Result<Option<String>, Error> {
        Ok(match role.parse() {
            Ok(RoleId::BuiltIn(role)) => Some(BuiltIn::name(role).to_owned()),
            Ok(RoleId::Custom(id)) => {
                self.names.role_name(self.org.id(), id)?.map(|name| name.to_string())
            }
            Err(_) => None,
        })
    }

    fn organization(&self, id: &str) -> Option<String> {
        let id: OrgId = id.parse().ok()?;
        if id == self.org.id() {
            return Some(self.org.name.to_string());
        }
        self.names.any_organization(id).map(|org| org.name.to_string())
    }
}

/// The name, or the address of a person without one.
fn display_name(person: Option<PersonLabel>) -> Option<String> {
    Some(match person? {
        PersonLabel::Erased => ERASED.to_owned(),
        PersonLabel::Service { name } => name,
        PersonLabel::Known { name, email } => name.unwrap_or_else(|| email.to_string()),
    })
}
