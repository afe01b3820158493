//! The customers of a partner (PAR1).

use axum::extract::State;
use serde::Deserialize;
use shared::{
    domain::{self, CustomerLink, OrgId, Organization, Refusal, Version},
    http::{
        Answer, ApiError, App, Caller, IfMatch, Json, NoBody, Page, PageQuery, Pagination, Path,
        Query, views,
    },
    store::{Key, LinkChange},
};

/// Lists the customers of a partner, the oldest organization first.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::CustomerLink>>, ApiError> {
    caller.as_operator()?;
    app.store.organization(org).await?.ok_or(Refusal::NoSuchOrganization)?;
    let pagination =
        Pagination::new(vec!["customers".into(), org.to_string()], limit, cursor.as_deref())?;
    let found = app.store.customers(org, pagination.request()).await?;
    Ok(Json(pagination.page(found, views::CustomerLink::of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkCustomerRequest {
    preferred: bool,
}

pub(crate) async fn link(
    State(app): State<App>,
    caller: Caller,
    Path((partner, customer)): Path<(OrgId, OrgId)>,
    if_match: IfMatch,
    Json(LinkCustomerRequest { preferred }): Json<LinkCustomerRequest>,
) -> Result<Answer, ApiError> {
    let Caller { context, .. } = caller.as_operator()?;
    if_match.check_untagged()?;
    let LinkFacts { partner, customer, link: before, deleted } =
        link_facts(&app, partner, customer).await?;
    let after = domain::link_customer(&partner, &customer, before, deleted, preferred, context.at)?;
    let answer = Answer::ok(&views::CustomerLink::of(after));
    if before != Some(after) {
        let (partner, customer, after) = (&partner, &customer, Some(after));
        let change = LinkChange { partner, customer, before, after, deleted };
        app.store.link_customer(&context, change, &answer).await?;
    }
    Ok(answer)
}

pub(crate) async fn unlink(
    State(app): State<App>,
    caller: Caller,
    Path((partner, customer)): Path<(OrgId, OrgId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Caller { context, .. } = caller.as_operator()?;
    if_match.check_untagged()?;
    let LinkFacts { partner, customer, link, deleted } =
        link_facts(&app, partner, customer).await?;
    let before = Some(link.ok_or(Refusal::CustomerNotLinked)?);
    let answer = Answer::no_content();
    let (partner, customer) = (&partner, &customer);
    let change = LinkChange { partner, customer, before, after: None, deleted };
    app.store.link_customer(&context, change, &answer).await?;
    Ok(answer)
}

/// A partner, a customer, and the link between them.
struct LinkFacts {
    partner: Organization,
    customer: Organization,
    link: Option<CustomerLink>,
    /// The version of a link that was removed recently.
    deleted: Option<Version>,
}

async fn link_facts(app: &App, partner: OrgId, customer: OrgId) -> Result<LinkFacts, ApiError> {
    let link = Key::customer(partner, customer);
    let keys = [Key::organization(partner), Key::organization(customer), link.clone()];
    let found = app.store.get(keys).await?;
    Ok(LinkFacts {
        partner: found.organization(partner).ok_or(Refusal::NoSuchOrganization)?,
        customer: found.organization(customer).ok_or(Refusal::NoSuchOrganization)?,
        link: found.customer(&link)?,
        deleted: found.deleted_at(&link)?,
    })
}
