//! Custom roles: the role table on the organization, an item each, a lock on each name.

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Committed, Error, Key, Store,
    expression::Expression,
    index_attributes,
    item::{attribute, text, to_item},
    reassignment::{not_a_target, role_lost},
    transaction::{Change, OnConditionFailed, Transaction, at_version, or},
};
use crate::domain::{
    CustomRole, Event, EventAction, IdentityProviderRole, MAX_CUSTOM_ROLES, Name, OrgId, OrgPath,
    Organization, Refusal, RequestContext, RoleObject, Standing, UserCount, fold,
};

/// A custom role before and after a change.
#[derive(Clone, Copy, Debug)]
pub struct RoleChange<'a> {
    /// The role as the rule saw it.
    pub before: &'a CustomRole,
    /// The role as it becomes.
    pub after: &'a CustomRole,
}

impl Store {
    /// Adds a role, whose name nobody has, while there is room for it.
    pub async fn create_role(
        &self,
        context: &RequestContext,
        actor: &Standing,
        role: &CustomRole,
        answer: &impl Serialize,
    ) -> Result<Committed, Error> {
        let org = actor.org.id();
        let values = [("levels", attribute(&role.levels)?)];
        let listed = Expression::new("#roles.#id = :levels", values).naming("id", &role.id.bare());
        let most = [("most", attribute(&MAX_CUSTOM_ROLES)?)];
        let room = Expression::new("size(#roles) < :most", most);
        let mut item = to_item(Key::role(org, role.id), role, [])?;
        item.extend(to_item(Key::role(org, role.id), &UserCount::default(), [])?);
        let event = Event::new(context, &actor.org, EventAction::RoleCreated, role.target())
            .new_value(shown_role(role));
        self.transaction(context)
            .still_held(actor)?
            .put_new(Key::role(org, role.id), item, Refusal::ChangedConcurrently)
            .name_role(&actor.org.path, role)?
            .describe_role(&actor.org.path, (None, role))?
            .set(Key::organization(org), listed, room, or(Refusal::RoleLimit))
            .record(event)?
            .commit(answer)
            .await
    }

    /// Changes a role that is still what the rule saw. It takes effect on its holders' very next
    /// request, since each reads the organization's role table (ROLE8).
    pub async fn edit_role(
        &self,
        context: &RequestContext,
        actor: &Standing,
        RoleChange { before: was, after: role }: RoleChange<'_>,
        answer: &impl Serialize,
    ) -> Result<Committed, Error> {
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
        let event = edited(context, &actor.org, was, role);
        let mut writes = self.transaction(context).still_held(actor)?.set(
            Key::role(org, role.id),
            clause,
            at_version(was.version)?,
            role_lost(),
        );
        if role.levels != was.levels {
            let levels = [("levels", attribute(&role.levels)?)];
            let listed = Expression::new("#roles.#id = :levels", levels);
            let there = Expression::new("attribute_exists(#roles.#id)", []);
            let id = role.id.bare();
            let (listed, there) = (listed.naming("id", &id), there.naming("id", &id));
            writes = writes.set(Key::organization(org), listed, there, or(Refusal::NoSuchRole));
        }
        let renamed = role.name.folded() != was.name.folded();
        let described = fold(&role.description) != fold(&was.description);
        if renamed {
            writes = writes.free_name(org, &was.name).name_role(&actor.org.path, role)?;
        } else if described {
            writes = writes.tell_of_role(org, role)?;
        }
        if renamed || described {
            writes = writes.describe_role(&actor.org.path, (Some(was), role))?;
        }
        writes.record(event)?.commit(answer).await
    }

    /// Deletes a role that nobody holds and no invitation names (ROLE6): whoever assigns it writes
    /// to the same item.
    pub async fn delete_role(
        &self,
        context: &RequestContext,
        actor: &Standing,
        role: &CustomRole,
        answer: &impl Serialize,
    ) -> Result<Committed, Error> {
        let gone = role.version.next(context.at);
        let event = Event::new(context, &actor.org, EventAction::RoleDeleted, role.target_at(gone))
            .old(shown_role(role));
        self.transaction(context)
            .still_held(actor)?
            .delete_role(&actor.org, role)?
            .record(event)?
            .commit(answer)
            .await
    }
}

impl Transaction<'_> {
    /// Deletes a role that is as the rule saw it, that nobody holds and no invitation names, and to
    /// which no other role's users are being moved (ROLE6).
    pub(super) fn delete_role(self, org: &Organization, role: &CustomRole) -> Result<Self, Error> {
        let none = [("none", attribute(&0)?)];
        let unused = Expression::new("#active = :none AND #pending = :none", none);
        let unused = at_version(role.version)?.and(unused).and(not_a_target());
        let used: OnConditionFailed = Box::new(|old| {
            let users = old.clone().map(super::item::from_item::<UserCount>);
            match (users, old) {
                (Some(Ok(users)), _) if users != UserCount::default() => {
                    Refusal::RoleInUse(users).into()
                }
                (_, old) => role_lost()(old),
            }
        });
        let listed = Expression::new("#roles.#id", []).naming("id", &role.id.bare());
        let target = role.reassignment.as_ref().map(|reassignment| reassignment.to);
        Ok(target
            .into_iter()
            .fold(self, |writes, target| writes.count_incoming(org.id(), target, -1))
            .delete(Key::role(org.id(), role.id), unused, used)
            .free_name(org.id(), &role.name)
            .forget_description(org.id(), role)
            .update(
                Key::organization(org.id()),
                vec![Change::Remove(listed)],
                Expression::new("attribute_exists(#pk)", []),
                or(Refusal::NoSuchOrganization),
            ))
    }
}

impl Transaction<'_> {
    /// Takes a role's name, which nobody has (ROLE2).
    fn name_role(self, path: &OrgPath, role: &CustomRole) -> Result<Self, Error> {
        let lock = Key::role_name(path.id(), &role.name.folded());
        let named = json!({ "role_id": role.id });
        let item = to_item(lock.clone(), &named, index_attributes::role(path, role))?;
        Ok(self.put_new(lock, item, Refusal::RoleNameTaken))
    }

    /// Lists a role that keeps its name with what is newly said of it.
    fn tell_of_role(self, org: OrgId, role: &CustomRole) -> Result<Self, Error> {
        let told = [("about", text(fold(&role.description)))];
        let same = [("named", attribute(&role.id)?)];
        Ok(self.set(
            Key::role_name(org, &role.name.folded()),
            Expression::new("#about = :about", told),
            Expression::new("#role_id = :named", same),
            or(Refusal::ChangedConcurrently),
        ))
    }

    /// Lists what is said of a role, instead of what was: nothing is not listed.
    fn describe_role(
        self,
        path: &OrgPath,
        (was, role): (Option<&CustomRole>, &CustomRole),
    ) -> Result<Self, Error> {
        let org = path.id();
        if fold(&role.description).is_empty() {
            return Ok(was
                .into_iter()
                .fold(self, |writes, was| writes.forget_description(org, was)));
        }
        let key = Key::role_description(org, role.id);
        let item = to_item(
            key.clone(),
            &json!({ "role_id": role.id }),
            index_attributes::description(path, role),
        )?;
        // The role's own item, in the same transaction, is still what was seen.
        Ok(self.put(key, item, Expression::default(), or(Refusal::ChangedConcurrently)))
    }

    /// No longer lists what was said of a role.
    fn forget_description(self, org: OrgId, was: &CustomRole) -> Self {
        if fold(&was.description).is_empty() {
            return self;
        }
        let there = Expression::new("attribute_exists(#pk)", []);
        let key = Key::role_description(org, was.id);
        self.delete(key, there, or(Refusal::ChangedConcurrently))
    }

    /// Gives a name back.
    fn free_name(self, org: OrgId, name: &Name) -> Self {
        let there = Expression::new("attribute_exists(#pk)", []);
        self.delete(Key::role_name(org, &name.folded()), there, or(Refusal::ChangedConcurrently))
    }
}

/// The event of an edit: name, description, and the levels that changed.
fn edited(
    context: &RequestContext,
    org: &Organization,
    was: &CustomRole,
    role: &CustomRole,
) -> Event {
    let changed = |object: &RoleObject| role.levels.of(*object) != was.levels.of(*object);
    Event::new(context, org, EventAction::RoleUpdated, role.target())
        .old(shown_levels(was, changed))
        .new_value(shown_levels(role, changed))
}

/// A role, as events show it.
pub(super) fn shown_role(role: &CustomRole) -> Value {
    shown_levels(role, |_| true)
}

/// The same with some of the role objects only: all of them make a large entry.
fn shown_levels(role: &CustomRole, which: impl Fn(&RoleObject) -> bool) -> Value {
    let levels = role.levels.iter().filter(|(object, _)| which(object));
    let levels = levels.map(|(object, level)| (object.key().to_owned(), json!(level)));
    json!({
        "name": role.name,
        "description": role.description,
        "permissions": levels.collect::<serde_json::Map<_, _>>(),
        "identity_provider_role": IdentityProviderRole::of(role.levels),
    })
}
