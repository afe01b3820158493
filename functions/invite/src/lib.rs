//! The invitations of an organization: create, list, show, change, resend and revoke.

mod access_end;
mod address;
mod batch;
mod batch_request;
mod csv;

use std::slice;

use axum::{
    Router,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    domain::{
        self, AddressDigest, DEFAULT_DAYS, Email, Invitation, InvitationDraft, InvitationId,
        InvitationUpdate, Language, Level, MAX_DAYS, OrgId, Refusal, RoleId, RoleObject,
    },
    http::{
        Answer, ApiError, App, BoundedInt, Call, CountedPage, Deployment, IfMatch, Json, NoBody,
        PageQuery, Path, Query, Time, WithEtag, not_null, nullable, views,
    },
    store::{FetchedItems, InvitationChange, Key, List},
};

pub use csv::{MAX_CELL, MAX_TITLE_LINES};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/organizations/{org}/invitations", get(list).post(invite))
        .route("/v1/organizations/{org}/invitations/batch", post(batch::invite))
        .route("/v1/organizations/{org}/invitations/{inv}", get(one).patch(change).delete(revoke))
        .route("/v1/organizations/{org}/invitations/{inv}/resend", post(resend))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateInvitationRequest {
    email: Email,
    role_id: RoleId,
    expires_in_days: Option<BoundedInt<1, MAX_DAYS>>,
    access_expires_at: Option<Time>,
    language: Option<Language>,
}

async fn invite(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Json(wanted): Json<CreateInvitationRequest>,
) -> Result<Answer, ApiError> {
    let CreateInvitationRequest { email, role_id, expires_in_days, access_expires_at, language } =
        wanted;
    let slot = Key::address_slot(org, AddressDigest::of(org, &email));
    let keys = [slot.clone()].into_iter().chain(Key::custom_role(org, role_id));
    let (actor, found) = app.store.facts(&person, org, keys).await?;
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let slots = slice::from_ref(&slot);
    let found = address::complete_slots(&app, &context, &actor.org, slots, found).await?;
    let address = address::facts(&found, &actor.org, &slot, context.at)?;
    let id = InvitationId::of(context.at, org, &email);
    let days = expires_in_days.map_or(DEFAULT_DAYS, |BoundedInt(days)| days);
    let access_expires_at = access_expires_at.map(|Time(end)| end);
    let draft = InvitationDraft { email, role_id, days, access_expires_at, language };
    let new = domain::invite(&actor, draft, address, id, context.at)?;

    let invitation = &new.invitation;
    let role = found.role_summary(org, role_id)?;
    let people = views::InvitationPeople::only(views::Person::caller(&actor));
    let view =
        views::SentInvitation::new(invitation, &actor.org, role.as_ref(), people, context.at);
    let answer = Answer::created(location(invitation), &view).with_version(invitation.version);
    let Deployment { max_pending, budgets, .. } = app.deployment;
    let of_address = budgets.of_address(&invitation.email, context.at);
    let of_organization = budgets.of_organization(&actor.org, context.at);
    let writes = app.store.transaction(&context).create_invitation(&actor, &new, max_pending)?;
    answer.commit(writes.spend(&of_address, 1).spend(&of_organization, 1)).await
}

async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CountedPage<views::SentInvitation>>, ApiError> {
    let pagination = page.pagination("invitations", &org)?;
    let (actor, counts) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let found = app.store.page(List::invitations(&actor.org.path), pagination.request()).await?;
    let inviters = found.items.iter().flat_map(views::InvitationPeople::keys);
    let deliveries = found.items.iter().map(|invitation| Key::delivery(invitation.id));
    let roles =
        found.items.iter().filter_map(|invitation| Key::custom_role(org, invitation.role_id));
    // The deliveries and the roles are only shown.
    let (inviters, deliveries, roles) = tokio::try_join!(
        app.store.get(inviters),
        app.store.get_eventual(deliveries),
        app.store.get_for_display(roles)
    )?;
    let also = inviters.and(deliveries).and(roles);
    let page = pagination
        .try_page(found, |invitation| show(&actor.org, &invitation, &also, context.at))?;
    Ok(Json(CountedPage { page, total: Some(counts.pending_invitations(org)) }))
}

async fn one(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
) -> Result<WithEtag<views::SentInvitation>, ApiError> {
    let key = Key::address_slot(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone(), Key::delivery(id)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let invitation = pending(&found, &key, id)?;
    let also = app.store.get_also(found, views::Invitation::name_keys(&invitation)).await?;
    let view = show(&actor.org, &invitation, &also, context.at)?;
    Ok(WithEtag { view, version: invitation.version })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateInvitationRequest {
    #[serde(default, deserialize_with = "not_null")]
    role_id: Option<RoleId>,
    #[serde(default, deserialize_with = "not_null")]
    expires_in_days: Option<BoundedInt<1, MAX_DAYS>>,
    #[serde(default, deserialize_with = "nullable")]
    #[expect(clippy::option_option, reason = "absent and `null` are different")]
    access_expires_at: Option<Option<Time>>,
    #[serde(default, deserialize_with = "nullable")]
    #[expect(clippy::option_option, reason = "absent and `null` are different")]
    language: Option<Option<Language>>,
}

async fn change(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    Json(wanted): Json<UpdateInvitationRequest>,
) -> Result<Answer, ApiError> {
    let UpdateInvitationRequest { role_id, expires_in_days, access_expires_at, language } = wanted;
    let key = Key::address_slot(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone(), Key::delivery(id)]).await?;
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let before = pending(&found, &key, id)?;
    let days = expires_in_days.map(|BoundedInt(days)| days);
    let access_expires_at = access_expires_at.map(|end| end.map(|Time(end)| end));
    let update = InvitationUpdate { role_id, days, access_expires_at, language };
    let after = domain::update_invitation(&actor, &before, update, context.at)?;
    if_match.check(before.version)?;
    let also = app.store.get_also(found, views::Invitation::name_keys(&after)).await?;
    let view = show(&actor.org, &after, &also, context.at)?;
    let answer = Answer::ok(&view).with_version(after.version);
    if after == before {
        return Ok(answer);
    }
    let change = InvitationChange { before: &before, after: &after };
    if_match
        .commit(answer, app.store.transaction(&context).change_invitation(&actor, change)?)
        .await
}

async fn resend(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = Key::address_slot(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    actor.require(RoleObject::UserManagement, Level::FullAccess)?;
    let before = pending(&found, &key, id)?;
    let after = domain::resend(&actor, &before, &app.deployment.budgets, context.at)?;
    let also = app.store.get_also(found, views::Invitation::name_keys(&after)).await?;
    let view = show(&actor.org, &after, &also, context.at)?;
    let answer = Answer::ok(&view).with_version(after.version);
    let change = InvitationChange { before: &before, after: &after };
    answer.commit(app.store.transaction(&context).resend(&actor, change)?).await
}

async fn revoke(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = Key::address_slot(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key.clone()]).await?;
    domain::revoke(&actor)?;
    let invitation = pending(&found, &key, id)?;
    if_match.check(invitation.version)?;
    let answer = Answer::no_content();
    if_match.commit(answer, app.store.transaction(&context).revoke(&actor, &invitation)?).await
}

/// The pending invitation with this id. Earlier invitations of the same address have other ids.
fn pending(found: &FetchedItems, key: &Key, id: InvitationId) -> Result<Invitation, ApiError> {
    let pending = found.pending(key)?.filter(|invitation| invitation.id == id);
    Ok(pending.ok_or(Refusal::NoSuchInvitation)?)
}

/// An invitation to `org`. `also` has its sender, its creator, its role and its delivery.
fn show(
    org: &domain::Organization,
    invitation: &Invitation,
    also: &FetchedItems,
    now: Timestamp,
) -> Result<views::SentInvitation, ApiError> {
    let role = also.role_summary(org.id(), invitation.role_id)?;
    Ok(views::SentInvitation::of(invitation, org, role.as_ref(), also, now)?)
}

fn location(invitation: &Invitation) -> String {
    format!("/v1/organizations/{}/invitations/{}", invitation.path.id(), invitation.id)
}
