//! Custom roles: the role table on the organization, an item each, a lock on each name.

use serde_json::{Value, json};

use super::{
    Error, Key, Reply, Store,
    expression::Expression,
    item::{attribute, text, to_item},
    listed,
    transaction::{Otherwise, gone_or, or},
};
use crate::domain::{
    Act, CustomRole, Event, EventAction, IdentityProviderRole, MAX_CUSTOM_ROLES, Name, OrgId,
    OrgPath, Organization, Refusal, RoleObject, Standing, Users, fold,
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
            .name_role(&actor.org.path, role)?
            .describe_role(&actor.org.path, (None, role))?
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
        let event = edited(act, &actor.org, (was, role), changed);
        let mut writes = self.transaction(act).still_held(actor)?.set(
            Key::role(org, role.id),
            clause,
            as_seen(was)?,
            lost(),
        );
        if was.retiring.is_some() && role.retiring.is_none() {
            writes = writes.and_remove(Expression::new("#retiring", []));
        }
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
            .forget_description(org, role)
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
    fn name_role(self, path: &OrgPath, role: &CustomRole) -> Result<Self, Error> {
        let lock = Key::role_name(path.id(), &role.name.folded());
        let named = json!({ "role_id": role.id });
        let item = to_item(lock.clone(), &named, listed::role(path, role))?;
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
            or(Refusal::ChangedMeanwhile),
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
        let item =
            to_item(key.clone(), &json!({ "role_id": role.id }), listed::description(path, role))?;
        // The role's own item, in the same transaction, is still what was seen.
        Ok(self.put(key, item, Expression::default(), or(Refusal::ChangedMeanwhile)))
    }

    /// No longer lists what was said of a role.
    fn forget_description(self, org: OrgId, was: &CustomRole) -> Self {
        if fold(&was.description).is_empty() {
            return self;
        }
        let there = Expression::new("attribute_exists(#pk)", []);
        let key = Key::role_description(org, was.id);
        self.delete(key, there, or(Refusal::ChangedMeanwhile))
    }

    /// Gives a name back.
    fn free_name(self, org: OrgId, name: &Name) -> Self {
        let there = Expression::new("attribute_exists(#pk)", []);
        self.delete(Key::role_name(org, &name.folded()), there, or(Refusal::ChangedMeanwhile))
    }
}

/// The role is still what the rule saw.
pub(super) fn as_seen(role: &CustomRole) -> Result<Expression, Error> {
    let retiring = match role.retiring {
        None => Expression::new("attribute_not_exists(#retiring)", []),
        Some(to) => Expression::new("#retiring = :was_to", [("was_to", attribute(&to)?)]),
    };
    Ok(Expression::new(
        "#levels = :was_levels AND #name = :was_name AND #description = :was_description",
        [
            ("was_levels", attribute(&role.levels)?),
            ("was_name", attribute(&role.name)?),
            ("was_description", attribute(&role.description)?),
        ],
    )
    .and(retiring))
}

pub(super) fn lost() -> Otherwise {
    gone_or(Refusal::NoSuchRole, Refusal::ChangedMeanwhile)
}

/// What an edit changed: of the levels those that did, of a retirement that it began or ended.
pub(super) fn edited(
    act: &Act,
    org: &Organization,
    (was, role): (&CustomRole, &CustomRole),
    changed: impl Fn(&RoleObject) -> bool,
) -> Event {
    let (mut old, mut new) = (told_of(was, &changed), told_of(role, &changed));
    for (told, to) in [(&mut old, was.retiring), (&mut new, role.retiring)] {
        if let (Some(told), true) = (told.as_object_mut(), was.retiring != role.retiring) {
            told.insert("retiring_to".to_owned(), json!(to));
        }
    }
    Event::new(act, org, EventAction::RoleUpdated, of(role)).old(old).new_value(new)
}

fn of(role: &CustomRole) -> (&'static str, String) {
    ("role", role.id.to_string())
}

fn told(role: &CustomRole) -> Value {
    let mut told = told_of(role, |_| true);
    if let (Some(told), Some(to)) = (told.as_object_mut(), role.retiring) {
        told.insert("retiring_to".to_owned(), json!(to));
    }
    told
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
