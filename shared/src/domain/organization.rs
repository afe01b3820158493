//! Organizations: their data, and their creation at the root of a tree or below another one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Closure, Conditions, CustomRoleId, Email, FirstAdmin, Invitation, InvitationId, Language,
    Level, Levels, Name, OrgId, OrgPath, Person, Refusal, RoleObject, Security, Settings, Standing,
    Target, TargetKind, UserId, Version,
};

/// The longest organization name, in characters.
pub const MAX_ORGANIZATION_NAME: usize = 100;
/// The highest number of organizations above a sub-organization (SUB3).
pub const MAX_DEPTH: usize = 8;

/// The kind of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A customer.
    Standard,
    /// A channel partner. It has additional roles and role objects, and can have customers.
    Partner,
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
    /// The levels of each custom role.
    #[serde(default, with = "role_table", skip_serializing_if = "BTreeMap::is_empty")]
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
    /// Whether an operator created it. Anyone can create the others, so their first day has a budget of its own (INV14).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_operator: bool,
    /// The time of creation.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
    /// The version of name, language, profile, kind, settings, security, closure and Super Admin. The role table, the
    /// links and the pending first Admin have versions of their own.
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
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

/// Creates a sub-organization of the actor's organization. The actor becomes its Super Admin,
/// regardless of their role in the parent (SUB2).
///
/// # Errors
/// - The refusals of [`Standing::require`] without full access to
///   `user_management_sub_organizations`, which is available only if sub-organization management
///   is on (SUB1).
/// - [`Refusal::DepthLimit`] below [`MAX_DEPTH`].
pub fn create_sub_organization(
    actor: &Standing,
    id: OrgId,
    name: Name,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    actor.require(RoleObject::UserManagementSubOrganizations, Level::FullAccess)?;
    actor.org.create_child(id, name, Some(&actor.person), now)
}

/// An organization as an operator describes it.
#[derive(Clone, Debug)]
pub struct OrganizationDraft {
    /// The name.
    pub name: Name,
    /// The kind. `None` for that of the parent, or standard.
    pub kind: Option<Kind>,
    /// The language of its mails. `None` for that of the parent, or English.
    pub language: Option<Language>,
    /// The address of the first Admin.
    pub first_admin: Option<Email>,
}

/// Creates an organization for an operator, below `parent` if there is one, and invites its first Admin (OP1,
/// INV8). `root` is the root above the parent, if that is another organization.
///
/// # Errors
/// - [`Refusal::SubOrganizationsDisabled`] if sub-organization management is off (SUB1).
/// - [`Refusal::KindInherited`] if the kind differs from the parent's (SUB2).
/// - [`Refusal::DepthLimit`] below [`MAX_DEPTH`].
/// - [`Refusal::FirstAdminRequired`] for a root organization without a first Admin.
pub fn create_organization_as_operator(
    id: OrgId,
    OrganizationDraft { name, kind, language, first_admin }: OrganizationDraft,
    parent: Option<&Organization>,
    root: Option<&Organization>,
    now: Timestamp,
) -> Result<(Organization, Option<Invitation>), Refusal> {
    let org = match parent {
        Some(parent) => create_child_as_operator(parent, root, id, name, kind, now)?,
        None if first_admin.is_none() => return Err(Refusal::FirstAdminRequired),
        None => Organization::create(id, name, kind.unwrap_or(Kind::Standard), None, now),
    };
    let org = Organization { language: language.unwrap_or(org.language), ..org };
    let Some(email) = first_admin else { return Ok((org, None)) };
    let first = FirstAdmin { id: InvitationId::of(now, id, &email), email, language: None };
    let first = Invitation::of_first_admin(&org, first, now);
    let pending = PendingFirstAdmin { invitation: first.id, until: first.expires_at };
    Ok((Organization { pending_first_admin: Some(pending), ..org }, Some(first)))
}

/// Creates a sub-organization of `parent` for an operator. It has no Super Admin yet.
fn create_child_as_operator(
    parent: &Organization,
    root: Option<&Organization>,
    id: OrgId,
    name: Name,
    kind: Option<Kind>,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    if !parent.conditions(root).manage_sub_organizations {
        return Err(Refusal::SubOrganizationsDisabled);
    }
    if kind.is_some_and(|kind| kind != parent.kind) {
        return Err(Refusal::KindInherited);
    }
    parent.create_child(id, name, None, now)
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

    /// A new organization of the same kind and language below this one, with `creator` as Super Admin if there
    /// is one (SUB2).
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

    /// Whether it has no Super Admin, and no invitation of a first Admin is pending at `now` (SUB5).
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

    /// The organization after a change of its name, language or profile. `name` and `language` are those
    /// after the change.
    pub fn updated(&self, name: Name, language: Language, now: Timestamp) -> Self {
        Self { name, language, version: self.version.next(now), ..self.clone() }
    }

    /// The entries of the role table.
    pub fn role_entries(&self) -> Vec<String> {
        self.roles.iter().map(|(&id, &levels)| role_entry(id, levels)).collect()
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
}

/// The entry of a custom role in the role table: its bare id, then its levels as a number.
///
/// Every request reads the whole table. An entry is one text, because a map costs twice as much to
/// parse.
pub fn role_entry(role: CustomRoleId, levels: Levels) -> String {
    format!("{}{:x}", role.bare(), levels.pack())
}

/// The length of a bare id.
const ID_LENGTH: usize = 26;

/// Serializes the role table as its entries.
mod role_table {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::{CustomRoleId, ID_LENGTH, Levels, role_entry};

    pub(super) fn serialize<S: Serializer>(
        roles: &BTreeMap<CustomRoleId, Levels>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(roles.iter().map(|(&id, &levels)| role_entry(id, levels)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<CustomRoleId, Levels>, D::Error> {
        let read = |entry: &String| {
            let (id, levels) = entry.split_at_checked(ID_LENGTH)?;
            let levels = u64::from_str_radix(levels, 16).ok().map(Levels::unpack)?;
            Some((CustomRoleId::from_bare(id).ok()?, levels))
        };
        let entries = Vec::<String>::deserialize(deserializer)?;
        let roles = entries.iter().map(read).collect::<Option<_>>();
        roles.ok_or_else(|| D::Error::custom("an entry of the role table is malformed"))
    }
}
