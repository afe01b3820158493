//! Invitations, as the organization sees them: sent, listed, sent again, revoked.

mod batch;
mod list;

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressDigest, DEFAULT_DAYS, Email, Invitation, InvitationId, Level, MAX_DAYS, Offer,
        OrgId, Place, Refusal, RoleId, RoleObject, still_backed,
    },
    http::{
        Acting, App, IfMatch, Instead, Json, NoBody, Page, PageQuery, Path, Query, Tagged, Walk,
        Within, views,
    },
    store::{Found, Key, Reply, Shown, Store},
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/invitations", get(list).post(invite))
        .route("/v1/organizations/{org}/invitations/batch", post(batch::invite))
        .route("/v1/organizations/{org}/invitations/{inv}", get(one).delete(revoke))
        .route("/v1/organizations/{org}/invitations/{inv}/resend", post(resend))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    email: Email,
    role_id: RoleId,
    expires_in_days: Option<Within<1, MAX_DAYS>>,
}

async fn invite(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Json(wanted): Json<Wanted>,
) -> Result<Reply, Instead> {
    let Wanted { email, role_id, expires_in_days } = wanted;
    let key = Key::place(org, AddressDigest::of(org, &email));
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    let place = found.place(&key)?;

    let id = InvitationId::of(act.at, org, &email);
    let days = expires_in_days.map_or(DEFAULT_DAYS, |Within(days)| days);
    let offer = Offer { email, role_id, days };
    let invitation = domain::invite(&actor, offer, place.as_ref(), id, act.at)?;

    let reply = Reply::created(location(&invitation), &views::Invitation::of(&invitation, act.at));
    let expired = place.and_then(Place::pending);
    let opened = (&invitation, expired.as_ref());
    app.store.open_invitation(&act, &actor, opened, app.limits.max_pending, &reply).await?;
    Ok(reply)
}

/// An invitation in a list: is somebody still behind it (INV9)?
#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    invitation: views::Invitation,
    backed: bool,
}

async fn list(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<Listed>>, Instead> {
    let walk = Walk::new(vec!["invitations".into(), org.to_string()], limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let found = app.store.invitations(&actor.org.path, walk.window()).await?;
    let backers = found.items.iter().filter_map(|invitation| backer(org, invitation));
    let backers = app.store.look(backers).await?;
    Ok(Json(walk.try_page(found, |invitation| {
        let backed = backed(&actor.org, &invitation, &backers)?;
        Ok::<_, Instead>(Listed { invitation: views::Invitation::of(&invitation, act.at), backed })
    })?))
}

async fn one(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
) -> Result<Tagged<Listed>, Instead> {
    let key = Key::place(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let invitation = pending(&found, &key, id)?;
    let backers = app.store.look(backer(org, &invitation)).await?;
    let backed = backed(&actor.org, &invitation, &backers)?;
    Ok(Tagged(Listed { invitation: views::Invitation::of(&invitation, act.at), backed }))
}

async fn resend(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let key = Key::place(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let invitation = pending(&found, &key, id)?;
    let resent = domain::resend(&actor, &invitation, act.at)?;
    let reply = Reply::ok(&views::Invitation::of(&resent, act.at));
    app.store.resend(&act, &actor, (&invitation, &resent), &reply).await?;
    Ok(reply)
}

async fn revoke(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Reply, Instead> {
    let key = Key::place(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    domain::revoke(&actor)?;
    let invitation = pending(&found, &key, id)?;
    let reply = Reply::done();
    let store = as_seen(&app.store, &if_match, (&actor.org, found), &invitation, act.at).await?;
    store.revoke(&act, &actor, &invitation, &reply).await?;
    Ok(reply)
}

/// The store to write with, where the invitation is what the client has seen.
async fn as_seen(
    store: &Store,
    if_match: &IfMatch,
    (org, found): (&domain::Organization, Found),
    invitation: &Invitation,
    now: Timestamp,
) -> Result<Store, Instead> {
    if !if_match.is_given() {
        return Ok(store.clone());
    }
    let id = org.id();
    let found = found.and(store.look(backer(id, invitation)).await?);
    let backed = backed(org, invitation, &found)?;
    let view = Listed { invitation: views::Invitation::of(invitation, now), backed };
    let behind = invitation.backer.iter().map(|backer| Shown::member(id, &backer.user_id));
    let shown = [Shown::invitation(id, invitation.id), Shown::grants(id)];
    Ok(if_match.hold(&view, store, &found, shown.into_iter().chain(behind))?)
}

/// The invitation of this very id: an address may have had others before.
fn pending(found: &Found, key: &Key, id: InvitationId) -> Result<Invitation, Instead> {
    let pending = found.place(key)?.and_then(Place::pending);
    Ok(pending.filter(|found| found.id == id).ok_or(Refusal::NoSuchInvitation)?)
}

fn backer(org: OrgId, invitation: &Invitation) -> Option<Key> {
    invitation.backer.as_ref().map(|backer| Key::member(org, &backer.user_id))
}

fn backed(
    org: &domain::Organization,
    invitation: &Invitation,
    backers: &Found,
) -> Result<bool, Instead> {
    let Some(backer) = &invitation.backer else { return Ok(true) };
    let member = backers.member(org.id(), &backer.user_id)?;
    Ok(still_backed(org, invitation.role_id, member.map(|member| member.role_id)).is_ok())
}

fn location(invitation: &Invitation) -> String {
    format!("/v1/organizations/{}/invitations/{}", invitation.path.id(), invitation.id)
}
