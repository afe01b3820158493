//! The history as an outbox: what the stream and the bus carry of it, and who gets mail about it.

use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Error, Key, List, ListedUser, PageRequest, Status, Store, UserFilter, keys::is_history,
    schema::upgraded, users::MAX_ROLE_RANGES,
};
use crate::domain::{
    Event, EventId, MAX_NOTIFIED_MANAGERS, Member, MemberId, OrgId, Organization, RoleId, UserId,
    roles_deciding_join_requests,
};

/// How many Admins one read gets: the most items of a `BatchGetItem`.
const ADMINS_AT_ONCE: usize = 100;

/// An event as the bus carries it.
///
/// It is taken from its item member by member. So a function of an earlier version, to which a
/// deployment was rolled back, also publishes events whose actions it does not know.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishedEvent {
    /// The action.
    pub action: String,
    /// The time.
    pub at: Timestamp,
    /// The event as `docs/events.md` describes it.
    pub detail: Value,
}

/// The version of the form of [`PublishedEvent::detail`].
const VERSION: &str = "1";

/// The event in a record of the table's stream, if the item belongs to a history.
pub fn published(
    keys: &serde_dynamo::Item,
    image: serde_dynamo::Item,
) -> Option<Result<PublishedEvent, Error>> {
    let history = match keys.get("pk") {
        Some(serde_dynamo::AttributeValue::S(pk)) => is_history(pk),
        _ => false,
    };
    history.then(|| {
        let item = upgraded(image.into())?;
        PublishedEvent::parse(serde_dynamo::from_item(item).map_err(Error::broken)?)
    })
}

impl PublishedEvent {
    fn parse(mut item: Map<String, Value>) -> Result<Self, Error> {
        let damaged = || Error::Broken("an event lacks its id, action or time".to_owned());
        let text = |name: &str| item.get(name).and_then(Value::as_str).map(str::to_owned);
        let action = text("action").filter(|_| text("id").is_some()).ok_or_else(damaged)?;
        let at = item.get("at").and_then(Value::as_i64).ok_or_else(damaged)?;
        let at = Timestamp::from_millisecond(at).map_err(Error::broken)?;
        // The keys and the end of the retention are of the table alone.
        item.retain(|name, _| !["pk", "sk", "schema", "ttl"].contains(&name.as_str()));
        item.insert("at".to_owned(), at.to_string().into());
        item.entry("client_request_id").or_insert(Value::Null);
        item.insert("version".to_owned(), VERSION.into());
        Ok(Self { action, at, detail: item.into() })
    }
}

impl Store {
    /// An event, without a check of the caller. `None` if its retention has passed.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read; [`Error::Broken`] if this version cannot
    /// read the event.
    pub async fn event_to_mail(
        &self,
        org: OrgId,
        event: EventId,
        now: Timestamp,
    ) -> Result<Option<Event>, Error> {
        let key = Key::event(org, event);
        self.fetch(vec![key.clone()]).await?.event(&key, now)
    }

    /// Members who may decide about requests to join `org` at `now`, the Super Admin first. An
    /// index finds them, and a strongly consistent read checks them.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn managers(&self, org: &Organization, now: Timestamp) -> Result<Vec<Member>, Error> {
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
            ListedUser::Active(member) => member.email.clone(),
            ListedUser::Pending(invitation) => Some(invitation.email.clone()),
        });
        let mut users: Vec<_> = org.super_admin_user_id.iter().cloned().collect();
        // A service gets no mail.
        listed.retain(|user| matches!(user, ListedUser::Active(Member { service: None, .. })));
        for user in listed.into_iter().take(MAX_NOTIFIED_MANAGERS) {
            if let ListedUser::Active(Member { user_id, .. }) = user
                && !users.contains(&user_id)
            {
                users.push(user_id);
            }
        }
        self.members_of(id, &users, now).await
    }

    /// The Super Admin and the Admins of `org`, found and checked as in
    /// [`managers`](Self::managers).
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn administrators(
        &self,
        org: &Organization,
        now: Timestamp,
    ) -> Result<Vec<Member>, Error> {
        let filter = UserFilter::of_roles(&org.path, vec![Status::Active], vec![RoleId::ADMIN]);
        let mut users: Vec<_> = org.super_admin_user_id.iter().cloned().collect();
        let mut after = None;
        loop {
            let page = PageRequest { limit: ADMINS_AT_ONCE, after: after.as_ref() };
            let listed = self.users(&filter, page).await?;
            users.extend(listed.items.into_iter().filter_map(|user| match user {
                ListedUser::Active(member) => Some(member.user_id),
                ListedUser::Pending(_) => None,
            }));
            after = listed.next;
            if after.is_none() {
                break;
            }
        }
        let mut found = Vec::new();
        for users in users.chunks(ADMINS_AT_ONCE) {
            found.extend(self.members_of(org.id(), users, now).await?);
        }
        let administers =
            |member: &Member| matches!(member.role_id, RoleId::SUPER_ADMIN | RoleId::ADMIN);
        found.retain(administers);
        Ok(found)
    }

    /// Services of `org` that the member `keeper` keeps, whose id with an earlier account was
    /// `former`. At most `most`: an index finds them, and a strongly consistent read checks them.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn services_kept_by(
        &self,
        org: &Organization,
        keeper: MemberId,
        former: Option<MemberId>,
        most: usize,
    ) -> Result<Vec<Member>, Error> {
        let mut keepers = self.former_ids(org.id(), former).await?;
        keepers.push(keeper);
        let mut listed = Vec::new();
        for &keeper in &keepers {
            let mut after = None;
            while listed.len() < most {
                let page = PageRequest { limit: most - listed.len(), after: after.as_ref() };
                let found = self.page(List::kept_by(&org.path, keeper), page).await?;
                listed.extend(found.items.iter().map(Member::id));
                after = found.next;
                if after.is_none() {
                    break;
                }
            }
        }
        let found = self.get(listed.iter().map(|&id| Key::member(org.id(), id))).await?;
        let mut kept = Vec::new();
        for id in listed {
            let service = found.member(org.id(), id)?;
            let keeps =
                |member: &Member| member.service.is_some_and(|it| keepers.contains(&it.keeper));
            kept.extend(service.filter(keeps));
        }
        Ok(kept)
    }

    /// Those of `users` who are members of `org` at `now`.
    async fn members_of(
        &self,
        org: OrgId,
        users: &[UserId],
        now: Timestamp,
    ) -> Result<Vec<Member>, Error> {
        let found = self.get(users.iter().map(|user| Key::membership(org, user))).await?;
        let members = users.iter().map(|user| found.active_membership(org, user, now));
        members.filter_map(Result::transpose).collect()
    }
}
