//! All that is kept about a person, found by their id on the platform (ERA1).
//!
//! The index `by_identity` names the organizations that know the person or one of their addresses.
//! What is kept there is read by key, strongly consistent.

use std::{collections::BTreeSet, time::Duration};

use super::{Error, FetchedItems, Key, Store, identities::Identities, item::Item};
use crate::domain::{
    AddressHash, AddressSlot, AlertId, CriticalAlertUser, Email, Invitation, JoinRequest, Member,
    OrgId, Organization, PersonHash, PersonId, PersonLabel, RoleId, UserId, Version,
};

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
    /// Their join request, open or declined.
    pub request: Option<JoinRequest>,
    /// What is kept about each of their addresses.
    pub addresses: Vec<KnownAddress>,
}

/// What is kept about a person who is no member.
#[derive(Clone, Debug)]
pub struct FormerPerson {
    /// What they were called.
    pub label: PersonLabel,
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

    /// Whether the organization keeps the address of an invitation, a membership or an alert user
    /// that ended.
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

impl Store {
    /// All that is kept about a person.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn personal_data(&self, id: PersonId) -> Result<PersonalData, Error> {
        self.personal_data_and_of(id, &BTreeSet::new()).await
    }

    /// As [`personal_data`](Self::personal_data), also what is kept about addresses that the person
    /// is known to have had: nothing may lead to them any more.
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
        let Identities { user_id, addresses, orgs } = self.identities_of(id, addresses).await?;
        let keys = orgs.iter().flat_map(|&org| keys_in(org, user_id.as_ref(), &addresses));
        let found = self.get(keys).await?;
        let known = orgs.iter().map(|&org| known_in(&found, org, user_id.as_ref(), &addresses));
        let known = known.filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
        let organizations = known.into_iter().filter(KnownIn::is_known).collect();
        Ok(PersonalData { user_id, addresses, organizations })
    }
}

/// The keys of all that an organization can keep about a person.
fn keys_in(org: OrgId, user: Option<&UserId>, addresses: &BTreeSet<Email>) -> Vec<Key> {
    let mut keys = vec![Key::organization(org)];
    if let Some(user) = user {
        keys.push(Key::membership(org, user));
        keys.push(Key::join_request(org, PersonHash::of(org, user)));
    }
    for address in addresses {
        let alert = AlertId::of(org, address);
        keys.push(Key::address_slot(org, AddressHash::of(org, address)));
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
        known.request = found.join_request(id, PersonHash::of(id, user))?;
        // The name of a membership that continues with another account is kept with that account.
        let label = found.label_at(&Key::membership(id, user))?;
        let version = found.deleted_at(&Key::membership(id, user))?;
        known.former = label
            .filter(|label| *label != PersonLabel::Erased)
            .zip(version)
            .map(|(label, version)| FormerPerson { label, version });
    }
    let addresses = addresses.iter().map(|address| known_of_address(found, id, address));
    known.addresses = addresses.collect::<Result<_, _>>()?;
    Ok(Some(known))
}

fn known_of_address(
    found: &FetchedItems,
    org: OrgId,
    email: &Email,
) -> Result<KnownAddress, Error> {
    let slot = Key::address_slot(org, AddressHash::of(org, email));
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
            .label_at(&Key::former_name(org, &alert))?
            .is_some_and(|label| label != PersonLabel::Erased),
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
