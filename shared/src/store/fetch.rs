//! Reading what a rule needs to know: strongly consistent, by key, all at once.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Error, Key, Store,
    item::{Item, from_item},
    meter::Meter,
};
use crate::domain::{
    AddressSlot, AlertId, ApprovedDomain, CriticalAlertUser, CustomRole, Event, Invitation,
    JoinRequest, MailDomain, Member, MemberId, OrgId, OrgPath, Organization, Person, PersonDigest,
    Profile, Standing, UserCount, UserId, Version,
};

/// DynamoDB's bound on one batch.
const BATCH: usize = 100;
/// How often a batch that came back in part is asked for the rest.
const TRIES: u32 = 6;

/// What was found at the keys asked for.
#[derive(Debug, Default)]
pub struct FetchedItems(pub(super) HashMap<Key, Item>);

impl FetchedItems {
    pub(super) fn item(&self, key: &Key) -> Option<&Item> {
        self.0.get(key).filter(|item| !item.contains_key("deleted"))
    }

    pub(super) fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Error> {
        self.item(key).cloned().map(from_item).transpose()
    }

    /// The version at which the entity at `key` was deleted a short time ago, if it was.
    pub fn deleted_at(&self, key: &Key) -> Result<Option<Version>, Error> {
        let tombstone = self.0.get(key).filter(|item| item.contains_key("deleted"));
        let version = tombstone.and_then(|item| item.get("version")).cloned();
        version.map(serde_dynamo::from_attribute_value).transpose().map_err(Error::broken)
    }

    /// What else was found.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// An organization.
    pub fn organization(&self, org: OrgId) -> Result<Option<Organization>, Error> {
        self.get(&Key::organization(org))
    }

    /// The paths of those among `orgs` that there are.
    pub fn paths(&self, orgs: &[OrgId]) -> Result<BTreeMap<OrgId, OrgPath>, Error> {
        let found =
            orgs.iter().map(|&org| Ok(self.organization(org)?.map(|found| (org, found.path))));
        found.filter_map(Result::transpose).collect()
    }

    /// The profile of an organization; empty if nothing was ever written into it.
    pub fn profile(&self, org: OrgId) -> Result<Profile, Error> {
        Ok(self.get(&Key::profile(org))?.unwrap_or_default())
    }

    /// A member.
    pub fn member(&self, org: OrgId, member: MemberId) -> Result<Option<Member>, Error> {
        self.get(&Key::member(org, member))
    }

    /// The membership of a person.
    pub fn membership(&self, org: OrgId, user: &UserId) -> Result<Option<Member>, Error> {
        self.member(org, MemberId::of(org, user))
    }

    /// A custom role and the number of its users.
    pub fn role(&self, key: &Key) -> Result<Option<(CustomRole, UserCount)>, Error> {
        #[derive(Deserialize)]
        struct Stored {
            #[serde(flatten)]
            role: CustomRole,
            #[serde(flatten)]
            users: UserCount,
        }
        Ok(self.get(key)?.map(|Stored { role, users }| (role, users)))
    }

    /// What an organization knows of an address.
    pub fn address_slot(&self, key: &Key) -> Result<Option<AddressSlot>, Error> {
        #[derive(Deserialize)]
        #[serde(tag = "status", rename_all = "snake_case")]
        #[expect(clippy::large_enum_variant, reason = "it becomes a `Place` at once")]
        enum Stored {
            Pending(Invitation),
            Taken { user_id: UserId },
        }
        Ok(self.get(key)?.map(|stored| match stored {
            Stored::Pending(invitation) => AddressSlot::Pending(invitation),
            Stored::Taken { user_id } => AddressSlot::Taken(user_id),
        }))
    }

    /// An entry of the history, unless it has passed its retention.
    pub fn event(&self, key: &Key, now: Timestamp) -> Result<Option<Event>, Error> {
        Ok(self.get(key)?.filter(|event: &Event| event.kept_until > now))
    }

    /// Is a domain approved?
    #[must_use]
    pub fn approves(&self, org: OrgId, domain: &MailDomain) -> bool {
        self.item(&Key::approved_domain(org, domain)).is_some()
    }

    /// An approved domain.
    pub fn approved_domain(
        &self,
        org: OrgId,
        domain: &MailDomain,
    ) -> Result<Option<ApprovedDomain>, Error> {
        self.get(&Key::approved_domain(org, domain))
    }

    /// A person's request to join.
    pub fn join_request(
        &self,
        org: OrgId,
        person: PersonDigest,
    ) -> Result<Option<JoinRequest>, Error> {
        self.get(&Key::join_request(org, person))
    }

    /// A critical alert user.
    pub fn critical_alert_user(
        &self,
        org: OrgId,
        id: AlertId,
    ) -> Result<Option<CriticalAlertUser>, Error> {
        self.get(&Key::critical_alert_user(org, id))
    }
}

impl Store {
    /// A person's standing in an organization, and whatever else the rule wants to know, in one
    /// round trip. Strangers get no further than this.
    pub async fn facts(
        &self,
        person: &Person,
        org: OrgId,
        also: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let own = [Key::organization(org), Key::member(org, MemberId::of(org, &person.id))];
        let found = self.fetch(own.into_iter().chain(also).collect()).await?;
        let organization = found.organization(org)?;
        let member = found.membership(org, &person.id)?;
        Ok((Standing::of(person.clone(), organization, member, None)?, found))
    }

    /// A person's standing in an organization: one round trip.
    pub async fn standing(&self, person: &Person, org: OrgId) -> Result<Standing, Error> {
        Ok(self.facts(person, org, []).await?.0)
    }

    /// The same, for rules about what the tree's switch shows and hides (ROLE5): in a
    /// sub-organization the root is read too, one round trip more.
    pub async fn facts_in_tree(
        &self,
        person: &Person,
        org: OrgId,
        also: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let (standing, found) = self.facts(person, org, also).await?;
        let path = &standing.org.path;
        if path.is_root() {
            return Ok((standing, found));
        }
        let above = path.root_id();
        let found = found.and(self.get([Key::organization(above)]).await?);
        let root = found.organization(above)?;
        let Standing { person, org, member, .. } = standing;
        Ok((Standing::of(person, Some(org), member, root.as_ref())?, found))
    }

    /// The same without anything else.
    pub async fn standing_in_tree(&self, person: &Person, org: OrgId) -> Result<Standing, Error> {
        Ok(self.facts_in_tree(person, org, []).await?.0)
    }

    /// An organization, whoever asks: for operators, and for what is above.
    pub async fn organization(&self, org: OrgId) -> Result<Option<Organization>, Error> {
        self.fetch(vec![Key::organization(org)]).await?.organization(org)
    }

    /// What stands at `keys`.
    pub async fn get(&self, keys: impl IntoIterator<Item = Key>) -> Result<FetchedItems, Error> {
        self.fetch(keys.into_iter().collect()).await
    }

    /// What stood at `keys` at most a moment ago, at half the price: only ever to show it.
    pub async fn get_eventual(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<FetchedItems, Error> {
        self.fetch_with(keys.into_iter().collect(), false).await
    }

    /// What is called how: a glance, and a look where that finds nothing, which may be too new.
    pub async fn get_for_display(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<FetchedItems, Error> {
        let mut keys: Vec<Key> = keys.into_iter().collect();
        let mut found = self.get_eventual(keys.clone()).await?;
        keys.retain(|key| !found.0.contains_key(key));
        found.0.extend(self.get(keys).await?.0);
        Ok(found)
    }

    /// Reads items by key, strongly consistent. More than one batch of them go side by side.
    pub(super) async fn fetch(&self, keys: Vec<Key>) -> Result<FetchedItems, Error> {
        self.fetch_with(keys, true).await
    }

    async fn fetch_with(&self, keys: Vec<Key>, strongly: bool) -> Result<FetchedItems, Error> {
        let mut seen = HashSet::new();
        // What cannot be a key is not there.
        let keys = keys.into_iter().filter(|key| key.fits() && seen.insert(key.clone()));
        let keys: Vec<Key> = keys.collect();
        let batches = keys.chunks(BATCH).map(|batch| self.fetch_batch(batch, strongly));
        Ok(FetchedItems(try_join_all(batches).await?.into_iter().flatten().collect()))
    }

    async fn fetch_batch(&self, keys: &[Key], strongly: bool) -> Result<HashMap<Key, Item>, Error> {
        let mut found = HashMap::new();
        let mut wanted: Vec<_> = keys.iter().cloned().map(Item::from).collect();
        for tries in 0..=TRIES {
            if wanted.is_empty() {
                return Ok(found);
            }
            if tries > 0 {
                tokio::time::sleep(Duration::from_millis(10 << tries)).await;
            }
            let batch = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(strongly)
                .build()
                .map_err(Error::broken)?;
            let request = self
                .client
                .batch_get_item()
                .request_items(&self.table, batch)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            let items = answer.responses.into_iter().filter_map(|mut all| all.remove(&self.table));
            for item in items.flatten() {
                found.insert(Key::of_item(&item)?, item);
            }
            // A short answer never means that something is not there.
            let rest = answer.unprocessed_keys.and_then(|mut all| all.remove(&self.table));
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
        }
        Err(Error::Unavailable("a batch of reads came back in parts too often".to_owned()))
    }
}
