//! Decisions that other services ask for (ORG6): may this person do that action in this
//! organization? It never finds out who is a member of what: that is an argument.

use super::{
    Action, BuiltIn, Condition, Conditions, Kind, Level, Levels, Lowered, OrgId, Organization,
    RoleId, RoleObject, Standing, levels_in,
};
use RoleObject::{
    LicenseManagementCustomerOrganizations, LicenseManagementSubOrganizations,
    RoleManagementSubOrganizations, SupportServiceCustomerOrganizations, UserManagement,
    UserManagementSubOrganizations,
};

/// Creating an organization is done in the one above it (SUB2): who is further up has no part in it.
const ONES_OWN: &str = "user_management_sub_organizations.create_sub_organization";

/// How a person reaches an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// As its member (U2).
    Member,
    /// As a member of an organization above it (SUB4).
    Ancestor,
    /// As a member of a partner that is linked to it (PAR2).
    Partner,
}

impl Way {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Member, Self::Ancestor, Self::Partner];

    /// Its name in the API.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Ancestor => "ancestor",
            Self::Partner => "partner",
        }
    }

    /// Can this way ever grant `action`?
    ///
    /// 1. What the catalogue never grants, no way does.
    /// 2. A member may do there whatever their level there says (U2).
    /// 3. From above and from a partner, the role objects that are about such organizations carry,
    ///    and only what takes a level: what `none` grants is how one's own pages look.
    #[must_use]
    pub fn carries(self, action: Action) -> bool {
        let Some(least) = action.level else { return false };
        match (self, action.role_object) {
            (Self::Member, _) => true,
            (
                Self::Ancestor,
                LicenseManagementSubOrganizations
                | RoleManagementSubOrganizations
                | UserManagementSubOrganizations,
            ) => least > Level::None && action.name != ONES_OWN,
            (
                Self::Partner,
                LicenseManagementCustomerOrganizations | SupportServiceCustomerOrganizations,
            ) => least > Level::None,
            _ => false,
        }
    }
}

/// A person's membership in the organization where a way starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approach {
    /// Which way.
    pub way: Way,
    /// What they hold there.
    pub standing: Standing,
    /// The partner's link to the organization that it is about; whether it is preferred there.
    pub link: Option<bool>,
}

/// What keeps a way from granting an action; the later, the nearer they came to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lacking {
    /// Nothing ever grants it.
    Never,
    /// There is no such membership, or this way does not carry the action.
    Membership,
    /// The role object is for partner organizations alone (ROLE1).
    Kind,
    /// The partner is not linked to the organization (PAR2).
    Link,
    /// It is, but not as its preferred partner (PAR2).
    PreferredLink,
    /// It is switched off where the way starts (ROLE5).
    Switch(Condition),
    /// Another role object is held below this level (ROLE4).
    Prerequisite(RoleObject, Level),
    /// This level is needed.
    Level(Level),
}

impl Lacking {
    /// Its name in the API.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Membership => "membership",
            Self::Link => "link",
            Self::PreferredLink => "preferred_link",
            Self::Kind => "kind",
            Self::Switch(_) => "switch",
            Self::Prerequisite(..) => "prerequisite",
            Self::Level(_) => "level",
        }
    }
}

/// Does this approach grant `action` (ORG6)?
pub fn judge(approach: &Approach, action: Action) -> Result<(), Lacking> {
    let Approach { way, standing: Standing { conditions, levels, .. }, link } = approach;
    weigh(*way, *link, *conditions, *levels, action)
}

/// Which roles of `org` grant `action` on this way, whoever holds them.
#[must_use]
pub fn granting_roles(
    way: Way,
    link: Option<bool>,
    org: &Organization,
    root: Option<&Organization>,
    action: Action,
) -> Vec<RoleId> {
    let conditions = org.conditions(root);
    let built_in = BuiltIn::ALL.into_iter().map(RoleId::BuiltIn);
    let all = built_in.chain(org.roles.keys().copied().map(RoleId::Custom));
    let grants = |role: &RoleId| {
        let levels = levels_in(org, *role);
        levels.is_some_and(|levels| weigh(way, link, conditions, levels, action).is_ok())
    };
    all.filter(grants).collect()
}

/// 1. Something grants it, and this way may.
/// 2. A partner is linked to the organization; to act on its behalf, as its preferred one (PAR2).
/// 3. The role object counts where the way starts (ROLE4, ROLE5).
/// 4. The level there suffices.
fn weigh(
    way: Way,
    link: Option<bool>,
    conditions: Conditions,
    levels: Levels,
    action: Action,
) -> Result<(), Lacking> {
    let (object, least) = (action.role_object, action.level.ok_or(Lacking::Never)?);
    if !way.carries(action) {
        return Err(Lacking::Membership);
    }
    if way == Way::Partner {
        let preferred = link.ok_or(Lacking::Link)?;
        if !preferred && object.shown_when() == Condition::PreferredPartnerCustomer {
            return Err(Lacking::PreferredLink);
        }
    }
    match conditions.hindrance(levels, object) {
        Some(Lowered::NotInThisKind) => Err(Lacking::Kind),
        Some(Lowered::SwitchedOff(condition)) => Err(Lacking::Switch(condition)),
        Some(Lowered::PrerequisiteUnmet(base, level)) => Err(Lacking::Prerequisite(base, level)),
        None if action.granted_by(levels.of(object)) => Ok(()),
        None => Err(Lacking::Level(least)),
    }
}

/// The first approach that grants `action`; without one it is denied.
#[must_use]
pub fn granting(approaches: &[Approach], action: Action) -> Option<&Approach> {
    approaches.iter().find(|approach| judge(approach, action).is_ok())
}

impl Approach {
    /// Where it starts.
    #[must_use]
    pub fn from(&self) -> OrgId {
        self.standing.org.id()
    }
}

/// Who could make a denial a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Whoever holds all of these levels in this organization (ROLE7).
    Holders {
        /// Where.
        org: OrgId,
        /// What they hold.
        levels: Vec<(RoleObject, Level)>,
        /// Which of the built-in roles do.
        built_in: Vec<BuiltIn>,
    },
    /// The platform's operators (SUB1, PAR1).
    Operators,
    /// Nobody.
    Nobody,
}

/// Who could give what is `lacking` for `action`. `at` is the approach it is lacking in, if there is
/// one; otherwise a membership of `org` is.
#[must_use]
pub fn remedy(action: Action, lacking: Lacking, at: Option<&Approach>, org: OrgId) -> Remedy {
    let (object, level) = match lacking {
        Lacking::Never => return Remedy::Nobody,
        Lacking::Link | Lacking::PreferredLink | Lacking::Kind | Lacking::Switch(_) => {
            return Remedy::Operators;
        }
        Lacking::Prerequisite(base, level) => (base, level),
        Lacking::Level(level) => (action.role_object, level),
        Lacking::Membership => (action.role_object, action.level.unwrap_or(Level::FullAccess)),
    };
    let mut levels = vec![(UserManagement, Level::FullAccess)];
    // What a User holds may be handed out by whoever does not hold it, too (ROLE7).
    if BuiltIn::User.levels().of(object) < level && object != UserManagement {
        levels.push((object, level));
    }
    let partner = at.is_some_and(|approach| approach.standing.org.kind == Kind::Partner);
    let holds = |role: &BuiltIn| {
        let all = levels.iter().all(|&(object, level)| role.levels().of(object) >= level);
        all && (partner || !role.partner_only())
    };
    let built_in = BuiltIn::ALL.into_iter().filter(holds).collect();
    Remedy::Holders { org: at.map_or(org, Approach::from), levels, built_in }
}
