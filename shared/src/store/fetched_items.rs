//! Items that were read by key, decoded where a rule asks for one. What only one topic decodes is
//! in the files of that topic: `pending` in `invitations`, for example.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Error, Key,
    ended_access::ACCESS_EXPIRES_AT,
    item::{Item, from_item},
    keys,
    schema::upgraded,
};
use crate::domain::{
    AddressSlot, AlertId, CriticalAlertUser, CustomRole, Event, Invitation, JoinRequest, ListEntry,
    ListValue, MailDomain, Member, MemberId, OrgId, OrgPath, Organization, Person, PersonHash,
    Profile, Refusal, RoleId, RoleSummary, Standing, UserCount, UserId, Version,
};

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

    /// The version at which the entity at `key` was deleted, for as long as its tombstone stays.
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
    pub fn organization(&self, org: OrgId) -> Option<&Organization> {
        self.any_organization(org).filter(|org| !org.is_deleted())
    }

    /// An organization that is not deleted, for an operator.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoOrganizationWithId`] or [`Refusal::OrganizationDeleted`].
    pub fn organization_for_operator(&self, org: OrgId) -> Result<Organization, Refusal> {
        let org = self.any_organization(org).ok_or(Refusal::NoOrganizationWithId)?;
        org.check_present()?;
        Ok(org.clone())
    }

    /// The root of an organization's tree, if that is another organization.
    pub fn root_above(&self, org: &Organization) -> Option<Organization> {
        if org.path.is_root() { None } else { self.organization(org.path.root_id()).cloned() }
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
    pub fn paths(&self, orgs: &BTreeSet<OrgId>) -> BTreeMap<OrgId, OrgPath> {
        let path = |org: &OrgId| Some((*org, self.organization(*org)?.path.clone()));
        orgs.iter().filter_map(path).collect()
    }

    /// The profile of an organization. It is empty if it was never written.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn profile(&self, org: OrgId) -> Result<Profile, Error> {
        Ok(self.get(&Key::profile(org))?.unwrap_or_default())
    }

    /// A stored member. Their access can have ended: rules read
    /// [`active_member`](Self::active_member).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn member(&self, org: OrgId, member: MemberId) -> Result<Option<Member>, Error> {
        self.get(&Key::member(org, member))
    }

    /// The stored membership of a person. Their access can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
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

    /// The member in the path or the body of a request.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoSuchMember`] if there is none, [`Refusal::MemberAccessExpired`] if their access
    /// has ended at `now` (END1).
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

    /// The time at which the access of a person ended, if they are no member because of it. It is
    /// the same before and after the clean-up (END1).
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
        let Some(text) = item.and_then(|item| item.get(ACCESS_EXPIRES_AT)?.as_n().ok()) else {
            return Ok(None);
        };
        let milliseconds = text.parse().map_err(Error::broken)?;
        let end = Timestamp::from_millisecond(milliseconds).map_err(Error::broken)?;
        Ok(Some(end).filter(|end| *end <= now))
    }

    /// The standing of a person, by their membership and the organization.
    pub(super) fn standing(&self, person: &Person, org: OrgId) -> Result<Standing, Error> {
        let member = self.membership(org, &person.id)?;
        let organization = self.organization(org).cloned();
        self.explain_refusal(Standing::of(person.clone(), organization, member, None), person, org)
    }

    /// The standing, or a refusal that says more. That of a person whose access ended says so, also
    /// after the clean-up (END1); that of an operator says if the organization is deleted (SA7).
    pub(super) fn explain_refusal(
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
            Err(refusal @ Refusal::NoOrganizationWithId) => {
                Err(self.organization_for_operator(org).err().unwrap_or(refusal).into())
            }
            standing => Ok(standing?),
        }
    }

    /// A custom role and the number of its users.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn role(&self, key: &Key) -> Result<Option<RoleWithUsers>, Error> {
        self.get(key)
    }

    /// A custom role and the number of its users; none for a built-in role.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn custom_role(&self, org: OrgId, role: RoleId) -> Result<Option<RoleWithUsers>, Error> {
        Key::custom_role(org, role).map_or(Ok(None), |key| self.role(&key))
    }

    /// What lists show of a custom role; none for a built-in role.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn role_summary(&self, org: OrgId, role: RoleId) -> Result<Option<RoleSummary>, Error> {
        Ok(self.custom_role(org, role)?.map(|found| found.role.summary()))
    }

    /// The slot of an address in an organization.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
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
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn event(&self, key: &Key, now: Timestamp) -> Result<Option<Event>, Error> {
        Ok(self.get(key)?.filter(|event: &Event| event.kept_until > now))
    }

    /// Whether a domain is approved.
    pub fn approves(&self, org: OrgId, domain: &MailDomain) -> bool {
        self.item(&Key::approved_domain(org, domain)).is_some()
    }

    /// A person's join request.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn join_request(
        &self,
        org: OrgId,
        person: PersonHash,
    ) -> Result<Option<JoinRequest>, Error> {
        self.get(&Key::join_request(org, person))
    }

    /// The entry of a list at `key`.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn list_entry<T: ListValue>(&self, key: &Key) -> Result<Option<ListEntry<T>>, Error> {
        self.get(key)
    }

    /// A critical alert user.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn critical_alert_user(
        &self,
        org: OrgId,
        id: AlertId,
    ) -> Result<Option<CriticalAlertUser>, Error> {
        self.list_entry(&Key::critical_alert_user(org, id))
    }
}

/// A custom role with the number of its users, as its item holds both.
#[derive(Clone, Debug, Deserialize)]
pub struct RoleWithUsers {
    /// The role.
    #[serde(flatten)]
    pub role: CustomRole,
    /// The number of its users.
    #[serde(flatten)]
    pub users: UserCount,
}
