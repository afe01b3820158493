//! Approved domains: people with an address in one may ask to join (ORG2).

use shared::{
    domain::{self, ApprovedDomain, BoundedList, Level, MailDomain, OrgId, Refusal, RoleObject},
    http::{
        Answer, ApiError, Call, CountedPage, IfMatch, Json, NoBody, PageQuery, Path, Query, views,
    },
    store::{Key, List},
};

pub(crate) async fn list(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<CountedPage<views::ApprovedDomain>>, ApiError> {
    let pagination = page.pagination("domains", &org)?;
    let (actor, counts) = app.store.facts(&person, org, [Key::counts(org)]).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::ViewOnly)?;
    let found = app.store.page(List::<ApprovedDomain>::entries(org), pagination.request()).await?;
    let people: Vec<_> = found.items.iter().map(|approved| approved.added_by).collect();
    let names = app.store.people(org, people).await?;
    let page = pagination.try_page(found, |approved| {
        let added_by = views::Person::of(&names, org, approved.added_by)?;
        Ok::<_, ApiError>(views::ApprovedDomain::of(approved, added_by))
    })?;
    Ok(Json(CountedPage { page, total: Some(counts.length(org, BoundedList::ApprovedDomains)) }))
}

pub(crate) async fn add(
    Call { app, person, context, .. }: Call,
    Path((org, domain)): Path<(OrgId, String)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let domain = MailDomain::parse(&domain);
    let key = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let (actor, found) = app.store.facts(&person, org, key.clone()).await?;
    let deleted = key.map(|key| found.deleted_at(&key)).transpose()?.flatten();
    let approved = domain::approve_domain(&actor, domain, deleted, context.at)?;
    if_match.check_untagged()?;
    if let Some(before) = found.approved_domain(org, &approved.value)? {
        let names = app.store.get([Key::member(org, before.added_by)]).await?;
        let added_by = views::Person::of(&names, org, before.added_by)?;
        return Ok(Answer::ok(&views::ApprovedDomain::of(before, added_by)));
    }
    let view = views::ApprovedDomain::of(approved.clone(), views::Person::caller(&actor));
    let answer = Answer::ok(&view);
    answer.commit(app.store.transaction(&context).add_entry(&actor, &approved, deleted)?).await
}

pub(crate) async fn remove(
    Call { app, person, context, .. }: Call,
    Path((org, domain)): Path<(OrgId, String)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let domain = MailDomain::parse(&domain);
    let key = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let (actor, found) = app.store.facts(&person, org, key).await?;
    actor.require(RoleObject::OrganizationGeneralInformation, Level::FullAccess)?;
    let domain = domain.ok_or(Refusal::NoSuchDomain)?;
    let entry = found.approved_domain(org, &domain)?.ok_or(Refusal::NoSuchDomain)?;
    if_match.check_untagged()?;
    let answer = Answer::no_content();
    answer.commit(app.store.transaction(&context).remove_entry(&actor, &entry)?).await
}
