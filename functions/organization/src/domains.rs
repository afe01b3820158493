//! Approved domains: whose people may ask to join (ORG2).

use axum::extract::State;
use shared::{
    domain::{self, Level, MailDomain, OrgId, Refusal, RoleObject},
    http::{Acting, App, Instead, Json, NoBody, Page, PageQuery, Path, Query, Walk, views},
    store::{Key, Reply},
};

pub(crate) async fn list(
    State(app): State<App>,
    Acting { person, .. }: Acting,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::ApprovedDomain>>, Instead> {
    let walk = Walk::new(vec!["domains".into(), org.to_string()], limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::ViewOnly)?;
    let found = app.store.domains(org, walk.window()).await?;
    Ok(Json(walk.page(found, views::ApprovedDomain::of)))
}

pub(crate) async fn add(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, domain)): Path<(OrgId, String)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let domain = MailDomain::parse(&domain);
    let key = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let (actor, found) = app.store.facts(&person, org, key).await?;
    let approved = domain::approve_domain(&actor, domain, act.at)?;
    if let Some(before) = found.approved_domain(org, &approved.domain)? {
        return Ok(Reply::ok(&views::ApprovedDomain::of(before)));
    }
    let reply = Reply::ok(&views::ApprovedDomain::of(approved.clone()));
    app.store.add_domain(&act, &actor, &approved, &reply).await?;
    Ok(reply)
}

pub(crate) async fn remove(
    State(app): State<App>,
    Acting { person, act }: Acting,
    Path((org, domain)): Path<(OrgId, String)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    let domain = MailDomain::parse(&domain).ok_or(Refusal::NoSuchDomain)?;
    let reply = Reply::done();
    app.store.remove_domain(&act, &actor, &domain, &reply).await?;
    Ok(reply)
}
