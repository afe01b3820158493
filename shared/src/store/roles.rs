//! Custom roles: the levels on the organization's item, an item for each role, and an item with the
//! names of all.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use super::{
    Error, Key,
    counters::{is_number, number_in},
    expression::Expression,
    item::{Item, attribute, to_item},
    step::{Change, OnConditionFailed, at_version, refuse},
    transaction::Transaction,
    user_counts::{Counter, has_exactly},
};
use crate::domain::{
    BuiltIn, CustomRole, Event, EventAction, IdentityProviderRole, MAX_CUSTOM_ROLES, OrgId,
    Organization, Refusal, RequestContext, RoleId, RoleObject, Standing, UserCount, levels_entry,
};

/// The attribute of a role's item with the number of reassignments to it that are in progress.
const REASSIGNMENTS_TO: &str = "incoming";

/// A custom role before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct RoleChange<'a> {
    /// The role as the rule saw it.
    pub before: &'a CustomRole,
    /// The role as it becomes.
    pub after: &'a CustomRole,
}

impl Transaction<'_> {
    /// Adds a role whose name is free, if the organization has room for it (ROLE2).
    ///
    /// # Errors
    ///
    /// [`Refusal::RoleNameTaken`] or [`Refusal::RoleLimit`]; the refusals of
    /// `still_held`.
    pub fn create_role(self, actor: &Standing, role: &CustomRole) -> Result<Self, Error> {
        let context = self.context;
        let org = actor.org.id();
        let entry = [("entry", one_entry(role))];
        let enter = vec![Change::Add(Expression::new("#roles :entry", entry))];
        let room = "attribute_not_exists(#roles) OR size(#roles) < :most";
        let room = Expression::new(room, [("most", attribute(&MAX_CUSTOM_ROLES)?)]);
        let mut item = to_item(Key::role(org, role.id), role, vec![])?;
        item.extend(to_item(Key::role(org, role.id), &UserCount::default(), vec![])?);
        let event = Event::new(context, &actor.org, EventAction::RoleCreated, role.target())
            .new_value(role_in_event(role));
        self.still_held(actor)?
            .put_new(Key::role(org, role.id), item, Refusal::ChangedConcurrently)
            .add_role_name(&actor.org.path, role)?
            .update(Key::organization(org), enter, room, refuse(Refusal::RoleLimit))
            .record(event)
    }

    /// Changes a role that is as the rule saw it. The change applies to the next request of each
    /// holder, because every request reads the levels on the organization's item (ROLE8).
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchRole`] or [`Refusal::ChangedConcurrently`] if the role is not as the rule
    /// saw it; [`Refusal::RoleNameTaken`]; the refusals of `still_held`.
    pub fn edit_role(
        self,
        actor: &Standing,
        RoleChange { before, after: role }: RoleChange<'_>,
    ) -> Result<Self, Error> {
        let context = self.context;
        let org = actor.org.id();
        let clause = Expression::new(
            "#name = :name, #description = :description, #levels = :levels, #version = :version",
            [
                ("version", attribute(&role.version)?),
                ("name", attribute(&role.name)?),
                ("description", attribute(&role.description)?),
                ("levels", attribute(&role.levels)?),
            ],
        );
        let event = edited_event(context, &actor.org, before, role);
        let writes = self.still_held(actor)?.set(
            Key::role(org, role.id),
            clause,
            at_version(before.version)?,
            role_changed(),
        );
        let writes = writes.change_role_levels(&actor.org, before, role)?;
        writes.change_role_name(org, before, role)?.record(event)
    }

    /// Gives a role its new levels in the item of the organization. A set cannot lose one entry and
    /// gain another in one update, so it is replaced.
    fn change_role_levels(
        self,
        org: &Organization,
        before: &CustomRole,
        role: &CustomRole,
    ) -> Result<Self, Error> {
        if role.levels == before.levels {
            return Ok(self);
        }
        // The two items were read at different moments.
        if org.roles.get(&role.id) != Some(&before.levels) {
            return Err(Refusal::ChangedConcurrently.into());
        }
        let set = |roles: &BTreeMap<_, _>| {
            AttributeValue::Ss(
                roles.iter().map(|(&id, &levels)| levels_entry(id, levels)).collect(),
            )
        };
        let same = set(&org.roles);
        let mut roles = org.roles.clone();
        roles.insert(role.id, role.levels);
        Ok(self.set(
            Key::organization(org.id()),
            Expression::new("#roles = :levels", [("levels", set(&roles))]),
            Expression::new("#roles = :same", [("same", same)]),
            refuse(Refusal::ChangedConcurrently),
        ))
    }

    /// Deletes a role without users (ROLE6). Granting a role writes to its item too, so a role that
    /// gets a user meanwhile is not deleted.
    ///
    /// # Errors
    ///
    /// The refusals of `remove_role` and `still_held`.
    pub fn delete_role(self, actor: &Standing, role: &CustomRole) -> Result<Self, Error> {
        let context = self.context;
        let gone = role.version.next(context.at);
        let event = Event::new(context, &actor.org, EventAction::RoleDeleted, role.target_at(gone))
            .old(role_in_event(role));
        self.still_held(actor)?.remove_role(&actor.org, role, UserCount::default())?.record(event)
    }

    /// Deletes a role that is as the rule saw it, has exactly these users, and receives none from
    /// another role that is being deleted (ROLE6). The transaction gives the users another role.
    pub(super) fn remove_role(
        self,
        org: &Organization,
        role: &CustomRole,
        users: UserCount,
    ) -> Result<Self, Error> {
        let as_seen = at_version(role.version)?.and(has_exactly(users)).and(replaces_no_role());
        let refusal: OnConditionFailed = Box::new(|old| {
            let users = old.clone().map(super::item::from_item::<UserCount>);
            match (users, old) {
                (Some(Ok(users)), _) if !users.is_empty() => Refusal::RoleInUse(users).into(),
                (_, old) => role_changed()(old),
            }
        });
        let entry = [("entry", one_entry(role))];
        let leave = vec![Change::Delete(Expression::new("#roles :entry", entry))];
        let writes = match &role.reassignment {
            Some(begun) => self.count_reassignment_to(org.id(), begun.to, -1),
            None => self,
        };
        Ok(writes
            .without_counts_of(org.id(), role.id)
            .delete(Key::role(org.id(), role.id), as_seen, refusal)
            .keep_role_name(org.id(), role)?
            .remove_role_name(org.id(), role)
            .update(
                Key::organization(org.id()),
                leave,
                Expression::new("attribute_exists(#pk)", []),
                refuse(Refusal::NoSuchOrganization),
            ))
    }

    /// Counts a reassignment to `replacement` in or out. While there are any, a custom role cannot
    /// be deleted itself, and the settings that a partner role needs cannot be switched off.
    pub(super) fn count_reassignment_to(self, org: OrgId, replacement: RoleId, by: i64) -> Self {
        let id = match replacement {
            RoleId::Custom(id) => id,
            RoleId::BuiltIn(BuiltIn::MdfAdmin | BuiltIn::PartnerUser) => {
                return self.count_number(org, Counter::ReassignmentsToPartnerRoles, by);
            }
            RoleId::BuiltIn(_) => return self,
        };
        let exists = Expression::new("attribute_exists(#pk)", []);
        let changes = vec![Change::add(REASSIGNMENTS_TO, by)];
        self.update(Key::role(org, id), changes, exists, refuse(Refusal::ChangedConcurrently))
    }
}

/// The role replaces no role that is being deleted.
pub(super) fn replaces_no_role() -> Expression {
    is_number(REASSIGNMENTS_TO, 0)
}

/// Why a role is not as the rule saw it.
pub(super) fn role_changed() -> OnConditionFailed {
    Box::new(|old| match old {
        None => Refusal::NoSuchRole.into(),
        Some(role) if replaces_a_role(&role) => Refusal::RoleIsReplacement.into(),
        Some(_) => Refusal::ChangedConcurrently.into(),
    })
}

fn replaces_a_role(role: &Item) -> bool {
    number_in(Some(role), REASSIGNMENTS_TO) > 0
}

/// The levels of one custom role, as a set.
fn one_entry(role: &CustomRole) -> AttributeValue {
    AttributeValue::Ss(vec![levels_entry(role.id, role.levels)])
}

/// The event of an edit: name, description, and the levels that changed.
fn edited_event(
    context: &RequestContext,
    org: &Organization,
    before: &CustomRole,
    role: &CustomRole,
) -> Event {
    let changed =
        |object: &RoleObject| role.levels.level_on(*object) != before.levels.level_on(*object);
    Event::new(context, org, EventAction::RoleUpdated, role.target())
        .old(levels_in_event(before, changed))
        .new_value(levels_in_event(role, changed))
}

/// A role, as events show it.
pub(super) fn role_in_event(role: &CustomRole) -> Value {
    levels_in_event(role, |_| true)
}

/// A role with some of the role objects, as events show it: all of them make a large entry.
fn levels_in_event(role: &CustomRole, which: impl Fn(&RoleObject) -> bool) -> Value {
    let levels = role.levels.iter().filter(|(object, _)| which(object));
    let levels = levels.map(|(object, level)| (object.key().to_owned(), json!(level)));
    json!({
        "name": role.name,
        "description": role.description,
        "permissions": levels.collect::<serde_json::Map<_, _>>(),
        "identity_provider_role": IdentityProviderRole::of(role.levels),
    })
}
