//! Organizations and their data.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) mod close;
pub(super) mod create;
pub(super) mod join_from_above;
pub(super) mod security;
pub(super) mod settings;
pub(super) mod stored_levels;

use crate::domain::{
    Closure, Conditions, CustomRoleId, InvitationId, Language, Levels, MAX_DEPTH, Name, OrgId,
    OrgPath, Person, Refusal, Security, Suspension, Target, TargetKind, UserId, Version,
};
use close::Deletion;

/// The longest organization name, in characters.
pub const MAX_ORGANIZATION_NAME: usize = 100;

/// The kind of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A customer.
    Standard,
    /// A channel partner. It has additional roles and role objects, and can have customers.
    Partner,
}

/// The settings that operators turn on and off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Whether members can manage sub-organizations. The root's setting applies to its whole tree.
    pub manage_sub_organizations: bool,
    /// Whether the partner is in the MDF programme.
    pub mdf_program: bool,
}

/// An organization. Every request in the organization reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// The path from the root of the tree. The last id is the organization's own.
    pub path: OrgPath,
    /// The name of the organization.
    pub name: Name,
    /// The kind of the organization.
    pub kind: Kind,
    /// The settings that operators turn on and off.
    pub settings: Settings,
    /// The Super Admin. `None` before the first Admin is active (SA1).
    #[serde(rename = "super_admin", skip_serializing_if = "Option::is_none")]
    pub super_admin_user_id: Option<UserId>,
    /// The invitation of the first Admin, while the organization has no Super Admin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_first_admin: Option<PendingFirstAdmin>,
    /// The levels of its custom roles. They are stored as
    /// [`levels_entry`](stored_levels::levels_entry) says.
    #[serde(default, with = "stored_levels", skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<CustomRoleId, Levels>,
    /// The number of links to customers and partners (PAR2).
    #[serde(default)]
    pub links: LinkCounts,
    /// The security settings (ORG3).
    #[serde(default, skip_serializing_if = "Security::is_default")]
    pub security: Security,
    /// Why it is closed to its members. `None` if it is not (SA7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closure: Option<Closure>,
    /// The language of its mails.
    #[serde(default, skip_serializing_if = "Language::is_default")]
    pub language: Language,
    /// Whether an operator created it. Anyone can create the others, so their first day has a
    /// budget of its own (INV14).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_operator: bool,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// The version of name, language, profile, kind, settings, security, closure and Super Admin.
    /// The levels of the custom roles, the links and the pending first Admin have versions of their
    /// own.
    pub version: Version,
}

/// The pending invitation of an organization's first Admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingFirstAdmin {
    /// The id of the invitation.
    pub invitation: InvitationId,
    /// The time at which the invitation expires.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub until: Timestamp,
}

/// The number of links of an organization to customers and partners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkCounts {
    /// For a partner: its customers.
    pub customers: u32,
    /// For a partner: the customers whose preferred partner it is, and that have not suspended the
    /// link.
    pub preferred: u32,
    /// For a partner: the customers that have suspended the link (PAR3).
    #[serde(skip_serializing_if = "is_zero")]
    pub suspended: u32,
    /// For a customer: its partners.
    pub partners: u32,
}

/// The most characters of a website.
pub const MAX_WEBSITE: usize = 200;
/// The most characters of a postal address.
pub const MAX_POSTAL_ADDRESS: usize = 500;
/// The most characters of a contact.
pub const MAX_CONTACT: usize = 200;

/// The general information about an organization, apart from its name (ORG1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// The address of the website.
    pub website: String,
    /// The postal address.
    pub address: String,
    /// The contact person or department.
    pub contact: String,
}

impl Organization {
    /// The id of the organization.
    pub fn id(&self) -> OrgId {
        self.path.id()
    }

    /// A new root organization, with `creator` as Super Admin. Without one, an operator creates it.
    pub fn create(
        id: OrgId,
        name: Name,
        kind: Kind,
        creator: Option<&Person>,
        now: Timestamp,
    ) -> Self {
        Self {
            path: OrgPath::root(id),
            name,
            kind,
            settings: Settings::default(),
            super_admin_user_id: creator.map(|person| person.id.clone()),
            pending_first_admin: None,
            roles: BTreeMap::new(),
            links: LinkCounts::default(),
            security: Security::default(),
            closure: None,
            language: Language::default(),
            by_operator: creator.is_none(),
            created_at: now,
            version: Version::first(now, None),
        }
    }

    /// A new organization of the same kind and language below this one, with `creator` as Super
    /// Admin if there is one (SUB2).
    ///
    /// # Errors
    /// [`Refusal::DepthLimit`] below [`MAX_DEPTH`] (SUB3).
    pub fn create_child(
        &self,
        id: OrgId,
        name: Name,
        creator: Option<&Person>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let path = self.path.child(id);
        if path.depth() > MAX_DEPTH {
            return Err(Refusal::DepthLimit);
        }
        let created = Self::create(id, name, self.kind, creator, now);
        Ok(Self { path, language: self.language, ..created })
    }

    /// Whether it has no Super Admin, and no invitation of a first Admin is pending at `now`
    /// (SUB5).
    pub fn is_vacant(&self, now: Timestamp) -> bool {
        let awaited = self.pending_first_admin.as_ref().is_some_and(|pending| pending.until > now);
        self.super_admin_user_id.is_none() && !awaited
    }

    /// The organization with another Super Admin (SA1).
    pub fn with_super_admin(&self, user: &UserId, now: Timestamp) -> Self {
        Self {
            super_admin_user_id: Some(user.clone()),
            version: self.version.next(now),
            ..self.clone()
        }
    }

    /// The organization after a change of its name, language or profile. `name` and `language` are
    /// those after the change.
    pub fn updated(&self, name: Name, language: Language, now: Timestamp) -> Self {
        Self { name, language, version: self.version.next(now), ..self.clone() }
    }

    /// The organization as the target of an event.
    pub fn target(&self) -> Target {
        Target::new(TargetKind::Organization, &self.id(), self.version)
    }

    /// Checks that the sign-in of a person satisfies the security settings (ORG3). The sign-in of
    /// the subject of another caller's request is not checked.
    ///
    /// # Errors
    /// The refusals of [`Security::check_sign_in`].
    pub fn check_sign_in(&self, person: &Person) -> Result<(), Refusal> {
        match &person.authn {
            Some(authn) => self.security.check_sign_in(authn),
            None => Ok(()),
        }
    }

    /// The conditions that hold in the organization (ROLE5).
    ///
    /// `root` is the root organization of the tree, if this is not the root. Without it,
    /// `manage_sub_organizations` counts as off.
    pub fn conditions(&self, root: Option<&Organization>) -> Conditions {
        let root = if self.path.is_root() { Some(self) } else { root };
        Conditions {
            partner: self.kind == Kind::Partner,
            manage_sub_organizations: root
                .is_some_and(|root| root.settings.manage_sub_organizations),
            mdf_program: self.kind == Kind::Partner && self.settings.mdf_program,
            linked_customer: self.links.customers > self.links.suspended,
            preferred_partner_customer: self.links.preferred > 0,
        }
    }

    /// The suspension of the organization, if it is suspended.
    pub fn suspension(&self) -> Option<&Suspension> {
        match &self.closure {
            Some(Closure::Suspended(suspension)) => Some(suspension),
            Some(Closure::Deleted { .. }) | None => None,
        }
    }

    /// Whether the organization is deleted. Reads by key leave it out from then on.
    pub fn is_deleted(&self) -> bool {
        matches!(self.closure, Some(Closure::Deleted { .. }))
    }

    /// How far the deletion of the organization is, if it is deleted.
    pub fn deletion(&self) -> Option<Deletion> {
        match self.closure {
            Some(Closure::Deleted { at, ended, .. }) => Some(Deletion { at, ended }),
            Some(Closure::Suspended(_)) | None => None,
        }
    }

    /// Checks for an operator that the organization is not deleted.
    ///
    /// # Errors
    /// [`Refusal::OrganizationDeleted`].
    pub fn check_present(&self) -> Result<(), Refusal> {
        self.deletion().map_or(Ok(()), |deletion| Err(Refusal::OrganizationDeleted(deletion.at)))
    }

    /// Checks that the organization is not suspended.
    ///
    /// # Errors
    /// [`Refusal::OrganizationSuspended`].
    pub fn check_open(&self) -> Result<(), Refusal> {
        self.closure.as_ref().map_or(Ok(()), |closure| Err(closure.refusal()))
    }

    /// Checks for a person outside the organization that it is not suspended.
    ///
    /// # Errors
    /// [`Refusal::EntrySuspended`].
    pub fn check_entry(&self) -> Result<(), Refusal> {
        self.closure.as_ref().map_or(Ok(()), |closure| Err(closure.refusal_of_entry()))
    }
}

/// An organization and its name, as refusals name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedOrganization {
    /// The id.
    pub id: OrgId,
    /// The name.
    pub name: Name,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
