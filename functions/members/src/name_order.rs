//! The orders that no index has: by name, and by the name of the role. All users that match are
//! read and sorted in memory, if they are few (SUB6). These orders are of the whole list, not of
//! each organization.

use shared::{
    domain::{OrgId, fold},
    http::{ApiError, FieldError, Problem},
    store::{
        Direction, Error, ListedUser, PageRequest, Position, RoleSummaries, Slice, Store,
        UserFilter, UserStream, index::address_of,
    },
};

/// The most users that a list or an export sorts by name or by role name.
pub const MAX_SORTED: usize = 500;

/// The longest compared part of a name, in bytes. A cursor holds it with an address and an id.
const MAX_COMPARED: usize = 512;

/// An order by name.
#[derive(Clone, Copy)]
pub(crate) struct NameOrder {
    pub(crate) compared: Compared,
    pub(crate) direction: Direction,
}

/// The name that is compared first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// The name that the list shows for the user.
    Name,
    /// The name of the role.
    RoleName,
}

/// All users that match, in order, and their roles.
pub(crate) struct SortedUsers {
    order: NameOrder,
    users: Vec<(SortPosition, ListedUser)>,
    roles: RoleSummaries,
}

/// The position of a user in an order by name. No two users have the same one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct SortPosition {
    /// The compared name.
    name: String,
    address: String,
    id: String,
}

/// The users of an export, in order.
pub(crate) enum ExportedUsers<'a> {
    /// In the order of an index.
    Stream(UserStream<'a>),
    /// Sorted in memory. `None` after they were taken.
    Sorted(Option<Vec<ListedUser>>),
}

impl NameOrder {
    /// The users that match, sorted. Reads the role names of the organization `own` together with
    /// them.
    ///
    /// # Errors
    ///
    /// `invalid-request` if more than [`MAX_SORTED`] users match, or if finding them takes more
    /// than one request reads; the errors of the store.
    pub(crate) async fn users(
        self,
        store: &Store,
        filter: &UserFilter,
        own: Option<OrgId>,
    ) -> Result<SortedUsers, ApiError> {
        let (found, mut roles) =
            tokio::try_join!(store.all_users(filter, MAX_SORTED), store.role_summaries(own))?;
        let found = found.ok_or_else(|| self.refusal())?;
        if self.compared == Compared::RoleName {
            store.load_missing_roles(&mut roles, &found).await?;
        }
        let positioned = |user| (self.position_of(&user, &roles), user);
        let mut users: Vec<_> = found.into_iter().map(positioned).collect();
        users.sort_by(|(one, _), (other, _)| self.direction.compare(one, other));
        Ok(SortedUsers { order: self, users, roles })
    }

    fn position_of(self, user: &ListedUser, roles: &RoleSummaries) -> SortPosition {
        let (name, address, id) = match user {
            ListedUser::Active(member) => {
                let names = member.folded_names();
                let shown = names.lines().next().map(ToOwned::to_owned);
                (shown, address_of(member), member.id().to_string())
            }
            ListedUser::Pending(invitation) => {
                (None, invitation.email.to_string(), invitation.id.to_string())
            }
        };
        let mut name = match self.compared {
            Compared::Name => name.unwrap_or_else(|| fold(&address)),
            Compared::RoleName => fold(&user.role().shown_name(roles.of(user.role()))),
        };
        name.truncate(name.floor_char_boundary(MAX_COMPARED));
        SortPosition { name, address, id }
    }

    fn refusal(self) -> Problem {
        let by = match self.compared {
            Compared::Name => "name",
            Compared::RoleName => "role name",
        };
        let detail = format!(
            "At most {MAX_SORTED} users can be sorted by {by}, and one request must find them all. \
             Choose a role, a status or an organization, or sort by `email`."
        );
        Problem::invalid(FieldError { pointer: "/sort".to_owned(), detail })
    }
}

impl SortedUsers {
    /// The requested page and the roles. It begins after a position, whether or not a user is
    /// there.
    pub(crate) fn page(
        self,
        PageRequest { limit, after }: PageRequest<'_>,
    ) -> (Slice<ListedUser>, RoleSummaries) {
        let direction = self.order.direction;
        let after = after.map(SortPosition::at);
        let is_after = |position: &SortPosition| {
            after.as_ref().is_none_or(|after| direction.compare(position, after).is_gt())
        };
        let mut rest = self.users.into_iter().filter(|(position, _)| is_after(position));
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let last = page.last().filter(|_| rest.next().is_some());
        let next = last.map(|(position, _)| position.cursor_position());
        (Slice { items: page.into_iter().map(|(_, user)| user).collect(), next }, self.roles)
    }

    /// All users and the roles.
    pub(crate) fn all(self) -> (ExportedUsers<'static>, RoleSummaries) {
        let users = self.users.into_iter().map(|(_, user)| user).collect();
        (ExportedUsers::Sorted(Some(users)), self.roles)
    }
}

impl SortPosition {
    fn cursor_position(&self) -> Position {
        Position::of_fields([&self.name, &self.address, &self.id])
    }

    fn at(position: &Position) -> Self {
        let [name, address, id] = position.fields().map(str::to_owned);
        Self { name, address, id }
    }
}

impl ExportedUsers<'_> {
    /// The next users; none at the end.
    ///
    /// # Errors
    ///
    /// The errors of the store.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<ListedUser>>, Error> {
        match self {
            Self::Stream(stream) => stream.next().await,
            Self::Sorted(users) => Ok(users.take()),
        }
    }
}
