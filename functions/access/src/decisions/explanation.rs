//! Why a decision is what it is, in words for administrators and codes for programs; given to who
//! asks for it.

use std::collections::BTreeMap;

use serde::Serialize;
use shared::{
    domain::{
        Action, Approach, BuiltIn, Lacking, Level, OrgId, Remedy, RoleId, RoleObject, Way, judge,
        remedy,
    },
    http::FieldError,
};

use super::{
    Asker, organization, user,
    wire::{Entity, Evaluation},
};

/// The reason for a decision.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    /// `granted`, or what is lacking.
    code: &'static str,
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_object: Option<RoleObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    level_needed: Option<Level>,
    /// Every way that was tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ways: Vec<Tried>,
    #[serde(skip_serializing_if = "Option::is_none")]
    who_could_grant: Option<Grantors>,
}

#[derive(Debug, Serialize)]
struct Tried {
    way: &'static str,
    organization_id: OrgId,
    role_id: Option<RoleId>,
    level_held: Level,
    granted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    lacking: Option<&'static str>,
    reason: String,
}

#[derive(Debug, Serialize)]
struct Grantors {
    /// `members`, `operators` or `nobody`.
    who: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrgId>,
    /// What such a member holds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    levels: BTreeMap<RoleObject, Level>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    built_in_roles: Vec<&'static str>,
    reason: &'static str,
}

impl Explanation {
    fn plain(code: &'static str, reason: impl Into<String>) -> Self {
        let (role_object, level_needed, ways, who_could_grant) = Default::default();
        Self { code, reason: reason.into(), role_object, level_needed, ways, who_could_grant }
    }

    /// The evaluation itself is wrong.
    pub(super) fn broken(error: &FieldError) -> Self {
        Self::plain("malformed", format!("`{}` {}", error.pointer, error.detail))
    }

    /// It was answered from the fixtures of the certification.
    pub(super) fn fixture() -> Self {
        Self::plain("fixture", "The fixtures of the certification say so.")
    }

    /// Why `evaluation` is decided as it is on these approaches.
    pub(super) fn of(asker: &Asker, evaluation: &Evaluation, approaches: &[Approach]) -> Self {
        let Evaluation { subject, action, resource, .. } = evaluation;
        match (Action::find(&action.name), unknown(subject, resource)) {
            (None, _) => Self::plain(
                "unknown_action",
                "The catalogue has no such action. Ask for one that it names.",
            ),
            (Some(_), Some(unknown)) => unknown,
            (Some(action), None) => match organization(resource) {
                Some(org) => Self::known(asker, action, org, approaches),
                None => Self::plain("membership", NOT_A_MEMBER),
            },
        }
    }

    fn known(asker: &Asker, action: Action, org: OrgId, approaches: &[Approach]) -> Self {
        let judged = approaches.iter().map(|approach| (approach, judge(approach, action)));
        // Where somebody may not even know that the organization exists, they are not told what is
        // above or beside it (U5).
        let told = |(approach, judged): &(&Approach, Result<(), Lacking>)| {
            asker.service || approach.way == Way::Member || judged.is_ok()
        };
        let judged: Vec<_> = judged.filter(told).collect();
        let granted = judged.iter().find(|(_, judged)| judged.is_ok());
        let nearest = judged.iter().filter_map(|&(at, judged)| Some((judged.err()?, Some(at))));
        let nearest = nearest.max_by_key(|(lacking, _)| *lacking);
        let (lacking, at) = nearest.unwrap_or((nothing_tried(action), None));
        let (code, reason, who) = if let Some((approach, _)) = granted {
            ("granted", through(approach, action), None)
        } else {
            let who = grantors(remedy(action, lacking, at, org));
            (lacking.key(), why(lacking, at, action), Some(who))
        };
        let tried = |&(approach, judged): &(&Approach, Result<(), Lacking>)| Tried {
            way: approach.way.key(),
            organization_id: approach.from(),
            role_id: approach.standing.role(),
            level_held: approach.standing.effective.of(action.role_object),
            granted: judged.is_ok(),
            lacking: judged.err().map(Lacking::key),
            reason: match judged {
                Ok(()) => through(approach, action),
                Err(lacking) => why(lacking, Some(approach), action),
            },
        };
        Self {
            code,
            reason,
            role_object: Some(action.role_object),
            level_needed: action.level,
            ways: judged.iter().map(tried).collect(),
            who_could_grant: who,
        }
    }
}

const NOT_A_MEMBER: &str = "They are not a member there, nor of an organization above it through which this could be done, \
     or there is no such organization.";

/// What is wrong with whom or what it is about, whatever is stored.
fn unknown(subject: &Entity, resource: &Entity) -> Option<Explanation> {
    if subject.kind != super::USER {
        return Some(Explanation::plain(
            "unknown_subject_type",
            "Subjects are of the type `user`; their id is the `sub` of their tokens.",
        ));
    }
    if resource.kind != super::ORGANIZATION {
        return Some(Explanation::plain(
            "unknown_resource_type",
            "Resources are of the type `organization`.",
        ));
    }
    user(subject).is_none().then(|| Explanation::plain("membership", NOT_A_MEMBER))
}

/// What is lacking where there was nothing to try.
fn nothing_tried(action: Action) -> Lacking {
    match action.level {
        None => Lacking::Never,
        Some(_) if Way::Partner.carries(action) => Lacking::Link,
        Some(_) => Lacking::Membership,
    }
}

fn place(approach: &Approach) -> String {
    let org = approach.from();
    match approach.way {
        Way::Member => "in this organization".to_owned(),
        Way::Ancestor => format!("in {org}, above this organization"),
        Way::Partner => format!("in the partner {org}"),
    }
}

fn through(approach: &Approach, action: Action) -> String {
    let object = action.role_object;
    let level = approach.standing.effective.of(object);
    format!("They hold `{level}` on `{object}` {}, which grants this.", place(approach))
}

fn why(lacking: Lacking, at: Option<&Approach>, action: Action) -> String {
    let object = action.role_object;
    let place = at.map_or_else(|| "there".to_owned(), place);
    match lacking {
        Lacking::Never => "Nothing ever grants this action on such organizations.".to_owned(),
        Lacking::Membership => NOT_A_MEMBER.to_owned(),
        Lacking::Link => {
            "They are not a member of a partner that is linked to this organization.".to_owned()
        }
        Lacking::PreferredLink => {
            "The partner is linked to this organization, but not as its preferred partner."
                .to_owned()
        }
        Lacking::Kind => format!("`{object}` is for partner organizations alone."),
        Lacking::Switch(condition) => {
            format!("`{object}` is switched off {place}: it counts only while {condition}.")
        }
        Lacking::Prerequisite(base, level) => {
            format!("`{object}` counts {place} only with at least `{level}` on `{base}`.")
        }
        Lacking::Level(level) => {
            let held = at.map_or(Level::None, |at| at.standing.effective.of(object));
            format!("They hold `{held}` on `{object}` {place}; this takes `{level}`.")
        }
    }
}

fn grantors(remedy: Remedy) -> Grantors {
    let (who, reason) = match &remedy {
        Remedy::Holders { .. } => (
            "members",
            "Whoever holds these levels there can invite them or give them another role.",
        ),
        Remedy::Operators => ("operators", "The platform's operators switch and link."),
        Remedy::Nobody => ("nobody", "No role can give it."),
    };
    let (organization_id, levels, built_in_roles) = match remedy {
        Remedy::Holders { org, levels, built_in } => (
            Some(org),
            levels.into_iter().collect(),
            built_in.into_iter().map(BuiltIn::key).collect(),
        ),
        Remedy::Operators | Remedy::Nobody => Default::default(),
    };
    Grantors { who, organization_id, levels, built_in_roles, reason }
}
