//! Join requests: made by people with an address in an approved domain, decided by user managers
//! (ORG2).
//!
//! A requester is no member of the organization. The verified address in their token decides
//! what they may know; any other caller gets 404 (U5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressDigest, AddressSlot, ApprovalFacts, ApprovedDomain, BoundedList, JoinRequest,
        JoinRequestId, MAX_COMMENT, MailDomain, Name, OrgId, Person, PersonDigest, Refusal,
        RequestContext, RequesterFacts, RoleId,
    },
    http::{
        Answer, ApiError, App, Call, CountedPage, IfMatch, Json, NoBody, OptionalJson, Page,
        PageQuery, Path, Query, Text, views,
    },
    store::{FetchedItems, Key, List, RequestApproval},
};

/// An organization that the caller can ask to join.
#[derive(Serialize)]
pub(crate) struct JoinableOrganization {
    id: OrgId,
    name: Name,
}

/// Lists organizations that approve the domain of the caller's address. Organizations that the
/// caller is in, or cannot ask because of an earlier request or a suspension, are left out, so a page can
/// be short.
pub(crate) async fn joinable(
    Call { app, person, context, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<JoinableOrganization>>, ApiError> {
    let email = person.verified_email()?;
    let domain = MailDomain::of(email);
    let pagination = page.pagination("joinable", &format!("{domain} {}", person.id))?;
    let mut approvals = app.store.page(List::approvals(&domain), pagination.request()).await?;
    let digest = |org| PersonDigest::of(org, &person.id);
    let known = approvals.items.iter().map(|approval| approval.organization_id).flat_map(|org| {
        [
            Key::organization(org),
            Key::membership(org, &person.id),
            Key::join_request(org, digest(org)),
        ]
    });
    let known = app.store.get_eventual(known).await?;
    let mut asked = BTreeMap::new();
    for ApprovedDomain { organization_id: org, .. } in &approvals.items {
        asked.extend(known.join_request(*org, digest(*org))?.map(|request| (*org, request)));
    }
    let slot = |org: OrgId| Key::address_slot(org, AddressDigest::of(org, email));
    let invited = app.store.get_eventual(asked.keys().copied().map(slot)).await?;
    let mut open = Vec::new();
    for approval in std::mem::take(&mut approvals.items) {
        let org = approval.organization_id;
        let invited_at = invited.invited_at(&slot(org))?;
        let may_ask = |request: &JoinRequest| request.may_ask_again(invited_at, context.at);
        let is_member = known.active_membership(org, &person.id, context.at)?.is_some();
        if !is_member && asked.get(&org).is_none_or(may_ask) {
            open.extend(known.organization(org).filter(|org| org.suspension().is_none()));
        }
    }
    let Page { next_cursor, .. } = pagination.page(approvals, drop);
    let items =
        open.into_iter().map(|org| JoinableOrganization { id: org.id(), name: org.name }).collect();
    Ok(Json(Page { items, next_cursor }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateJoinRequest {
    #[serde(default)]
    comment: Text<MAX_COMMENT>,
}

pub(crate) async fn ask(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    OptionalJson(CreateJoinRequest { comment: Text(comment) }): OptionalJson<CreateJoinRequest>,
) -> Result<Answer, ApiError> {
    let slot =
        person.email.as_ref().map(|email| Key::address_slot(org, AddressDigest::of(org, email)));
    let domain = person.email.as_ref().map(MailDomain::of);
    let approval = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let digest = PersonDigest::of(org, &person.id);
    let own =
        [Key::organization(org), Key::membership(org, &person.id), Key::join_request(org, digest)];
    let keys: Vec<_> = own.into_iter().chain(slot.clone()).chain(approval).collect();
    let found = app.store.get(keys.clone()).await?;
    let organization = found.organization(org).ok_or(Refusal::NoSuchOrganization)?;
    let requester = Requester { person: &person, org, slot, context: &context };
    let mut facts = requester.facts(&found)?;
    let ask = |facts: &RequesterFacts| {
        domain::ask_to_join(&person, &organization, facts, comment.clone(), context.at)
    };
    let mut asked = ask(&facts);
    let membership = found.membership(org, &person.id)?;
    let ended = membership.filter(|member| !member.has_access(context.at));
    if let (Some(ended), Ok(_) | Err(Refusal::CallerAlreadyMember)) = (ended, &asked) {
        app.store.end_access_now(&context, &organization, &ended).await?;
        facts = requester.facts(&app.store.get(keys).await?)?;
        asked = ask(&facts);
    }
    let request = asked?;
    let location = format!("/v1/organizations/{org}/join-requests/mine");
    let answer = Answer::created(
        location,
        &views::JoinRequest::of(request.clone(), organization.name.clone()),
    );
    let budget = app.limits.budgets.of_requester(org, &person.id, context.at);
    let writes = app.store.transaction(&context).ask_to_join(&organization, &request, &facts)?;
    answer.commit(writes.spend(&budget, 1)).await
}

/// A person who asks to join an organization.
struct Requester<'a> {
    person: &'a Person,
    org: OrgId,
    /// The slot of their verified address.
    slot: Option<Key>,
    context: &'a RequestContext,
}

impl Requester<'_> {
    fn facts(&self, found: &FetchedItems) -> Result<RequesterFacts, ApiError> {
        let Self { person, org, slot, context } = self;
        let domain = person.email.as_ref().map(MailDomain::of);
        let digest = PersonDigest::of(*org, &person.id);
        Ok(RequesterFacts {
            domain_approved: domain.is_some_and(|domain| found.approves(*org, &domain)),
            is_member: found.active_membership(*org, &person.id, context.at)?.is_some(),
            slot: slot.as_ref().and_then(|it| found.address_slot(it).transpose()).transpose()?,
            invited_at: slot
                .as_ref()
                .and_then(|it| found.invited_at(it).transpose())
                .transpose()?,
            declined_invitation: match slot {
                Some(slot) => found.declined_until(slot)?.is_some(),
                None => false,
            },
            earlier_request: found.join_request(*org, digest)?,
        })
    }
}

/// Shows the caller's request, open or declined.
pub(crate) async fn show_own(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
) -> Result<Json<views::OwnJoinRequest>, ApiError> {
    let digest = PersonDigest::of(org, &person.id);
    let slot = person.email.as_ref().map(|it| Key::address_slot(org, AddressDigest::of(org, it)));
    let keys = [Key::organization(org), Key::join_request(org, digest)];
    let found = app.store.get(keys.into_iter().chain(slot.clone())).await?;
    let invited_at = slot.and_then(|slot| found.invited_at(&slot).transpose()).transpose()?;
    let in_effect = |request: &JoinRequest| request.is_in_effect(context.at);
    let request = found.join_request(org, digest)?.filter(in_effect);
    let found = found.organization(org).zip(request);
    let (organization, request) = found.ok_or(Refusal::NoSuchJoinRequest)?;
    Ok(Json(views::OwnJoinRequest::of(request, organization.name, invited_at, context.at)))
}

pub(crate) async fn cancel(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let digest = PersonDigest::of(org, &person.id);
    let found = app.store.get([Key::organization(org), Key::join_request(org, digest)]).await?;
    let request = found.join_request(org, digest)?.filter(JoinRequest::is_pending);
    let (Some(organization), Some(request)) = (found.organization(org), request) else {
        return Err(Refusal::NoSuchJoinRequest.into());
    };
    if_match.check_untagged()?;
    let answer = Answer::no_content();
    answer.commit(app.store.transaction(&context).cancel_request(&organization, &request)?).await
}

pub(crate) async fn list(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CountedPage<views::JoinRequest>>, ApiError> {
    let pagination = page.pagination("join requests", &org)?;
    let (actor, counts) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    domain::check_list_requests(&actor)?;
    let found = app.store.page(List::join_requests(org), pagination.request()).await?;
    let page = pagination.page(found, |it| views::JoinRequest::of(it, actor.org.name.clone()));
    Ok(Json(CountedPage { page, total: Some(counts.length(org, BoundedList::JoinRequests)) }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveJoinRequest {
    role_id: Option<RoleId>,
}

pub(crate) async fn approve(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, JoinRequestId)>,
    OptionalJson(ApproveJoinRequest { role_id }): OptionalJson<ApproveJoinRequest>,
) -> Result<Answer, ApiError> {
    let role_id = role_id.unwrap_or(RoleId::USER);
    let role = Key::custom_role(org, role_id);
    let key = Key::join_request(org, id.digest());
    let facts = [key].into_iter().chain(role);
    let (actor, found) = app.store.facts(&person, org, facts).await?;
    domain::check_decide_requests(&actor)?;
    let request = open(&found, org, id)?;

    let facts = approval_facts(&app, org, &request).await?;
    let member = domain::approve_request(&actor, &request, role_id, &facts, context.at)?;

    let (name, role) = (actor.org.name.clone(), found.role_summary(org, role_id)?);
    let view = views::Member::of(&member, name, role.as_ref(), context.at);
    let answer = Answer::ok(&view).with_version(member.version);
    let (deleted, expired) = (facts.deleted, facts.slot.and_then(AddressSlot::pending));
    let (request, member, expired) = (&request, &member, expired.as_ref());
    let approval = RequestApproval { request, member, deleted, expired };
    answer.commit(app.store.transaction(&context).approve_request(&actor, &approval)?).await
}

async fn approval_facts(
    app: &App,
    org: OrgId,
    request: &JoinRequest,
) -> Result<ApprovalFacts, ApiError> {
    let domain = MailDomain::of(&request.email);
    let slot = Key::address_slot(org, AddressDigest::of(org, &request.email));
    let member = Key::membership(org, &request.user_id);
    let keys = [slot.clone(), Key::approved_domain(org, &domain), member.clone()];
    let found = app.store.get(keys).await?;
    Ok(ApprovalFacts {
        domain_approved: found.approves(org, &domain),
        slot: found.address_slot(&slot)?,
        deleted: found.deleted_at(&member)?,
    })
}

pub(crate) async fn decline(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, JoinRequestId)>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = Key::join_request(org, id.digest());
    let (actor, found) = app.store.facts(&person, org, [key]).await?;
    domain::check_decide_requests(&actor)?;
    let request = open(&found, org, id)?;
    let answer = Answer::no_content();
    answer.commit(app.store.transaction(&context).decline_request(&actor, &request)?).await
}

/// The open request with this id. Earlier requests of the same person have other ids.
fn open(found: &FetchedItems, org: OrgId, id: JoinRequestId) -> Result<JoinRequest, ApiError> {
    let request = found.join_request(org, id.digest())?;
    let open = request.filter(|request| request.id == id && request.is_pending());
    Ok(open.ok_or(Refusal::NoSuchJoinRequest)?)
}
