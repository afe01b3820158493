//! Searching users (SUB6): first those whom their address finds, then those whom only the name of
//! their role does, the roles in the order of their names, some at a time.

use std::fmt;

use super::{
    Error, PageRequest, Slice, Store, User, UserFilter,
    expression::Expression,
    range::{LAST, Range},
    role_lists::ListedRoleName,
};
use crate::domain::{BuiltIn, CustomRoleId, RoleId, Search};

/// The users of so many roles are read side by side for one page of a search.
const ROLES_AT_ONCE: usize = 20;
/// How many such batches are read for one page; it is short then, and its cursor goes on.
const BATCHES: usize = 2;
/// Between the parts of a position in a search. Keys do not hold it.
const PART: char = '\u{1}';

impl Store {
    /// The users whom a search finds.
    pub(super) async fn found_users(
        &self,
        filter: &UserFilter,
        search: &Search,
        PageRequest { limit, after }: PageRequest<'_>,
    ) -> Result<Slice<User>, Error> {
        match Position::read(after) {
            Position::Address(after) => {
                let window = PageRequest { limit, after: after.as_deref() };
                let by_address = self.found_by_address(filter, search, window);
                // Side by side: who is found by their role may be on the same page.
                let (found, roles) =
                    tokio::try_join!(by_address, self.batch(filter, search, None))?;
                match found.next {
                    None => self.found_in(filter, search, (roles, None), limit, found.items).await,
                    Some(at) => {
                        let next = Some(Position::Address(Some(at)).to_string());
                        Ok(Slice { next, ..found })
                    }
                }
            }
            Position::Role(place, after) => {
                let roles = self.batch(filter, search, Some(&place)).await?;
                self.found_in(filter, search, (roles, after), limit, vec![]).await
            }
        }
    }

    /// Goes on with the users of a batch of roles, and of the next one where there is room.
    async fn found_in(
        &self,
        filter: &UserFilter,
        search: &Search,
        (mut roles, mut after): (Batch, Option<String>),
        limit: usize,
        mut items: Vec<User>,
    ) -> Result<Slice<User>, Error> {
        for _ in 0..BATCHES {
            if items.len() >= limit {
                let more = !roles.is_empty() || roles.next.is_some();
                return Ok(Slice { items, next: more.then(|| roles.position(after)) });
            }
            let window = PageRequest { limit: limit - items.len(), after: after.as_deref() };
            let page = self.page(filter.found_by_role(search, &roles), window).await?;
            items.extend(page.items);
            if page.next.is_some() {
                return Ok(Slice { items, next: Some(roles.position(page.next)) });
            }
            let Some(next) = roles.next else { return Ok(Slice { items, next: None }) };
            let next = BatchBounds { after: next, until: String::new() };
            (roles, after) = (self.batch(filter, search, Some(&next)).await?, None);
        }
        Ok(Slice { items, next: Some(roles.position(None)) })
    }

    /// The ranges of one part of all that a filter shows, and the part after it.
    pub(super) async fn part(
        &self,
        filter: &UserFilter,
        part: Part,
    ) -> Result<(Vec<Range>, Option<Part>), Error> {
        let Some(search) = &filter.search else {
            return Ok((filter.users(&Expression::default()), None));
        };
        let Part::Roles(after) = part else {
            return Ok((filter.found_by_address(search), Some(Part::Roles(None))));
        };
        let place = after.map(|after| BatchBounds { after, until: String::new() });
        let roles = self.batch(filter, search, place.as_ref()).await?;
        Ok((filter.found_by_role(search, &roles), roles.next.map(|next| Part::Roles(Some(next)))))
    }

    /// The roles whose names a search finds: so many at once, in the order of their names, the
    /// built-in ones among the first. A batch that was begun holds what it held, and perhaps what
    /// was named since.
    async fn batch(
        &self,
        filter: &UserFilter,
        search: &Search,
        place: Option<&BatchBounds>,
    ) -> Result<Batch, Error> {
        let begun = place.is_some_and(|place| !place.until.is_empty());
        let limit = if begun { 5 * ROLES_AT_ONCE } else { ROLES_AT_ONCE };
        let after = place.map(|place| place.after.as_str()).filter(|after| !after.is_empty());
        let until = place.map(|place| place.until.clone()).filter(|until| !until.is_empty());
        let names = if filter.roles.is_empty() {
            let window = PageRequest { limit, after };
            self.names_found(&filter.reach, search, until.clone(), window).await?
        } else {
            self.names_among(&filter.roles, &filter.reach, search).await?
        };
        let built_in = BuiltIn::ALL.into_iter().filter(|role| {
            let id = RoleId::BuiltIn(*role);
            let wanted = filter.roles.is_empty() || filter.roles.contains(&id);
            after.is_none() && wanted && search.finds(role.name())
        });
        Ok(Batch {
            after: after.unwrap_or_default().to_owned(),
            built_in: built_in.map(RoleId::BuiltIn).collect(),
            custom: names.items.iter().map(ListedRoleName::home).collect(),
            next: if begun { until.filter(|until| *until != LAST.to_string()) } else { names.next },
        })
    }
}

/// What is read one after another where everything is: in a search, first those whom their address
/// finds, then the users of one batch of roles after another.
pub(super) enum Part {
    /// What comes first.
    First,
    /// The users of the roles that come after this place.
    Roles(Option<String>),
}

/// Roles whose users are listed together.
pub(super) struct Batch {
    after: String,
    /// Those that every organization has.
    pub(super) built_in: Vec<RoleId>,
    /// The others, each with the path of its organization.
    pub(super) custom: Vec<(CustomRoleId, String)>,
    /// Where the next batch begins.
    next: Option<String>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.built_in.is_empty() && self.custom.is_empty()
    }

    /// A position among its users.
    fn position(&self, at: Option<String>) -> String {
        let until = self.next.clone().unwrap_or_else(|| LAST.to_string());
        Position::Role(BatchBounds { after: self.after.clone(), until }, at).to_string()
    }
}

/// Which names of roles a batch holds: those after the one, up to the other, if it was begun.
struct BatchBounds {
    after: String,
    until: String,
}

/// A position in a search.
enum Position {
    /// Among those whom their address finds.
    Address(Option<String>),
    /// Among the users of a batch of roles.
    Role(BatchBounds, Option<String>),
}

impl Position {
    /// A forged position is as good as any other: it only says where to go on.
    fn read(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let at = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let Some(parts) = text.strip_prefix("role:") else {
            return Self::Address(at(text.strip_prefix("address:").unwrap_or(text)));
        };
        let mut parts = parts.splitn(3, PART).map(ToOwned::to_owned);
        let mut part = || parts.next().unwrap_or_default();
        let place = BatchBounds { after: part(), until: part() };
        Self::Role(place, at(&part()))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(at) => write!(f, "address:{}", at.as_deref().unwrap_or_default()),
            Self::Role(BatchBounds { after, until }, at) => {
                write!(f, "role:{after}{PART}{until}{PART}{}", at.as_deref().unwrap_or_default())
            }
        }
    }
}
