//! Invitations, as the invitee sees them: found, accepted, declined.
//!
//! Whoever is invited has no standing in the organization yet. The proof is the verified address
//! in their own token (INV4), and every key here is made of it: nobody can reach another's.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::Serialize;
use shared::{
    domain::{self, InvitationId, OrgId, Organization, Place, Refusal, RoleId},
    http::{Acting, App, Instead, Json, NoBody, Page, PageQuery, Path, Query, Tagged, Walk, views},
    store::{self, Found, Key, Reply},
};

/// The routes.
pub fn router() -> Router<App> {
    Router::new()
        .route("/v1/me/invitations", get(list))
        .route("/v1/organizations/{org}/invitations/{inv}/mine", get(mine))
        .route("/v1/organizations/{org}/invitations/{inv}/accept", post(accept))
        .route("/v1/organizations/{org}/invitations/{inv}/decline", post(decline))
}

/// How often a race with the organization's own changes is run again.
const ROUNDS: usize = 4;

/// An invitation, with the names that an invitee wants to read.
#[derive(Serialize)]
struct Mine {
    #[serde(flatten)]
    invitation: views::Invitation,
    organization_name: String,
    role_name: String,
}

async fn list(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<Mine>>, Instead> {
    let email = person.verified_email()?;
    let walk =
        Walk::new(vec!["my invitations".into(), person.id.to_string()], limit, cursor.as_deref())?;
    let found = app.store.invitations_of(email, walk.window()).await?;
    let names = app.store.names(found.items.iter().flat_map(named)).await?;
    Ok(Json(walk.try_page(found, |invitation| {
        let org = names.organization(invitation.path.id())?;
        show(&invitation, org, &names, act.at)
    })?))
}

async fn mine(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
) -> Result<Tagged<Mine>, Instead> {
    let (organization, place) = app.store.invitation_for(&person, org).await?;
    let invitation = domain::mine(&person, id, place)?;
    let role = app.store.look(custom_role(&invitation)).await?;
    Ok(Tagged(show(&invitation, Some(organization), &role, act.at)?))
}

/// Accepting is tried again when something it relied on changed meanwhile: the same person may
/// have accepted twice at once, or the backer may hold another role by now.
async fn accept(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let mut backer = None;
    let mut lost = Refusal::ChangedMeanwhile;
    for _ in 0..ROUNDS {
        let (organization, place, request) = app.store.invitation_to_accept(&person, org).await?;
        if place == Some(Place::Taken(person.id.clone())) && domain::is_for(&person, org, id) {
            // Without the member, they were removed in between.
            let Some(member) = app.store.member(org, &person.id).await? else { continue };
            if let Some(once) = &act.once {
                app.store.answered_before(once, act.at).await?;
            }
            return Ok(membership(&app, &member).await?);
        }
        let invitation = domain::mine(&person, id, place)?;
        let hint = invitation.backer.as_ref().map(|backer| backer.role_id);
        let held = backer.unwrap_or(hint);
        let done = match domain::accept(&person, &organization, &invitation, held, act.at) {
            // What is stored is only a hint: the backer may hold a better role by now.
            Err(Refusal::BackerGone) if backer.is_none() => Err(Refusal::BackerGone.into()),
            member => {
                let member = member?;
                let reply = membership(&app, &member).await?;
                let both = (&invitation, &member);
                let relied = (held, request.as_ref());
                let done = app.store.accept(&act, &organization, both, relied, &reply).await;
                done.map(|()| reply)
            }
        };
        match done {
            Err(store::Error::Refused(why @ (Refusal::ChangedMeanwhile | Refusal::BackerGone))) => {
                lost = why;
                backer = Some(role_of_backer(&app, &organization, &invitation).await?);
            }
            done => return Ok(done?),
        }
    }
    Err(lost.into())
}

/// The role that an invitation's backer holds now, if they are a member.
async fn role_of_backer(
    app: &App,
    org: &Organization,
    invitation: &domain::Invitation,
) -> Result<Option<RoleId>, store::Error> {
    let Some(backer) = &invitation.backer else { return Ok(None) };
    let member = app.store.member(org.id(), &backer.user_id).await?;
    Ok(member.map(|member| member.role_id))
}

async fn decline(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let (organization, place) = app.store.invitation_for(&person, org).await?;
    let invitation = domain::mine(&person, id, place)?;
    let reply = Reply::done();
    app.store.decline(&act, &organization, &invitation, &reply).await?;
    Ok(reply)
}

/// The membership as its member sees it. A custom role's name is one more read.
async fn membership(app: &App, member: &domain::Member) -> Result<Reply, store::Error> {
    let key = member.role_id.custom().map(|role| Key::role(member.path.id(), role));
    let found = app.store.look(key.clone()).await?;
    let role = key.and_then(|key| found.role(&key).transpose()).transpose()?;
    Ok(Reply::ok(&views::Member::of(member, role.as_ref().map(|(role, _)| role))))
}

/// Where the names of an invitation's organization and role are.
fn named(invitation: &domain::Invitation) -> impl Iterator<Item = Key> + use<> {
    [Key::organization(invitation.path.id())].into_iter().chain(custom_role(invitation))
}

fn custom_role(invitation: &domain::Invitation) -> Option<Key> {
    invitation.role_id.custom().map(|role| Key::role(invitation.path.id(), role))
}

fn show(
    invitation: &domain::Invitation,
    org: Option<Organization>,
    names: &Found,
    now: jiff::Timestamp,
) -> Result<Mine, Instead> {
    let role = custom_role(invitation).and_then(|key| names.role(&key).transpose()).transpose()?;
    Ok(Mine {
        invitation: views::Invitation::of(invitation, now),
        organization_name: org.map(|org| org.name.to_string()).unwrap_or_default(),
        role_name: views::role_name(invitation.role_id, role.as_ref().map(|(role, _)| role)),
    })
}
