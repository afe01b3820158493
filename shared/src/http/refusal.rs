//! Refusals on the wire: the whole table of statuses is the one `match` below.

use axum::{
    body::Body,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, ETAG, LOCATION},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::{FieldError, Problem, etag::tag};
use crate::{
    domain::{Refusal, RoleObject},
    store::{self, Reply},
};

/// What is answered instead of what a handler was about to do.
#[derive(Debug)]
pub enum Instead {
    /// A problem.
    Problem(Box<Problem>),
    /// What the first of two equal requests was answered.
    Reply(Box<Reply>),
}

impl<T: Into<Problem>> From<T> for Instead {
    fn from(problem: T) -> Self {
        Self::Problem(Box::new(problem.into()))
    }
}

impl From<store::Error> for Instead {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Refused(refusal) => refusal.into(),
            store::Error::Replay(reply) => Self::Reply(reply),
            store::Error::Unavailable(cause) => {
                tracing::error!(%cause, "the database is not available");
                Problem::unavailable(1).into()
            }
            store::Error::Full(_) | store::Error::Broken(_) => Problem::internal(error).into(),
        }
    }
}

impl IntoResponse for Instead {
    fn into_response(self) -> Response {
        match self {
            Self::Problem(problem) => problem.into_response(),
            Self::Reply(reply) => reply.into_response(),
        }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = status.into_response();
        if let Some(location) = self.location.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(LOCATION, location);
        }
        if let Some(body) = self.body {
            let tag = self.tagged.then(|| HeaderValue::try_from(tag(&body)).ok()).flatten();
            response.headers_mut().extend(tag.map(|tag| (ETAG, tag)));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            *response.body_mut() = Body::from(body);
        }
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (status, slug, title) = told(&refusal);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let detail = refusal.to_string();
        let field = |pointer: String, detail: String| {
            Self::new(status, slug, title, detail.clone())
                .errors(vec![FieldError { pointer, detail }])
        };
        let level_of = |object: RoleObject| format!("/permissions/{object}");
        match refusal {
            Refusal::Lacks { object, level, .. } | Refusal::Escalates(object, level) => {
                Self::new(status, slug, title, detail)
                    .with("role_object", json!(object))
                    .with("level_needed", json!(level))
            }
            Refusal::AlreadyInvited(id) | Refusal::YouAreInvited(id) => {
                Self::new(status, slug, title, detail).with("invitation_id", json!(id))
            }
            Refusal::AlreadyAsked(id) => {
                Self::new(status, slug, title, detail).with("join_request_id", json!(id))
            }
            Refusal::TooManyPending(limit)
            | Refusal::TooManyDomains(limit)
            | Refusal::TooManyJoinRequests(limit)
            | Refusal::TooManyCriticalAlertUsers(limit) => {
                Self::new(status, slug, title, detail).with("limit", json!(limit))
            }
            Refusal::ExportTooLong(rows) => {
                Self::new(status, slug, title, detail).with("limit", json!(rows))
            }
            Refusal::InvitationExpired(at) => {
                Self::new(status, slug, title, detail).with("expired_at", json!(at))
            }
            Refusal::SessionTooOld(minutes) => {
                Self::new(status, slug, title, detail).with("max_session_minutes", json!(minutes))
            }
            Refusal::RoleInUse(users) | Refusal::PartnerRolesInUse(users) => {
                Self::new(status, slug, title, detail).with("holders", json!(users))
            }
            Refusal::Linked { customers, partners } => Self::new(status, slug, title, detail)
                .with("customers", json!(customers))
                .with("partners", json!(partners)),
            Refusal::LevelNotAllowed(object, _) => field(level_of(object), detail)
                .with("role_object", json!(object))
                .with("allowed", json!(object.levels())),
            Refusal::NotEditable(object) | Refusal::NotShown(object) => {
                field(level_of(object), detail).with("role_object", json!(object))
            }
            Refusal::PrerequisiteUnmet { object, base, least } => field(level_of(object), detail)
                .with("role_object", json!(object))
                .with("prerequisite", json!({ "role_object": base, "at_least": least })),
            Refusal::SuperAdminIsTransferred => field("/role_id".to_owned(), detail),
            Refusal::RoleRetiring(target) => {
                Self::new(status, slug, title, detail).with("retiring_to", json!(target))
            }
            Refusal::ReassignedToItself => field("/reassign_to".to_owned(), detail),
            Refusal::KindIsInherited => field("/kind".to_owned(), detail),
            Refusal::FirstAdminNeeded => field("/first_admin_email".to_owned(), detail),
            Refusal::SwitchIsTheRoots => field("/manage_sub_organizations".to_owned(), detail),
            Refusal::OutsideSubtree(_) => field("/organization_id".to_owned(), detail),
            _ => Self::new(status, slug, title, detail),
        }
    }
}

/// Status, slug and title of every refusal. Each slug has a page in `docs/problems.md`.
fn told(refusal: &Refusal) -> (u16, &'static str, &'static str) {
    use Refusal as R;
    match refusal {
        R::NoSuchOrganization => (404, "no-such-organization", "No such organization"),
        R::NoSuchMember => (404, "no-such-member", "No such member"),
        R::NotLinked => (404, "not-linked", "Not linked"),
        R::NoSuchRole => (404, "no-such-role", "No such role"),
        R::NoSuchInvitation => (404, "no-such-invitation", "No such invitation"),
        R::NoSuchJoinRequest => (404, "no-such-join-request", "No such request"),
        R::NoSuchDomain => (404, "no-such-domain", "No such domain"),
        R::NoSuchCriticalAlertUser => {
            (404, "no-such-critical-alert-user", "No such critical alert user")
        }
        R::NoSuchEvent => (404, "no-such-event", "No such event"),

        R::Lacks { .. } => (403, "lacks-permission", "Permission needed"),
        R::OperatorsOnlyRead => (403, "operators-only-read", "Operators only read here"),
        R::NotAnOperator => (403, "not-an-operator", "For operators only"),
        R::NotForDecisions => (403, "not-for-decisions", "Scope needed"),
        R::OnlySuperAdmin => (403, "only-super-admin", "For the Super Admin only"),
        R::Escalates(..) => (403, "escalates", "More than you hold"),
        R::OwnRole => (403, "own-role", "Your own role"),
        R::EmailNotVerified => (403, "email-not-verified", "Verified address needed"),
        R::SecondFactorNeeded => (403, "second-factor-needed", "Second factor needed"),
        R::SessionTooOld(_) => (403, "session-too-old", "Sign in again"),
        R::NetworkNotAllowed => (403, "network-not-allowed", "Network not allowed"),
        R::NotYourDomain => (403, "not-your-domain", "Not your domain"),
        R::SelfServiceOff => (403, "self-service-off", "Not open to everybody"),

        R::AlreadyInvited(_) => (409, "already-invited", "Already invited"),
        R::AlreadyMember => (409, "already-member", "Already a member"),
        R::YouAreMember => (409, "you-are-member", "You are a member"),
        R::YouAreInvited(_) => (409, "you-are-invited", "You are invited"),
        R::AlreadyAsked(_) => (409, "already-asked", "Already asked"),
        R::RequestDeclined => (409, "request-declined", "Request declined"),
        R::PublicMailDomain => (409, "public-mail-domain", "Everybody's domain"),
        R::TooManyDomains(_) => (409, "too-many-domains", "Too many domains"),
        R::DomainNotApproved => (409, "domain-not-approved", "Domain not approved"),
        R::TooManyCriticalAlertUsers(_) => {
            (409, "too-many-critical-alert-users", "Too many critical alert users")
        }
        R::InvitationExpired(_) => (409, "invitation-expired", "Invitation expired"),
        R::BackerGone => (409, "backer-gone", "Nobody stands behind it"),
        R::RoleNameTaken => (409, "role-name-taken", "Name taken"),
        R::TooManyRoles => (409, "too-many-roles", "Too many roles"),
        R::BuiltInRole => (409, "built-in-role", "Built-in role"),
        R::RoleInUse(_) => (409, "role-in-use", "Role in use"),
        R::RoleRetiring(_) => (409, "role-retiring", "Role being deleted"),
        R::OutsideMdfProgram => (409, "outside-mdf-program", "Outside the MDF programme"),
        R::SuperAdminStays => (409, "super-admin-stays", "Transfer first"),
        R::NotAnAdmin => (409, "not-an-admin", "Not an Admin"),
        R::TransferredMeanwhile => (409, "transferred-meanwhile", "Transferred meanwhile"),
        R::TooDeep => (409, "too-deep", "Too deep"),
        R::SubOrganizationsOff => (409, "sub-organizations-off", "Switched off"),
        R::NotEmpty => (409, "not-empty", "Not empty"),
        R::PartnerRolesInUse(_) => (409, "partner-roles-in-use", "Partner roles in use"),
        R::MembersInvite => (409, "members-invite", "Its members invite"),
        R::Linked { .. } => (409, "linked", "Linked to others"),
        R::OnlyPartnersHaveCustomers => {
            (409, "only-partners-have-customers", "Only partners have customers")
        }
        R::CustomersAreStandard => (409, "customers-are-standard", "Not a customer"),
        R::MdfIsForPartners => (409, "mdf-is-for-partners", "For partners only"),
        R::LocksYouOut(_) => (409, "locks-you-out", "Would lock you out"),
        R::ChangedMeanwhile => (409, "changed-meanwhile", "Changed meanwhile"),
        R::KeyInUse => (409, "idempotency-key-in-use", "Still running"),

        R::NotAsSeen => (412, "precondition-failed", "Not as you have seen it"),

        R::LevelNotAllowed(..) => (422, "level-not-allowed", "Level not allowed"),
        R::NotEditable(_) => (422, "not-editable", "Not editable"),
        R::NotShown(_) => (422, "not-shown", "Not available here"),
        R::PrerequisiteUnmet { .. } => (422, "prerequisite-unmet", "Prerequisite unmet"),
        R::SuperAdminIsTransferred => {
            (422, "super-admin-is-transferred", "Transferred, never given")
        }
        R::ReassignedToItself => (422, "reassigned-to-itself", "The same role"),
        R::KindIsInherited => (422, "kind-is-inherited", "Kind is the parent's"),
        R::FirstAdminNeeded => (422, "first-admin-needed", "First Admin needed"),
        R::SwitchIsTheRoots => (422, "switch-is-the-roots", "Switched at the root"),
        R::OutsideSubtree(_) => (422, "outside-subtree", "Not in this subtree"),
        R::ExportTooLong(_) => (422, "export-too-long", "Too many for one file"),
        R::ExportTooSlow => (422, "export-too-slow", "Too many for one request"),
        R::ExportTooLarge => (422, "export-too-large", "Too large for an answer"),
        R::KeyReused => (422, "idempotency-key-reused", "Key used before"),

        R::TooManyJoinRequests(_) => (429, "too-many-join-requests", "Too many open requests"),
        R::TooManyPending(_) => (429, "too-many-pending", "Too many pending invitations"),
    }
}
