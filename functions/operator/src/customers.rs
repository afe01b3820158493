//! The customers of a partner (PAR1).

use serde::Deserialize;
use shared::{
    domain::{self, CustomerLink, OrgId, Organization, Refusal, Version},
    http::{
        Answer, ApiError, App, Call, IfMatch, Json, NoBody, Page, PageQuery, Path, Query, views,
    },
    store::{FetchedItems, Key, LinkChange, List},
};

/// Lists the customers of a partner, the oldest organization first.
pub(crate) async fn list(
    call: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<views::CustomerLink>>, ApiError> {
    let Call { app, .. } = call.as_operator()?;
    app.store.organization_for_operator(org).await?;
    let pagination = page.pagination("customers", &org)?;
    let mut found = app.store.page(List::customers(org), pagination.request()).await?;
    let customers = found.items.iter().map(|link| link.customer_id);
    let names = app.store.get_for_display(customers.chain([org]).map(Key::organization)).await?;
    found.items.retain(|link| names.organization(link.customer_id).is_some());
    Ok(Json(pagination.page(found, |link| views::CustomerLink::of(link, &names))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkCustomerRequest {
    preferred: bool,
}

pub(crate) async fn link(
    call: Call,
    Path((partner, customer)): Path<(OrgId, OrgId)>,
    if_match: IfMatch,
    Json(LinkCustomerRequest { preferred }): Json<LinkCustomerRequest>,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let LinkFacts { partner, customer, link: before, tombstone, names } =
        link_facts(&app, partner, customer).await?;
    let stored = domain::StoredLink { link: before, tombstone };
    let after = domain::link_customer(&partner, &customer, stored, preferred, context.at)?;
    if_match.check_untagged()?;
    let answer = Answer::ok(&views::CustomerLink::of(after, &names));
    if before == Some(after) {
        return Ok(answer);
    }
    let (partner, customer, after) = (&partner, &customer, Some(after));
    let change = LinkChange { partner, customer, before, after, tombstone };
    answer.commit(app.store.transaction(&context).link_customer(change)?).await
}

pub(crate) async fn unlink(
    call: Call,
    Path((partner, customer)): Path<(OrgId, OrgId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    let Call { app, context, .. } = call.as_operator()?;
    let LinkFacts { partner, customer, link, tombstone, .. } =
        link_facts(&app, partner, customer).await?;
    let before = Some(link.ok_or(Refusal::CustomerNotLinked)?);
    if_match.check_untagged()?;
    let answer = Answer::no_content();
    let (partner, customer) = (&partner, &customer);
    let change = LinkChange { partner, customer, before, after: None, tombstone };
    answer.commit(app.store.transaction(&context).link_customer(change)?).await
}

/// A partner, a customer, and the link between them.
struct LinkFacts {
    partner: Organization,
    customer: Organization,
    link: Option<CustomerLink>,
    /// The version of the tombstone, if one was read: the new link continues from it.
    tombstone: Option<Version>,
    /// The two organizations, for their names.
    names: FetchedItems,
}

async fn link_facts(app: &App, partner: OrgId, customer: OrgId) -> Result<LinkFacts, ApiError> {
    let link = Key::customer(partner, customer);
    let keys = [Key::organization(partner), Key::organization(customer), link.clone()];
    let found = app.store.get(keys).await?;
    Ok(LinkFacts {
        partner: found.organization_for_operator(partner)?,
        customer: found.organization_for_operator(customer)?,
        link: found.customer(&link)?,
        tombstone: found.deleted_at(&link)?,
        names: found,
    })
}
