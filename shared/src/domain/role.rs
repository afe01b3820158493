//! Roles: which there are, what a custom one may be, and who may hand one out.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{
    BuiltIn, CustomRoleId, Kind, Level, Levels, Name, NotAnId, Organization, Refusal, RoleObject,
    Standing,
};

/// At most this many custom roles an organization (ROLE2): its role table must stay small enough
/// to be read with every request.
pub const MAX_CUSTOM_ROLES: usize = 100;
/// The longest role name, in characters (ROLE2).
pub const MAX_ROLE_NAME: usize = 64;
/// The longest role description, in characters (ROLE2).
pub const MAX_ROLE_DESCRIPTION: usize = 256;

/// Names a role: a built-in by its key, a custom one by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleId {
    /// One of the five that every organization of the kind has.
    BuiltIn(BuiltIn),
    /// One of the organization's own.
    Custom(CustomRoleId),
}

impl RoleId {
    /// The one Super Admin's role.
    pub const SUPER_ADMIN: Self = Self::BuiltIn(BuiltIn::SuperAdmin);
    /// The built-in Admin.
    pub const ADMIN: Self = Self::BuiltIn(BuiltIn::Admin);
    /// The built-in User.
    pub const USER: Self = Self::BuiltIn(BuiltIn::User);

    /// The built-in role meant, if it is one.
    #[must_use]
    pub fn built_in(self) -> Option<BuiltIn> {
        match self {
            Self::BuiltIn(role) => Some(role),
            Self::Custom(_) => None,
        }
    }

    /// The custom role meant, if it is one.
    #[must_use]
    pub fn custom(self) -> Option<CustomRoleId> {
        match self {
            Self::Custom(id) => Some(id),
            Self::BuiltIn(_) => None,
        }
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => role.fmt(f),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl FromStr for RoleId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.parse() {
            Ok(built_in) => Ok(Self::BuiltIn(built_in)),
            Err(_) => text.parse().map(Self::Custom),
        }
    }
}

impl Serialize for RoleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// What the identity provider is told of a role (ROLE11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityProviderRole {
    /// Full access to both user and role management.
    Admin,
    /// Everybody else.
    User,
}

impl IdentityProviderRole {
    /// Reads it off a role's levels (ROLE11).
    #[must_use]
    pub fn of(levels: Levels) -> Self {
        let full = |object| levels.of(object) == Level::FullAccess;
        if full(RoleObject::UserManagement) && full(RoleObject::RoleManagement) {
            Self::Admin
        } else {
            Self::User
        }
    }
}

/// An organization's own role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Its id, never used again after it is deleted.
    pub id: CustomRoleId,
    /// What people call it; unique in the organization by its folded form (ROLE2).
    pub name: Name,
    /// What it is for. May be empty.
    pub description: String,
    /// What it may do.
    pub levels: Levels,
    /// Which role its users get instead, while it is on its way to be deleted (ROLE6). Nobody is
    /// given it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retiring: Option<RoleId>,
}

/// How many hold a role, and how many are invited to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Users {
    /// Members.
    pub active: u64,
    /// Pending invitations.
    pub pending: u64,
}

/// What a client wants of a new role, or wants changed in one: what is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RoleDraft {
    /// A name.
    pub name: Option<Name>,
    /// A description.
    pub description: Option<String>,
    /// Levels for some role objects.
    pub permissions: BTreeMap<RoleObject, Level>,
    /// Shall it stay after all, where it was on its way to be deleted (ROLE6)?
    pub stays: bool,
}

/// Makes a custom role, or says why not.
///
/// 1. The actor has `role_management` full.
/// 2. The levels are settable (ROLE3, ROLE5) and keep the prerequisites (ROLE4).
/// 3. The name is not a built-in's (ROLE2). That no other role has it, the write sees to.
/// 4. The organization has room for it (ROLE2).
/// 5. The actor could hand it out (ROLE7).
pub fn create_role(
    actor: &Standing,
    id: CustomRoleId,
    name: Name,
    draft: RoleDraft,
) -> Result<CustomRole, Refusal> {
    actor.require(RoleObject::RoleManagement, Level::FullAccess)?;
    let levels = settle(actor, Levels::from_fn(RoleObject::custom_role_default), &draft)?;
    not_built_in(&name)?;
    if actor.org.roles.len() >= MAX_CUSTOM_ROLES {
        return Err(Refusal::TooManyRoles);
    }
    within(actor.levels, levels)?;
    let description = draft.description.unwrap_or_default();
    Ok(CustomRole { id, name, description, levels, retiring: None })
}

/// Changes a custom role, or says why not.
///
/// 1. The actor has `role_management` full.
/// 2. The actor does not hold the role (ROLE12).
/// 3. Its present levels are within what the actor may hand out (ROLE7).
/// 4. The new ones are settable, keep the prerequisites, and are within it too.
/// 5. The new name is not a built-in's.
pub fn edit_role(
    actor: &Standing,
    role: &CustomRole,
    draft: RoleDraft,
) -> Result<CustomRole, Refusal> {
    may_touch(actor, role)?;
    let levels = settle(actor, role.levels, &draft)?;
    within(actor.levels, levels)?;
    if let Some(name) = &draft.name {
        not_built_in(name)?;
    }
    Ok(CustomRole {
        id: role.id,
        name: draft.name.unwrap_or_else(|| role.name.clone()),
        description: draft.description.unwrap_or_else(|| role.description.clone()),
        levels,
        retiring: role.retiring.filter(|_| !draft.stays),
    })
}

/// May the actor delete the role? As for editing it, and nobody may hold it or be invited to it
/// (ROLE6).
pub fn delete_role(actor: &Standing, role: &CustomRole, users: Users) -> Result<(), Refusal> {
    may_touch(actor, role)?;
    if users == Users::default() { Ok(()) } else { Err(Refusal::RoleInUse(users)) }
}

pub(super) fn may_touch(actor: &Standing, role: &CustomRole) -> Result<(), Refusal> {
    actor.require(RoleObject::RoleManagement, Level::FullAccess)?;
    if actor.role() == Some(RoleId::Custom(role.id)) {
        return Err(Refusal::OwnRole);
    }
    within(actor.levels, role.levels)
}

/// Puts the wanted levels over the present ones, in the catalogue's order (ROLE3–5).
fn settle(actor: &Standing, present: Levels, draft: &RoleDraft) -> Result<Levels, Refusal> {
    let mut levels = present;
    for (&object, &level) in &draft.permissions {
        if !object.editable_in_custom_roles() {
            return Err(Refusal::NotEditable(object));
        }
        if !actor.conditions.shows(object) {
            return Err(Refusal::NotShown(object));
        }
        if !object.allows(level) {
            return Err(Refusal::LevelNotAllowed(object, level));
        }
        levels = levels.with(object, level);
    }
    // A hidden object cannot be set, so it must not stand in the way either (ROLE5).
    for object in RoleObject::ALL.into_iter().filter(|&object| actor.conditions.shows(object)) {
        if let Some((base, least)) = object.prerequisite()
            && levels.of(object) > Level::None
            && levels.of(base) < least
        {
            return Err(Refusal::PrerequisiteUnmet { object, base, least });
        }
    }
    Ok(levels)
}

fn not_built_in(name: &Name) -> Result<(), Refusal> {
    let folded = name.folded();
    let taken = BuiltIn::ALL.iter().any(|role| role.name().to_lowercase() == folded);
    if taken { Err(Refusal::RoleNameTaken) } else { Ok(()) }
}

/// No escalation (ROLE7): on no role object more than the granter holds, or the built-in User does.
///
/// Stored levels are compared, not effective ones: a level that sleeps until a condition holds is
/// handed out all the same.
fn within(granter: Levels, levels: Levels) -> Result<(), Refusal> {
    let reach = granter.higher(BuiltIn::User.levels());
    reach.covers(levels).map_err(|(object, level)| Refusal::Escalates(object, level))
}

/// The levels of a role as `org` has it now: none if it has no such role.
#[must_use]
pub fn levels_in(org: &Organization, role: RoleId) -> Option<Levels> {
    match role {
        RoleId::BuiltIn(role) if role.partner_only() && org.kind != Kind::Partner => None,
        RoleId::BuiltIn(role) => Some(role.levels()),
        RoleId::Custom(id) => org.roles.get(&id).copied(),
    }
}

/// May a holder of `granter` yield `role` in `org` (ROLE7, ROLE9, ROLE5, SA3)?
///
/// 1. The role exists here.
/// 2. Super Admin is transferred, never given.
/// 3. User and Partner User may always be given.
/// 4. MDF Admin is the Super Admin's to give, inside the programme.
/// 5. Everything else within the granter's own levels.
pub fn may_grant(
    org: &Organization,
    granter: RoleId,
    granter_levels: Levels,
    role: RoleId,
) -> Result<(), Refusal> {
    let levels = levels_in(org, role).ok_or(Refusal::NoSuchRole)?;
    match role {
        RoleId::BuiltIn(BuiltIn::SuperAdmin) => Err(Refusal::SuperAdminIsTransferred),
        RoleId::BuiltIn(BuiltIn::User | BuiltIn::PartnerUser) => Ok(()),
        RoleId::BuiltIn(BuiltIn::MdfAdmin) if granter != RoleId::SUPER_ADMIN => {
            Err(Refusal::OnlySuperAdmin)
        }
        RoleId::BuiltIn(BuiltIn::MdfAdmin) if !org.settings.mdf_program => {
            Err(Refusal::OutsideMdfProgram)
        }
        _ => within(granter_levels, levels),
    }
}
