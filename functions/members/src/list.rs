//! The list of users: active members and pending invitations together (U3).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Level, MemberKind, OrgId, Organization, Person, Refusal, RoleId, RoleObject, Standing,
        UserId,
    },
    http::{
        ApiError, App, Call, CountedPage, Json, Limit, Match, Page, Pagination, Path, Query,
        ScopeParam, StatusParam, as_set, views,
    },
    store::{FetchedItems, Key, RoleSummaries, User},
};

use crate::filter::{AuthorizedList, Filters, Sort};

/// The fields of [`Filters`] and of a page. Flattened structs would lose the types of query
/// parameters.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListQuery {
    #[serde(serialize_with = "as_set")]
    status: Vec<StatusParam>,
    #[serde(serialize_with = "as_set")]
    kind: Vec<MemberKind>,
    #[serde(serialize_with = "as_set")]
    role_id: Vec<RoleId>,
    #[serde(serialize_with = "as_set")]
    organization_id: Vec<OrgId>,
    q: String,
    r#match: Match,
    scope: ScopeParam,
    sort: Sort,
    /// The `sub` of one person. The list then contains only their membership.
    user_id: Option<UserId>,
    #[serde(skip_serializing)]
    limit: Limit,
    #[serde(skip_serializing)]
    cursor: Option<String>,
}

impl ListQuery {
    fn parts(self) -> (Filters, Option<UserId>) {
        let Self { status, kind, role_id, organization_id, q, r#match, scope, sort, .. } = self;
        let filters = Filters { status, kind, role_id, organization_id, q, r#match, scope, sort };
        (filters, self.user_id)
    }
}

/// An active member or a pending invitation (U3).
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum UserRow {
    Active(views::Member),
    Pending {
        /// All who are invited are persons.
        kind: MemberKind,
        #[serde(flatten)]
        invitation: views::SentInvitation,
    },
}

pub(crate) async fn list(
    Call { app, person, context, .. }: Call,
    Path(org): Path<OrgId>,
    Query(query): Query<ListQuery>,
) -> Result<Json<CountedPage<UserRow>>, ApiError> {
    let (limit, cursor) = (query.limit, query.cursor.as_deref());
    let pagination = Pagination::filtered("members", &org, &query, limit, cursor);
    let (filters, user) = query.parts();
    if let Some(user) = &user {
        filters.check_none("/user_id")?;
        // A page with one person has no next page, so no cursor belongs to it.
        pagination?;
        let page = one_person(&app, &person, org, user, context.at).await?;
        let total = u64::try_from(page.items.len()).ok();
        return Ok(Json(CountedPage { page, total }));
    }
    let pagination = pagination?;
    let AuthorizedList { actor, filter, total } = filters.authorize(&app, &person, org).await?;
    // The role names of an organization with custom roles are read together with its users. A search reads
    // them, too, but its page would have to wait for a third call.
    let own = Some(org).filter(|_| !actor.org.roles.is_empty());
    let (mut found, mut roles) = match filters.sort.by_name() {
        Some(order) => order.users(&app.store, &filter, own).await?.page(pagination.request()),
        None => tokio::try_join!(
            app.store.users(&filter, pagination.request()),
            app.store.role_summaries(own)
        )?,
    };
    let invitations = found.items.iter().filter_map(User::invitation);
    let deliveries = invitations.map(|invitation| Key::delivery(invitation.id));
    let (names, deliveries, ()) = tokio::try_join!(
        app.store.get_for_display(found.items.iter().flat_map(|user| name_keys(&actor, user))),
        app.store.get_eventual(deliveries),
        app.store.load_missing_roles(&mut roles, &found.items)
    )?;
    let names = names.and(deliveries);
    // The users of a deleted organization end soon.
    let is_present = |id| id == org || names.present_organization(id).is_some();
    found.items.retain(|user| is_present(user.path().id()));
    let shown = RowNames { own: &actor.org, roles: &roles, names: &names };
    let page = pagination.try_page(found, |user| shown.row(&user, context.at))?;
    Ok(Json(CountedPage { page, total }))
}

/// The page with the membership of one person, found by their `sub`.
async fn one_person(
    app: &App,
    person: &Person,
    org: OrgId,
    user: &UserId,
    now: Timestamp,
) -> Result<Page<UserRow>, ApiError> {
    let (actor, found) = app.store.facts(person, org, [Key::membership(org, user)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let users: Vec<_> = found.membership(org, user)?.map(User::Active).into_iter().collect();
    let mut roles = RoleSummaries::default();
    app.store.load_missing_roles(&mut roles, &users).await?;
    let names = app.store.get(users.iter().flat_map(|user| name_keys(&actor, user))).await?;
    let shown = RowNames { own: &actor.org, roles: &roles, names: &names };
    let items = users.iter().map(|user| shown.row(user, now)).collect::<Result<_, _>>()?;
    Ok(Page { items, next_cursor: None })
}

/// The keys of the items that hold the names of a user's organization, of the people behind an invitation,
/// and of the keeper of a service. The organization in the path is known.
fn name_keys<'a>(actor: &Standing, user: &'a User) -> impl Iterator<Item = Key> + use<'a> {
    let org = user.path().id();
    let below = (org != actor.org.id()).then(|| Key::organization(org));
    let keeper = user.keeper().map(|keeper| Key::member(org, keeper));
    let people = user.invitation().into_iter().flat_map(views::InvitationPeople::keys);
    below.into_iter().chain(keeper).chain(people)
}

/// What the rows of users show besides the users themselves.
struct RowNames<'a> {
    /// The organization in the path.
    own: &'a Organization,
    roles: &'a RoleSummaries,
    /// The other organizations, who created the invitations, their deliveries, and the keepers of services.
    names: &'a FetchedItems,
}

impl RowNames<'_> {
    fn row(&self, user: &User, now: Timestamp) -> Result<UserRow, ApiError> {
        let (id, role) = (user.path().id(), self.roles.of(user.role()));
        let org =
            if id == self.own.id() { Some(self.own) } else { self.names.present_organization(id) };
        let org = org.ok_or(Refusal::NoSuchOrganization)?;
        Ok(match user {
            User::Active(member) => {
                let view = views::Member::of(member, org.name.clone(), role, now);
                UserRow::Active(view.with_keeper(member, self.names, now)?)
            }
            User::Pending(invitation) => UserRow::Pending {
                kind: MemberKind::Person,
                invitation: views::SentInvitation::of(invitation, org, role, self.names, now)?,
            },
        })
    }
}
