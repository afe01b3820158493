//! The invitations of the caller: list, show, accept and decline.
//!
//! An invited person need not be a member of the organization. Their proof is the verified address
//! in their token (INV4). All keys derive from that address, so a caller never reaches the
//! invitations of another person.

use axum::{
    Router,
    routing::{get, post},
};
use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{
        self, AcceptanceFacts, InvitationId, Inviter, OrgId, Organization, Refusal, RequestContext,
    },
    http::{
        Answer, ApiError, App, Attempt, Call, Json, MAX_ATTEMPTS, NoBody, Page, PageQuery, Path,
        Query, WithEtag, retry_lost_races, views,
    },
    metrics::Metric,
    store::{self, Acceptance, FetchedItems, InviteeFacts, Key, List},
};

/// The routes of the function.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/me/invitations", get(list))
        .route("/v1/organizations/{org}/invitations/{inv}/mine", get(show_own))
        .route("/v1/organizations/{org}/invitations/{inv}/accept", post(accept))
        .route("/v1/organizations/{org}/invitations/{inv}/decline", post(decline))
}

/// An invitation with what its invitee sees of the organization.
#[derive(Serialize)]
struct ReceivedInvitation {
    #[serde(flatten)]
    invitation: views::Invitation,
    /// Whether the organization is suspended, so that no one can join it (SA7).
    organization_suspended: bool,
    /// Whether the inviter may still grant the role. If not, someone must send the invitation again
    /// (INV9).
    inviter_authorized: bool,
}

async fn list(
    Call { app, person, context, .. }: Call,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<ReceivedInvitation>>, ApiError> {
    let email = person.verified_email()?;
    let pagination = page.pagination("my invitations", &person.id)?;
    let mut found = app.store.page(List::invitations_to(email), pagination.request()).await?;
    let orgs = found.items.iter().map(|invitation| Key::organization(invitation.path.id()));
    let keys = orgs.chain(found.items.iter().flat_map(views::Invitation::name_keys));
    let names = app.store.get_for_display(keys).await?;
    found.items.retain(|invitation| names.organization(invitation.path.id()).is_some());
    Ok(Json(pagination.try_page(found, |invitation| {
        let org = names.organization(invitation.path.id());
        show(&invitation, org, &names, context.at)
    })?))
}

async fn show_own(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
) -> Result<WithEtag<ReceivedInvitation>, ApiError> {
    let facts = app.store.invitee_facts(&person, org).await?;
    let is_member = facts.member.as_ref().is_some_and(|member| member.has_access(context.at));
    if is_member && facts.is_member_by(&person, id) {
        return Err(Refusal::CallerAlreadyMember.into());
    }
    let invitation = domain::own_invitation(&person, id, facts.slot)?;
    let names = app.store.get(views::Invitation::name_keys(&invitation)).await?;
    let view = show(&invitation, Some(&facts.org), &names, context.at)?;
    Metric::InvitationsOpened.add(1.0);
    Ok(WithEtag { view, version: invitation.version })
}

async fn accept(
    call: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let acceptance = AcceptInvitation { call, org, id };
    retry_lost_races(MAX_ATTEMPTS, |nth| acceptance.attempt(nth)).await?.done()
}

/// The inviter that an attempt checks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CheckedInviter {
    /// As the invitation names them. This takes no read, and can be outdated.
    AsSent,
    /// As they are now.
    Present,
}

/// A request to accept an invitation.
struct AcceptInvitation {
    call: Call,
    org: OrgId,
    id: InvitationId,
}

impl AcceptInvitation {
    /// Accepts the invitation. Loses a race if a fact has changed: the inviter can have another
    /// role now, or the same person accepted at the same time. The next attempt finds that.
    async fn attempt(&self, nth: usize) -> Result<Attempt<Answer>, ApiError> {
        use Refusal::{AlreadyMember, ChangedConcurrently, InviterNotAuthorized};
        let checked = if nth == 1 { CheckedInviter::AsSent } else { CheckedInviter::Present };
        match self.accept_once(checked).await {
            Err(store::Error::Refused(ChangedConcurrently | AlreadyMember)) => {
                Ok(Attempt::LostRace(ChangedConcurrently))
            }
            // The inviter as sent can be outdated. The next attempt reads them.
            Err(store::Error::Refused(InviterNotAuthorized))
                if checked == CheckedInviter::AsSent =>
            {
                Ok(Attempt::LostRace(ChangedConcurrently))
            }
            answer => Ok(Attempt::Done(answer?)),
        }
    }

    /// Accepts the invitation, or answers that it was accepted before.
    ///
    /// # Errors
    ///
    /// - [`Refusal::ChangedConcurrently`] if the facts are to be read again.
    /// - The refusals of the rules, and the errors of the store.
    async fn accept_once(&self, checked: CheckedInviter) -> Result<Answer, store::Error> {
        let Call { app, person, context, .. } = &self.call;
        let facts = app.store.invitee_facts_with_request(person, self.org).await?;
        if facts.is_member_by(person, self.id) {
            // The slot names this person, but there is no member: they were removed meanwhile, or
            // the two items were read at different moments.
            let member = facts.member.as_ref().ok_or(Refusal::ChangedConcurrently)?;
            facts.org.check_open()?;
            member.check_access(context.at)?;
            facts.org.check_sign_in(person)?;
            return accepted_before(app, context, member, &facts.org).await;
        }
        let invitation = domain::own_invitation(person, self.id, facts.slot.clone())?;
        if let Some(ended) = facts.member.as_ref().filter(|it| !it.has_access(context.at)) {
            // They were a member with another address, until their access ended.
            app.store.end_access_unless_done(context, &facts.org, ended).await?;
            return Err(Refusal::ChangedConcurrently.into());
        }
        domain::check_no_member(facts.member.as_ref())?;
        let inviter = match checked {
            CheckedInviter::AsSent => invitation.inviter.clone(),
            CheckedInviter::Present => {
                present_inviter(app, &facts.org, &invitation, context.at).await?
            }
        };
        self.commit(&facts, &invitation, inviter.as_ref()).await
    }

    async fn commit(
        &self,
        facts: &InviteeFacts,
        invitation: &domain::Invitation,
        inviter: Option<&Inviter>,
    ) -> Result<Answer, store::Error> {
        let Call { app, person, context, .. } = &self.call;
        let InviteeFacts { org, join_request, tombstone, .. } = facts;
        let facts = AcceptanceFacts { invitation, inviter, tombstone: *tombstone };
        let member = &domain::accept(person, org, facts, context.at)?;
        let answer = membership_answer(app, member, org, context.at).await?;
        let acceptance = Acceptance { org, facts, member, join_request: join_request.as_ref() };
        let committed = app.store.transaction(context).accept(&acceptance)?.commit(&answer).await?;
        answer.or_recorded(committed)
    }
}

/// The response to a person who has accepted before: their membership.
async fn accepted_before(
    app: &App,
    context: &RequestContext,
    member: &domain::Member,
    org: &Organization,
) -> Result<Answer, store::Error> {
    if let Some(key) = &context.idempotency_key
        && let Some(answer) = app.store.answered_before(key, context.at).await?
    {
        return Answer::recorded(&answer);
    }
    membership_answer(app, member, org, context.at).await
}

/// The inviter at `now`, who can have another account (OP2); none if they are no longer a member.
async fn present_inviter(
    app: &App,
    org: &Organization,
    invitation: &domain::Invitation,
    now: Timestamp,
) -> Result<Option<Inviter>, store::Error> {
    let Some(inviter) = &invitation.inviter else { return Ok(None) };
    let member = app.store.continued_member(org.id(), inviter.member_id).await?;
    Ok(member.filter(|member| member.has_access(now)).as_ref().map(Inviter::of))
}

async fn decline(
    Call { app, person, context, .. }: Call,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let InviteeFacts { org, slot, member, .. } = app.store.invitee_facts(&person, org).await?;
    let invitation = domain::own_invitation(&person, id, slot)?;
    let writes = app.store.transaction(&context).decline(&org, &invitation, member.as_ref())?;
    Answer::no_content().commit(writes).await
}

/// The response with the membership. The name of a custom role takes one more read.
async fn membership_answer(
    app: &App,
    member: &domain::Member,
    org: &Organization,
    now: Timestamp,
) -> Result<Answer, store::Error> {
    let key = Key::custom_role(member.path.id(), member.role_id);
    let found = app.store.get(key).await?;
    let role = found.role_summary(member.path.id(), member.role_id)?;
    let view = views::Member::of(member, org.name.clone(), role.as_ref(), now);
    Ok(Answer::ok(&view).with_version(member.version))
}

fn show(
    invitation: &domain::Invitation,
    org: Option<&Organization>,
    names: &FetchedItems,
    now: Timestamp,
) -> Result<ReceivedInvitation, ApiError> {
    let id = invitation.path.id();
    let role = names.role_summary(id, invitation.role_id)?;
    let inviter_authorized = org.map(|org| names.inviter_authorized(org, invitation, now));
    Ok(ReceivedInvitation {
        invitation: views::Invitation::of(
            invitation,
            org.map(|org| org.name.clone()),
            role.as_ref(),
            views::InvitationPeople::of(names, invitation)?,
            now,
        ),
        organization_suspended: org.is_some_and(|org| org.suspension().is_some()),
        inviter_authorized: inviter_authorized.transpose()?.unwrap_or(false),
    })
}
