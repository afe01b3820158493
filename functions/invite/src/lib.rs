//! The invitations of an organization: create, list, show, change, resend and revoke.

mod batch;
mod batch_checks;
mod batch_request;
mod csv;
mod invite_facts;

use std::slice;

use axum::{
    Router,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::Deserialize;
use shared::{
    domain::{
        self, AddressHash, DEFAULT_DAYS, Email, Invitation, InvitationDraft, InvitationId,
        InvitationUpdate, Language, Level, MAX_DAYS, NewInvitation, OrgId, Refusal, RoleId,
        RoleObject, Standing,
    },
    http::{
        Answer, ApiError, App, BoundedInt, Call, CountedPage, Deployment, IfMatch, Json, NoBody,
        PageQuery, Path, Query, Time, WithEtag, not_null, nullable, views,
    },
    store::{self, FetchedItems, InvitationChange, Key, List, Store},
};

pub use csv::{MAX_CELL, MAX_TITLE_LINES};
use invite_facts::InviteFacts;

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

impl CreateInvitationRequest {
    fn draft(self) -> InvitationDraft {
        let Self { email, role_id, expires_in_days, access_expires_at, language } = self;
        let days = expires_in_days.map_or(DEFAULT_DAYS, |BoundedInt(days)| days);
        let access_expires_at = access_expires_at.map(|Time(end)| end);
        InvitationDraft { email, role_id, days, access_expires_at, language }
    }
}

async fn invite(
    call: Call,
    Path(org): Path<OrgId>,
    Json(request): Json<CreateInvitationRequest>,
) -> Result<Answer, ApiError> {
    let slot = Key::address_slot(org, AddressHash::of(org, &request.email));
    let facts = facts_to_invite(&call, org, &slot, Key::custom_role(org, request.role_id)).await?;
    let actor = &facts.actor;
    let Call { app, context, .. } = &call;
    let address = facts.address(&slot, context.at)?;
    let id = InvitationId::of(context.at, org, &request.email);
    let new = domain::invite(actor, request.draft(), address, id, context.at)?;
    let NewInvitation { invitation, .. } = &new;
    let view = facts.show(invitation, context.at)?;
    let location = format!("/v1/organizations/{org}/invitations/{id}");
    let answer = Answer::created(location, &view).with_version(invitation.version);
    let Deployment { max_pending, budgets, .. } = &app.deployment;
    let writes = app.store.transaction(context).create_invitation(actor, &new, *max_pending)?;
    answer.commit(writes.spend_on_mail(budgets, &actor.org, [&invitation.email])).await
}

/// The facts about one address, if the caller may invite.
async fn facts_to_invite(
    Call { app, person, context, .. }: &Call,
    org: OrgId,
    slot: &Key,
    role: Option<Key>,
) -> Result<InviteFacts, ApiError> {
    let keys = [slot.clone()].into_iter().chain(role);
    let (actor, found) = app.store.facts(person, org, keys).await?;
    may_manage(&actor)?;
    Ok(InviteFacts { actor, found }.complete(app, context, slice::from_ref(slot)).await?)
}

async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CountedPage<views::SentInvitation>>, ApiError> {
    let pagination = page.pagination("invitations", &org)?;
    let (actor, counts) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    may_view(&actor)?;
    let found = app.store.page(List::invitations(&actor.org.path), pagination.request()).await?;
    let details = details(&app.store, &found.items).await?;
    let page = pagination
        .try_page(found, |invitation| show(&actor.org, &invitation, &details, context.at))?;
    Ok(Json(CountedPage { page, total: Some(counts.pending_invitations(org)) }))
}

/// The people, the deliveries and the roles that a list shows with its invitations.
async fn details(store: &Store, invitations: &[Invitation]) -> Result<FetchedItems, store::Error> {
    let people = invitations.iter().flat_map(views::InvitationPeople::keys);
    let deliveries = invitations.iter().map(|invitation| Key::delivery(invitation.id));
    let role = |it: &Invitation| Key::custom_role(it.path.id(), it.role_id);
    let (people, deliveries, roles) = tokio::try_join!(
        store.get(people),
        store.get_eventual(deliveries),
        store.get_for_display(invitations.iter().filter_map(role))
    )?;
    Ok(people.and(deliveries).and(roles))
}

async fn one(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
) -> Result<WithEtag<views::SentInvitation>, ApiError> {
    let facts = PendingInvitation::read(&call, org, id, Some(Key::delivery(id)), may_view).await?;
    let PendingInvitation { actor, invitation, found } = facts;
    let view = read_view(&call, &actor.org, &invitation, found).await?;
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

impl UpdateInvitationRequest {
    fn update(self) -> InvitationUpdate {
        let Self { role_id, expires_in_days, access_expires_at, language } = self;
        let days = expires_in_days.map(|BoundedInt(days)| days);
        let access_expires_at = access_expires_at.map(|end| end.map(|Time(end)| end));
        InvitationUpdate { role_id, days, access_expires_at, language }
    }
}

async fn change(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    Json(request): Json<UpdateInvitationRequest>,
) -> Result<Answer, ApiError> {
    let delivery = Some(Key::delivery(id));
    let facts = PendingInvitation::read(&call, org, id, delivery, may_manage).await?;
    let PendingInvitation { actor, invitation: before, found } = facts;
    let after = domain::update_invitation(&actor, &before, request.update(), call.context.at)?;
    if_match.check(before.version)?;
    let view = read_view(&call, &actor.org, &after, found).await?;
    let answer = Answer::ok(&view).with_version(after.version);
    if after == before {
        return Ok(answer);
    }
    let change = InvitationChange { before: &before, after: &after };
    let writes = call.app.store.transaction(&call.context).change_invitation(&actor, change)?;
    if_match.commit(answer, writes).await
}

async fn resend(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let facts = PendingInvitation::read(&call, org, id, None, may_manage).await?;
    let PendingInvitation { actor, invitation: before, found } = facts;
    let Call { app, context, .. } = &call;
    let after = domain::resend(&actor, &before, &app.deployment.budgets, context.at)?;
    let view = read_view(&call, &actor.org, &after, found).await?;
    let answer = Answer::ok(&view).with_version(after.version);
    let change = InvitationChange { before: &before, after: &after };
    answer.commit(app.store.transaction(context).resend(&actor, change)?).await
}

async fn revoke(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let facts = PendingInvitation::read(&call, org, id, None, domain::revoke).await?;
    let PendingInvitation { actor, invitation, .. } = facts;
    if_match.check(invitation.version)?;
    let writes = call.app.store.transaction(&call.context).revoke(&actor, &invitation)?;
    if_match.commit(Answer::no_content(), writes).await
}

/// A pending invitation, the caller, and the items that were read with it.
struct PendingInvitation {
    actor: Standing,
    invitation: Invitation,
    found: FetchedItems,
}

impl PendingInvitation {
    /// Reads the pending invitation with this id, and the item at `also`. Earlier invitations of
    /// the same address have other ids.
    ///
    /// # Errors
    ///
    /// - The refusals of `check`. They come first, so that the caller does not learn which
    ///   invitations exist.
    /// - [`Refusal::NoSuchInvitation`] if there is none.
    async fn read(
        Call { app, person, .. }: &Call,
        org: OrgId,
        id: InvitationId,
        also: Option<Key>,
        check: fn(&Standing) -> Result<(), Refusal>,
    ) -> Result<Self, ApiError> {
        let slot = Key::address_slot(org, id.address_hash());
        let keys = [slot.clone()].into_iter().chain(also);
        let (actor, found) = app.store.facts(person, org, keys).await?;
        check(&actor)?;
        let pending = found.pending(&slot)?.filter(|invitation| invitation.id == id);
        let invitation = pending.ok_or(Refusal::NoSuchInvitation)?;
        Ok(Self { actor, invitation, found })
    }
}

/// Checks that a caller may see invitations.
fn may_view(actor: &Standing) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::ViewOnly)
}

/// Checks that a caller may send and change invitations.
fn may_manage(actor: &Standing) -> Result<(), Refusal> {
    actor.require(RoleObject::UserManagement, Level::FullAccess)
}

/// Shows an invitation to `org`, after reading the names that `found` lacks.
async fn read_view(
    Call { app, context, .. }: &Call,
    org: &domain::Organization,
    invitation: &Invitation,
    found: FetchedItems,
) -> Result<views::SentInvitation, ApiError> {
    let found = app.store.get_also(found, views::Invitation::name_keys(invitation)).await?;
    show(org, invitation, &found, context.at)
}

/// An invitation to `org`. `found` has its sender, its creator, its role and its delivery.
fn show(
    org: &domain::Organization,
    invitation: &Invitation,
    found: &FetchedItems,
    now: Timestamp,
) -> Result<views::SentInvitation, ApiError> {
    let role = found.role_summary(org.id(), invitation.role_id)?;
    Ok(views::SentInvitation::of(invitation, org, role.as_ref(), found, now)?)
}
