//! The platform's staff: organizations created for others, and what is switched on for them (OP1).

mod customers;

use axum::{
    Router,
    extract::State,
    routing::{get, post, put},
};
use serde::Deserialize;
use shared::{
    domain::{
        self, Awaited, Email, Invitation, InvitationId, Kind, MAX_ORGANIZATION_NAME, OrgId,
        Organization, Place, Refusal, Switches, Users,
    },
    http::{
        Acting, App, IfMatch, Instead, Json, Named, Page, PageQuery, Path, Query, Tagged, Walk,
        views,
    },
    store::{Found, Founding, Headcount, Key, Reply, Shown},
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/operator/organizations", get(list).post(create))
        .route("/v1/operator/organizations/{org}", get(one).patch(switch))
        .route("/v1/operator/organizations/{org}/first-admin", post(invite_first_admin))
        .route("/v1/operator/organizations/{org}/customers", get(customers::list))
        .route(
            "/v1/operator/organizations/{org}/customers/{customer}",
            put(customers::link).delete(customers::unlink),
        )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: Named<MAX_ORGANIZATION_NAME>,
    kind: Option<Kind>,
    parent: Option<OrgId>,
    first_admin_email: Option<Email>,
}

async fn create(
    State(app): State<App>,
    acting: Acting,
    Json(Wanted { name: Named(name), kind, parent, first_admin_email }): Json<Wanted>,
) -> Result<Reply, Instead> {
    let Acting { person, act } = acting.as_operator()?;
    let id = OrgId::new(act.at, act.seed);
    let parent = match parent {
        None => None,
        Some(parent) => Some(with_root(&app, parent).await?),
    };
    let (mut org, conditions) = match &parent {
        None => {
            let kind = kind.unwrap_or(Kind::Standard);
            let org = Organization::found(id, name, kind, None, act.at);
            let conditions = org.conditions(None);
            (org, conditions)
        }
        Some((parent, root, _)) => {
            let conditions = parent.conditions(root.as_ref());
            let org = domain::found_below_by_operator(parent, conditions, id, name, kind, act.at)?;
            let conditions = org.conditions(root.as_ref().or(Some(parent)));
            (org, conditions)
        }
    };
    if parent.is_none() && first_admin_email.is_none() {
        return Err(Refusal::FirstAdminNeeded.into());
    }
    let first = first_admin_email.map(|email| {
        let invitation = InvitationId::of(act.at, id, &email);
        Invitation::of_first_admin(invitation, &org, email, &person, act.at)
    });
    org.awaits =
        first.as_ref().map(|first| Awaited { invitation: first.id, until: first.expires_at });
    let view = views::Organization::of(&org, conditions);
    let reply = Reply::created(format!("/v1/operator/organizations/{id}"), &view);
    let parent = parent.as_ref().map(|(parent, ..)| parent);
    let first = first.as_ref();
    let founding = Founding { org: &org, founder: None, first, parent, by_member: None };
    app.store.found(&act, founding, &reply).await?;
    Ok(reply)
}

/// The roots of all trees, oldest first.
async fn list(
    State(app): State<App>,
    acting: Acting,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::Organization>>, Instead> {
    acting.as_operator()?;
    let walk = Walk::new(vec!["all organizations".to_owned()], limit, cursor.as_deref())?;
    let found = app.store.roots(walk.window()).await?;
    Ok(Json(walk.page(found, |org| views::Organization::of(&org, org.conditions(None)))))
}

async fn one(
    State(app): State<App>,
    acting: Acting,
    Path(org): Path<OrgId>,
) -> Result<Tagged<views::Organization>, Instead> {
    acting.as_operator()?;
    let (org, root, _) = with_root(&app, org).await?;
    Ok(Tagged(views::Organization::of(&org, org.conditions(root.as_ref()))))
}

/// What may be switched; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wished {
    kind: Option<Kind>,
    manage_sub_organizations: Option<bool>,
    mdf_program: Option<bool>,
}

async fn switch(
    State(app): State<App>,
    acting: Acting,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    Json(Wished { kind, manage_sub_organizations, mdf_program }): Json<Wished>,
) -> Result<Reply, Instead> {
    let Acting { act, .. } = acting.as_operator()?;
    let (was, root, found) = with_root(&app, org).await?;
    let shown = [Shown::organization(org), Shown::switches(was.path.root_id())];
    let seen = views::Organization::of(&was, was.conditions(root.as_ref()));
    let store = if_match.hold(&seen, &app.store, &found, shown)?;
    let partners = match (was.kind, kind) {
        (Kind::Partner, Some(Kind::Standard)) => {
            let found = app.store.look(Key::headcounts(org)).await?;
            Headcount::of(&was, &found).partners()
        }
        _ => Users::default(),
    };
    let wanted = Switches { kind, manage_sub_organizations, mdf_program };
    let now = domain::switch(&was, root.as_ref(), partners, wanted)?;
    let view = views::Organization::of(&now, now.conditions(root.as_ref()));
    let reply = Reply::ok(&view).tagged();
    if now != was {
        store.switch(&act, &was, (now.kind, now.settings), &reply).await?;
    }
    Ok(reply)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstAdmin {
    email: Email,
}

/// The first Admin's invitation may have expired, or gone to the wrong address: nobody inside could
/// send another.
async fn invite_first_admin(
    State(app): State<App>,
    acting: Acting,
    Path(id): Path<OrgId>,
    Json(FirstAdmin { email }): Json<FirstAdmin>,
) -> Result<Reply, Instead> {
    let Acting { person, act } = acting.as_operator()?;
    let org = app.store.organization(id).await?.ok_or(Refusal::NoSuchOrganization)?;
    let invitation = InvitationId::of(act.at, id, &email);
    let invitation = domain::invite_first_admin(&person, &org, email, invitation, act.at)?;
    let awaited = org.awaits.map(|awaited| Key::place(id, awaited.invitation.digest()));
    let found = app.store.look(awaited.clone()).await?;
    let awaited = awaited.and_then(|key| found.place(&key).transpose()).transpose()?;
    let awaited = awaited.and_then(Place::pending);
    let location = format!("/v1/organizations/{id}/invitations/{}", invitation.id);
    let reply = Reply::created(location, &views::Invitation::of(&invitation, act.at));
    let instead_of = (&invitation, awaited.as_ref());
    app.store.invite_first_admin(&act, &org, instead_of, &reply).await?;
    Ok(reply)
}

/// An organization, the root of its tree where that is another, and what was found of them.
async fn with_root(
    app: &App,
    org: OrgId,
) -> Result<(Organization, Option<Organization>, Found), Instead> {
    let found = app.store.look([Key::organization(org)]).await?;
    let org = found.organization(org)?.ok_or(Refusal::NoSuchOrganization)?;
    if org.path.is_root() {
        return Ok((org, None, found));
    }
    let root = org.path.root_id();
    let found = found.and(app.store.look([Key::organization(root)]).await?);
    Ok((org, found.organization(root)?, found))
}
