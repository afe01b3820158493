//! Organizations and their place in the tree.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use jiff::Timestamp;

use super::{
    Conditions, CustomRoleId, InvitationId, Level, Levels, Name, OrgId, Person, Presence, Refusal,
    RoleObject, Security, Standing, UserId, Users,
};

/// The longest organization name, in characters.
pub const MAX_ORGANIZATION_NAME: usize = 100;
/// How deep sub-organizations nest below their root (SUB3).
pub const MAX_DEPTH: usize = 8;

/// What sort of company it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A customer.
    Standard,
    /// A channel partner, with roles and relations of its own.
    Partner,
}

/// What operators switch on (SUB1, PAR1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Sub-organizations may be managed. Counts at the root, for its whole tree.
    pub manage_sub_organizations: bool,
    /// The partner is in the MDF programme.
    pub mdf_program: bool,
}

/// An organization, as every request about it reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Where it stands; the last id is its own.
    pub path: OrgPath,
    /// What people call it.
    pub name: Name,
    /// What sort of company it is.
    pub kind: Kind,
    /// What operators switched on.
    pub settings: Settings,
    /// The one Super Admin; none before the first Admin is active (SA1).
    #[serde(rename = "super_admin", skip_serializing_if = "Option::is_none")]
    pub super_admin_user_id: Option<UserId>,
    /// The first Admin's invitation, while the organization waits for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub awaits: Option<Awaited>,
    /// The role table: what each custom role may do.
    #[serde(with = "role_table")]
    pub roles: BTreeMap<CustomRoleId, Levels>,
    /// Its links to customers or partners (PAR2).
    #[serde(default)]
    pub links: Links,
    /// What it demands of its members' sign-ins, and how long it remembers (ORG3).
    #[serde(default, skip_serializing_if = "Security::is_default")]
    pub security: Security,
    /// When it was founded.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub created_at: Timestamp,
}

/// The invitation that an organization without Super Admin waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Awaited {
    /// Which invitation.
    pub invitation: InvitationId,
    /// Until when.
    #[serde(with = "jiff::fmt::serde::timestamp::millisecond::required")]
    pub until: Timestamp,
}

/// How many partners and customers are linked to an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Links {
    /// A partner's customers.
    pub customers: u32,
    /// Those whose preferred partner it is.
    pub preferred: u32,
    /// A customer's partners.
    pub partners: u32,
}

/// What an organization says of itself beyond its name (ORG1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// Its site.
    pub website: String,
    /// Where letters go.
    pub address: String,
    /// Whom to ask.
    pub contact: String,
}

impl Organization {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> OrgId {
        self.path.id()
    }

    /// Has a member who asks signed in as is demanded here (ORG3)? Nobody can demand it of somebody
    /// who is only asked about.
    pub fn admits(&self, person: &Person) -> Result<(), Refusal> {
        match &person.presence {
            Presence::Asking(session) => self.security.admits(session),
            Presence::AskedAbout => Ok(()),
        }
    }

    /// What holds here for the role objects that show only on a condition (ROLE5). The tree's
    /// switch is the root's: `root` is the root's item where this is not the root itself; without
    /// it the switch counts as off.
    #[must_use]
    pub fn conditions(&self, root: Option<&Organization>) -> Conditions {
        let top = if self.path.is_root() { Some(self) } else { root };
        Conditions {
            partner: self.kind == Kind::Partner,
            manage_sub_organizations: top.is_some_and(|top| top.settings.manage_sub_organizations),
            mdf_program: self.kind == Kind::Partner && self.settings.mdf_program,
            linked_customer: self.links.customers > 0,
            preferred_partner_customer: self.links.preferred > 0,
        }
    }

    /// A new root organization. Its Super Admin is `founder`, if anybody is yet.
    #[must_use]
    pub fn found(
        id: OrgId,
        name: Name,
        kind: Kind,
        founder: Option<&Person>,
        now: Timestamp,
    ) -> Self {
        Self {
            path: OrgPath::root(id),
            name,
            kind,
            settings: Settings::default(),
            super_admin_user_id: founder.map(|person| person.id.clone()),
            awaits: None,
            roles: BTreeMap::new(),
            links: Links::default(),
            security: Security::default(),
            created_at: now,
        }
    }

    /// A new organization under this one, of the same kind (SUB2). SUB3 bounds how deep.
    pub fn found_below(
        &self,
        id: OrgId,
        name: Name,
        founder: Option<&Person>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let path = self.path.child(id);
        if path.depth() > MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        Ok(Self { path, ..Self::found(id, name, self.kind, founder, now) })
    }
}

/// Creates a sub-organization under the actor's, or says why not.
///
/// 1. The actor has `user_management_sub_organizations` full here (SUB1, SUB2).
/// 2. It is not too deep (SUB3).
///
/// The creator becomes its Super Admin, whatever role they hold above.
pub fn create_sub_organization(
    actor: &Standing,
    id: OrgId,
    name: Name,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    actor.require(RoleObject::UserManagementSubOrganizations, Level::FullAccess)?;
    actor.org.found_below(id, name, Some(&actor.person), now)
}

/// Creates a sub-organization under `parent` on an operator's word, or says why not.
///
/// 1. The tree's switch is on (SUB1).
/// 2. It is of the parent's kind (SUB2).
/// 3. It is not too deep (SUB3).
pub fn found_below_by_operator(
    parent: &Organization,
    conditions: Conditions,
    id: OrgId,
    name: Name,
    kind: Option<Kind>,
    now: Timestamp,
) -> Result<Organization, Refusal> {
    if !conditions.manage_sub_organizations {
        return Err(Refusal::SubOrganizationsOff);
    }
    if kind.is_some_and(|kind| kind != parent.kind) {
        return Err(Refusal::KindIsInherited);
    }
    parent.found_below(id, name, None, now)
}

/// What an operator wants switched; what is not named stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Switches {
    /// What sort of company it is.
    pub kind: Option<Kind>,
    /// The switch of the tree.
    pub manage_sub_organizations: Option<bool>,
    /// The MDF programme.
    pub mdf_program: Option<bool>,
}

/// Switches what an operator may switch, or says why not (SUB1, PAR1). `root` is the tree's root,
/// where that is another; `partners` are the users of the roles that only partners have.
///
/// 1. The tree's switch is set at its root.
/// 2. A sub-organization is of its tree's kind (SUB2).
/// 3. Who stops being a partner has no users of the partners' roles.
/// 4. Who is linked to customers or partners keeps its kind (PAR1).
/// 5. Only partners are in the MDF programme; who stops being one leaves it.
pub fn switch(
    org: &Organization,
    root: Option<&Organization>,
    partners: Users,
    wanted: Switches,
) -> Result<Organization, Refusal> {
    let Switches { kind, manage_sub_organizations, mdf_program } = wanted;
    if manage_sub_organizations.is_some() && !org.path.is_root() {
        return Err(Refusal::SwitchIsTheRoots);
    }
    let kind = kind.unwrap_or(org.kind);
    if kind != org.kind && root.is_some_and(|root| root.kind != kind) {
        return Err(Refusal::KindIsInherited);
    }
    if kind != Kind::Partner && partners != Users::default() {
        return Err(Refusal::PartnerRolesInUse(partners));
    }
    let Links { customers, partners, .. } = org.links;
    if kind != org.kind && (customers, partners) != (0, 0) {
        return Err(Refusal::Linked { customers, partners });
    }
    if mdf_program == Some(true) && kind != Kind::Partner {
        return Err(Refusal::MdfIsForPartners);
    }
    let was = org.settings;
    let settings = Settings {
        manage_sub_organizations: manage_sub_organizations.unwrap_or(was.manage_sub_organizations),
        mdf_program: kind == Kind::Partner && mdf_program.unwrap_or(was.mdf_program),
    };
    Ok(Organization { kind, settings, ..org.clone() })
}

/// The way down from the root to an organization: `root/child/grandchild`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<OrgId>", into = "Vec<OrgId>")]
pub struct OrgPath {
    above: Vec<OrgId>,
    id: OrgId,
}

impl OrgPath {
    /// The path of a root organization.
    #[must_use]
    pub fn root(id: OrgId) -> Self {
        Self { above: Vec::new(), id }
    }

    /// The path of a child of `self`.
    #[must_use]
    pub fn child(&self, id: OrgId) -> Self {
        Self { above: self.ids().collect(), id }
    }

    /// The organization at its end.
    #[must_use]
    pub fn id(&self) -> OrgId {
        self.id
    }

    /// The organization at the top of the tree.
    #[must_use]
    pub fn root_id(&self) -> OrgId {
        self.above.first().copied().unwrap_or(self.id)
    }

    /// Is this the top of the tree?
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.above.is_empty()
    }

    /// The organization right above.
    #[must_use]
    pub fn parent(&self) -> Option<OrgId> {
        self.above.last().copied()
    }

    /// Is it `top`, or somewhere below?
    #[must_use]
    pub fn is_within(&self, top: &Self) -> bool {
        self.ids().any(|id| id == top.id)
    }

    /// All organizations above, root first.
    #[must_use]
    pub fn ancestors(&self) -> &[OrgId] {
        &self.above
    }

    /// Root first, its own id last.
    pub fn ids(&self) -> impl Iterator<Item = OrgId> {
        self.above.iter().copied().chain([self.id])
    }

    /// How many organizations stand above.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.above.len()
    }
}

/// As it stands in keys: bare ids, `/` between them, so that a subtree is one range.
impl fmt::Display for OrgPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for id in &self.above {
            write!(f, "{}/", id.bare())?;
        }
        f.write_str(&self.id.bare())
    }
}

impl From<OrgPath> for Vec<OrgId> {
    fn from(path: OrgPath) -> Self {
        path.ids().collect()
    }
}

impl TryFrom<Vec<OrgId>> for OrgPath {
    type Error = &'static str;

    fn try_from(mut ids: Vec<OrgId>) -> Result<Self, Self::Error> {
        let id = ids.pop().ok_or("a path names at least one organization")?;
        Ok(Self { above: ids, id })
    }
}

/// Bare ids in the stored role table: it is read with every request, so each byte counts.
mod role_table {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::{CustomRoleId, Levels};

    pub(super) fn serialize<S: Serializer>(
        roles: &BTreeMap<CustomRoleId, Levels>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(roles.iter().map(|(id, levels)| (id.bare(), levels)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<CustomRoleId, Levels>, D::Error> {
        let roles = BTreeMap::<String, Levels>::deserialize(deserializer)?;
        let read = |(id, levels): (String, Levels)| {
            CustomRoleId::from_bare(&id).map(|id| (id, levels)).map_err(de::Error::custom)
        };
        roles.into_iter().map(read).collect()
    }
}
