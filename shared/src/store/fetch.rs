//! Reads of items by key. Rules get facts from strongly consistent reads, all in one call.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnConsumedCapacity};
use futures_util::future::try_join_all;

use super::{
    Error, FetchedItems, Key, Store,
    continued_members::MAX_CHANGES,
    item::Item,
    meter::Meter,
    names::{keys_of_names, root_key},
};
use crate::{
    domain::{OrgId, Organization, Person, Standing},
    metrics::Metric,
};

/// The most keys of one `BatchGetItem` call.
const BATCH: usize = 100;
/// How often the rest of a batch that was read in part is read again.
const TRIES: u32 = 6;

/// Which state of an item a read returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consistency {
    /// With all writes that were committed before.
    Strong,
    /// As of a moment ago, at half the cost.
    Eventual,
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
        let found = self.fetch(own_keys(person, org, also)).await?;
        Ok((found.standing(person, org)?, found))
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
        let found = self.fetch(own_keys(person, org, also)).await?;
        let standing = match found.deleted_organization(org).filter(|_| person.operator) {
            Some(deleted) => Standing::of(person.clone(), Some(deleted), None, None)?,
            None => found.standing(person, org)?,
        };
        Ok((standing, found))
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
    /// Those of [`Standing::for_security_settings`]; [`Error::Unavailable`] if the table cannot be
    /// read.
    pub async fn standing_for_security(
        &self,
        person: &Person,
        org: OrgId,
    ) -> Result<Standing, Error> {
        let found = self.fetch(own_keys(person, org, [])).await?;
        let (organization, member) =
            (found.organization(org).cloned(), found.membership(org, &person.id)?);
        let standing = Standing::for_security_settings(person.clone(), organization, member);
        found.explain_refusal(standing, person, org)
    }

    /// A person's standing and the items at `also`, for rules that depend on the settings of the
    /// root (SUB1, ROLE5). In a sub-organization it reads the root in a second round trip.
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

    /// As [`facts_in_tree`](Self::facts_in_tree), with the items that say what the Super Admin and
    /// the organization above are called.
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
        let keys = root_key(&standing.org).into_iter().chain(keys_of_names(&standing.org));
        self.with_root(standing, found, keys).await
    }

    /// Reads `keys`, and takes the root of the tree from all items: the standing is under its
    /// settings.
    async fn with_root(
        &self,
        standing: Standing,
        found: FetchedItems,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<(Standing, FetchedItems), Error> {
        let found = self.get_also(found, keys).await?;
        let Standing { person, org, member, .. } = standing;
        let root = found.root_above(&org);
        Ok((Standing::of(person, Some(org), member, root.as_ref())?, found))
    }

    /// An organization with its root, its parent and its Super Admin, whose names are shown.
    /// Strongly consistent; also what is left of a deleted organization.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn any_organization_to_show(
        &self,
        org: OrgId,
    ) -> Result<Option<(Organization, FetchedItems)>, Error> {
        let alone = self.fetch(vec![Key::organization(org)]).await?;
        let Some(org) = alone.any_organization(org).cloned() else { return Ok(None) };
        let found = self.get(keys_of_names(&org).chain(root_key(&org))).await?;
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
        Ok(self.fetch(vec![Key::organization(org)]).await?.organization(org).cloned())
    }

    /// An organization that is not deleted, for an operator.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoOrganizationWithId`](crate::domain::Refusal::NoOrganizationWithId) or
    /// [`Refusal::OrganizationDeleted`](crate::domain::Refusal::OrganizationDeleted);
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn organization_for_operator(&self, org: OrgId) -> Result<Organization, Error> {
        let found = self.fetch(vec![Key::organization(org)]).await?;
        Ok(found.organization_for_operator(org)?)
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

    /// The items in `found`, and those at `keys` that are not in it.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn get_also(
        &self,
        found: FetchedItems,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<FetchedItems, Error> {
        let missing: Vec<_> = keys.into_iter().filter(|key| !found.contains(key)).collect();
        Ok(found.and(self.fetch(missing).await?))
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
        self.fetch_with(keys.into_iter().collect(), Consistency::Eventual).await
    }

    /// The items at `keys`, for display. Items that are not found are read again with strong
    /// consistency, because they may be new.
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
        self.fetch_with(keys, Consistency::Strong).await
    }

    async fn fetch_with(
        &self,
        keys: Vec<Key>,
        consistency: Consistency,
    ) -> Result<FetchedItems, Error> {
        let mut seen = HashSet::new();
        // DynamoDB refuses a key that is too long, so no item has it.
        let once = keys.into_iter().filter(|key| key.fits() && seen.insert(key.clone()));
        let mut found = self.fetch_batches(&once.collect::<Vec<_>>(), consistency).await?;
        for _ in 0..MAX_CHANGES {
            let continued = found.unread_continuations();
            if continued.is_empty() {
                break;
            }
            found = found.and(self.fetch_batches(&continued, consistency).await?);
        }
        Ok(found)
    }

    async fn fetch_batches(
        &self,
        keys: &[Key],
        consistency: Consistency,
    ) -> Result<FetchedItems, Error> {
        let batches = keys.chunks(BATCH).map(|batch| self.fetch_batch(batch, consistency));
        FetchedItems::of(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// The items at the keys, as they are stored.
    pub(super) async fn fetch_batch(
        &self,
        keys: &[Key],
        consistency: Consistency,
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
                .consistent_read(consistency == Consistency::Strong)
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

/// The keys of the organization and of the person's membership, and `also`.
fn own_keys(person: &Person, org: OrgId, also: impl IntoIterator<Item = Key>) -> Vec<Key> {
    let own = [Key::organization(org), Key::membership(org, &person.id)];
    own.into_iter().chain(also).collect()
}
