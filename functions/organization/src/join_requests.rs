//! Requests to join, from both sides: asked by people whose domain is approved, decided by whoever
//! manages users. Nobody becomes a member without a person's decision (ORG2).
//!
//! Whoever asks has no standing. What they may know follows from the verified address in their own
//! token, and to everybody else there is no such organization (U5).

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressDigest, JoinRequest, JoinRequestId, Known, MAX_COMMENT, MailDomain, Name,
        OrgId, PersonDigest, Place, Refusal, RoleId,
    },
    http::{
        Acting, App, Instead, Json, NoBody, OptionalJson, Page, PageQuery, Path, Query, Text, Walk,
        views,
    },
    store::{Found, Key, Reply},
};

/// An organization that one may ask to join: no more than its name.
#[derive(Serialize)]
pub(crate) struct Joinable {
    id: OrgId,
    name: Name,
}

/// Those that have approved my address's domain, and that I am not in, have not asked, and have not
/// been declined by. A page is short where many are left out.
pub(crate) async fn joinable(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<Joinable>>, Instead> {
    let domain = MailDomain::of(person.verified_email()?);
    let list = vec!["joinable".to_owned(), person.id.to_string(), domain.to_string()];
    let walk = Walk::new(list, limit, cursor.as_deref())?;
    let mut approvals = app.store.approvals(&domain, walk.window()).await?;
    let asked = |org| PersonDigest::of(org, &person.id);
    let known = approvals.items.iter().map(|approval| approval.organization_id).flat_map(|org| {
        [Key::organization(org), Key::member(org, &person.id), Key::join_request(org, asked(org))]
    });
    let known = app.store.glance(known).await?;
    let mut open = Vec::new();
    for approval in std::mem::take(&mut approvals.items) {
        let org = approval.organization_id;
        let inside = known.member(org, &person.id)?.is_some();
        if !inside && known.join_request(org, asked(org))?.is_none() {
            open.extend(known.organization(org)?);
        }
    }
    let Page { next_cursor, .. } = walk.page(approvals, drop);
    let items = open.into_iter().map(|org| Joinable { id: org.id(), name: org.name }).collect();
    Ok(Json(Page { items, next_cursor }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    #[serde(default)]
    comment: Text<MAX_COMMENT>,
}

pub(crate) async fn ask(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    OptionalJson(Wish { comment: Text(comment) }): OptionalJson<Wish>,
) -> Result<Reply, Instead> {
    let place = person.email.as_ref().map(|email| Key::place(org, AddressDigest::of(org, email)));
    let domain = person.email.as_ref().map(MailDomain::of);
    let approval = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let asked = PersonDigest::of(org, &person.id);
    let own = [Key::organization(org), Key::member(org, &person.id), Key::join_request(org, asked)];
    let found = app.store.look(own.into_iter().chain(place.clone()).chain(approval)).await?;
    let organization = found.organization(org)?.ok_or(Refusal::NoSuchOrganization)?;
    let known = Known {
        approved: domain.is_some_and(|domain| found.approves(org, &domain)),
        member: found.member(org, &person.id)?.is_some(),
        place: place.and_then(|place| found.place(&place).transpose()).transpose()?,
        request: found.join_request(org, asked)?,
    };
    let request = domain::ask_to_join(&person, &organization, &known, comment, act.at)?;
    let location = format!("/v1/organizations/{org}/join-requests/mine");
    let reply = Reply::created(location, &views::JoinRequest::of(request.clone()));
    app.store.ask_to_join(&act, &organization, &request, &reply).await?;
    Ok(reply)
}

pub(crate) async fn cancel(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path(org): Path<OrgId>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let asked = PersonDigest::of(org, &person.id);
    let found = app.store.look([Key::organization(org), Key::join_request(org, asked)]).await?;
    let request = found.join_request(org, asked)?.filter(JoinRequest::is_pending);
    let (Some(organization), Some(request)) = (found.organization(org)?, request) else {
        return Err(Refusal::NoSuchJoinRequest.into());
    };
    let reply = Reply::done();
    app.store.cancel_request(&act, &organization, &request, &reply).await?;
    Ok(reply)
}

pub(crate) async fn list(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::JoinRequest>>, Instead> {
    let walk = Walk::new(vec!["join requests".into(), org.to_string()], limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    domain::sees_requests(&actor)?;
    let found = app.store.join_requests(org, walk.window()).await?;
    Ok(Json(walk.page(found, views::JoinRequest::of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    role_id: Option<RoleId>,
}

pub(crate) async fn approve(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, JoinRequestId)>,
    OptionalJson(Approval { role_id }): OptionalJson<Approval>,
) -> Result<Reply, Instead> {
    let role_id = role_id.unwrap_or(RoleId::USER);
    let role = role_id.custom().map(|role| Key::role(org, role));
    let asked = Key::join_request(org, id.digest());
    let facts = [asked].into_iter().chain(role.clone());
    let (actor, found) = app.store.facts(&person, org, facts).await?;
    domain::decides_requests(&actor)?;
    let request = open(&found, org, id)?;

    let domain = MailDomain::of(&request.email);
    let place = Key::place(org, AddressDigest::of(org, &request.email));
    let theirs = [place.clone(), Key::approved_domain(org, &domain)];
    let theirs = app.store.look(theirs).await?;
    let (approved, place) = (theirs.approves(org, &domain), theirs.place(&place)?);
    let relied = (approved, place.as_ref());
    let member = domain::approve_request(&actor, &request, role_id, relied, act.at)?;

    let role = role.and_then(|key| found.role(&key).transpose()).transpose()?;
    let reply = Reply::ok(&views::Member::of(&member, role.as_ref().map(|(role, _)| role)));
    let expired = place.and_then(Place::pending);
    let both = (&request, &member);
    app.store.approve_request(&act, &actor, both, expired.as_ref(), &reply).await?;
    Ok(reply)
}

pub(crate) async fn decline(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, JoinRequestId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let asked = Key::join_request(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [asked]).await?;
    domain::decides_requests(&actor)?;
    let request = open(&found, org, id)?;
    let reply = Reply::done();
    app.store.decline_request(&act, &actor, &request, &reply).await?;
    Ok(reply)
}

/// The open request of this very id: a person may have made others before.
fn open(found: &Found, org: OrgId, id: JoinRequestId) -> Result<JoinRequest, Instead> {
    let request = found.join_request(org, id.digest())?;
    let open = request.filter(|request| request.id == id && request.is_pending());
    Ok(open.ok_or(Refusal::NoSuchJoinRequest)?)
}
