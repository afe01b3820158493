//! Approved domains: people with an address in one may ask to join (ORG2).

use shared::{
    domain::{self, MailDomain, OrgId},
    http::{Answer, ApiError, Call, IfMatch, NoBody, Path, views},
    store::Key,
};

use crate::entries;

pub(crate) async fn add(
    Call { app, person, context, .. }: Call,
    Path((org, domain)): Path<(OrgId, String)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let domain = MailDomain::parse(&domain);
    let key = domain.as_ref().map(|domain| Key::approved_domain(org, domain));
    let (actor, found) = app.store.facts(&person, org, key.clone()).await?;
    let tombstone = key.map(|key| found.deleted_at(&key)).transpose()?.flatten();
    let approved = domain::approve_domain(&actor, domain, tombstone, context.at)?;
    if_match.check_untagged()?;
    if let Some(before) =
        found.list_entry::<MailDomain>(&Key::approved_domain(org, &approved.value))?
    {
        return Ok(Answer::ok(&entries::present(&app, before).await?));
    }
    let view = views::ApprovedDomain::of(approved.clone(), views::Person::caller(&actor));
    let answer = Answer::ok(&view);
    answer.commit(app.store.transaction(&context).add_entry(&actor, &approved, tombstone)?).await
}

pub(crate) async fn remove(
    call: Call,
    Path((org, domain)): Path<(OrgId, String)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let key = MailDomain::parse(&domain).map(|domain| Key::approved_domain(org, &domain));
    entries::remove::<MailDomain>(call, org, key, if_match).await
}
