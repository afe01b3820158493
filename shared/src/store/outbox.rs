//! The history as an outbox: events are published on the bus and sent as mails, and marks record
//! which of that is done.
//!
//! A mark is the one write without an event, because no rule depends on it.

use std::collections::HashSet;

use futures_util::future::try_join_all;

use super::{
    Error, Key, PageRequest, Status, Store, User, UserFilter,
    expression::Expression,
    item::{Item, from_item, number},
    keys::is_history,
    schema::upgraded,
    transaction::or,
    users::MAX_ROLE_RANGES,
};
use crate::domain::{
    Event, MAX_NOTIFIED_MANAGERS, Member, Organization, Refusal, RequestContext,
    roles_deciding_join_requests,
};

/// How long after its event a mark is kept: three days. A stream keeps its records for one day.
const MARKED_SECONDS: i64 = 3 * 86_400;

/// The event in a record of the table's stream, if the item belongs to a history.
pub fn recorded(
    keys: &serde_dynamo::Item,
    image: serde_dynamo::Item,
) -> Option<Result<Event, Error>> {
    let history = match keys.get("pk") {
        Some(serde_dynamo::AttributeValue::S(pk)) => is_history(pk),
        _ => false,
    };
    history.then(|| from_item(upgraded(image.into())?))
}

impl Store {
    /// The marks that exist.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn marked(&self, marks: Vec<Key>) -> Result<HashSet<Key>, Error> {
        Ok(self.fetch(marks).await?.items.into_keys().collect())
    }

    /// Marks that a part of the work for `event` is done. Marking twice has no further effect.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn mark(&self, event: &Event, mark: Key) -> Result<(), Error> {
        let context = RequestContext::without_actor(event.at, &event.request_id, 0);
        self.mark_at(&context, mark).await
    }

    /// Marks that a part of scheduled work is done. Marking twice has no further effect.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be written.
    pub async fn mark_at(&self, context: &RequestContext, mark: Key) -> Result<(), Error> {
        let mut item = Item::from(mark.clone());
        item.insert("ttl".to_owned(), number(context.at.as_second() + MARKED_SECONDS));
        self.transaction(context)
            .put(mark, item, Expression::default(), or(Refusal::ChangedConcurrently))
            .commit(&())
            .await
            .map(drop)
    }

    /// Members who may decide about requests to join `org`, the Super Admin first. An index finds
    /// them, and a strongly consistent read checks them.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn managers(&self, org: &Organization) -> Result<Vec<Member>, Error> {
        let id = org.id();
        let roles = roles_deciding_join_requests(org);
        // With more roles at once, the list would read all members of the organization.
        let listed = roles.chunks(MAX_ROLE_RANGES).map(async |roles| {
            let filter = UserFilter::of_roles(&org.path, vec![Status::Active], roles.to_vec());
            let page = PageRequest { limit: MAX_NOTIFIED_MANAGERS, after: None };
            Ok::<_, Error>(self.users(&filter, page).await?.items)
        });
        let mut listed: Vec<_> = try_join_all(listed).await?.into_iter().flatten().collect();
        listed.sort_by_key(|user| match user {
            User::Active(member) => member.email.clone(),
            User::Pending(invitation) => invitation.email.clone(),
        });
        let mut users: Vec<_> = org.super_admin_user_id.iter().cloned().collect();
        for user in listed.into_iter().take(MAX_NOTIFIED_MANAGERS) {
            if let User::Active(Member { user_id, .. }) = user
                && !users.contains(&user_id)
            {
                users.push(user_id);
            }
        }
        let found = self.get(users.iter().map(|user| Key::membership(id, user))).await?;
        let members = users.iter().map(|user| found.membership(id, user));
        members.filter_map(Result::transpose).collect()
    }
}
