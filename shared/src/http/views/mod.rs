//! Entities as clients see them, with the field names of the contract.

mod event;
mod join_request;
mod person;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    domain::{
        self, AlertId, BuiltIn, Conditions, CustomRole, Delivery, Email, IdentityProviderRole,
        InvitationId, Kind, Language, Level, Levels, MailDomain, MemberId, MemberKind, Name, OrgId,
        RoleId, RoleObject, RoleSummary, Settings, Source, UserCount, UserId,
    },
    store::{Error, FetchedItems, Key, Store},
};

pub use event::Event;
pub use join_request::{JoinRequest, OwnJoinRequest};
pub use person::Person;

/// An organization.
#[derive(Clone, Debug, Serialize)]
pub struct Organization {
    id: OrgId,
    name: Name,
    kind: Kind,
    parent_id: Option<OrgId>,
    parent_name: Option<Name>,
    path: Vec<OrgId>,
    depth: usize,
    super_admin: Option<Person>,
    settings: Settings,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension: Option<Suspension>,
    /// Only operators see deleted organizations.
    #[serde(skip_serializing_if = "Option::is_none")]
    deletion: Option<Deletion>,
}

/// The deletion of an organization (SA7).
#[derive(Clone, Debug, Serialize)]
struct Deletion {
    since: Timestamp,
    /// None while the clean-up ends what belongs to the organization.
    ended_at: Option<Timestamp>,
}

/// The suspension of an organization (SA7).
#[derive(Clone, Debug, Serialize)]
struct Suspension {
    reason: String,
    since: Timestamp,
}

/// The names of what an organization shows by id.
#[derive(Clone, Debug, Default)]
pub struct OrganizationNames {
    /// Its Super Admin, if it has one.
    pub super_admin: Option<Person>,
    /// The name of the organization above, if there is one.
    pub parent: Option<Name>,
}

impl OrganizationNames {
    /// The names in `found`, which has the items of the parent and of the Super Admin.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn of(found: &FetchedItems, org: &domain::Organization) -> Result<Self, Error> {
        Ok(Self { super_admin: Person::super_admin(found, org)?, parent: parent_name(found, org) })
    }

    /// The names of an organization whose Super Admin is `super_admin` from now on. `found` has the item of the parent.
    pub fn with_super_admin(
        found: &FetchedItems,
        org: &domain::Organization,
        super_admin: &domain::Member,
    ) -> Self {
        Self { super_admin: Some(Person::member(super_admin)), parent: parent_name(found, org) }
    }
}

fn parent_name(found: &FetchedItems, org: &domain::Organization) -> Option<Name> {
    let parent = found.present_organization(org.path.parent()?)?;
    Some(parent.name.clone())
}

impl Organization {
    /// Shows `org` with its names and the settings that apply there.
    pub fn of(
        org: &domain::Organization,
        conditions: Conditions,
        names: OrganizationNames,
    ) -> Self {
        let OrganizationNames { super_admin, parent: parent_name } = names;
        let Conditions { manage_sub_organizations, mdf_program, .. } = conditions;
        Self {
            id: org.id(),
            name: org.name.clone(),
            kind: org.kind,
            parent_id: org.path.parent(),
            parent_name,
            path: org.path.ids().collect(),
            depth: org.path.depth(),
            super_admin,
            settings: Settings { manage_sub_organizations, mdf_program },
            created_at: org.created_at,
            suspension: org
                .suspension()
                .map(|it| Suspension { reason: it.reason.clone(), since: it.since }),
            deletion: org.deletion().map(|it| Deletion { since: it.at, ended_at: it.ended }),
        }
    }
}

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
    /// Shows `member` of the organization with this name, as they are at `now`; `custom` is their role, if it is
    /// a custom one.
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

    /// Shows the keeper of a service, if they have access at `now`, also with another account. `names` has the item of
    /// the keeper, and those with which their membership continues.
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

/// An invitation.
#[derive(Clone, Debug, Serialize)]
pub struct Invitation {
    id: InvitationId,
    organization_id: OrgId,
    organization_name: Option<Name>,
    email: Email,
    role_id: RoleId,
    role_name: String,
    status: &'static str,
    expires_at: Timestamp,
    expired: bool,
    access_expires_at: Option<Timestamp>,
    invited_by: Person,
    sent_by: Person,
    created_at: Timestamp,
    sent_at: Timestamp,
    send_count: u32,
    /// The language of its mails; none for that of the organization.
    language: Option<Language>,
}

/// The people behind an invitation.
#[derive(Clone, Debug)]
pub struct InvitationPeople {
    /// Who created it.
    pub invited_by: Person,
    /// Who sent or changed it last. It depends on their permission (INV9, INV13).
    pub sent_by: Person,
}

impl InvitationPeople {
    /// One person who created and sent the invitation.
    pub fn only(person: Person) -> Self {
        Self { invited_by: person.clone(), sent_by: person }
    }

    /// The keys of the items that say what the people behind an invitation are called.
    pub fn keys(invitation: &domain::Invitation) -> impl Iterator<Item = Key> + use<> {
        let org = invitation.path.id();
        let people = invitation.invited_by().into_iter().chain(invitation.sent_by());
        people.map(move |member| Key::member(org, member))
    }

    /// The people behind `invitation`. `names` has the items at their [`keys`](Self::keys).
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn of(names: &FetchedItems, invitation: &domain::Invitation) -> Result<Self, Error> {
        let invited_by = Person::inviter(names, invitation)?;
        if invitation.sent_by() == invitation.invited_by() {
            return Ok(Self::only(invited_by));
        }
        Ok(Self { invited_by, sent_by: Person::sender(names, invitation)? })
    }
}

impl Invitation {
    /// The keys of the items that hold the names next to the ids of an invitation: of its role, and of the
    /// people behind it.
    pub fn name_keys(invitation: &domain::Invitation) -> impl Iterator<Item = Key> + use<> {
        let role = Key::custom_role(invitation.path.id(), invitation.role_id);
        role.into_iter().chain(InvitationPeople::keys(invitation))
    }

    /// Shows `invitation` to the organization with this name, as it is at `now` (INV5). `role` is needed for a
    /// custom role.
    pub fn of(
        invitation: &domain::Invitation,
        organization_name: impl Into<Option<Name>>,
        role: Option<&RoleSummary>,
        people: InvitationPeople,
        now: Timestamp,
    ) -> Self {
        let InvitationPeople { invited_by, sent_by } = people;
        Self {
            id: invitation.id,
            organization_id: invitation.path.id(),
            organization_name: organization_name.into(),
            email: invitation.email.clone(),
            role_id: invitation.role_id,
            role_name: invitation.role_id.shown_name(role),
            status: "pending",
            expires_at: invitation.expires_at,
            expired: invitation.expired(now),
            access_expires_at: invitation.access_expires_at,
            invited_by,
            sent_by,
            created_at: invitation.created_at,
            sent_at: invitation.sent_at,
            send_count: invitation.send_count,
            language: invitation.language,
        }
    }
}

impl Invitation {
    /// Names the people whose ids the invitation shows.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn name_people(&mut self, names: &FetchedItems) -> Result<(), Error> {
        self.invited_by.name(names, self.organization_id)?;
        self.sent_by.name(names, self.organization_id)
    }
}

/// An invitation as the organization that sent it sees it.
#[derive(Clone, Debug, Serialize)]
pub struct SentInvitation {
    #[serde(flatten)]
    invitation: Invitation,
    /// What became of its last mail.
    delivery: Delivery,
    /// Whether its inviter may still grant the role (INV9).
    inviter_authorized: bool,
}

impl SentInvitation {
    /// Shows `invitation` to `org` as it is at `now`. `also` has its sender, its creator and its delivery.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn of(
        invitation: &domain::Invitation,
        org: &domain::Organization,
        role: Option<&RoleSummary>,
        also: &FetchedItems,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let people = InvitationPeople::of(also, invitation)?;
        let delivery = invitation.delivery(also.delivery(invitation.id)?);
        let inviter_authorized = also.inviter_authorized(org, invitation, now)?;
        let invitation = Invitation::of(invitation, org.name.clone(), role, people, now);
        Ok(Self { invitation, delivery, inviter_authorized })
    }

    /// Shows a new invitation to `org` that is sent `now`: its mail has not left, and its inviter may grant the role.
    pub fn new(
        invitation: &domain::Invitation,
        org: &domain::Organization,
        role: Option<&RoleSummary>,
        people: InvitationPeople,
        now: Timestamp,
    ) -> Self {
        let delivery = invitation.delivery(None);
        let invitation = Invitation::of(invitation, org.name.clone(), role, people, now);
        Self { invitation, delivery, inviter_authorized: true }
    }
}

/// An address that receives critical alerts.
#[derive(Clone, Debug, Serialize)]
pub struct CriticalAlertUser {
    id: AlertId,
    email: Email,
    added_by: Person,
    added_at: Timestamp,
}

impl CriticalAlertUser {
    /// Shows `user`, which `added_by` added.
    pub fn of(user: domain::CriticalAlertUser, added_by: Person) -> Self {
        let domain::CriticalAlertUser { organization_id, value: email, added_at, .. } = user;
        let id = AlertId::of(organization_id, &email);
        Self { id, email, added_by, added_at }
    }

    /// Names the person who added it, in this organization.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if an item cannot be read.
    pub fn name_adder(&mut self, names: &FetchedItems, org: OrgId) -> Result<(), Error> {
        self.added_by.name(names, org)
    }
}

/// An approved domain.
#[derive(Clone, Debug, Serialize)]
pub struct ApprovedDomain {
    domain: MailDomain,
    added_by: Person,
    added_at: Timestamp,
}

impl ApprovedDomain {
    /// Shows `approved`, which `added_by` approved.
    pub fn of(approved: domain::ApprovedDomain, added_by: Person) -> Self {
        let domain::ApprovedDomain { value: domain, added_at, .. } = approved;
        Self { domain, added_by, added_at }
    }
}

/// A role.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names the fields")]
pub struct Role {
    id: RoleId,
    organization_id: OrgId,
    organization_name: Name,
    name: String,
    description: String,
    built_in: bool,
    permissions: BTreeMap<RoleObject, Level>,
    users: UserCount,
    identity_provider_role: IdentityProviderRole,
    /// The role that the users get, while the role is being deleted (ROLE6).
    #[serde(skip_serializing_if = "Option::is_none")]
    reassign_to: Option<RoleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reassign_to_name: Option<String>,
}

impl Role {
    /// Shows an organization's own role, as far as its role objects are shown there (ROLE5).
    pub fn custom(
        org: &domain::Organization,
        role: &CustomRole,
        users: UserCount,
        conditions: Conditions,
    ) -> Self {
        Self {
            id: RoleId::Custom(role.id),
            organization_id: org.id(),
            organization_name: org.name.clone(),
            name: role.name.as_str().to_owned(),
            description: role.description.clone(),
            built_in: false,
            permissions: shown(role.levels, conditions),
            users,
            identity_provider_role: IdentityProviderRole::of(role.levels),
            reassign_to: role.reassignment.as_ref().map(|begun| begun.to),
            reassign_to_name: None,
        }
    }

    /// Shows a built-in role.
    pub fn built_in(
        org: &domain::Organization,
        role: BuiltIn,
        users: UserCount,
        conditions: Conditions,
    ) -> Self {
        Self {
            id: RoleId::BuiltIn(role),
            organization_id: org.id(),
            organization_name: org.name.clone(),
            name: role.name().to_owned(),
            description: String::new(),
            built_in: true,
            permissions: shown(role.levels(), conditions),
            users,
            identity_provider_role: IdentityProviderRole::of(role.levels()),
            reassign_to: None,
            reassign_to_name: None,
        }
    }

    /// The key of the role that the users get, if that is a custom role.
    pub fn reassignment_key(&self) -> Option<Key> {
        Key::custom_role(self.organization_id, self.reassign_to?)
    }

    /// Names the role that the users get. `found` has its item, if it is a custom role.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] if the item cannot be read.
    pub fn name_reassignment(&mut self, found: &FetchedItems) -> Result<(), Error> {
        if let Some(to) = self.reassign_to {
            let custom = found.role_summary(self.organization_id, to)?;
            self.reassign_to_name = Some(to.shown_name(custom.as_ref()));
        }
        Ok(())
    }
}

/// A partner's relation to a customer.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerLink {
    partner_id: OrgId,
    partner_name: Option<Name>,
    customer_id: OrgId,
    customer_name: Option<Name>,
    preferred: bool,
    suspended: bool,
    linked_at: Timestamp,
}

impl CustomerLink {
    /// Shows `link`. `names` has the two organizations.
    pub fn of(link: domain::CustomerLink, names: &FetchedItems) -> Self {
        let domain::CustomerLink { partner_id, customer_id, preferred, suspended, .. } = link;
        let name = |org| names.present_organization(org).map(|org| org.name.clone());
        Self {
            partner_id,
            partner_name: name(partner_id),
            customer_id,
            customer_name: name(customer_id),
            preferred,
            suspended,
            linked_at: link.linked_at,
        }
    }
}

/// A linked customer as the members of the partner see it, or a linked partner as the members of the
/// customer do (PAR3).
#[derive(Clone, Debug, Serialize)]
pub struct LinkedOrganization {
    id: OrgId,
    name: Option<Name>,
    preferred: bool,
    suspended: bool,
    /// The role objects whose actions the link allows the members of the partner.
    allows: Vec<RoleObject>,
    linked_at: Timestamp,
}

impl LinkedOrganization {
    /// Shows the organization `id` with this name at the other end of `link`.
    pub fn of(link: &domain::CustomerLink, id: OrgId, name: Option<Name>) -> Self {
        let domain::CustomerLink { preferred, suspended, linked_at, .. } = *link;
        Self { id, name, preferred, suspended, allows: link.access().role_objects(), linked_at }
    }
}

/// The role for the identity provider (ROLE11).
pub fn identity_provider_role(role: RoleId, custom: Option<&RoleSummary>) -> IdentityProviderRole {
    match (role, custom) {
        (RoleId::BuiltIn(role), _) => IdentityProviderRole::of(role.levels()),
        (RoleId::Custom(_), Some(role)) => IdentityProviderRole::of(role.levels),
        (RoleId::Custom(_), None) => IdentityProviderRole::User,
    }
}

fn shown(levels: Levels, conditions: Conditions) -> BTreeMap<RoleObject, Level> {
    levels.iter().filter(|&(object, _)| conditions.shows(object)).collect()
}
