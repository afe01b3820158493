//! Approved domains: people with an address in one may ask to join (ORG2).

use axum::extract::State;
use shared::{
    domain::{self, Level, MailDomain, OrgId, Refusal, RoleObject},
    http::{
        Answer, ApiError, App, Caller, IfMatch, Json, NoBody, Page, PageQuery, Pagination, Path,
        Query, views,
    },
    store::Key,
};

pub(crate) async fn list(
    State(app): State<App>,
    Caller { person, .. }: Caller,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::ApprovedDomain>>, ApiError> {
    let pagination =
        Pagination::new(vec!["domains".into(), org.to_string()], limit, cursor.as_deref())?;
    let actor = app.store.standing(&person, org).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::ViewOnly)?;
    let found = app.store.entries::<MailDomain>(org, pagination.request()).await?;
    Ok(Json(pagination.page(found, views::ApprovedDomain::of)))
}

pub(crate) async fn add(
    State(app): State<App>,
    Caller { person, context, .. }: Caller,
    Path((org, domain)): Path<(OrgId, String)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    if_match.check_untagged()?;
    let domain = MailDomain::parse(&domain);
    let key = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let (actor, found) = app.store.facts(&person, org, key.clone()).await?;
    let deleted = key.map(|key| found.deleted_at(&key)).transpose()?.flatten();
    let approved = domain::approve_domain(&actor, domain, deleted, context.at)?;
    if let Some(before) = found.approved_domain(org, &approved.value)? {
        return Ok(Answer::ok(&views::ApprovedDomain::of(before)));
    }
    let answer = Answer::ok(&views::ApprovedDomain::of(approved.clone()));
    app.store.add_entry(&context, &actor, &approved, deleted, &answer).await?;
    Ok(answer)
}

pub(crate) async fn remove(
    State(app): State<App>,
    Caller { person, context, .. }: Caller,
    Path((org, domain)): Path<(OrgId, String)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    if_match.check_untagged()?;
    let domain = MailDomain::parse(&domain);
    let key = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let (actor, found) = app.store.facts(&person, org, key).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    let domain = domain.ok_or(Refusal::NoSuchDomain)?;
    let entry = found.approved_domain(org, &domain)?.ok_or(Refusal::NoSuchDomain)?;
    let answer = Answer::no_content();
    app.store.remove_entry(&context, &actor, &entry, &answer).await?;
    Ok(answer)
}
