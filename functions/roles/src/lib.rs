//! Role objects, and built-in and custom roles.

mod delete;
mod list;

use std::{collections::BTreeMap, slice};

use axum::{Router, routing::get};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use shared::{
    domain::{
        self, BuiltIn, Conditions, CustomRoleId, Kind, Level, MAX_ROLE_DESCRIPTION, MAX_ROLE_NAME,
        OrgId, Organization, Refusal, RoleDraft, RoleId, RoleObject, Standing, UserCount, Version,
    },
    http::{
        Answer, ApiError, App, Attempt, Call, IfMatch, Json, MAX_ATTEMPTS, NameField, Path, Text,
        WithEtag, retry_lost_races, views,
    },
    store::{FetchedItems, Key, OrganizationCounts, RoleChange, RoleWithUsers},
};

use list::list;

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/role-objects", get(role_objects))
        .route("/v1/organizations/{org}/roles", get(list).post(create))
        .route("/v1/organizations/{org}/roles/{role}", get(one).patch(edit).delete(delete::delete))
}

/// A role object as it applies in an organization.
#[derive(Serialize)]
struct RoleObjectView {
    key: RoleObject,
    section: &'static str,
    label: &'static str,
    description: &'static str,
    /// Whether the role object is shown, settable and effective here (ROLE5).
    shown: bool,
    hidden_because: Option<String>,
    /// The levels that a custom role can have. Empty if custom roles cannot set the role object
    /// here.
    settable_levels: Vec<Level>,
    custom_role_default: Level,
    prerequisite: Option<Prerequisite>,
    levels: Vec<LevelView>,
}

/// A level that a role object accepts, lowest first.
#[derive(Serialize)]
struct LevelView {
    level: Level,
    /// What a holder of the level can do.
    description: &'static str,
    /// The actions that the level adds to those of the lower levels.
    actions: &'static [&'static str],
}

#[derive(Serialize)]
struct Prerequisite {
    role_object: RoleObject,
    at_least: Level,
}

/// All role objects on one page.
#[derive(Serialize)]
struct Catalogue {
    items: Vec<RoleObjectView>,
    next_cursor: Option<String>,
}

async fn role_objects(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
) -> Result<Json<Catalogue>, ApiError> {
    let actor = app.store.standing_in_tree(&person, org).await?;
    actor.require(RoleObject::RoleManagement, Level::ViewOnly)?;
    let items = RoleObject::ALL.map(|object| describe(object, actor.conditions)).into();
    Ok(Json(Catalogue { items, next_cursor: None }))
}

fn describe(object: RoleObject, conditions: Conditions) -> RoleObjectView {
    let hidden_because = conditions.hidden_because(object);
    let is_settable = hidden_because.is_none() && object.editable_in_custom_roles();
    let settable = if is_settable { object.levels() } else { &[] };
    let level = |&level: &Level| {
        let (description, actions) = (object.meaning_of(level)?, object.actions_added_by(level)?);
        Some(LevelView { level, description, actions })
    };
    RoleObjectView {
        key: object,
        section: object.section(),
        label: object.name(),
        description: object.description(),
        shown: hidden_because.is_none(),
        hidden_because: hidden_because.map(|restriction| restriction.to_string()),
        settable_levels: settable.to_vec(),
        custom_role_default: object.custom_role_default(),
        prerequisite: object
            .prerequisite()
            .map(|(role_object, at_least)| Prerequisite { role_object, at_least }),
        levels: object.levels().iter().filter_map(level).collect(),
    }
}

fn show_built_in(
    org: &Organization,
    found: &FetchedItems,
    role: BuiltIn,
    conditions: Conditions,
) -> views::Role {
    let users = OrganizationCounts::of(org, found).users(role);
    views::Role::built_in(org, role, users, conditions)
}

/// Names the roles that the users of some roles get. Reads only if users get a custom role.
async fn name_reassignments(app: &App, roles: &mut [views::Role]) -> Result<(), ApiError> {
    let keys = roles.iter().filter_map(views::Role::reassignment_key);
    let found = app.store.get_for_display(keys).await?;
    Ok(roles.iter_mut().try_for_each(|role| role.name_reassignment(&found))?)
}

async fn one(
    Call { app, person, .. }: Call,
    Path((org, role)): Path<(OrgId, RoleId)>,
) -> Result<WithEtag<views::Role>, ApiError> {
    let key = match role {
        RoleId::BuiltIn(_) => Key::counts(org),
        RoleId::Custom(id) => Key::role(org, id),
    };
    let (actor, found) = app.store.facts_in_tree(&person, org, [key]).await?;
    actor.require(RoleObject::RoleManagement, Level::ViewOnly)?;
    match role {
        RoleId::BuiltIn(role) => built_in(&actor, &found, role),
        RoleId::Custom(id) => {
            let RoleWithUsers { role, users } = custom(&found, org, id)?;
            let mut view = views::Role::custom(&actor.org, &role, users, actor.conditions);
            name_reassignments(&app, slice::from_mut(&mut view)).await?;
            Ok(WithEtag { view, version: role.version })
        }
    }
}

/// A built-in role, which never changes.
fn built_in(
    actor: &Standing,
    found: &FetchedItems,
    role: BuiltIn,
) -> Result<WithEtag<views::Role>, ApiError> {
    if role.partner_only() && actor.org.kind != Kind::Partner {
        return Err(Refusal::NoSuchRole.into());
    }
    let view = show_built_in(&actor.org, found, role, actor.conditions);
    Ok(WithEtag { view, version: Version::default() })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRoleRequest {
    name: NameField<MAX_ROLE_NAME>,
    description: Option<Text<MAX_ROLE_DESCRIPTION>>,
    #[serde(default, deserialize_with = "permissions")]
    permissions: BTreeMap<RoleObject, Level>,
}

/// The name of a role object. As a text, it is in the pointer of an error of its level.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct ObjectName(RoleObject);

impl<'de> Deserialize<'de> for ObjectName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let object = RoleObject::ALL.into_iter().find(|object| object.key() == name);
        object.map(Self).ok_or_else(|| {
            D::Error::custom(format!(
                "has no role object `{name}`: list them with `GET …/role-objects`"
            ))
        })
    }
}

fn permissions<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<RoleObject, Level>, D::Error> {
    let levels = BTreeMap::<ObjectName, Level>::deserialize(deserializer)?;
    Ok(levels.into_iter().map(|(ObjectName(object), level)| (object, level)).collect())
}

async fn create(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(CreateRoleRequest { name: NameField(name), description, permissions }): Json<
        CreateRoleRequest,
    >,
) -> Result<Answer, ApiError> {
    let actor = app.store.standing_in_tree(&person, org).await?;
    let description = description.map(|Text(text)| text);
    let draft = RoleDraft { description, permissions, ..RoleDraft::default() };
    let id = CustomRoleId::new(context.at, context.seed);
    let role = domain::create_role(&actor, id, name, draft, context.at)?;
    let view = views::Role::custom(&actor.org, &role, UserCount::default(), actor.conditions);
    let location = format!("/v1/organizations/{org}/roles/{id}");
    let answer = Answer::created(location, &view).with_version(role.version);
    answer.commit(app.store.transaction(&context).create_role(&actor, &role)?).await
}

/// The fields to change. Absent fields keep their values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateRoleRequest {
    name: Option<NameField<MAX_ROLE_NAME>>,
    description: Option<Text<MAX_ROLE_DESCRIPTION>>,
    #[serde(default, deserialize_with = "permissions")]
    permissions: BTreeMap<RoleObject, Level>,
}

impl UpdateRoleRequest {
    fn draft(self) -> RoleDraft {
        let name = self.name.map(|NameField(name)| name);
        let description = self.description.map(|Text(text)| text);
        RoleDraft { name, description, permissions: self.permissions }
    }
}

async fn edit(
    call: Call,
    Path((org, role)): Path<(OrgId, RoleId)>,
    if_match: IfMatch,
    Json(request): Json<UpdateRoleRequest>,
) -> Result<Answer, ApiError> {
    let edit = EditRole { call, org, role, draft: request.draft(), if_match };
    match retry_lost_races(MAX_ATTEMPTS, |_| edit.attempt()).await? {
        Attempt::Done(answer) => Ok(answer),
        Attempt::LostRace(refusal) => edit.if_match.outcome(Err(refusal.into())),
    }
}

/// A request to edit a role.
struct EditRole {
    call: Call,
    org: OrgId,
    role: RoleId,
    draft: RoleDraft,
    if_match: IfMatch,
}

impl EditRole {
    /// Edits the role. The organization's item has the levels of all roles, so a change of another
    /// role at the same time makes another attempt necessary.
    async fn attempt(&self) -> Result<Attempt<Answer>, ApiError> {
        let Call { app, person, context, .. } = &self.call;
        let key = Key::custom_role(self.org, self.role);
        let (actor, found) = app.store.facts_in_tree(person, self.org, key).await?;
        let RoleWithUsers { role: before, users } = editable(&actor, &found, self.role)?;
        let after = domain::edit_role(&actor, &before, self.draft.clone(), context.at)?;
        self.if_match.check(before.version)?;
        let view = views::Role::custom(&actor.org, &after, users, actor.conditions);
        let answer = Answer::ok(&view).with_version(after.version);
        if after == before {
            return Ok(Attempt::Done(answer));
        }
        let change = RoleChange { before: &before, after: &after };
        let writes = app.store.transaction(context).edit_role(&actor, change)?;
        answer.attempt(writes).await
    }
}

/// The custom role to change.
///
/// # Errors
///
/// - The refusals of [`Standing::require`] without full access to role management. They come first,
///   so that the caller does not learn which roles exist.
/// - [`Refusal::BuiltInRole`] for a built-in role, and [`Refusal::NoSuchRole`] if there is no such
///   role.
fn editable(
    actor: &Standing,
    found: &FetchedItems,
    role: RoleId,
) -> Result<RoleWithUsers, ApiError> {
    actor.require(RoleObject::RoleManagement, Level::FullAccess)?;
    match role {
        RoleId::BuiltIn(_) => Err(Refusal::BuiltInRole.into()),
        RoleId::Custom(id) => custom(found, actor.org.id(), id),
    }
}

fn custom(found: &FetchedItems, org: OrgId, id: CustomRoleId) -> Result<RoleWithUsers, ApiError> {
    Ok(found.role(&Key::role(org, id))?.ok_or(Refusal::NoSuchRole)?)
}
