//! The sentences about paths and their denials, for administrators.

use shared::domain::{AccessPath, Action, DenyReason, Level, PathMembership};

pub(super) const NOT_A_MEMBER: &str = "The user is a member neither of this organization nor of one \
                                       above it that carries this action, or the organization does not exist.";

pub(super) const NOT_A_MEMBER_HERE: &str = "The person is not a member of this organization. Whether they \
                                            reach it as a member of another organization, such as a partner, is \
                                            shown to platform operators alone.";

pub(super) fn grant_reason(membership: &PathMembership, action: Action) -> String {
    let (level, object) = (level_held(membership, action).name(), action.role_object.name());
    let location = location_phrase(membership);
    format!("The user has {level} to {object} {location}, which grants this.")
}

pub(super) fn deny_reason(
    deny: DenyReason,
    membership: Option<&PathMembership>,
    action: Action,
) -> String {
    use DenyReason as D;
    let object = action.role_object.name();
    let location = membership.map_or_else(|| "there".to_owned(), location_phrase);
    match deny {
        D::Never => "No role grants this action on such organizations.".to_owned(),
        D::Membership => NOT_A_MEMBER.to_owned(),
        D::AccessExpired => format!("The user's access {location} has expired."),
        D::Link => {
            "The user is not a member of a partner that is linked to this organization.".to_owned()
        }
        D::LinkSuspended => "This organization has suspended its link with the partner.".to_owned(),
        D::PreferredLink => {
            "The partner is linked to this organization, but not as its preferred partner.".into()
        }
        D::Kind => format!("Only partner organizations have {object}."),
        D::Condition(condition) => {
            format!("{object} is switched off {location}: it counts only while {condition}.")
        }
        D::Prerequisite(base, level) => {
            let (base, level) = (base.name(), level.name());
            format!("{object} counts {location} only with at least {level} to {base}.")
        }
        D::Level(needed) => {
            let held = membership.map_or(Level::None, |at| level_held(at, action)).name();
            let needed = needed.name();
            format!("The user has {held} to {object} {location}; this action needs {needed}.")
        }
        D::Suspended => {
            let is_there = membership.is_some_and(|at| at.standing.org.suspension().is_some());
            let location = if is_there { &location } else { "in this organization" };
            format!("The platform has suspended all access {location}.")
        }
        D::SignIn => membership.map(sign_in_reason).unwrap_or_default(),
    }
}

/// The effective level at the beginning of a path.
pub(super) fn level_held(membership: &PathMembership, action: Action) -> Level {
    membership.standing.effective.level_on(action.role_object)
}

fn sign_in_reason(membership: &PathMembership) -> String {
    membership.standing.check_sign_in().err().map(|why| why.to_string()).unwrap_or_default()
}

fn location_phrase(membership: &PathMembership) -> String {
    let org = &membership.standing.org.name;
    match membership.path {
        AccessPath::Member => "in this organization".to_owned(),
        AccessPath::Ancestor => format!("in {org}, above this organization"),
        AccessPath::Partner => format!("in the partner {org}"),
    }
}
