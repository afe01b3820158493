//! The rows of the list of users, with the names next to their ids.

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{Level, MemberKind, OrgId, Organization, Person, RoleObject, Standing, UserId},
    http::{ApiError, CountedPage, Json, Page, views},
    store::{FetchedItems, Key, ListedUser, RoleSummaries, Slice, Store},
};

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

impl UserRow {
    /// The rows of some users, without those of organizations that are deleted, which end soon.
    /// `roles` has the custom roles that are known already.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub(crate) async fn read(
        store: &Store,
        actor: &Standing,
        users: Slice<ListedUser>,
        mut roles: RoleSummaries,
        now: Timestamp,
    ) -> Result<Slice<Self>, ApiError> {
        let Slice { items: users, next } = users;
        let invitations = users.iter().filter_map(ListedUser::invitation);
        let deliveries = invitations.map(|invitation| Key::delivery(invitation.id));
        let (names, deliveries, ()) = tokio::try_join!(
            store.get_for_display(users.iter().flat_map(|user| name_keys(actor, user))),
            store.get_eventual(deliveries),
            store.load_missing_roles(&mut roles, &users)
        )?;
        let shown = RowNames { own: &actor.org, roles, names: names.and(deliveries) };
        let rows = users.iter().filter_map(|user| shown.row(user, now).transpose());
        Ok(Slice { items: rows.collect::<Result<_, _>>()?, next })
    }
}

/// The page with the membership of one person, found by their `sub`.
///
/// # Errors
///
/// - The refusals of [`Standing::require`] without `view_only` on user management.
/// - The errors of the store.
pub(crate) async fn one_person(
    store: &Store,
    person: &Person,
    org: OrgId,
    user: &UserId,
    now: Timestamp,
) -> Result<Json<CountedPage<UserRow>>, ApiError> {
    let (actor, found) = store.facts(person, org, [Key::membership(org, user)]).await?;
    actor.require(RoleObject::UserManagement, Level::ViewOnly)?;
    let users: Vec<_> = found.membership(org, user)?.map(ListedUser::Active).into_iter().collect();
    let users = Slice { items: users, next: None };
    let Slice { items, .. } =
        UserRow::read(store, &actor, users, RoleSummaries::default(), now).await?;
    let total = u64::try_from(items.len()).ok();
    Ok(Json(CountedPage { page: Page { items, next_cursor: None }, total }))
}

/// The keys of the items that hold the names of a user's organization, of the people behind an
/// invitation, and of the keeper of a service. The organization in the path is known.
fn name_keys<'a>(actor: &Standing, user: &'a ListedUser) -> impl Iterator<Item = Key> + use<'a> {
    let org = user.path().id();
    let below = (org != actor.org.id()).then(|| Key::organization(org));
    let keeper = user.keeper().map(|keeper| Key::member(org, keeper));
    let people = user.invitation().into_iter().flat_map(views::InvitationPeople::keys);
    below.into_iter().chain(keeper).chain(people)
}

/// The names of what the rows show by id.
struct RowNames<'a> {
    /// The organization in the path.
    own: &'a Organization,
    roles: RoleSummaries,
    /// The other organizations, who created the invitations, their deliveries, and the keepers of
    /// services.
    names: FetchedItems,
}

impl RowNames<'_> {
    /// The row of a user; none if their organization is deleted.
    fn row(&self, user: &ListedUser, now: Timestamp) -> Result<Option<UserRow>, ApiError> {
        let id = user.path().id();
        let role = self.roles.of(user.role());
        let other = || self.names.organization(id);
        let own = Some(self.own).filter(|own| own.id() == id);
        let Some(org) = own.or_else(other) else { return Ok(None) };
        Ok(Some(match user {
            ListedUser::Active(member) => {
                let view = views::Member::of(member, org.name.clone(), role, now);
                UserRow::Active(view.with_keeper(member, &self.names, now)?)
            }
            ListedUser::Pending(invitation) => UserRow::Pending {
                kind: MemberKind::Person,
                invitation: views::SentInvitation::of(invitation, org, role, &self.names, now)?,
            },
        }))
    }
}
