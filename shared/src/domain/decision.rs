//! Access decisions for other services (ORG6): whether a person may perform an action in an
//! organization, through which access path, and who could grant it.

use super::{
    Action, BuiltIn, Condition, Conditions, Kind, Level, Levels, LinkAccess, Name, OrgId,
    Organization, Restriction, RoleId, RoleObject, Standing, levels_in,
};
use RoleObject::{
    LicenseManagementCustomerOrganizations, LicenseManagementSubOrganizations,
    OrganizationGeneralInformation, RoleManagementSubOrganizations,
    SupportServiceCustomerOrganizations, UserManagement, UserManagementSubOrganizations,
};

/// Decides whether a membership grants `action`.
///
/// 1. Some level grants the action, and the access path supports it.
/// 2. The access of the member where the path starts has not ended (END1).
/// 3. A partner is linked to the organization, which has not suspended the link (PAR3). Some
///    actions need the preferred partner (PAR2).
/// 4. The role object is available where the path starts (ROLE4, ROLE5).
/// 5. The role's level grants the action.
/// 6. Neither the organization where the path starts nor the resource organization is suspended
///    (SA7).
/// 7. The person's own sign-in satisfies the security settings where the path starts (ORG3). The
///    sign-in of the subject of another caller's request is not known, and not checked.
///
/// # Errors
/// The [`DenyReason`] of the first of these checks that fails.
pub fn evaluate(membership: &PathMembership, action: Action) -> Result<(), DenyReason> {
    let PathMembership { path, standing, link, resource_suspended, access_expired, .. } =
        membership;
    if *access_expired && action.level.is_some() && path.supports(action) {
        return Err(DenyReason::AccessExpired);
    }
    evaluate_levels(*path, *link, standing.conditions, standing.levels, action)?;
    if *resource_suspended || standing.org.suspension().is_some() {
        return Err(DenyReason::Suspended);
    }
    standing.check_sign_in().map_err(|_| DenyReason::SignIn)
}

/// The first membership that grants `action`. `None` means that the action is denied.
pub fn first_granting(memberships: &[PathMembership], action: Action) -> Option<&PathMembership> {
    memberships.iter().find(|membership| evaluate(membership, action).is_ok())
}

/// The roles of `org` whose holders may perform `action` through `path`.
///
/// `link` is as in [`PathMembership`]. `root` is the root organization of the tree, if `org`
/// is not the root.
pub fn granting_roles(
    path: AccessPath,
    link: Option<LinkAccess>,
    org: &Organization,
    root: Option<&Organization>,
    action: Action,
) -> Vec<RoleId> {
    let conditions = org.conditions(root);
    let built_in = BuiltIn::ALL.into_iter().map(RoleId::BuiltIn);
    let all = built_in.chain(org.roles.keys().copied().map(RoleId::Custom));
    let grants = |role: &RoleId| {
        levels_in(org, *role)
            .is_some_and(|levels| evaluate_levels(path, link, conditions, levels, action).is_ok())
    };
    all.filter(grants).collect()
}

/// A person's membership in the organization where an access path starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathMembership {
    /// The path from this membership to the resource organization.
    pub path: AccessPath,
    /// The person's permissions where the path starts.
    pub standing: Standing,
    /// For [`AccessPath::Partner`]: what the link of the two organizations allows. `None` if they
    /// are not linked.
    pub link: Option<LinkAccess>,
    /// The name of the resource organization.
    pub resource_name: Name,
    /// Whether the resource organization is suspended (SA7).
    pub resource_suspended: bool,
    /// Whether the person's access to the organization where the path starts has ended (END1). Then
    /// `standing` has no level.
    pub access_expired: bool,
}

impl PathMembership {
    /// The organization where the path starts.
    pub fn from(&self) -> OrgId {
        self.standing.org.id()
    }
}

/// How a person can have access to an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessPath {
    /// As a member of the organization (U2).
    Member,
    /// As a member of an organization above it in the tree (SUB4).
    Ancestor,
    /// As a member of a partner organization that is linked to it (PAR2).
    Partner,
}

impl AccessPath {
    /// All paths, in the order in which they are evaluated.
    pub const ALL: [Self; 3] = [Self::Member, Self::Ancestor, Self::Partner];

    /// The name of the path in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Ancestor => "ancestor",
            Self::Partner => "partner",
        }
    }

    /// Whether this path can grant `action` at any level.
    ///
    /// - No path grants an action that the catalogue never grants.
    /// - [`Member`](Self::Member) supports all other actions (U2).
    /// - [`Ancestor`](Self::Ancestor) and [`Partner`](Self::Partner) support the role objects for
    ///   sub-organizations and customers, for actions that need more than `none`.
    pub fn supports(self, action: Action) -> bool {
        let Some(least) = action.level else { return false };
        match (self, action.role_object) {
            (Self::Member, _) => true,
            (
                Self::Ancestor,
                LicenseManagementSubOrganizations
                | RoleManagementSubOrganizations
                | UserManagementSubOrganizations,
            ) => least > Level::None && action.name != MEMBERS_OF_PARENT_ONLY,
            (
                Self::Partner,
                LicenseManagementCustomerOrganizations | SupportServiceCustomerOrganizations,
            ) => least > Level::None,
            _ => false,
        }
    }
}

/// Only a member of the direct parent creates a sub-organization (SUB2).
const MEMBERS_OF_PARENT_ONLY: &str = "user_management_sub_organizations.create_sub_organization";

/// Why a membership does not grant an action. The order is that of the checks: a greater reason is
/// closer to a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DenyReason {
    /// No level grants the action.
    Never,
    /// The person has no such membership, or the access path does not support the action.
    Membership,
    /// The access of the member has ended (END1).
    AccessExpired,
    /// The role object is for partner organizations only (ROLE1).
    Kind,
    /// The partner is not linked to the organization (PAR2).
    Link,
    /// The organization has suspended the link with the partner (PAR3).
    LinkSuspended,
    /// The partner is linked, but is not the preferred partner (PAR2).
    PreferredLink,
    /// The condition of the role object does not hold where the path starts (ROLE5).
    Condition(Condition),
    /// The prerequisite role object is held below this level (ROLE4).
    Prerequisite(RoleObject, Level),
    /// The action needs this level.
    Level(Level),
    /// The organization where the path starts, or the resource organization, is suspended (SA7).
    Suspended,
    /// The person's sign-in does not satisfy the security settings where the path starts (ORG3).
    SignIn,
}

impl DenyReason {
    /// The name of the reason in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Membership => "membership",
            Self::AccessExpired => "access_expired",
            Self::Link => "link",
            Self::LinkSuspended => "link_suspended",
            Self::PreferredLink => "preferred_link",
            Self::Kind => "kind",
            Self::Condition(_) => "condition",
            Self::Prerequisite(..) => "prerequisite",
            Self::Level(_) => "level",
            Self::Suspended => "suspended",
            Self::SignIn => "sign_in",
        }
    }
}

/// Who could change a denial into a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remediation {
    /// A member who holds all these levels in this organization (ROLE7).
    Holders {
        /// The organization.
        org: OrgId,
        /// The levels that such a member holds.
        levels: Vec<(RoleObject, Level)>,
        /// The built-in roles that have these levels.
        built_in: Vec<BuiltIn>,
    },
    /// A member who holds these levels in the customer's organization. They can resume the link
    /// (PAR3).
    Customer {
        /// The customer.
        org: OrgId,
        /// The levels that such a member holds.
        levels: Vec<(RoleObject, Level)>,
        /// The built-in roles that have these levels.
        built_in: Vec<BuiltIn>,
    },
    /// A platform operator (SUB1, PAR1, SA7).
    Operators,
    /// The person, by signing in as the organization requires (ORG3).
    Subject,
    /// No one: no role grants the action.
    Impossible,
}

/// Who could grant `action` after a denial for `reason`.
///
/// `at` is the membership that was denied. Without one, the person needs a membership of `org`.
pub fn remediation(
    action: Action,
    reason: DenyReason,
    at: Option<&PathMembership>,
    org: OrgId,
) -> Remediation {
    let (object, level) = match reason {
        DenyReason::Never => return Remediation::Impossible,
        DenyReason::Link
        | DenyReason::PreferredLink
        | DenyReason::Kind
        | DenyReason::Condition(_)
        | DenyReason::Suspended => return Remediation::Operators,
        DenyReason::LinkSuspended => {
            let levels = vec![(OrganizationGeneralInformation, Level::FullAccess)];
            let built_in = roles_with(&levels, false);
            return Remediation::Customer { org, levels, built_in };
        }
        DenyReason::SignIn => return Remediation::Subject,
        DenyReason::Prerequisite(base, level) => (base, level),
        DenyReason::Level(level) => (action.role_object, level),
        DenyReason::Membership | DenyReason::AccessExpired => {
            (action.role_object, action.level.unwrap_or(Level::FullAccess))
        }
    };
    let mut levels = vec![(UserManagement, Level::FullAccess)];
    // A member may grant the levels of the built-in User without holding them (ROLE7).
    if BuiltIn::User.levels().level_on(object) < level && object != UserManagement {
        levels.push((object, level));
    }
    let partner = at.is_some_and(|membership| membership.standing.org.kind == Kind::Partner);
    let built_in = roles_with(&levels, partner);
    Remediation::Holders { org: at.map_or(org, PathMembership::from), levels, built_in }
}

/// The built-in roles that have all these levels, in a partner or a standard organization.
fn roles_with(levels: &[(RoleObject, Level)], partner: bool) -> Vec<BuiltIn> {
    let holds = |role: &BuiltIn| {
        let all = levels.iter().all(|&(object, level)| role.levels().level_on(object) >= level);
        all && (partner || !role.partner_only())
    };
    BuiltIn::ALL.into_iter().filter(holds).collect()
}

/// See [`evaluate`].
fn evaluate_levels(
    path: AccessPath,
    link: Option<LinkAccess>,
    conditions: Conditions,
    levels: Levels,
    action: Action,
) -> Result<(), DenyReason> {
    let (object, least) = (action.role_object, action.level.ok_or(DenyReason::Never)?);
    if !path.supports(action) {
        return Err(DenyReason::Membership);
    }
    if path == AccessPath::Partner {
        match link.ok_or(DenyReason::Link)? {
            LinkAccess::Suspended => return Err(DenyReason::LinkSuspended),
            link if !link.allows(object) => return Err(DenyReason::PreferredLink),
            _ => {}
        }
    }
    match conditions.restriction(levels, object) {
        Some(Restriction::PartnerOnly) => Err(DenyReason::Kind),
        Some(Restriction::ConditionNotMet(condition)) => Err(DenyReason::Condition(condition)),
        Some(Restriction::PrerequisiteNotMet(base, level)) => {
            Err(DenyReason::Prerequisite(base, level))
        }
        None if action.is_granted_by(levels.level_on(object)) => Ok(()),
        None => Err(DenyReason::Level(least)),
    }
}
