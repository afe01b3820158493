//! Join requests: made by people with an address in an approved domain, decided by user managers
//! (ORG2).
//!
//! A requester is no member of the organization. The verified address in their token decides
//! what they may know; any other caller gets 404 (U5).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        self, AddressHash, AddressSlot, ApprovalFacts, BoundedList, Email, JoinRequest,
        JoinRequestId, MAX_COMMENT, MailDomain, Name, OrgId, Organization, Person, PersonHash,
        Refusal, RequestContext, RequesterFacts, RoleId,
    },
    http::{
        Answer, ApiError, App, Call, CountedPage, IfMatch, Json, NoBody, OptionalJson, Page,
        PageQuery, Path, Query, Text, views,
    },
    store::{Error, FetchedItems, Key, List, RequestApproval, Store},
};

/// An organization that the caller can ask to join.
#[derive(Serialize)]
pub(crate) struct JoinableOrganization {
    id: OrgId,
    name: Name,
}

/// Lists organizations that approve the domain of the caller's address. Organizations that the
/// caller is in, or cannot ask because of an earlier request or a suspension, are left out, so a
/// page can be short.
pub(crate) async fn joinable(
    Call { app, person, context, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<JoinableOrganization>>, ApiError> {
    let email = person.verified_email()?;
    let domain = MailDomain::of(email);
    let pagination = page.pagination("joinable", &format!("{domain} {}", person.id))?;
    let approvals = app.store.page(List::approvals(&domain), pagination.request()).await?;
    let orgs: Vec<_> = approvals.items.iter().map(|approval| approval.organization_id).collect();
    let items = open_to(&app.store, &person, email, &orgs, context.at).await?;
    let Page { next_cursor, .. } = pagination.finish(approvals);
    Ok(Json(Page { items, next_cursor }))
}

/// Those of `orgs` that a person with this address can ask to join.
async fn open_to(
    store: &Store,
    person: &Person,
    email: &Email,
    orgs: &[OrgId],
    now: Timestamp,
) -> Result<Vec<JoinableOrganization>, ApiError> {
    let hash = |org| PersonHash::of(org, &person.id);
    let slot = |org| Key::address_slot(org, AddressHash::of(org, email));
    let keys = |org| {
        let member = Key::membership(org, &person.id);
        let request = Key::join_request(org, hash(org));
        [Key::organization(org), member, request]
    };
    let known = store.get_eventual(orgs.iter().copied().flat_map(keys)).await?;
    let mut asked = BTreeMap::new();
    for &org in orgs {
        asked.extend(known.join_request(org, hash(org))?.map(|request| (org, request)));
    }
    let invited = store.get_eventual(asked.keys().copied().map(slot)).await?;
    let mut open = Vec::new();
    for &org in orgs {
        let invited_at = invited.invited_at(&slot(org))?;
        let may_ask = |request: &JoinRequest| request.may_ask_again(invited_at, now);
        let is_member = known.active_membership(org, &person.id, now)?.is_some();
        if !is_member && asked.get(&org).is_none_or(may_ask) {
            let org = known.organization(org).filter(|org| org.suspension().is_none());
            open.extend(
                org.map(|org| JoinableOrganization { id: org.id(), name: org.name.clone() }),
            );
        }
    }
    Ok(open)
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
    let requester = JoinRequester::new(&app.store, &person, org, &context);
    let found = requester.read().await?;
    let organization = found.organization(org).cloned().ok_or(Refusal::NoSuchOrganization)?;
    let (request, facts) = requester.request(&organization, found, comment).await?;
    let view = views::JoinRequest::of(request.clone(), organization.name.clone());
    let answer = Answer::created(format!("/v1/organizations/{org}/join-requests/mine"), &view);
    let budget = app.deployment.budgets.of_requester(org, &person.id, context.at);
    let writes = app.store.transaction(&context).ask_to_join(&organization, &request, &facts)?;
    answer.commit(writes.spend(&budget, 1)).await
}

/// The slot of the caller's verified address in an organization.
fn own_slot(person: &Person, org: OrgId) -> Option<Key> {
    let email = person.email.as_ref()?;
    Some(Key::address_slot(org, AddressHash::of(org, email)))
}

/// A person who asks to join an organization.
struct JoinRequester<'a> {
    store: &'a Store,
    person: &'a Person,
    org: OrgId,
    /// The slot of their verified address.
    slot: Option<Key>,
    context: &'a RequestContext,
}

impl<'a> JoinRequester<'a> {
    fn new(store: &'a Store, person: &'a Person, org: OrgId, context: &'a RequestContext) -> Self {
        Self { store, person, org, slot: own_slot(person, org), context }
    }

    /// The request, and what it relied on. Ends a membership whose access has ended first.
    ///
    /// # Errors
    ///
    /// The refusals of [`domain::ask_to_join`], and the errors of the store.
    async fn request(
        &self,
        organization: &Organization,
        found: FetchedItems,
        comment: String,
    ) -> Result<(JoinRequest, RequesterFacts), ApiError> {
        let Self { store, person, org, context, .. } = *self;
        let ask = |facts: &RequesterFacts| {
            domain::ask_to_join(person, organization, facts, comment.clone(), context.at)
        };
        let facts = self.facts(&found)?;
        let asked = ask(&facts);
        let membership = found.membership(org, &person.id)?;
        let ended = membership.filter(|member| !member.has_access(context.at));
        match (ended, asked) {
            (Some(ended), Ok(_) | Err(Refusal::CallerAlreadyMember)) => {
                store.end_access_unless_done(context, organization, &ended).await?;
                let facts = self.facts(&self.read().await?)?;
                Ok((ask(&facts)?, facts))
            }
            (_, asked) => Ok((asked?, facts)),
        }
    }

    /// The items that a request depends on.
    async fn read(&self) -> Result<FetchedItems, Error> {
        let Self { person, org, .. } = *self;
        let domain = person.email.as_ref().map(MailDomain::of);
        let approval = domain.map(|domain| Key::approved_domain(org, &domain));
        let request = Key::join_request(org, PersonHash::of(org, &person.id));
        let keys = [Key::organization(org), Key::membership(org, &person.id), request];
        self.store.get(keys.into_iter().chain(self.slot.clone()).chain(approval)).await
    }

    fn facts(&self, found: &FetchedItems) -> Result<RequesterFacts, Error> {
        let Self { person, org, context, .. } = *self;
        let slot = self.slot.as_ref();
        let domain = person.email.as_ref().map(MailDomain::of);
        let declined = slot.map(|slot| found.declined_until(slot)).transpose()?.flatten();
        Ok(RequesterFacts {
            domain_approved: domain.is_some_and(|domain| found.approves(org, &domain)),
            is_member: found.active_membership(org, &person.id, context.at)?.is_some(),
            slot: slot.map(|slot| found.address_slot(slot)).transpose()?.flatten(),
            invited_at: slot.map(|slot| found.invited_at(slot)).transpose()?.flatten(),
            declined_invitation: declined.is_some(),
            earlier_request: found.join_request(org, PersonHash::of(org, &person.id))?,
        })
    }
}

/// Shows the caller's request, open or declined.
pub(crate) async fn show_own(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
) -> Result<Json<views::OwnJoinRequest>, ApiError> {
    let hash = PersonHash::of(org, &person.id);
    let slot = own_slot(&person, org);
    let keys = [Key::organization(org), Key::join_request(org, hash)];
    let found = app.store.get(keys.into_iter().chain(slot.clone())).await?;
    let invited_at = slot.map(|slot| found.invited_at(&slot)).transpose()?.flatten();
    let in_effect = |request: &JoinRequest| request.is_in_effect(context.at);
    let request = found.join_request(org, hash)?.filter(in_effect);
    let (organization, request) =
        found.organization(org).cloned().zip(request).ok_or(Refusal::NoSuchJoinRequest)?;
    Ok(Json(views::OwnJoinRequest::of(request, organization.name, invited_at, context.at)))
}

pub(crate) async fn cancel(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let hash = PersonHash::of(org, &person.id);
    let found = app.store.get([Key::organization(org), Key::join_request(org, hash)]).await?;
    let request = found.join_request(org, hash)?.filter(JoinRequest::is_pending);
    let (Some(organization), Some(request)) = (found.organization(org).cloned(), request) else {
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
    let keys = [Key::join_request(org, id.person_hash())].into_iter();
    let role = Key::custom_role(org, role_id);
    let (actor, found) = app.store.facts(&person, org, keys.chain(role)).await?;
    domain::check_decide_requests(&actor)?;
    let request = &open(&found, org, id)?;
    let facts = approval_facts(&app, org, request).await?;
    let member = &domain::approve_request(&actor, request, role_id, &facts, context.at)?;
    let view = views::Member::named(member, &actor.org, &found, context.at)?;
    let answer = Answer::ok(&view).with_version(member.version);
    let tombstone = facts.tombstone;
    let expired = facts.slot.and_then(AddressSlot::pending);
    let approval = RequestApproval { request, member, tombstone, expired: expired.as_ref() };
    answer.commit(app.store.transaction(&context).approve_request(&actor, &approval)?).await
}

async fn approval_facts(
    app: &App,
    org: OrgId,
    request: &JoinRequest,
) -> Result<ApprovalFacts, ApiError> {
    let domain = MailDomain::of(&request.email);
    let slot = Key::address_slot(org, AddressHash::of(org, &request.email));
    let member = Key::membership(org, &request.user_id);
    let keys = [slot.clone(), Key::approved_domain(org, &domain), member.clone()];
    let found = app.store.get(keys).await?;
    Ok(ApprovalFacts {
        domain_approved: found.approves(org, &domain),
        slot: found.address_slot(&slot)?,
        tombstone: found.deleted_at(&member)?,
    })
}

pub(crate) async fn decline(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, JoinRequestId)>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = Key::join_request(org, id.person_hash());
    let (actor, found) = app.store.facts(&person, org, [key]).await?;
    domain::check_decide_requests(&actor)?;
    let request = open(&found, org, id)?;
    let answer = Answer::no_content();
    answer.commit(app.store.transaction(&context).decline_request(&actor, &request)?).await
}

/// The open request with this id. Earlier requests of the same person have other ids.
fn open(found: &FetchedItems, org: OrgId, id: JoinRequestId) -> Result<JoinRequest, ApiError> {
    let request = found.join_request(org, id.person_hash())?;
    let open = request.filter(|request| request.id == id && request.is_pending());
    Ok(open.ok_or(Refusal::NoSuchJoinRequest)?)
}
