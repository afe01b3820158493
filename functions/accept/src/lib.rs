//! Invitations, as the invitee sees them: found, accepted, declined.
//!
//! Whoever is invited has no standing in the organization yet. The proof is the verified address
//! in their own token (INV4), and every key here is made of it: nobody can reach another's.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{self, InvitationId, OrgId, Organization, Place, Refusal, RoleId},
    http::{Acting, App, Instead, Json, Limit, NoBody, Page, Path, Query, Walk, views},
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    limit: Limit,
    cursor: Option<String>,
}

async fn list(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Query(ListQuery { limit, cursor }): Query<ListQuery>,
) -> Result<Json<Page<Mine>>, Instead> {
    let email = person.verified_email()?;
    let walk =
        Walk::new(vec!["my invitations".into(), person.id.to_string()], limit, cursor.as_deref())?;
    let found = app.store.invitations_of(email, walk.window()).await?;
    let names = app.store.look(found.items.iter().flat_map(named)).await?;
    let shown = found.items.iter().map(|invitation| show(invitation, &names, act.at));
    let mut shown = shown.collect::<Result<Vec<_>, _>>()?.into_iter();
    let page = walk.page(found, |_| shown.next());
    let next_cursor = page.next_cursor;
    Ok(Json(Page { items: page.items.into_iter().flatten().collect(), next_cursor }))
}

async fn mine(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
) -> Result<Json<Mine>, Instead> {
    let (_, place, _) = app.store.invitation_for(&person, org).await?;
    let invitation = domain::mine(&person, id, place)?;
    let names = app.store.look(named(&invitation)).await?;
    Ok(Json(show(&invitation, &names, act.at)?))
}

/// Accepting is tried again when something it relied on changed meanwhile: the same person may
/// have accepted twice at once, or the backer may hold another role by now than in the invitation.
async fn accept(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let mut backer = None;
    let mut lost = Refusal::ChangedMeanwhile;
    for _ in 0..ROUNDS {
        let (organization, place, member) = app.store.invitation_for(&person, org).await?;
        let organization = organization.ok_or(Refusal::NoSuchInvitation)?;
        match (&place, member) {
            (Some(Place::Taken(user)), Some(member)) if *user == person.id => {
                return Ok(membership(&app, &member).await?);
            }
            // The one was read after a transaction that wrote both, the other before.
            (Some(Place::Taken(user)), None) if *user == person.id => continue,
            _ => {}
        }
        let invitation = domain::mine(&person, id, place)?;
        let guess = invitation.backer.as_ref().map(|backer| backer.role_id);
        let backer_role = backer.unwrap_or(guess);
        let done = match domain::accept(&person, &organization, &invitation, backer_role, act.at) {
            Err(Refusal::BackerGone) if backer.is_none() => Err(Refusal::BackerGone.into()),
            member => {
                let member = member?;
                let reply = membership(&app, &member).await?;
                let both = (&invitation, &member);
                let done = app.store.accept(&act, &organization, both, backer_role, &reply).await;
                done.map(|()| reply)
            }
        };
        match done {
            Err(store::Error::Refused(why @ (Refusal::ChangedMeanwhile | Refusal::BackerGone))) => {
                lost = why;
                if let Some(behind) = &invitation.backer {
                    backer = Some(app.store.role_of(&organization, &behind.user_id).await?);
                }
            }
            // Once more, for it may be this very invitation that made them a member.
            Err(store::Error::Refused(Refusal::AlreadyMember))
                if lost != Refusal::AlreadyMember =>
            {
                lost = Refusal::AlreadyMember;
            }
            done => return Ok(done?),
        }
    }
    Err(lost.into())
}

async fn decline(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, id)): Path<(OrgId, InvitationId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let (organization, place, _) = app.store.invitation_for(&person, org).await?;
    let organization = organization.ok_or(Refusal::NoSuchInvitation)?;
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
    let org = invitation.path.id();
    let role = invitation.role_id.custom().map(|role| Key::role(org, role));
    [Key::organization(org)].into_iter().chain(role)
}

fn show(
    invitation: &domain::Invitation,
    names: &Found,
    now: jiff::Timestamp,
) -> Result<Mine, Instead> {
    let org = invitation.path.id();
    let name = |org: Organization| org.name.to_string();
    let role = match invitation.role_id {
        RoleId::Custom(role) => names.role(&Key::role(org, role))?,
        RoleId::BuiltIn(_) => None,
    };
    Ok(Mine {
        invitation: views::Invitation::of(invitation, now),
        organization_name: names.organization(org)?.map(name).unwrap_or_default(),
        role_name: views::role_name(invitation.role_id, role.as_ref().map(|(role, _)| role)),
    })
}
