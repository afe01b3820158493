//! The links of a partner with its customers, as the members of both see them (PAR3). Operators
//! make the links.

use shared::{
    domain::{self, CustomerLink, OrgId, Refusal},
    http::{
        Answer, ApiError, App, Attempt, Call, IfMatch, Json, MAX_ATTEMPTS, NoBody, Page, PageQuery,
        Path, Query, retry_lost_races, views,
    },
    store::{FetchedItems, Key, LinkChange, List},
};

/// Lists the customers of the organization in the path, the oldest organization first.
pub(crate) async fn customers(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<views::LinkedOrganization>>, ApiError> {
    let pagination = page.pagination("own customers", &org)?;
    let actor = app.store.standing(&person, org).await?;
    domain::check_list_customers(&actor)?;
    let mut links = app.store.page(List::customers(org), pagination.request()).await?;
    let names = names(&app, links.items.iter().map(|link| link.customer_id)).await?;
    links.items.retain(|link| names.organization(link.customer_id).is_some());
    Ok(Json(pagination.page(links, |link| show(&link, link.customer_id, &names))))
}

/// Lists the partners of the organization in the path, the oldest organization first.
pub(crate) async fn partners(
    Call { app, person, .. }: Call,
    Path(org): Path<OrgId>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<views::LinkedOrganization>>, ApiError> {
    let pagination = page.pagination("partners", &org)?;
    let actor = app.store.standing(&person, org).await?;
    domain::check_list_partners(&actor)?;
    let mut links = app.store.page(List::partners(org, None), pagination.request()).await?;
    let names = names(&app, links.items.iter().map(|link| link.partner_id)).await?;
    links.items.retain(|link| names.organization(link.partner_id).is_some());
    Ok(Json(pagination.page(links, |link| show(&link, link.partner_id, &names))))
}

pub(crate) async fn suspend(
    call: Call,
    Path((org, partner)): Path<(OrgId, OrgId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    SuspendLink { call, org, partner, if_match, suspended: true }.answer().await
}

pub(crate) async fn resume(
    call: Call,
    Path((org, partner)): Path<(OrgId, OrgId)>,
    if_match: IfMatch,
    _: NoBody,
) -> Result<Answer, ApiError> {
    SuspendLink { call, org, partner, if_match, suspended: false }.answer().await
}

/// A request to suspend or resume the link of `org` with `partner`.
struct SuspendLink {
    call: Call,
    org: OrgId,
    partner: OrgId,
    if_match: IfMatch,
    suspended: bool,
}

impl SuspendLink {
    /// Changes the link. The partner counts its links, so a change of another one at the same time
    /// makes another attempt necessary.
    async fn answer(&self) -> Result<Answer, ApiError> {
        retry_lost_races(MAX_ATTEMPTS, |_| self.attempt()).await?.done()
    }

    async fn attempt(&self) -> Result<Attempt<Answer>, ApiError> {
        let Call { app, person, context, .. } = &self.call;
        let key = Key::customer(self.partner, self.org);
        let also = [key.clone(), Key::organization(self.partner)];
        let (actor, found) = app.store.facts(person, self.org, also).await?;
        let before = found.customer(&key)?;
        let after = domain::suspend_link(&actor, before, self.suspended, context.at)?;
        self.if_match.check_untagged()?;
        let answer = if self.suspended {
            Answer::ok(&show(&after, self.partner, &found))
        } else {
            Answer::no_content()
        };
        if before == Some(after) {
            return Ok(Attempt::Done(answer));
        }
        let partner = found.organization(self.partner).ok_or(Refusal::PartnerNotLinked)?;
        let (customer, after) = (&actor.org, Some(after));
        let change = LinkChange { partner, customer, before, after, tombstone: None };
        let writes = app.store.transaction(context).suspend_link(&actor, change)?;
        answer.attempt(writes).await
    }
}

/// The organizations with these ids, for their names.
async fn names(app: &App, orgs: impl Iterator<Item = OrgId>) -> Result<FetchedItems, ApiError> {
    Ok(app.store.get_for_display(orgs.map(Key::organization)).await?)
}

fn show(link: &CustomerLink, other: OrgId, names: &FetchedItems) -> views::LinkedOrganization {
    views::LinkedOrganization::of(
        link,
        other,
        names.organization(other).map(|org| org.name.clone()),
    )
}
