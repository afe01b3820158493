//! Due items for the scheduled clean-up: expired invitations (INV10), members whose access has
//! ended (END1), roles that are being deleted (ROLE6), and deleted organizations (SA7).

use std::ops::RangeInclusive;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder, types::ReturnConsumedCapacity,
};
use futures_util::future::try_join_all;
use jiff::Timestamp;

use super::{
    Error, Key, Store,
    index::{self, Index},
    item::{Item, from_item, text, time},
    keys,
    meter::Meter,
    schema::upgraded,
};
use crate::domain::{CustomRole, CustomRoleId, Invitation, Member, OrgId};

/// An item for the scheduled clean-up.
#[derive(Clone, Debug)]
pub enum DueItem {
    /// An expired invitation.
    Invitation(Box<Invitation>),
    /// A member whose access has ended.
    Member(Box<Member>),
    /// A role that is being deleted.
    Role {
        /// Its organization.
        org: OrgId,
        /// The role.
        role: CustomRoleId,
    },
    /// A deleted organization that has something left.
    Organization(OrgId),
}

/// Items that are due, and whether there may be more.
#[derive(Debug, Default)]
pub struct DueItems {
    /// The oldest of each shard.
    pub items: Vec<DueItem>,
    /// Whether a shard holds more than were read.
    pub more: bool,
    /// When the oldest item became due.
    pub oldest: Option<Timestamp>,
}

/// Items as the index has them, by the time at which they are due.
pub(super) struct FoundDue {
    pub(super) items: Vec<Item>,
    /// The time of the last item that was read, if the index holds more.
    pub(super) stopped_at: Option<Timestamp>,
}

impl Store {
    /// The oldest due items of all organizations, at most `most` a shard of the index.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn due(&self, now: Timestamp, most: u16) -> Result<DueItems, Error> {
        let shards = (0..index::DUE_SHARDS).map(|shard| self.due_in(shard, now, most));
        let mut all = DueItems::default();
        for DueItems { items, more, oldest } in try_join_all(shards).await? {
            all.items.extend(items);
            all.more |= more;
            all.oldest = all.oldest.into_iter().chain(oldest).min();
        }
        Ok(all)
    }

    async fn due_in(&self, shard: u8, now: Timestamp, most: u16) -> Result<DueItems, Error> {
        let ever = Timestamp::UNIX_EPOCH..=now;
        let found = self.due_within(&index::due(shard), ever, most).await?;
        let oldest = found.items.first().and_then(due_since);
        let items = found.items.into_iter().map(due_item).collect::<Result<_, _>>()?;
        Ok(DueItems { items, more: found.stopped_at.is_some(), oldest })
    }

    /// The oldest items at one hash key of the index that are due within some times.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub(super) async fn due_within(
        &self,
        due: &str,
        times: RangeInclusive<Timestamp>,
        most: u16,
    ) -> Result<FoundDue, Error> {
        let query = self.due_query(due, &times).limit(i32::from(most));
        let answer = Meter::call(query.send()).await.map_err(Error::from_read)?;
        Meter::read(answer.consumed_capacity());
        let stopped_at = answer.last_evaluated_key.as_ref().and_then(due_since);
        let items = answer.items.unwrap_or_default().into_iter().map(upgraded);
        Ok(FoundDue { items: items.collect::<Result<_, _>>()?, stopped_at })
    }

    /// All items at one hash key of the index that are due within some times, and that were changed
    /// at `since` or later.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub(super) async fn due_changed_since(
        &self,
        due: &str,
        times: RangeInclusive<Timestamp>,
        since: Timestamp,
    ) -> Result<Vec<Item>, Error> {
        let (mut items, mut start) = (vec![], None);
        loop {
            let query = self
                .due_query(due, &times)
                .filter_expression("#version >= :since")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":since", time(since))
                .set_exclusive_start_key(start);
            let answer = Meter::call(query.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            for item in answer.items.unwrap_or_default() {
                items.push(upgraded(item)?);
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    fn due_query(&self, due: &str, times: &RangeInclusive<Timestamp>) -> QueryFluentBuilder {
        let index = Index::ByDue;
        self.client
            .query()
            .table_name(&self.table)
            .index_name(index.name())
            .key_condition_expression("#due = :due AND #at BETWEEN :from AND :to")
            .expression_attribute_names("#due", index.hash())
            .expression_attribute_names("#at", index.range())
            .expression_attribute_values(":due", text(due))
            .expression_attribute_values(":from", time(*times.start()))
            .expression_attribute_values(":to", time(*times.end()))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }
}

/// When an item is due. The index returns the oldest first.
fn due_since(item: &Item) -> Option<Timestamp> {
    Timestamp::from_millisecond(item.get(Index::ByDue.range())?.as_n().ok()?.parse().ok()?).ok()
}

fn due_item(item: Item) -> Result<DueItem, Error> {
    if Key::of_item(&item)?.is_member() {
        return from_item(item).map(Box::new).map(DueItem::Member);
    }
    if Key::of_item(&item)?.is_organization() {
        return Ok(DueItem::Organization(keys::owner(&Key::of_item(&item)?.pk)?));
    }
    if !item.contains_key("levels") {
        return from_item(item).map(Box::new).map(DueItem::Invitation);
    }
    let pk = item.get("pk").and_then(|pk| pk.as_s().ok()).cloned().unwrap_or_default();
    let CustomRole { id, .. } = from_item(item)?;
    Ok(DueItem::Role { org: keys::owner(&pk)?, role: id })
}
