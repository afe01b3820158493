//! Sub-organizations: created below, listed, joined while they are empty.

use std::collections::HashMap;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressDigest, Level, MAX_ORGANIZATION_NAME, Member, OrgId, Place, Refusal, RoleId,
        RoleObject, Source, Users,
    },
    http::{Acting, App, Instead, Json, Limit, Named, NoBody, Page, Path, Query, Walk, views},
    store::{Founding, Key, Reply, Scope},
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/sub-organizations", get(list).post(create))
        .route("/v1/organizations/{org}/join", post(join))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Named<MAX_ORGANIZATION_NAME>,
}

async fn create(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(parent): Path<OrgId>,
    Json(Wanted { name: Named(name) }): Json<Wanted>,
) -> Result<Reply, Instead> {
    let actor = app.store.standing_in_tree(&person, parent).await?;
    let id = OrgId::new(act.at, act.seed);
    let org = domain::create_sub_organization(&actor, id, name, act.at)?;
    let founder = Member::new(&person, &org, RoleId::SUPER_ADMIN, Source::Creator, act.at)?;
    let view = views::Organization::of(&org, actor.conditions);
    let reply = Reply::created(format!("/v1/organizations/{id}"), &view);
    let (founder, parent, by_member) = (Some(&founder), Some(&actor.org), Some(&actor));
    let founding = Founding { org: &org, founder, first: None, parent, by_member };
    app.store.found(&act, founding, &reply).await?;
    Ok(reply)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    depth: Depth,
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

/// The organizations right below, or all of them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Depth {
    #[default]
    Children,
    All,
}

/// A sub-organization, with the number of its users.
#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    organization: views::Organization,
    users: Users,
}

async fn list(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
    Query(ListQuery { depth, limit, cursor }): Query<ListQuery>,
) -> Result<Json<Page<Line>>, Instead> {
    let list = vec!["sub-organizations".to_owned(), org.to_string(), format!("{depth:?}")];
    let walk = Walk::new(list, limit, cursor.as_deref())?;
    let actor = app.store.standing_in_tree(&person, org).await?;
    actor.require(RoleObject::UserManagementSubOrganizations, Level::ViewOnly)?;
    let scope = match depth {
        Depth::Children => Scope::Organization,
        Depth::All => Scope::Subtree,
    };
    let found = app.store.below(&actor.org.path, scope, walk.window()).await?;
    let ids: Vec<OrgId> = found.items.iter().map(domain::Organization::id).collect();
    let users: HashMap<OrgId, Users> = app.store.headcounts(&ids).await?;
    Ok(Json(walk.page(found, |org| {
        let mut users = users.get(&org.id()).copied().unwrap_or_default();
        users.active += u64::from(org.super_admin_user_id.is_some());
        let conditions = domain::Conditions {
            manage_sub_organizations: actor.conditions.manage_sub_organizations,
            ..org.conditions(None)
        };
        Line { organization: views::Organization::of(&org, conditions), users }
    })))
}

async fn join(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(id): Path<OrgId>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let org = app.store.organization(id).await?.ok_or(Refusal::NoSuchOrganization)?;
    let above = org.path.ancestors().iter().map(|&id| Key::organization(id));
    let places = org.path.ids().map(|id| Key::member(id, &person.id));
    let own = person.email.as_ref().map(|email| Key::place(id, AddressDigest::of(id, email)));
    let found = app.store.look(places.chain(above).chain(own.clone())).await?;
    let members = org.path.ids().filter_map(|id| found.member(id, &person.id).transpose());
    let members = members.collect::<Result<Vec<_>, _>>()?;
    let above = org.path.ancestors().iter().filter_map(|&id| found.organization(id).transpose());
    let above = above.collect::<Result<Vec<_>, _>>()?;
    let (evidence, member) = domain::join(&person, &org, members, &above, act.at)?;
    let reply = Reply::ok(&views::Member::of(&member, None));
    let place = own.and_then(|own| found.place(&own).transpose()).transpose()?;
    let expired = place.and_then(Place::pending);
    app.store.join(&act, &org, (&evidence, &member), expired.as_ref(), &reply).await?;
    Ok(reply)
}
