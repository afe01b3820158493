//! Reads of items by key. Rules get facts from strongly consistent reads, all in one call.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Error, Key, RoleWithUsers, Store,
    item::{Item, from_item},
    keys,
    members::ACCESS_EXPIRES_AT,
    meter::Meter,
    people::{keys_beside, root_key},
    schema::upgraded,
};
use crate::{
    domain::{
        AddressSlot, AlertId, ApprovedDomain, CriticalAlertUser, Event, Invitation, JoinRequest,
        MailDomain, Member, MemberId, OrgId, OrgPath, Organization, Person, PersonDigest, Profile,
        Refusal, RoleId, RoleSummary, Standing, UserId, Version,
    },
    metrics::Metric,
};

/// The most keys of one `BatchGetItem` call.
const BATCH: usize = 100;
/// How often the rest of a batch that was read in part is read again.
const TRIES: u32 = 6;

/// The items that were found at some keys.
#[derive(Debug, Default)]
pub struct FetchedItems {
    pub(super) items: HashMap<Key, Item>,
    /// The organizations, decoded once: with 100 custom roles, that takes longer than the rest of a
    /// request.
    organizations: HashMap<OrgId, Organization>,
}

impl FetchedItems {
    pub(super) fn of(found: HashMap<Key, Item>) -> Result<Self, Error> {
        let mut all = Self::default();
        for (key, item) in found {
            let item = upgraded(item)?;
            if key.is_organization() {
                let organization: Organization = from_item(item)?;
                all.organizations.insert(organization.id(), organization);
            } else {
                all.items.insert(key, item);
            }
        }
        Ok(all)
    }

    /// Whether an item was found at `key`.
    pub(super) fn contains(&self, key: &Key) -> bool {
        let organization =
            || keys::owner(&key.pk).is_ok_and(|org| self.organizations.contains_key(&org));
        self.items.contains_key(key) || key.is_organization() && organization()
    }

    pub(super) fn item(&self, key: &Key) -> Option<&Item> {
        self.items.get(key).filter(|item| !item.contains_key("deleted"))
    }

    pub(super) fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, Error> {
        self.item(key).cloned().map(from_item).transpose()
    }

    /// The version of the entity at `key` that was deleted in the last day.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`], as for every item that cannot be read.
    pub fn deleted_at(&self, key: &Key) -> Result<Option<Version>, Error> {
        let tombstone = self.items.get(key).filter(|item| item.contains_key("deleted"));
        let version = tombstone.and_then(|item| item.get("version")).cloned();
        version.map(serde_dynamo::from_attribute_value).transpose().map_err(Error::broken)
    }

    /// These items and others.
    pub fn and(mut self, other: Self) -> Self {
        self.items.extend(other.items);
        self.organizations.extend(other.organizations);
        self
    }

    /// An organization that is not deleted.
    pub fn organization(&self, org: OrgId) -> Option<Organization> {
        self.any_organization(org).filter(|org| !org.is_deleted()).cloned()
    }

    /// The root of an organization's tree, if that is another organization.
    pub fn root_above(&self, org: &Organization) -> Option<Organization> {
        if org.path.is_root() { None } else { self.organization(org.path.root_id()) }
    }

    /// An organization that is deleted, and of which something is left (SA7).
    pub fn deleted_organization(&self, org: OrgId) -> Option<Organization> {
        self.any_organization(org).filter(|org| org.is_deleted()).cloned()
    }

    /// An organization, deleted or not: what it was called, and what it keeps about people.
    pub fn any_organization(&self, org: OrgId) -> Option<&Organization> {
        self.organizations.get(&org)
    }

    /// The paths of those of `orgs` that exist.
    pub fn paths(&self, orgs: &[OrgId]) -> BTreeMap<OrgId, OrgPath> {
        let path = |org: &OrgId| Some((*org, self.organization(*org)?.path));
        orgs.iter().filter_map(path).collect()
    }

    /// The profile of an organization. It is empty if it was never written.
    pub fn profile(&self, org: OrgId) -> Result<Profile, Error> {
        Ok(self.get(&Key::profile(org))?.unwrap_or_default())
    }

    /// A stored member. Their access can have ended: rules judge by [`active_member`](Self::active_member).
    pub fn member(&self, org: OrgId, member: MemberId) -> Result<Option<Member>, Error> {
        self.get(&Key::member(org, member))
    }

    /// The stored membership of a person. Their access can have ended.
    pub fn membership(&self, org: OrgId, user: &UserId) -> Result<Option<Member>, Error> {
        self.member(org, MemberId::of(org, user))
    }

    /// A member whose access has not ended at `now` (END1).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn active_member(
        &self,
        org: OrgId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<Option<Member>, Error> {
        Ok(self.member(org, member)?.filter(|member| member.has_access(now)))
    }

    /// The member whom a request is about.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchMember`] if there is none, [`Refusal::MemberAccessExpired`] if their access has
    /// ended at `now` (END1).
    pub fn present_member(
        &self,
        org: OrgId,
        member: MemberId,
        now: Timestamp,
    ) -> Result<Member, Error> {
        let member = self.member(org, member)?.ok_or(Refusal::NoSuchMember)?;
        member.check_present(now)?;
        Ok(member)
    }

    /// The membership of a person whose access has not ended at `now` (END1).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn active_membership(
        &self,
        org: OrgId,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Option<Member>, Error> {
        self.active_member(org, MemberId::of(org, user), now)
    }

    /// The time at which the access of a person ended, if they are no member because of it. It is the
    /// same before and after the clean-up (END1).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn access_ended_at(
        &self,
        org: OrgId,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let item = self.items.get(&Key::membership(org, user));
        let ended = item.and_then(|item| item.get(ACCESS_EXPIRES_AT)?.as_n().ok());
        let ended = ended.map(|text| text.parse().map_err(Error::broken)).transpose()?;
        let ended = ended.map(|at| Timestamp::from_millisecond(at).map_err(Error::broken));
        Ok(ended.transpose()?.filter(|end| *end <= now))
    }

    /// The standing of a person. The refusal of a person whose access ended says so, also after the
    /// clean-up (END1).
    fn or_expired(
        &self,
        standing: Result<Standing, Refusal>,
        person: &Person,
        org: OrgId,
    ) -> Result<Standing, Error> {
        match standing {
            Err(Refusal::NoSuchOrganization) if self.organization(org).is_some() => {
                let ended = self.access_ended_at(org, &person.id, person.at)?;
                Err(ended.map_or(Refusal::NoSuchOrganization, Refusal::AccessExpired).into())
            }
            standing => Ok(standing?),
        }
    }

    /// A custom role and the number of its users.
    pub fn role(&self, key: &Key) -> Result<Option<RoleWithUsers>, Error> {
        self.get(key)
    }

    /// What lists show of a custom role; none for a built-in role.
    pub fn role_summary(&self, org: OrgId, role: RoleId) -> Result<Option<RoleSummary>, Error> {
        let Some(id) = role.custom() else { return Ok(None) };
        Ok(self.role(&Key::role(org, id))?.map(|found| found.role.summary()))
    }

    /// The slot of an address in an organization.
    pub fn address_slot(&self, key: &Key) -> Result<Option<AddressSlot>, Error> {
        #[derive(Deserialize)]
        #[serde(tag = "status", rename_all = "snake_case")]
        #[expect(clippy::large_enum_variant, reason = "it becomes an `AddressSlot` at once")]
        enum Stored {
            Pending(Invitation),
            Taken { user_id: UserId },
        }
        Ok(self.get(key)?.map(|stored| match stored {
            Stored::Pending(invitation) => AddressSlot::Pending(invitation),
            Stored::Taken { user_id } => AddressSlot::Taken(user_id),
        }))
    }

    /// An event, unless its retention has passed.
    pub fn event(&self, key: &Key, now: Timestamp) -> Result<Option<Event>, Error> {
        Ok(self.get(key)?.filter(|event: &Event| event.kept_until > now))
    }

    /// Whether a domain is approved.
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
    /// A person's standing in an organization, and the items at `also`, in one round trip.
    ///
    /// # Errors
    ///
    /// The refusals of [`Standing::of`]; [`Error::Unavailable`] if the table cannot be read.
    pub async fn facts(
        &self,
        person: &Person,
        org: OrgId,
        also: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let own = [Key::organization(org), Key::member(org, MemberId::of(org, &person.id))];
        let found = self.fetch(own.into_iter().chain(also).collect()).await?;
        let organization = found.organization(org);
        let member = found.membership(org, &person.id)?;
        let standing = Standing::of(person.clone(), organization, member, None);
        Ok((found.or_expired(standing, person, org)?, found))
    }

    /// As [`facts`](Self::facts), for the history of an organization: operators also read that of a
    /// deleted one, for its retention (SA7).
    ///
    /// # Errors
    ///
    /// As [`facts`](Self::facts).
    pub async fn facts_of_history(
        &self,
        person: &Person,
        org: OrgId,
        also: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let own = [Key::organization(org), Key::membership(org, &person.id)];
        let found = self.fetch(own.into_iter().chain(also).collect()).await?;
        if let Some(deleted) = found.deleted_organization(org).filter(|_| person.operator) {
            return Ok((Standing::of(person.clone(), Some(deleted), None, None)?, found));
        }
        let (organization, member) = (found.organization(org), found.membership(org, &person.id)?);
        let standing = Standing::of(person.clone(), organization, member, None);
        Ok((found.or_expired(standing, person, org)?, found))
    }

    /// A person's standing in an organization.
    ///
    /// # Errors
    ///
    /// As [`facts`](Self::facts).
    pub async fn standing(&self, person: &Person, org: OrgId) -> Result<Standing, Error> {
        Ok(self.facts(person, org, []).await?.0)
    }

    /// A person's standing, for the security settings.
    ///
    /// # Errors
    ///
    /// Those of [`Standing::for_security_settings`]; [`Error::Unavailable`] if the table cannot be read.
    pub async fn standing_for_security(
        &self,
        person: &Person,
        org: OrgId,
    ) -> Result<Standing, Error> {
        let found = self.get([Key::organization(org), Key::membership(org, &person.id)]).await?;
        let (organization, member) = (found.organization(org), found.membership(org, &person.id)?);
        let standing = Standing::for_security_settings(person.clone(), organization, member);
        found.or_expired(standing, person, org)
    }

    /// A person's standing and the items at `also`, for rules that depend on the settings of the root (SUB1, ROLE5). In a
    /// sub-organization it reads the root in a second round trip.
    ///
    /// # Errors
    ///
    /// As [`facts`](Self::facts).
    pub async fn facts_in_tree(
        &self,
        person: &Person,
        org: OrgId,
        also: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let (standing, found) = self.facts(person, org, also).await?;
        let root = root_key(&standing.org);
        self.with_root(standing, found, root).await
    }

    /// As [`facts_in_tree`](Self::facts_in_tree), with the items that say what the Super Admin and the organization above
    /// are called.
    ///
    /// # Errors
    ///
    /// As [`facts`](Self::facts).
    pub async fn facts_to_show(
        &self,
        person: &Person,
        org: OrgId,
        also: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let (standing, found) = self.facts(person, org, also).await?;
        let keys = root_key(&standing.org).into_iter().chain(keys_beside(&standing.org));
        let missing: Vec<_> = keys.filter(|key| !found.contains(key)).collect();
        self.with_root(standing, found, missing).await
    }

    /// A standing under the settings of the root, which is one of the items at `keys`.
    async fn with_root(
        &self,
        standing: Standing,
        found: FetchedItems,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let found = found.and(self.get(keys).await?);
        let Standing { person, org, member, .. } = standing;
        let root = found.root_above(&org);
        Ok((Standing::of(person, Some(org), member, root.as_ref())?, found))
    }

    /// An organization with the items of its root and of what gives the names beside its ids, strongly consistent.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn organization_to_show(
        &self,
        org: OrgId,
    ) -> Result<Option<(Organization, FetchedItems)>, Error> {
        let Some(org) = self.organization(org).await? else { return Ok(None) };
        let found = self.get(keys_beside(&org).chain(root_key(&org))).await?;
        Ok(Some((org, found)))
    }

    /// A person's standing, for rules that depend on the settings of the root.
    ///
    /// # Errors
    ///
    /// As [`facts`](Self::facts).
    pub async fn standing_in_tree(&self, person: &Person, org: OrgId) -> Result<Standing, Error> {
        Ok(self.facts_in_tree(person, org, []).await?.0)
    }

    /// An organization, without a check of the caller.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn organization(&self, org: OrgId) -> Result<Option<Organization>, Error> {
        Ok(self.fetch(vec![Key::organization(org)]).await?.organization(org))
    }

    /// The organization right above one.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn parent(&self, org: &Organization) -> Result<Option<Organization>, Error> {
        match org.path.parent() {
            Some(parent) => self.organization(parent).await,
            None => Ok(None),
        }
    }

    /// The items at `keys`.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn get(&self, keys: impl IntoIterator<Item = Key>) -> Result<FetchedItems, Error> {
        self.fetch(keys.into_iter().collect()).await
    }

    /// The items at `keys` as of a moment ago, at half the cost. They are shown, never decided on.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn get_eventual(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<FetchedItems, Error> {
        self.fetch_with(keys.into_iter().collect(), false).await
    }

    /// The items at `keys`, for display. Items that are not found are read again with strong consistency, because they
    /// may be new.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn get_for_display(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<FetchedItems, Error> {
        let mut keys: Vec<Key> = keys.into_iter().collect();
        let found = self.get_eventual(keys.clone()).await?;
        keys.retain(|key| !found.contains(key));
        Ok(found.and(self.get(keys).await?))
    }

    /// Reads items by key, strongly consistent. Several batches are read concurrently.
    pub(super) async fn fetch(&self, keys: Vec<Key>) -> Result<FetchedItems, Error> {
        self.fetch_with(keys, true).await
    }

    async fn fetch_with(&self, keys: Vec<Key>, strongly: bool) -> Result<FetchedItems, Error> {
        let mut seen = HashSet::new();
        // DynamoDB refuses a key that is too long, so no item has it.
        let keys = keys.into_iter().filter(|key| key.fits() && seen.insert(key.clone()));
        let keys: Vec<Key> = keys.collect();
        let batches = keys.chunks(BATCH).map(|batch| self.fetch_batch(batch, strongly));
        FetchedItems::of(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// The items at the keys, as they are stored.
    pub(super) async fn fetch_batch(
        &self,
        keys: &[Key],
        strongly: bool,
    ) -> Result<HashMap<Key, Item>, Error> {
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
            // The rest was not processed, which says nothing about its existence.
            let rest = answer.unprocessed_keys.and_then(|mut all| all.remove(&self.table));
            wanted = rest.map(|rest| rest.keys).unwrap_or_default();
            if !wanted.is_empty() {
                Metric::Throttles.add(1.0);
            }
        }
        Err(Error::Unavailable("a batch of reads came back in parts too often".to_owned()))
    }
}
