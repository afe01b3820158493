//! Custom roles: the role table on the organization, an item each, a lock on each name.

use serde_json::{Value, json};

use super::{
    Error, Key, Reply, Store,
    expression::Expression,
    item::{attribute, to_item},
    transaction::{Otherwise, gone_or, or},
};
use crate::domain::{
    Act, CustomRole, Event, EventAction, IdentityProviderRole, MAX_CUSTOM_ROLES, Name, OrgId,
    Refusal, RoleObject, Standing, Users,
};

impl Store {
    /// Adds a role, whose name nobody has, while there is room for it.
    pub async fn create_role(
        &self,
        act: &Act,
        actor: &Standing,
        role: &CustomRole,
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let values = [("levels", attribute(&role.levels)?)];
        let listed = Expression::new("#roles.#id = :levels", values).naming("id", &role.id.bare());
        let most = [("most", attribute(&MAX_CUSTOM_ROLES)?)];
        let room = Expression::new("size(#roles) < :most", most);
        let mut item = to_item(Key::role(org, role.id), role, [])?;
        item.extend(to_item(Key::role(org, role.id), &Users::default(), [])?);
        let event =
            Event::new(act, &actor.org, EventAction::RoleCreated, of(role)).new_value(told(role));
        self.transaction(act)
            .still_held(actor)?
            .put_new(Key::role(org, role.id), item, Refusal::ChangedMeanwhile)
            .name_role(org, role)?
            .set(Key::organization(org), listed, room, or(Refusal::TooManyRoles))
            .record(event)?
            .commit(reply)
            .await
    }

    /// Changes a role that is still what the rule saw. It takes effect on its holders' very next
    /// request, since each reads the organization's role table (ROLE8).
    pub async fn edit_role(
        &self,
        act: &Act,
        actor: &Standing,
        (was, role): (&CustomRole, &CustomRole),
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let clause = Expression::new(
            "#name = :name, #description = :description, #levels = :levels",
            [
                ("name", attribute(&role.name)?),
                ("description", attribute(&role.description)?),
                ("levels", attribute(&role.levels)?),
            ],
        );
        let changed = |object: &RoleObject| role.levels.of(*object) != was.levels.of(*object);
        let event = Event::new(act, &actor.org, EventAction::RoleUpdated, of(role))
            .old(told_of(was, changed))
            .new_value(told_of(role, changed));
        let mut writes = self.transaction(act).still_held(actor)?.set(
            Key::role(org, role.id),
            clause,
            as_seen(was)?,
            lost(),
        );
        if role.levels != was.levels {
            let levels = [("levels", attribute(&role.levels)?)];
            let listed = Expression::new("#roles.#id = :levels", levels);
            let there = Expression::new("attribute_exists(#roles.#id)", []);
            let id = role.id.bare();
            let (listed, there) = (listed.naming("id", &id), there.naming("id", &id));
            writes = writes.set(Key::organization(org), listed, there, or(Refusal::NoSuchRole));
        }
        if role.name.folded() != was.name.folded() {
            writes = writes.free_name(org, &was.name).name_role(org, role)?;
        }
        writes.record(event)?.commit(reply).await
    }

    /// Deletes a role that nobody holds and no invitation names (ROLE6): whoever assigns it writes
    /// to the same item.
    pub async fn delete_role(
        &self,
        act: &Act,
        actor: &Standing,
        role: &CustomRole,
        reply: &Reply,
    ) -> Result<(), Error> {
        let org = actor.org.id();
        let none = [("none", attribute(&0)?)];
        let unused = Expression::new("#active = :none AND #pending = :none", none);
        let used: Otherwise = Box::new(|old| match old.map(super::item::from_item::<Users>) {
            Some(Ok(users)) if users != Users::default() => Refusal::RoleInUse(users).into(),
            Some(_) => Refusal::ChangedMeanwhile.into(),
            None => Refusal::NoSuchRole.into(),
        });
        let listed = Expression::new("#roles.#id", []).naming("id", &role.id.bare());
        let event = Event::new(act, &actor.org, EventAction::RoleDeleted, of(role)).old(told(role));
        self.transaction(act)
            .still_held(actor)?
            .delete(Key::role(org, role.id), as_seen(role)?.and(unused), used)
            .free_name(org, &role.name)
            .remove(
                Key::organization(org),
                listed,
                Expression::new("attribute_exists(#pk)", []),
                or(Refusal::NoSuchOrganization),
            )
            .record(event)?
            .commit(reply)
            .await
    }
}

impl super::transaction::Transaction<'_> {
    /// Takes a role's name, which nobody has (ROLE2).
    fn name_role(self, org: OrgId, role: &CustomRole) -> Result<Self, Error> {
        let lock = Key::role_name(org, &role.name.folded());
        let item = to_item(lock.clone(), &json!({ "role_id": role.id }), [])?;
        Ok(self.put_new(lock, item, Refusal::RoleNameTaken))
    }

    /// Gives a name back.
    fn free_name(self, org: OrgId, name: &Name) -> Self {
        let there = Expression::new("attribute_exists(#pk)", []);
        self.delete(Key::role_name(org, &name.folded()), there, or(Refusal::ChangedMeanwhile))
    }
}

/// The role is still what the rule saw.
fn as_seen(role: &CustomRole) -> Result<Expression, Error> {
    Ok(Expression::new(
        "#levels = :was_levels AND #name = :was_name AND #description = :was_description",
        [
            ("was_levels", attribute(&role.levels)?),
            ("was_name", attribute(&role.name)?),
            ("was_description", attribute(&role.description)?),
        ],
    ))
}

fn lost() -> Otherwise {
    gone_or(Refusal::NoSuchRole, Refusal::ChangedMeanwhile)
}

fn of(role: &CustomRole) -> (&'static str, String) {
    ("role", role.id.to_string())
}

fn told(role: &CustomRole) -> Value {
    told_of(role, |_| true)
}

/// The same with some of the role objects only: all of them make a large entry.
fn told_of(role: &CustomRole, which: impl Fn(&RoleObject) -> bool) -> Value {
    let levels = role.levels.iter().filter(|(object, _)| which(object));
    let levels = levels.map(|(object, level)| (object.key().to_owned(), json!(level)));
    json!({
        "name": role.name,
        "description": role.description,
        "permissions": levels.collect::<serde_json::Map<_, _>>(),
        "identity_provider_role": IdentityProviderRole::of(role.levels),
    })
}
