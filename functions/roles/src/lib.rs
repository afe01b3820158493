//! Roles: what there is to permit, and who made which role of it.

mod list;

use std::collections::BTreeMap;

use axum::{Router, extract::State, routing::get};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, BuiltIn, Conditions, CustomRole, CustomRoleId, Kind, Level, MAX_ROLE_DESCRIPTION,
        MAX_ROLE_NAME, OrgId, Organization, Refusal, RoleDraft, RoleId, RoleObject, Standing,
        Users,
    },
    http::{Acting, App, Instead, Json, Named, NoBody, Path, Text, views},
    store::{Found, Headcount, Key, Reply},
};

use list::list;

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/role-objects", get(role_objects))
        .route("/v1/organizations/{org}/roles", get(list).post(create))
        .route("/v1/organizations/{org}/roles/{role}", get(one).patch(edit).delete(delete))
}

/// A role object as it applies in an organization now.
#[derive(Serialize)]
struct Object {
    key: RoleObject,
    name: &'static str,
    /// The levels that a custom role may be given: none if it cannot be set.
    settable_levels: Vec<Level>,
    custom_role_default: Level,
    prerequisite: Option<Prerequisite>,
    /// What each level adds.
    levels: BTreeMap<Level, &'static [&'static str]>,
}

#[derive(Serialize)]
struct Prerequisite {
    role_object: RoleObject,
    at_least: Level,
}

/// The catalogue is short and whole: one page.
#[derive(Serialize)]
struct Catalogue {
    items: Vec<Object>,
    next_cursor: Option<String>,
}

async fn role_objects(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
) -> Result<Json<Catalogue>, Instead> {
    let actor = app.store.standing_in_tree(&person, org).await?;
    actor.require(RoleObject::RoleManagement, Level::ViewOnly)?;
    let shown = RoleObject::ALL.into_iter().filter(|&object| actor.conditions.shows(object));
    Ok(Json(Catalogue { items: shown.map(describe).collect(), next_cursor: None }))
}

fn describe(object: RoleObject) -> Object {
    let settable = if object.editable_in_custom_roles() { object.levels() } else { &[] };
    let meaning = |&level: &Level| Some((level, object.meaning(level)?));
    Object {
        key: object,
        name: object.name(),
        settable_levels: settable.to_vec(),
        custom_role_default: object.custom_role_default(),
        prerequisite: object
            .prerequisite()
            .map(|(role_object, at_least)| Prerequisite { role_object, at_least }),
        levels: object.levels().iter().filter_map(meaning).collect(),
    }
}

fn show_built_in(
    org: &Organization,
    found: &Found,
    role: BuiltIn,
    conditions: Conditions,
) -> views::Role {
    let users = Headcount::of(org, found).users(role);
    views::Role::built_in(org.id(), role, users, conditions)
}

async fn one(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path((org, role)): Path<(OrgId, RoleId)>,
) -> Result<Json<views::Role>, Instead> {
    let wanted: Vec<Key> = match role {
        RoleId::BuiltIn(_) => Key::headcounts(org).collect(),
        RoleId::Custom(id) => vec![Key::role(org, id)],
    };
    let (actor, found) = app.store.facts_in_tree(&person, org, wanted).await?;
    actor.require(RoleObject::RoleManagement, Level::ViewOnly)?;
    Ok(Json(match role {
        RoleId::BuiltIn(role) if role.partner_only() && actor.org.kind != Kind::Partner => {
            return Err(Refusal::NoSuchRole.into());
        }
        RoleId::BuiltIn(role) => show_built_in(&actor.org, &found, role, actor.conditions),
        RoleId::Custom(id) => {
            let (role, users) = custom(&found, org, id)?;
            views::Role::custom(org, &role, users, actor.conditions)
        }
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Named<MAX_ROLE_NAME>,
    description: Option<Text<MAX_ROLE_DESCRIPTION>>,
    #[serde(default)]
    permissions: BTreeMap<RoleObject, Level>,
}

async fn create(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Json(Wanted { name: Named(name), description, permissions }): Json<Wanted>,
) -> Result<Reply, Instead> {
    let actor = app.store.standing_in_tree(&person, org).await?;
    let description = description.map(|Text(text)| text);
    let draft = RoleDraft { name: None, description, permissions };
    let id = CustomRoleId::new(act.at, act.seed);
    let role = domain::create_role(&actor, id, name, draft)?;
    let view = views::Role::custom(org, &role, Users::default(), actor.conditions);
    let reply = Reply::created(format!("/v1/organizations/{org}/roles/{id}"), &view);
    app.store.create_role(&act, &actor, &role, &reply).await?;
    Ok(reply)
}

/// What may be changed; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    name: Option<Named<MAX_ROLE_NAME>>,
    description: Option<Text<MAX_ROLE_DESCRIPTION>>,
    #[serde(default)]
    permissions: BTreeMap<RoleObject, Level>,
}

async fn edit(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, role)): Path<(OrgId, RoleId)>,
    Json(Change { name, description, permissions }): Json<Change>,
) -> Result<Reply, Instead> {
    let wanted = role.custom().map(|id| Key::role(org, id));
    let (actor, found) = app.store.facts_in_tree(&person, org, wanted).await?;
    let (was, users) = editable(&actor, &found, role)?;
    let name = name.map(|Named(name)| name);
    let description = description.map(|Text(text)| text);
    let role = domain::edit_role(&actor, &was, RoleDraft { name, description, permissions })?;
    let reply = Reply::ok(&views::Role::custom(org, &role, users, actor.conditions));
    if role != was {
        app.store.edit_role(&act, &actor, (&was, &role), &reply).await?;
    }
    Ok(reply)
}

async fn delete(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, role)): Path<(OrgId, RoleId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let wanted = role.custom().map(|id| Key::role(org, id));
    let (actor, found) = app.store.facts(&person, org, wanted).await?;
    let (role, users) = editable(&actor, &found, role)?;
    domain::delete_role(&actor, &role, users)?;
    let reply = Reply::done();
    app.store.delete_role(&act, &actor, &role, &reply).await?;
    Ok(reply)
}

/// The role to change. Who may not change any is not told which there are.
fn editable(actor: &Standing, found: &Found, role: RoleId) -> Result<(CustomRole, Users), Instead> {
    actor.require(RoleObject::RoleManagement, Level::FullAccess)?;
    match role {
        RoleId::BuiltIn(_) => Err(Refusal::BuiltInRole.into()),
        RoleId::Custom(id) => custom(found, actor.org.id(), id),
    }
}

fn custom(found: &Found, org: OrgId, id: CustomRoleId) -> Result<(CustomRole, Users), Instead> {
    Ok(found.role(&Key::role(org, id))?.ok_or(Refusal::NoSuchRole)?)
}
