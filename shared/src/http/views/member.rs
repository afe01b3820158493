//! Members with the names of their role and keeper.

use jiff::Timestamp;
use serde::Serialize;

use super::{Person, identity_provider_role};
use crate::{
    domain::{
        self, Email, IdentityProviderRole, MemberId, MemberKind, Name, OrgId, RoleId, RoleSummary,
        Source, UserId,
    },
    store::{Error, FetchedItems, Key, Store},
};

/// A member.
#[derive(Clone, Debug, Serialize)]
pub struct Member {
    id: MemberId,
    user_id: UserId,
    organization_id: OrgId,
    organization_name: Option<Name>,
    kind: MemberKind,
    /// None for a service.
    email: Option<Email>,
    name: Option<String>,
    /// The name that is shown instead of `name` (U6).
    display_name: Option<Name>,
    role_id: RoleId,
    role_name: String,
    status: &'static str,
    identity_provider_role: IdentityProviderRole,
    source: Source,
    joined_at: Timestamp,
    access_expires_at: Option<Timestamp>,
    /// Whether the access has ended. The clean-up ends the membership soon (END1).
    access_expired: bool,
    /// The keeper of a service. None for a person, and if the keeper is no longer a member (MACH1).
    keeper: Option<Person>,
}

impl Member {
    /// Shows `member` of the organization with this name, as they are at `now`; `custom` is their
    /// role, if it is a custom one.
    pub fn of(
        member: &domain::Member,
        organization_name: impl Into<Option<Name>>,
        custom: Option<&RoleSummary>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: member.id(),
            user_id: member.user_id.clone(),
            organization_id: member.path.id(),
            organization_name: organization_name.into(),
            kind: member.kind(),
            email: member.email.clone(),
            name: member.name.clone(),
            display_name: member.display_name.clone(),
            role_id: member.role_id,
            role_name: member.role_id.shown_name(custom),
            status: "active",
            identity_provider_role: identity_provider_role(member.role_id, custom),
            source: member.source,
            joined_at: member.joined_at,
            access_expires_at: member.access_expires_at,
            access_expired: !member.has_access(now),
            keeper: None,
        }
    }

    /// Shows `member` of `org` with the names of the role and of the keeper, which are read.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn read(
        store: &Store,
        member: &domain::Member,
        organization: &domain::Organization,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let names = store.get(Self::name_keys(member)).await?;
        Self::named(member, organization, &names, now)
    }

    /// The keys of the items that say what the role and the keeper of a member are called.
    pub fn name_keys(member: &domain::Member) -> impl Iterator<Item = Key> + use<> {
        let org = member.path.id();
        let keeper = member.service.map(|service| Key::member(org, service.keeper));
        Key::custom_role(org, member.role_id).into_iter().chain(keeper)
    }

    /// Shows `member` of `organization`. `names` has the items at their
    /// [`name_keys`](Self::name_keys).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn named(
        member: &domain::Member,
        organization: &domain::Organization,
        names: &FetchedItems,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let role = names.role_summary(organization.id(), member.role_id)?;
        let view = Self::of(member, organization.name.clone(), role.as_ref(), now);
        view.with_keeper(member, names, now)
    }

    /// Shows the keeper of a service, if they have access at `now`, also with another account.
    /// `names` has the item of the keeper, and those with which their membership continues.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn with_keeper(
        self,
        member: &domain::Member,
        names: &FetchedItems,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let Some(service) = member.service else { return Ok(self) };
        let keeper = names.continued_member(member.path.id(), service.keeper)?;
        let present = keeper.filter(|keeper| keeper.has_access(now));
        Ok(Self { keeper: present.as_ref().map(Person::member), ..self })
    }
}
