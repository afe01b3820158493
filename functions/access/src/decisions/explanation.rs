//! The reason for a decision: a code for programs and a sentence for administrators. A response has
//! it only if the request sets `context.explain`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use shared::{
    domain::{
        AccessPath, Action, BuiltIn, DenyReason, Invitation, Level, Member, Name, OrgId,
        Organization, PathMembership, Remediation, RoleId, RoleObject, evaluate,
        inviter_authorized, levels_in, remediation,
    },
    http::FieldError,
    store::{Error, FetchedItems, Key},
};

use super::{
    DecisionCaller, ORGANIZATION, USER, organization, user,
    wire::{Entity, Evaluation},
};

const NOT_A_MEMBER: &str = "The user is a member neither of this organization nor of one above it that carries this \
     action, or the organization does not exist.";

const NOT_A_MEMBER_HERE: &str = "The person is not a member of this organization. Whether they reach it as a member of \
     another organization, such as a partner, is shown to platform operators alone.";

/// The reason for a decision.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    /// `granted`, or the kind of denial.
    code: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_object: Option<RoleObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level_needed: Option<Level>,
    /// Every path on which the subject reaches the organization.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    paths: Vec<PathExplanation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_could_grant: Option<Grantors>,
}

/// The result on one path.
#[derive(Debug, Serialize)]
struct PathExplanation {
    path: &'static str,
    organization_id: OrgId,
    organization_name: Name,
    role_id: Option<RoleId>,
    role_name: Option<String>,
    level_held: Level,
    granted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deny_reason: Option<&'static str>,
    reason: String,
}

/// The people who could turn a denial into a grant.
#[derive(Debug, Default, Serialize)]
struct Grantors {
    /// `members`, `operators`, `subject` or `no_one`.
    who: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrgId>,
    /// Absent if the caller does not know the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_name: Option<Name>,
    /// The levels that such a member holds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    levels: BTreeMap<RoleObject, Level>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    built_in_roles: Vec<&'static str>,
    /// The names of these roles, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    built_in_role_names: Vec<&'static str>,
    reason: &'static str,
}

/// What a pending invitation offers for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// Accepting it grants the action.
    Open,
    /// The organization is suspended (SA7).
    Suspended,
    /// The access that it offers has ended (END1).
    AccessEnded,
    Expired,
    /// Its inviter may no longer grant the role (INV9).
    InviterNotAuthorized,
    /// The role that it offers does not grant the action.
    RoleTooLow,
}

impl Offer {
    /// What `invitation`, which `sender` sent last, offers for `action`.
    pub(super) fn of(
        invitation: &Invitation,
        sender: Option<&Member>,
        action: Action,
        org: &Organization,
        now: Timestamp,
    ) -> Self {
        let levels = levels_in(org, invitation.role_id);
        let grants = |needed| levels.is_some_and(|it| it.level_on(action.role_object) >= needed);
        if org.suspension().is_some() {
            Self::Suspended
        } else if invitation.access_expires_at.is_some_and(|end| end <= now) {
            Self::AccessEnded
        } else if invitation.expired(now) {
            Self::Expired
        } else if !inviter_authorized(org, invitation, sender, now) {
            Self::InviterNotAuthorized
        } else if action.level.is_some_and(grants) {
            Self::Open
        } else {
            Self::RoleTooLow
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Open => "The person is invited, but has not accepted the invitation.",
            Self::Suspended => {
                "The person is invited, but cannot accept while the organization is suspended."
            }
            Self::AccessEnded => {
                "The person is invited, but the access that is offered has ended. Change its end."
            }
            Self::Expired => "The person is invited, but the invitation has expired. Resend it.",
            Self::InviterNotAuthorized => {
                "The person is invited, but the member who sent the invitation may no longer give its role. Resend it."
            }
            Self::RoleTooLow => {
                "The person is invited, but the role that is offered does not grant this."
            }
        }
    }
}

/// Who reads an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    /// A caller that may ask about every person, or an operator.
    All,
    /// A member. They do not learn of organizations above or partners of one that they may not see (U5).
    Member,
}

/// A path of the subject, with the result on it.
struct EvaluatedPath<'a> {
    membership: &'a PathMembership,
    result: Result<(), DenyReason>,
}

impl Explanation {
    /// The evaluation is malformed.
    pub(super) fn malformed(error: &FieldError) -> Self {
        Self::new("malformed", format!("`{}` {}", error.pointer, error.detail))
    }

    /// The reason for the decision on `evaluation`, given all paths of its subject. `names` has the roles on
    /// them, and the organization if the caller may learn its name.
    pub(super) fn of(
        caller: &DecisionCaller,
        evaluation: &Evaluation,
        paths: &[PathMembership],
        names: &FetchedItems,
    ) -> Result<Self, Error> {
        let Evaluation { subject, action, resource, .. } = evaluation;
        let Some(action) = Action::find(&action.name) else {
            let reason = "The catalogue has no such action. Use an action of the catalogue.";
            return Ok(Self::new("unknown_action", reason));
        };
        if let Some(unknown) = Self::unknown_entity(subject, resource) {
            return Ok(unknown);
        }
        let viewer = if caller.service { Viewer::All } else { Viewer::Member };
        match organization(resource) {
            Some(org) => {
                let explanation = Self::of_paths(viewer, action, org, paths, names)?;
                let known = names.organization(org);
                Ok(known.iter().fold(explanation, Explanation::naming))
            }
            None => Ok(Self::new("membership", NOT_A_MEMBER)),
        }
    }

    /// The person is invited, and has not accepted.
    pub(super) fn of_invitee(action: Action, org: OrgId, offer: Offer) -> Self {
        let by_members = remediation(action, reason_without_paths(action), None, org);
        let who_could_grant = match offer {
            Offer::Open => Grantors::subject("The person can accept the invitation."),
            Offer::Suspended => Remediation::Operators.into(),
            _ => by_members.into(),
        };
        let reason = offer.reason();
        Self {
            role_object: Some(action.role_object),
            level_needed: action.level,
            who_could_grant: Some(who_could_grant),
            ..Self::new("invited", reason)
        }
    }

    /// The person is not a member, and the organization does not learn by which other path they may reach it.
    pub(super) fn of_outsider(action: Action, org: OrgId) -> Self {
        let deny = reason_without_paths(action);
        Self {
            role_object: Some(action.role_object),
            level_needed: action.level,
            who_could_grant: Some(Grantors::from(remediation(action, deny, None, org))),
            ..Self::new("membership", NOT_A_MEMBER_HERE)
        }
    }

    /// The explanation with the name of an organization that the caller knows.
    pub(super) fn naming(self, org: &Organization) -> Self {
        let who_could_grant = self.who_could_grant.map(|who| who.naming(org));
        Self { who_could_grant, ..self }
    }

    /// The keys of the custom roles on these paths, for their names.
    pub(super) fn role_keys(paths: &[PathMembership]) -> impl Iterator<Item = Key> {
        paths.iter().filter_map(|path| Key::custom_role(path.from(), path.standing.role()?))
    }

    fn new(code: &'static str, reason: impl Into<String>) -> Self {
        let (role_object, level_needed, paths, who_could_grant) = Default::default();
        Self { code, reason: reason.into(), role_object, level_needed, paths, who_could_grant }
    }

    /// The reason why the subject or the resource cannot exist.
    fn unknown_entity(subject: &Entity, resource: &Entity) -> Option<Self> {
        if subject.kind != USER {
            let reason = "Use the subject type `user`; the id is the `sub` of the person's token.";
            return Some(Self::new("unknown_subject_type", reason));
        }
        if resource.kind != ORGANIZATION {
            let reason = "Use the resource type `organization`.";
            return Some(Self::new("unknown_resource_type", reason));
        }
        user(subject).is_none().then(|| Self::new("membership", NOT_A_MEMBER))
    }

    /// The reason for the decision on an action, given all paths of its subject. `names` has the custom
    /// roles on them.
    pub(super) fn of_paths(
        viewer: Viewer,
        action: Action,
        org: OrgId,
        paths: &[PathMembership],
        names: &FetchedItems,
    ) -> Result<Self, Error> {
        let visible = visible_paths(viewer, action, paths);
        let (code, reason, who_could_grant) = match visible.iter().find(|path| path.result.is_ok())
        {
            Some(granting) => ("granted", grant_reason(granting.membership, action), None),
            None => denial(&visible, action, org),
        };
        let at = visible.iter().map(|path| &path.membership.standing.org);
        let who_could_grant =
            at.fold(who_could_grant, |who: Option<Grantors>, org| who.map(|who| who.naming(org)));
        let paths = visible.iter().map(|path| PathExplanation::of(path, action, names));
        Ok(Self {
            code,
            reason,
            role_object: Some(action.role_object),
            level_needed: action.level,
            paths: paths.collect::<Result<_, _>>()?,
            who_could_grant,
        })
    }
}

impl PathExplanation {
    fn of(
        &EvaluatedPath { membership, result }: &EvaluatedPath<'_>,
        action: Action,
        names: &FetchedItems,
    ) -> Result<Self, Error> {
        let (org, role) = (membership.from(), membership.standing.role());
        let name = |role| {
            let custom = names.role_summary(org, role)?;
            Ok::<_, Error>(role.shown_name(custom.as_ref()))
        };
        Ok(Self {
            path: membership.path.key(),
            organization_id: org,
            organization_name: membership.standing.org.name.clone(),
            role_id: role,
            role_name: role.map(name).transpose()?,
            level_held: membership.standing.effective.level_on(action.role_object),
            granted: result.is_ok(),
            deny_reason: result.err().map(DenyReason::key),
            reason: match result {
                Ok(()) => grant_reason(membership, action),
                Err(deny) => deny_text(deny, Some(membership), action),
            },
        })
    }
}

impl Grantors {
    /// The person themselves, by what `reason` says.
    fn subject(reason: &'static str) -> Self {
        Self { who: "subject", reason, ..Self::default() }
    }
}

impl Grantors {
    /// The people with the name of their organization, if it is `org`.
    fn naming(self, org: &Organization) -> Self {
        let is_same = self.organization_id == Some(org.id());
        let organization_name = self.organization_name.or(is_same.then(|| org.name.clone()));
        Self { organization_name, ..self }
    }
}

impl From<Remediation> for Grantors {
    fn from(remediation: Remediation) -> Self {
        let (who, reason) = match &remediation {
            Remediation::Holders { .. } => (
                "members",
                "A member who holds these levels there can invite the user or assign another role.",
            ),
            Remediation::Customer { .. } => (
                "members",
                "A member of the customer who holds these levels there can resume the link.",
            ),
            Remediation::Operators => (
                "operators",
                "An operator of the platform can change this setting, link or suspension.",
            ),
            Remediation::Subject => (
                "subject",
                "The user can sign in again as the security settings of the organization require.",
            ),
            Remediation::Impossible => ("no_one", "No role can grant this action."),
        };
        let by = Self { who, reason, ..Self::default() };
        match remediation {
            Remediation::Holders { org, levels, built_in }
            | Remediation::Customer { org, levels, built_in } => Self {
                organization_id: Some(org),
                levels: levels.into_iter().collect(),
                built_in_roles: built_in.iter().copied().map(BuiltIn::key).collect(),
                built_in_role_names: built_in.into_iter().map(BuiltIn::name).collect(),
                ..by
            },
            Remediation::Operators | Remediation::Subject | Remediation::Impossible => by,
        }
    }
}

/// The paths that the reader may see.
fn visible_paths(
    viewer: Viewer,
    action: Action,
    paths: &[PathMembership],
) -> Vec<EvaluatedPath<'_>> {
    let evaluated = paths
        .iter()
        .map(|membership| EvaluatedPath { membership, result: evaluate(membership, action) });
    let is_visible = |path: &EvaluatedPath<'_>| {
        viewer == Viewer::All || path.membership.path == AccessPath::Member || path.result.is_ok()
    };
    evaluated.filter(is_visible).collect()
}

/// The code, the reason and the remediation of a denial: those of the path that came closest.
fn denial(
    paths: &[EvaluatedPath<'_>],
    action: Action,
    org: OrgId,
) -> (&'static str, String, Option<Grantors>) {
    let denied = paths.iter().filter_map(|path| Some((path.result.err()?, Some(path.membership))));
    let closest = denied.max_by_key(|(deny, _)| *deny);
    let (deny, membership) = closest.unwrap_or((reason_without_paths(action), None));
    let grantors = remediation(action, deny, membership, org).into();
    (deny.key(), deny_text(deny, membership, action), Some(grantors))
}

/// The reason for a denial if the subject reaches the organization on no path.
fn reason_without_paths(action: Action) -> DenyReason {
    match action.level {
        None => DenyReason::Never,
        Some(_) if AccessPath::Partner.supports(action) => DenyReason::Link,
        Some(_) => DenyReason::Membership,
    }
}

fn grant_reason(membership: &PathMembership, action: Action) -> String {
    let object = action.role_object;
    let level = membership.standing.effective.level_on(object).name();
    let place = place(membership);
    format!("The user has {level} to {} {place}, which grants this.", object.name())
}

fn deny_text(deny: DenyReason, membership: Option<&PathMembership>, action: Action) -> String {
    let object = action.role_object.name();
    let place = membership.map_or_else(|| "there".to_owned(), place);
    match deny {
        DenyReason::Never => "No role grants this action on such organizations.".to_owned(),
        DenyReason::Membership => NOT_A_MEMBER.to_owned(),
        DenyReason::AccessExpired => {
            format!("The user's access {place} has expired.")
        }
        DenyReason::Link => {
            "The user is not a member of a partner that is linked to this organization.".to_owned()
        }
        DenyReason::LinkSuspended => {
            "This organization has suspended its link with the partner.".to_owned()
        }
        DenyReason::PreferredLink => {
            "The partner is linked to this organization, but not as its preferred partner."
                .to_owned()
        }
        DenyReason::Kind => format!("Only partner organizations have {object}."),
        DenyReason::Condition(condition) => {
            format!("{object} is switched off {place}: it counts only while {condition}.")
        }
        DenyReason::Prerequisite(base, level) => {
            let (base, level) = (base.name(), level.name());
            format!("{object} counts {place} only with at least {level} to {base}.")
        }
        DenyReason::Level(needed) => {
            let held = membership
                .map_or(Level::None, |at| at.standing.effective.level_on(action.role_object));
            let (held, needed) = (held.name(), needed.name());
            format!("The user has {held} to {object} {place}; this action needs {needed}.")
        }
        DenyReason::Suspended => {
            let at_start = membership.is_some_and(|at| at.standing.org.suspension().is_some());
            let place = if at_start { place } else { "in this organization".to_owned() };
            format!("The platform has suspended all access {place}.")
        }
        DenyReason::SignIn => {
            let refusal = membership.and_then(|at| at.standing.check_sign_in().err());
            refusal.map(|refusal| refusal.to_string()).unwrap_or_default()
        }
    }
}

fn place(membership: &PathMembership) -> String {
    let org = &membership.standing.org.name;
    match membership.path {
        AccessPath::Member => "in this organization".to_owned(),
        AccessPath::Ancestor => format!("in {org}, above this organization"),
        AccessPath::Partner => format!("in the partner {org}"),
    }
}
