//! All that is kept about a person, found by their id on the platform (ERA1).
//!
//! The index `by_identity` names the organizations that know the person or one of their addresses. What
//! is kept there is read by key, strongly consistent.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder, types::ReturnConsumedCapacity,
};
use futures_util::future::try_join_all;

use super::{
    Error, FetchedItems, Key, Store,
    expression::{Expression, ExpressionValues},
    index::{self, Index},
    item::{Item, text},
    keys,
    meter::Meter,
    schema::upgraded,
};
use crate::domain::{
    AddressDigest, AddressSlot, AlertId, CriticalAlertUser, Email, Invitation, JoinRequest, Member,
    OrgId, Organization, PersonDigest, PersonId, PersonLabel, RoleId, UserId, Version,
};

/// The most items of each kind that say whether a user is a person.
const MAX_KNOWN_AS: i32 = 25;

/// All that is kept about a person.
#[derive(Debug)]
pub struct PersonalData {
    /// Their `sub`. `None` if they are known by an address alone.
    pub user_id: Option<UserId>,
    /// The addresses that they have or had in an organization.
    pub addresses: BTreeSet<Email>,
    /// What is kept in each organization that knows them.
    pub organizations: Vec<KnownIn>,
}

/// What is kept about a person in one organization.
#[derive(Debug)]
pub struct KnownIn {
    /// The organization.
    pub org: Organization,
    /// Their membership.
    pub member: Option<Member>,
    /// What they were called, if they are no member.
    pub former: Option<FormerPerson>,
    /// Their request to join, open or declined.
    pub request: Option<JoinRequest>,
    /// What is kept about each of their addresses.
    pub addresses: Vec<KnownAddress>,
}

/// What is kept about a person who is no member.
#[derive(Clone, Debug)]
pub struct FormerPerson {
    /// What they were called.
    pub called: PersonLabel,
    /// The version of the tombstone.
    pub version: Version,
}

/// What is kept about an address in one organization.
#[derive(Debug)]
pub struct KnownAddress {
    /// The address.
    pub email: Email,
    /// The pending invitation.
    pub invitation: Option<Invitation>,
    /// The slot of an invitation or a membership that ended.
    pub(super) former: Option<Item>,
    /// Whether a membership holds the address: the person's own, or another person's.
    pub(super) is_taken: bool,
    /// The entry among the critical alert users.
    pub alert: Option<CriticalAlertUser>,
    /// Whether the address is kept for the events of an alert user who was removed.
    pub was_alerted: bool,
}

impl KnownAddress {
    /// Whether anything is kept about the address, apart from a membership.
    pub fn is_known(&self) -> bool {
        let Self { invitation, former, alert, was_alerted, .. } = self;
        invitation.is_some() || former.is_some() || alert.is_some() || *was_alerted
    }

    /// Whether the organization keeps the address of an invitation, a membership or an alert user that
    /// ended.
    pub fn is_former(&self) -> bool {
        self.former.is_some() || self.was_alerted
    }
}

impl KnownIn {
    /// Whether anything is kept in the organization.
    fn is_known(&self) -> bool {
        let Self { member, former, request, addresses, .. } = self;
        member.is_some()
            || former.is_some()
            || request.is_some()
            || addresses.iter().any(KnownAddress::is_known)
    }
}

/// How long an index usually takes to follow the table.
const INDEX_LAG: Duration = Duration::from_millis(100);

/// The identities of a person: what the index found.
#[derive(Default)]
struct Traces {
    user_id: Option<UserId>,
    addresses: BTreeSet<Email>,
    orgs: BTreeSet<OrgId>,
}

impl Traces {
    fn add(&mut self, item: &Item) -> Result<(), Error> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        self.orgs.insert(keys::owner(text("pk").map(String::as_str).unwrap_or_default())?);
        // Other people can have the address, too: who holds it is not who is asked about.
        let user = text("user_id").filter(|_| !item.contains_key("status")).map(UserId::new);
        self.user_id = self.user_id.take().or(user);
        // A critical alert user has the address as its value.
        let address = text("email").or_else(|| text("value"));
        self.addresses.extend(address.and_then(|address| Email::parse(address).ok()));
        Ok(())
    }
}

impl Store {
    /// All that is kept about a person.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn personal_data(&self, id: PersonId) -> Result<PersonalData, Error> {
        self.personal_data_and_of(id, &BTreeSet::new()).await
    }

    /// As [`personal_data`](Self::personal_data), also what is kept about addresses that the person is
    /// known to have had: nothing may lead to them any more.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn personal_data_and_of(
        &self,
        id: PersonId,
        addresses: &BTreeSet<Email>,
    ) -> Result<PersonalData, Error> {
        let data = self.personal_data_now(id, addresses).await?;
        if !data.organizations.is_empty() {
            return Ok(data);
        }
        // An item that moves to another identity between two queries, such as that of a member who
        // leaves, is in neither answer.
        tokio::time::sleep(INDEX_LAG).await;
        self.personal_data_now(id, addresses).await
    }

    async fn personal_data_now(
        &self,
        id: PersonId,
        addresses: &BTreeSet<Email>,
    ) -> Result<PersonalData, Error> {
        let Traces { user_id, addresses, orgs } = self.traces(id, addresses).await?;
        let keys = orgs.iter().flat_map(|&org| keys_in(org, user_id.as_ref(), &addresses));
        let found = self.get(keys).await?;
        let known = orgs.iter().map(|&org| known_in(&found, org, user_id.as_ref(), &addresses));
        let known = known.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        let organizations = known.into_iter().filter(KnownIn::is_known).collect();
        Ok(PersonalData { user_id, addresses, organizations })
    }

    /// The users who are members with this address anywhere, as of a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn users_with_address(&self, email: &Email) -> Result<BTreeSet<UserId>, Error> {
        let address = index::known_address(PersonId::of_address(email));
        let known = self.all_at(Index::ByIdentity, address).await?;
        let user = |slot: &Item| slot.get("user_id")?.as_s().ok().map(UserId::new);
        Ok(known.iter().filter_map(user).collect())
    }

    /// The users with this address in all organizations, as of a moment ago. They are members,
    /// former members, and people who asked to join or declined an invitation.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn users_known_by_address(&self, email: &Email) -> Result<BTreeSet<UserId>, Error> {
        let address = index::known_address(PersonId::of_address(email));
        let (mut users, known) = futures_util::try_join!(
            self.users_with_address(email),
            self.all_at(Index::ByEmail, address)
        )?;
        let user = |known: &Item| known.get("user_id")?.as_s().ok().map(UserId::new);
        users.extend(known.iter().filter_map(user));
        Ok(users)
    }

    /// Whether any organization knows a user as a person, as of a moment ago. It knows members and
    /// former ones with an address, and people who asked to join or declined an invitation.
    ///
    /// Bounded: of each kind, one short page of items decides. What a user is in one organization,
    /// they are in all.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn is_known_as_person(&self, user: &UserId) -> Result<bool, Error> {
        let id = PersonId::of(user);
        let kinds = [index::person(id), index::known_person(id), index::requests_of(id)];
        let pages = kinds.into_iter().map(|identity| async {
            let query = self.query_all_at(Index::ByIdentity, identity).limit(MAX_KNOWN_AS);
            let answer = Meter::call(query.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            Ok::<_, Error>(answer.items.unwrap_or_default())
        });
        // A service has no address.
        Ok(try_join_all(pages).await?.iter().flatten().any(|item| item.contains_key("email")))
    }

    /// What the index knows of a person, of these addresses and of those that it knows of them.
    async fn traces(&self, id: PersonId, known: &BTreeSet<Email>) -> Result<Traces, Error> {
        let mut traces = Traces::default();
        let own = [
            index::person(id),
            index::known_person(id),
            index::address(id),
            index::known_address(id),
        ];
        let (own, others) =
            futures_util::try_join!(self.identified(own), self.known_at(id, known))?;
        for item in own {
            traces.add(&item)?;
        }
        traces.orgs.extend(others);
        let others = self.known_at(id, &(&traces.addresses - known)).await?;
        traces.orgs.extend(others);
        traces.addresses.extend(known.iter().cloned());
        Ok(traces)
    }

    /// The organizations that know addresses of a person. Their items say nothing of a person. Those of an
    /// address whose id is `person` are known already.
    async fn known_at(
        &self,
        person: PersonId,
        addresses: &BTreeSet<Email>,
    ) -> Result<BTreeSet<OrgId>, Error> {
        let ids = addresses.iter().map(PersonId::of_address).filter(|address| *address != person);
        let identities = ids.flat_map(|id| [index::address(id), index::known_address(id)]);
        let items = self.identified(identities).await?;
        items.iter().map(|item| keys::owner(&Key::of_item(item)?.pk)).collect()
    }

    /// All items of these identities.
    async fn identified(
        &self,
        identities: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Item>, Error> {
        let all = identities.into_iter().map(|identity| self.all_at(Index::ByIdentity, identity));
        Ok(try_join_all(all).await?.into_iter().flatten().collect())
    }

    /// All items with a hash key of an index.
    async fn all_at(&self, index: Index, hash: String) -> Result<Vec<Item>, Error> {
        let query = self.query_all_at(index, hash);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let request = query.clone().set_exclusive_start_key(start);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            let page = answer.items.unwrap_or_default().into_iter().map(upgraded);
            items.extend(page.collect::<Result<Vec<_>, _>>()?);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    fn query_all_at(&self, index: Index, hash: String) -> QueryFluentBuilder {
        let condition = Expression::new("#hash = :hash", [("hash", text(hash))]);
        let condition = condition.naming("hash", index.hash());
        let mut terms = ExpressionValues::default();
        let condition = terms.take(condition);
        let (names, values) = terms.parts();
        self.client
            .query()
            .table_name(&self.table)
            .index_name(index.name())
            .key_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }
}

/// The keys of all that an organization can keep about a person.
fn keys_in(org: OrgId, user: Option<&UserId>, addresses: &BTreeSet<Email>) -> Vec<Key> {
    let mut keys = vec![Key::organization(org)];
    if let Some(user) = user {
        keys.push(Key::membership(org, user));
        keys.push(Key::join_request(org, PersonDigest::of(org, user)));
    }
    for address in addresses {
        let alert = AlertId::of(org, address);
        keys.push(Key::address_slot(org, AddressDigest::of(org, address)));
        keys.push(Key::critical_alert_user(org, alert));
        keys.push(Key::former_name(org, &alert));
    }
    keys
}

fn known_in(
    found: &FetchedItems,
    id: OrgId,
    user: Option<&UserId>,
    addresses: &BTreeSet<Email>,
) -> Result<Option<KnownIn>, Error> {
    let Some(org) = found.any_organization(id).cloned() else { return Ok(None) };
    let mut known = KnownIn { org, member: None, former: None, request: None, addresses: vec![] };
    if let Some(user) = user {
        known.member = found.membership(id, user)?;
        known.request = found.join_request(id, PersonDigest::of(id, user))?;
        // The name of a membership that continues with another account is kept with that account.
        let called = found.called_at(&Key::membership(id, user))?;
        let version = found.deleted_at(&Key::membership(id, user))?;
        known.former = called
            .filter(|called| *called != PersonLabel::Erased)
            .zip(version)
            .map(|(called, version)| FormerPerson { called, version });
    }
    let addresses = addresses.iter().map(|address| known_address(found, id, address));
    known.addresses = addresses.collect::<Result<_, _>>()?;
    Ok(Some(known))
}

fn known_address(found: &FetchedItems, org: OrgId, email: &Email) -> Result<KnownAddress, Error> {
    let slot = Key::address_slot(org, AddressDigest::of(org, email));
    let holder = found.address_slot(&slot)?;
    let alert = AlertId::of(org, email);
    let former = found
        .items
        .get(&slot)
        .filter(|item| item.contains_key("deleted") && item.contains_key("email"));
    Ok(KnownAddress {
        email: email.clone(),
        is_taken: matches!(holder, Some(AddressSlot::Taken(_))),
        invitation: holder.and_then(AddressSlot::pending),
        former: former.cloned(),
        alert: found.critical_alert_user(org, alert)?,
        was_alerted: found
            .called_at(&Key::former_name(org, &alert))?
            .is_some_and(|called| called != PersonLabel::Erased),
    })
}

impl PersonalData {
    /// The organizations whose Super Admin the person is. A deleted one needs none.
    pub fn super_admin_of(&self) -> impl Iterator<Item = &Organization> {
        let is_super_admin = |known: &&KnownIn| {
            known.member.as_ref().is_some_and(|member| member.role_id == RoleId::SUPER_ADMIN)
        };
        let present = self.organizations.iter().filter(|known| !known.org.is_deleted());
        present.filter(is_super_admin).map(|known| &known.org)
    }
}
