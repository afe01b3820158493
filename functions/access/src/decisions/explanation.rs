//! The reason for a decision: a code for programs and a sentence for administrators. A response has
//! it only if the request sets `context.explain`.

use serde::Serialize;
use shared::{
    domain::{
        AccessPath, Action, DenyReason, Level, Name, OrgId, Organization, PathMembership,
        Remediation, RoleId, RoleObject, evaluate, remediation,
    },
    http::FieldError,
    store::{Error, FetchedItems, Key},
};

use super::{
    DecisionCaller, ORGANIZATION, USER,
    grantors::Grantors,
    offer::Offer,
    organization,
    reasons::{NOT_A_MEMBER, NOT_A_MEMBER_HERE, deny_reason, grant_reason, level_held},
    user,
    wire::{Entity, Evaluation},
};

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

/// Who reads an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Viewer {
    /// A caller that may ask about every person, or an operator.
    All,
    /// A member. They do not learn of organizations above or partners of one that they may not see
    /// (U5).
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

    /// The reason for the decision on `evaluation`, given all paths of its subject. `names` has the
    /// roles on them, and the organization if the caller may learn its name.
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
                let known = names.organization(org).cloned();
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

    /// The person is not a member, and the organization does not learn by which other path they may
    /// reach it.
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

    /// The reason for the decision on an action, given all paths of its subject. `names` has the
    /// custom roles on them.
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
        let org = membership.from();
        let role = membership.standing.role();
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
            level_held: level_held(membership, action),
            granted: result.is_ok(),
            deny_reason: result.err().map(DenyReason::key),
            reason: match result {
                Ok(()) => grant_reason(membership, action),
                Err(deny) => deny_reason(deny, Some(membership), action),
            },
        })
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
    (deny.key(), deny_reason(deny, membership, action), Some(grantors))
}

/// The reason for a denial if the subject reaches the organization on no path.
fn reason_without_paths(action: Action) -> DenyReason {
    match action.level {
        None => DenyReason::Never,
        Some(_) if AccessPath::Partner.supports(action) => DenyReason::Link,
        Some(_) => DenyReason::Membership,
    }
}
