//! What the ids in the history and in lists name (ORG5): people, addresses, roles.
//!
//! A member, an address and a critical alert user keep their name in their item. When they are
//! gone, the name stays for as long as an event can name them. It is in the tombstone of a member
//! or of the slot of an address. For a critical alert user or a custom role, it is in an item of
//! its own. A person who was never a member, but asked to join or declined an invitation, has such
//! a tombstone, too.
//!
//! An erasure leaves tombstones without a name (ERA1).

use serde::Deserialize;
use serde_json::Value;

use super::{Error, FetchedItems, Key, Store, item::from_item};
use crate::domain::{
    AlertId, CustomRoleId, Email, Event, InvitationId, MemberId, Name, OrgId, Organization,
    PersonLabel, TargetKind,
};

impl FetchedItems {
    /// What a person is called in an organization, as a member or afterwards. `None` if nothing is
    /// known of them.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn label(&self, org: OrgId, member: MemberId) -> Result<Option<PersonLabel>, Error> {
        self.label_at(&Key::member(org, self.last_id(org, member)))
    }

    /// What the history calls a person: by the name from the identity provider, which no member can
    /// change, before the display name.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn history_label(
        &self,
        org: OrgId,
        member: MemberId,
    ) -> Result<Option<PersonLabel>, Error> {
        self.label_by(&Key::member(org, self.last_id(org, member)), Option::or)
    }

    /// The address of an invitation, which can have ended.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn invitation_label(
        &self,
        org: OrgId,
        id: InvitationId,
    ) -> Result<Option<PersonLabel>, Error> {
        self.label_at(&Key::address_slot(org, id.address_hash()))
    }

    /// The address of a critical alert user, who can be removed.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn alert_label(&self, org: OrgId, id: AlertId) -> Result<Option<PersonLabel>, Error> {
        let live = self.label_at(&Key::critical_alert_user(org, id))?;
        Ok(live.or(self.label_at(&Key::former_name(org, &id))?))
    }

    /// The name of a custom role, which can be deleted.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn role_name(&self, org: OrgId, id: CustomRoleId) -> Result<Option<Name>, Error> {
        let keys = [Key::role(org, id), Key::former_name(org, &id)];
        let item = keys.iter().find_map(|key| self.items.get(key));
        let name = item.and_then(|item| item.get("name")).cloned();
        name.map(serde_dynamo::from_attribute_value).transpose().map_err(Error::broken)
    }

    pub(super) fn label_at(&self, key: &Key) -> Result<Option<PersonLabel>, Error> {
        self.label_by(key, |given, displayed| displayed.or(given))
    }

    /// `choose` takes the name from the identity provider and the display name.
    fn label_by(
        &self,
        key: &Key,
        choose: fn(Option<String>, Option<String>) -> Option<String>,
    ) -> Result<Option<PersonLabel>, Error> {
        let Some(item) = self.items.get(key) else { return Ok(None) };
        let StoredName { erased, email, name, display_name } = from_item(item.clone())?;
        let name = choose(name, display_name.map(|name| name.to_string()));
        Ok(match email {
            _ if erased => Some(PersonLabel::Erased),
            Some(email) => Some(PersonLabel::Known { name, email }),
            None => name.map(|name| PersonLabel::Service { name }),
        })
    }
}

/// The attributes of an item that say what a person or an address is called.
#[derive(Deserialize)]
struct StoredName {
    #[serde(default)]
    erased: bool,
    #[serde(alias = "value")]
    email: Option<Email>,
    name: Option<String>,
    display_name: Option<Name>,
}

impl Store {
    /// The items that say what the ids in `events` name.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn names_in(&self, events: &[Event]) -> Result<FetchedItems, Error> {
        let named: Vec<Entity> = events.iter().flat_map(named_in).collect();
        let found = self.get_eventual(named.iter().flat_map(Entity::keys)).await?;
        // An eventually consistent read can miss what is new.
        let missing = named.iter().filter(|named| !named.is_in(&found));
        let missing: Vec<_> = missing.flat_map(Entity::keys).collect();
        Ok(found.and(self.get(missing).await?))
    }

    /// The items that say what the Super Admins of some organizations and the organizations above
    /// are called.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn organization_names(&self, orgs: &[Organization]) -> Result<FetchedItems, Error> {
        self.get_for_display(orgs.iter().flat_map(keys_of_names)).await
    }

    /// As [`organization_names`](Self::organization_names), with the roots of the trees.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn organization_names_and_roots(
        &self,
        orgs: &[Organization],
    ) -> Result<FetchedItems, Error> {
        self.get_for_display(
            orgs.iter().flat_map(keys_of_names).chain(orgs.iter().filter_map(root_key)),
        )
        .await
    }

    /// The items that say what some members of an organization are called.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn people(
        &self,
        org: OrgId,
        members: impl IntoIterator<Item = MemberId>,
    ) -> Result<FetchedItems, Error> {
        self.get_for_display(members.into_iter().map(|member| Key::member(org, member))).await
    }
}

/// The keys of the Super Admin of an organization and of the organization above.
pub(super) fn keys_of_names(org: &Organization) -> impl Iterator<Item = Key> + use<> {
    let super_admin = org.super_admin_user_id.as_ref();
    let super_admin = super_admin.map(|user| Key::membership(org.id(), user));
    super_admin.into_iter().chain(org.path.parent().map(Key::organization))
}

/// The key of the root of its tree, for an organization that is no root.
pub(super) fn root_key(org: &Organization) -> Option<Key> {
    (!org.path.is_root()).then(|| Key::organization(org.path.root_id()))
}

/// Something with a name.
enum Entity {
    Person(OrgId, MemberId),
    Invitee(OrgId, InvitationId),
    AlertUser(OrgId, AlertId),
    Role(OrgId, CustomRoleId),
    Organization(OrgId),
}

impl Entity {
    fn key(&self) -> Key {
        match *self {
            Self::Person(org, id) => Key::member(org, id),
            Self::Invitee(org, id) => Key::address_slot(org, id.address_hash()),
            Self::AlertUser(org, id) => Key::critical_alert_user(org, id),
            Self::Role(org, id) => Key::role(org, id),
            Self::Organization(org) => Key::organization(org),
        }
    }

    /// The keys of the items that say what it is called, now or formerly.
    fn keys(&self) -> impl Iterator<Item = Key> + use<> {
        [self.key()].into_iter().chain(self.former_key())
    }

    /// Whether one of its items was found.
    fn is_in(&self, found: &FetchedItems) -> bool {
        self.keys().any(|key| found.contains(&key))
    }

    /// The key of the name after the thing is gone, if it is another one.
    fn former_key(&self) -> Option<Key> {
        match self {
            Self::AlertUser(org, id) => Some(Key::former_name(*org, id)),
            Self::Role(org, id) => Some(Key::former_name(*org, id)),
            Self::Person(..) | Self::Invitee(..) | Self::Organization(_) => None,
        }
    }
}

/// What an event names: its actor, its target, and the ids in its values.
fn named_in(event: &Event) -> Vec<Entity> {
    let org = event.organization_id;
    let actor = event.actor.acting_member();
    let by = |id| Entity::Person(event.organization_of_actor(), id);
    let mut named: Vec<_> = actor.map(by).into_iter().collect();
    let id = &event.target.id;
    named.extend(match event.target.kind {
        TargetKind::Invitation => id.parse().ok().map(|id| Entity::Invitee(org, id)),
        TargetKind::Member => id.parse().ok().map(|id| Entity::Person(org, id)),
        TargetKind::Role => id.parse().ok().map(|id| Entity::Role(org, id)),
        TargetKind::CriticalAlertUser => id.parse().ok().map(|id| Entity::AlertUser(org, id)),
        TargetKind::Organization | TargetKind::CustomerLink => {
            id.parse().ok().filter(|id| *id != org).map(Entity::Organization)
        }
        TargetKind::MemberExport
        | TargetKind::JoinRequest
        | TargetKind::ApprovedDomain
        | TargetKind::Person => None,
    });
    for value in [&event.old, &event.new] {
        let ids = value.as_object().into_iter().flatten();
        named.extend(ids.filter_map(|(field, id)| named_by(org, field, id)));
    }
    named
}

/// What a field of the values of an event names.
fn named_by(org: OrgId, field: &str, id: &Value) -> Option<Entity> {
    let id = id.as_str()?;
    match field {
        "member_id" | "inviter_id" | "keeper_id" | "super_admin_id" => {
            Some(Entity::Person(org, id.parse().ok()?))
        }
        "role_id" | "reassign_to" | "successor_role_id" => {
            Some(Entity::Role(org, id.parse().ok()?))
        }
        "parent_id" | "partner_id" | "customer_id" => {
            id.parse().ok().filter(|id| *id != org).map(Entity::Organization)
        }
        _ => None,
    }
}
