//! Which customers a partner works for (PAR1).

use axum::extract::State;
use serde::Deserialize;
use shared::{
    domain::{self, CustomerLink, OrgId, Organization, Refusal},
    http::{Acting, App, Instead, Json, NoBody, Page, PageQuery, Path, Query, Walk, views},
    store::{Key, Reply},
};

/// A partner's customers, the longest-standing organization first.
pub(crate) async fn list(
    State(app): State<App>,
    acting: Acting,
    Path(org): Path<OrgId>,
    Query(PageQuery { limit, cursor }): Query<PageQuery>,
) -> Result<Json<Page<views::CustomerLink>>, Instead> {
    acting.as_operator()?;
    app.store.organization(org).await?.ok_or(Refusal::NoSuchOrganization)?;
    let walk = Walk::new(vec!["customers".into(), org.to_string()], limit, cursor.as_deref())?;
    let found = app.store.customers(org, walk.window()).await?;
    Ok(Json(walk.page(found, views::CustomerLink::of)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wished {
    preferred: bool,
}

pub(crate) async fn link(
    State(app): State<App>,
    acting: Acting,
    Path(both): Path<(OrgId, OrgId)>,
    Json(Wished { preferred }): Json<Wished>,
) -> Result<Reply, Instead> {
    let Acting { act, .. } = acting.as_operator()?;
    let (partner, customer, was) = both_sides(&app, both).await?;
    let now = domain::link_customer(&partner, &customer, was, preferred, act.at)?;
    let reply = Reply::ok(&views::CustomerLink::of(now));
    if was != Some(now) {
        app.store.link_customer(&act, (&partner, &customer), (was, Some(now)), &reply).await?;
    }
    Ok(reply)
}

pub(crate) async fn unlink(
    State(app): State<App>,
    acting: Acting,
    Path(both): Path<(OrgId, OrgId)>,
    _: NoBody,
) -> Result<Reply, Instead> {
    let Acting { act, .. } = acting.as_operator()?;
    let (partner, customer, was) = both_sides(&app, both).await?;
    let was = was.ok_or(Refusal::NotLinked)?;
    let reply = Reply::done();
    app.store.link_customer(&act, (&partner, &customer), (Some(was), None), &reply).await?;
    Ok(reply)
}

/// Partner, customer, and the link between them, if there is one.
async fn both_sides(
    app: &App,
    (partner, customer): (OrgId, OrgId),
) -> Result<(Organization, Organization, Option<CustomerLink>), Instead> {
    let link = Key::customer(partner, customer);
    let orgs = [Key::organization(partner), Key::organization(customer)];
    let found = app.store.look(orgs.into_iter().chain([link.clone()])).await?;
    let org = |id| -> Result<_, Instead> {
        Ok(found.organization(id)?.ok_or(Refusal::NoSuchOrganization)?)
    };
    Ok((org(partner)?, org(customer)?, found.customer(&link)?))
}
