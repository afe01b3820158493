//! Pages of lists: each is one range of one partition, or a merge of a few, read side by side.
//!
//! A position in a list is the sort key of the last item seen. It only ever narrows a range that
//! the caller was authorized for, so a forged one can reach nothing else.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use futures_util::future::try_join_all;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Error, Status, Store,
    expression::{Expression, Terms},
    item::{Item, from_item, text},
    keys,
    meter::Meter,
};
use crate::domain::{
    CustomRole, Email, Invitation, Member, OrgId, OrgPath, Organization, RoleId, UserId, Users,
};

/// How much is read at once where a filter may drop most of it.
const SIEVED: i32 = 500;
/// How often at most a filtered range is read on for one page; the page is short then, and its
/// cursor goes on from there.
const SIEVINGS: usize = 8;
/// No address has more bytes (INV3); and what is asked for must fit into a key.
const LONGEST_EMAIL: usize = 254;
/// After every key that could follow in a range.
const LAST: char = '\u{10FFFF}';

/// Which part of a list a client wants.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// At most so many.
    pub limit: usize,
    /// Only what comes after this position.
    pub after: Option<&'a str>,
}

/// A part of a list.
#[derive(Debug)]
pub struct Listing<T> {
    /// What is in it.
    pub items: Vec<T>,
    /// The position where it goes on, if it does.
    pub next: Option<String>,
}

/// One organization, or all below it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Itself alone.
    Organization,
    /// Itself and everything below.
    Subtree,
}

/// Which users a list shows.
#[derive(Clone, Debug)]
pub struct UserFilter<'a> {
    /// Of where.
    pub path: &'a OrgPath,
    /// And below?
    pub scope: Scope,
    /// In which status.
    pub statuses: &'a [Status],
    /// In which roles; in any, if none is named.
    pub roles: &'a [RoleId],
    /// With what at the beginning of their address, lower-cased.
    pub email_prefix: &'a str,
}

/// A line of the users list (U3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum User {
    /// An invitation that nobody has accepted yet.
    Pending(Invitation),
    /// A member.
    Active(Member),
}

/// A range of sort keys in one partition of the table or an index.
pub(super) struct Range {
    index: Option<&'static str>,
    hash: (&'static str, String),
    sort: &'static str,
    prefix: String,
    filter: Expression,
}

impl Range {
    pub(super) fn of_index(index: &'static str, hash: String, prefix: String) -> Self {
        let sort = if index == "identity" { "pk" } else { "place" };
        let filter = Expression::default();
        Self { index: Some(index), hash: (index, hash), sort, prefix, filter }
    }

    pub(super) fn of_table(pk: String, prefix: &str) -> Self {
        let filter = Expression::default();
        let prefix = prefix.to_owned();
        Self { index: None, hash: ("pk", pk), sort: "sk", prefix, filter }
    }

    fn where_(self, filter: Expression) -> Self {
        Self { filter, ..self }
    }

    /// The keys of this range that come after a position: none if it lies behind them all.
    fn condition(&self, after: Option<&str>) -> Option<Expression> {
        let end = format!("{}{LAST}", self.prefix);
        let from = match after {
            None => self.prefix.clone(),
            Some(after) if after < self.prefix.as_str() => self.prefix.clone(),
            Some(after) if after >= end.as_str() => return None,
            // Nothing but the position itself sorts before this: keys hold no control characters.
            Some(after) => format!("{after}\u{1}"),
        };
        let sorted = match after {
            None if from.is_empty() => Expression::new("#hash = :hash", []),
            _ => Expression::new(
                "#hash = :hash AND #sort BETWEEN :from AND :end",
                [("from", text(from)), ("end", text(end))],
            ),
        };
        let hash = Expression::new("", [("hash", text(self.hash.1.clone()))]);
        Some(hash.and_values(sorted).naming("hash", self.hash.0).naming("sort", self.sort))
    }
}

impl Store {
    /// Users of an organization or a subtree, by path and address: each status and role is one
    /// range, and ranges are merged.
    pub async fn users(
        &self,
        filter: UserFilter<'_>,
        window: Window<'_>,
    ) -> Result<Listing<User>, Error> {
        let UserFilter { path, scope, statuses, roles, email_prefix } = filter;
        if email_prefix.len() > LONGEST_EMAIL {
            return Ok(Listing { items: vec![], next: None });
        }
        let (prefix, sieve) = match scope {
            Scope::Organization => (format!("{path}#{email_prefix}"), Expression::default()),
            Scope::Subtree if email_prefix.is_empty() => (path.to_string(), Expression::default()),
            Scope::Subtree => {
                let begins =
                    Expression::new("begins_with(#email, :email)", [("email", text(email_prefix))]);
                (path.to_string(), begins)
            }
        };
        let range =
            |index, hash| Range::of_index(index, hash, prefix.clone()).where_(sieve.clone());
        let ranges = statuses.iter().flat_map(|&status| {
            let held = roles.iter().map(move |&role| ("group", keys::holders(path, role, status)));
            let any = roles.is_empty().then(|| ("tree", keys::tree(path, status)));
            held.chain(any).map(|(index, hash)| range(index, hash)).collect::<Vec<_>>()
        });
        self.page(ranges.collect(), window).await
    }

    /// An organization's pending invitations, by address.
    pub async fn invitations(
        &self,
        path: &OrgPath,
        window: Window<'_>,
    ) -> Result<Listing<Invitation>, Error> {
        let hash = keys::tree(path, Status::Pending);
        self.page(vec![Range::of_index("tree", hash, format!("{path}#"))], window).await
    }

    /// The organizations right below one, or with `Subtree` all below it.
    pub async fn below(
        &self,
        path: &OrgPath,
        scope: Scope,
        window: Window<'_>,
    ) -> Result<Listing<Organization>, Error> {
        let range = match scope {
            Scope::Organization => {
                Range::of_index("group", keys::children(Some(path.id())), String::new())
            }
            Scope::Subtree => {
                Range::of_index("tree", keys::tree_of_organizations(path), format!("{path}/"))
            }
        };
        self.page(vec![range], window).await
    }

    /// All organizations without a parent.
    pub async fn roots(&self, window: Window<'_>) -> Result<Listing<Organization>, Error> {
        let hash = keys::children(None);
        self.page(vec![Range::of_index("group", hash, String::new())], window).await
    }

    /// A person's memberships, by organization.
    pub async fn memberships(
        &self,
        user: &UserId,
        window: Window<'_>,
    ) -> Result<Listing<Member>, Error> {
        let range = Range::of_index("identity", keys::user(user), String::new());
        self.page(vec![range], window).await
    }

    /// An address's pending invitations, by organization.
    pub async fn invitations_of(
        &self,
        email: &Email,
        window: Window<'_>,
    ) -> Result<Listing<Invitation>, Error> {
        let range = Range::of_index("identity", keys::address(email), String::new());
        self.page(vec![range], window).await
    }

    /// An organization's custom roles, oldest first, each with the number of its users.
    pub async fn roles(
        &self,
        org: OrgId,
        window: Window<'_>,
    ) -> Result<Listing<(CustomRole, Users)>, Error> {
        #[derive(Deserialize)]
        struct Stored {
            #[serde(flatten)]
            role: CustomRole,
            #[serde(flatten)]
            users: Users,
        }
        let range = Range::of_table(keys::organization(org), keys::ROLES);
        let Listing { items, next } = self.page::<Stored>(vec![range], window).await?;
        let items = items.into_iter().map(|Stored { role, users }| (role, users)).collect();
        Ok(Listing { items, next })
    }

    /// A page of the ranges, merged in the order of their sort keys.
    pub(super) async fn page<T: DeserializeOwned>(
        &self,
        ranges: Vec<Range>,
        Window { limit, after }: Window<'_>,
    ) -> Result<Listing<T>, Error> {
        let reads = ranges.iter().map(|range| self.read(range, after, limit + 1));
        let (mut found, mut horizon) = (Vec::new(), None::<String>);
        for (items, stopped) in try_join_all(reads).await? {
            found.extend(items);
            // Beyond the place where one range stopped early, nothing is known of it.
            horizon = match (horizon, stopped) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        if let Some(horizon) = &horizon {
            found.retain(|(position, _)| position <= horizon);
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let next = if more { found.last().map(|(at, _)| at.clone()) } else { horizon };
        let items = found.into_iter().map(|(_, item)| from_item(item)).collect::<Result<_, _>>()?;
        Ok(Listing { items, next })
    }

    /// Up to `most` items of a range, each with its sort key; and where the reading stopped, if it
    /// was given up before it had as many.
    async fn read(
        &self,
        range: &Range,
        after: Option<&str>,
        most: usize,
    ) -> Result<(Vec<(String, Item)>, Option<String>), Error> {
        let sieved = !range.filter.text.is_empty();
        let mut found = Vec::new();
        let mut after = after.map(ToOwned::to_owned);
        for _ in 0..SIEVINGS {
            let Some(condition) = range.condition(after.as_deref()) else {
                return Ok((found, None));
            };
            let mut terms = Terms::default();
            let condition = terms.take(condition);
            let filter = terms.take(range.filter.clone());
            let (names, values) = terms.parts();
            let wanted = i32::try_from(most.saturating_sub(found.len())).unwrap_or(i32::MAX);
            let request = self
                .client
                .query()
                .table_name(&self.table)
                .set_index_name(range.index.map(ToOwned::to_owned))
                .key_condition_expression(condition)
                .set_filter_expression((!filter.is_empty()).then_some(filter))
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .limit(if sieved { SIEVED } else { wanted })
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            for item in answer.items.unwrap_or_default() {
                found.push((sort_key(&item, range.sort)?, item));
            }
            let Some(last) = answer.last_evaluated_key else { return Ok((found, None)) };
            if found.len() >= most {
                found.truncate(most);
                return Ok((found, None));
            }
            after = Some(sort_key(&last, range.sort)?);
        }
        Ok((found, after))
    }
}

fn sort_key(item: &Item, name: &str) -> Result<String, Error> {
    let key = item.get(name).map(AttributeValue::as_s);
    let missing = || Error::Broken(format!("a listed item has no `{name}`"));
    key.and_then(Result::ok).cloned().ok_or_else(missing)
}
