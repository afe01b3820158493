//! Refusals as problems: status, slug and title of each are one table.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::Problem;
use crate::{
    domain::{
        MAX_CUSTOM_ROLES, MAX_DEPTH, MissingClaim, NamedOrganization, Refusal, ReplacementRole,
        RoleObject,
    },
    store,
};

/// The error half of a handler's result: a problem, which converts into an HTTP response.
#[derive(Debug)]
pub struct ApiError(Box<Problem>);

impl<T: Into<Problem>> From<T> for ApiError {
    fn from(problem: T) -> Self {
        Self(Box::new(problem.into()))
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Refused(refusal) => refusal.into(),
            store::Error::Unavailable(cause) => {
                tracing::error!(%cause, "the database is not available");
                Self::unavailable(1)
            }
            store::Error::Broken(_) => Self::internal(error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        use Refusal as R;
        let (status, slug, title) = entry(&refusal);
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let plain = Self::new(status, slug, title, refusal.to_string());
        let problem = match refusal.missing_claim() {
            Some(MissingClaim(name)) => plain.with("missing_claim", name),
            None => plain,
        };
        let level_of = |object: RoleObject| format!("/permissions/{object}");
        match refusal {
            R::MissingPermission { object, level, .. }
            | R::NotShownToOperator { object, level }
            | R::ExceedsOwnPermissions(object, level) => {
                problem.with("role_object", json!(object)).with("level_needed", json!(level))
            }
            R::HasSubOrganizations(below) => problem.with("sub_organizations", below),
            R::OrganizationNameDiffers => problem.at("/name"),
            R::OrganizationSuspended(reason) => problem.with("reason", reason),
            R::AlreadyInvited(id) | R::CallerAlreadyInvited(id) => {
                problem.with("invitation_id", json!(id))
            }
            R::SuperAdminOf(organizations) => {
                let shown = |org: NamedOrganization| json!({ "id": org.id, "name": org.name });
                let organizations: Vec<_> = organizations.into_iter().map(shown).collect();
                problem.with("organizations", organizations)
            }
            R::NoInvitationForCaller { signed_in_as, email_verified } => problem
                .with("signed_in_as", json!(signed_in_as))
                .with("email_verified", email_verified),
            R::JoinRequestPending(id) => problem.with("join_request_id", json!(id)),
            R::PendingInvitationLimit(limit)
            | R::ApprovedDomainLimit(limit)
            | R::JoinRequestLimit(limit)
            | R::CriticalAlertUserLimit(limit) => problem.with("limit", json!(limit)),
            R::ExportRowLimit(rows) => problem.with("limit", json!(rows)),
            R::ExportTimeLimit(seconds) => problem.with("limit", seconds),
            R::ExportSizeLimit(bytes) => problem.with("limit", bytes),
            R::RoleLimit => problem.with("limit", MAX_CUSTOM_ROLES),
            R::DepthLimit => problem.with("limit", MAX_DEPTH),
            R::InvitationExpired(at)
            | R::AccessExpired(at)
            | R::MemberAccessExpired(at)
            | R::OfferedAccessExpired(at) => problem.with("expired_at", json!(at)),
            R::OrganizationDeleted(at) => problem.with("deleted_at", json!(at)),
            R::JoinRequestDeclined(until) => problem.with("ask_again_at", json!(until)),
            R::SessionTooOld(minutes) | R::SessionAgeUnknown { minutes, .. } => {
                problem.with("max_session_minutes", json!(minutes))
            }
            R::RoleInUse(users) | R::PartnerRolesInUse(users) => {
                problem.with("holders", json!(users))
            }
            R::OrganizationLinked { customers, partners } => {
                problem.with("customers", json!(customers)).with("partners", json!(partners))
            }
            R::LevelNotAllowed(object, _) => problem
                .at(level_of(object))
                .with("role_object", json!(object))
                .with("allowed", json!(object.levels())),
            R::RoleObjectNotEditable(object) | R::RoleObjectNotAvailable(object) => {
                problem.at(level_of(object)).with("role_object", json!(object))
            }
            R::PrerequisiteNotMet { object, base, least } => problem
                .at(level_of(object))
                .with("role_object", json!(object))
                .with("prerequisite", json!({ "role_object": base, "at_least": least })),
            R::BudgetSpent { budget, limit, retry_after_seconds } => problem
                .with("budget", budget.key())
                .with("limit", limit)
                .retry_after(retry_after_seconds),
            R::InvitationDeclined(retry_after_seconds) => problem.retry_after(retry_after_seconds),
            R::SuperAdminNotAssignable | R::ServiceRoleNotAllowed => problem.at("/role_id"),
            R::KeeperNotMember | R::NotAService => problem.at("/keeper_id"),
            R::UserIdOfPerson => problem.at("/user_id"),
            R::SuperAdminAccessEnd | R::AccessEndOutOfRange => problem.at("/access_expires_at"),
            R::RoleBeingDeleted(ReplacementRole { id, name }) => {
                problem.with("reassign_to", json!(id)).with("reassign_to_name", json!(name))
            }
            R::ReassignToSameRole => problem.at("/reassign_to"),
            R::KindInherited => problem.at("/kind"),
            R::FirstAdminRequired => problem.at("/first_admin_email"),
            R::WouldLockOutCaller(why) => match *why {
                R::MfaRequired | R::MfaUnknown(_) => problem.at("/require_mfa"),
                R::NetworkNotAllowed => problem.at("/allowed_networks"),
                _ => problem.at("/max_session_minutes"),
            },
            R::RootSettingOnly => problem.at("/manage_sub_organizations"),
            R::OrganizationOutsideSubtree(id) => {
                problem.at("/organization_id").with("organization_id", json!(id))
            }
            _ => problem,
        }
    }
}

/// Status, slug and title of every refusal. Each slug has a section in `docs/problems.md`.
#[expect(clippy::too_many_lines, reason = "a table with a row for each refusal")]
fn entry(refusal: &Refusal) -> (u16, &'static str, &'static str) {
    use Refusal as R;
    match refusal {
        R::NoSuchOrganization
        | R::NoOrganizationWithId
        | R::OrganizationDeleted(_)
        | R::ServiceTokenHasAddress => (404, "no-such-organization", "No such organization"),
        R::NoSuchMember | R::NoMemberToAppoint => (404, "no-such-member", "No such member"),
        R::MemberAccessExpired(_) => {
            (404, "member-access-expired", "Access of the member has ended")
        }
        R::CustomerNotLinked => (404, "customer-not-linked", "Customer not linked"),
        R::NoSuchRole => (404, "no-such-role", "No such role"),
        R::NoSuchInvitation | R::NoInvitationForCaller { .. } => {
            (404, "no-such-invitation", "No such invitation")
        }
        R::NoSuchJoinRequest => (404, "no-such-join-request", "No such join request"),
        R::NoSuchDomain => (404, "no-such-domain", "No such approved domain"),
        R::NoSuchCriticalAlertUser => {
            (404, "no-such-critical-alert-user", "No such critical alert user")
        }
        R::PartnerNotLinked => (404, "partner-not-linked", "Partner not linked"),
        R::NoSuchEvent => (404, "no-such-event", "No such event"),
        R::NoSuchPerson => (404, "no-such-person", "No such person"),
        R::SuperAdminOf(_) => (409, "super-admin-of-organizations", "Person is a Super Admin"),

        R::MissingPermission { .. } | R::NotShownToOperator { .. } => {
            (403, "missing-permission", "Permission missing")
        }
        R::AccessExpired(_) => (403, "access-expired", "Your access has ended"),
        R::OperatorReadOnly | R::OperatorInvitationsOnly => {
            (403, "operator-read-only", "Operators have read access only")
        }
        R::OperatorScopeRequired => (403, "operator-scope-required", "Operator scope required"),
        R::DecisionsScopeRequired => (403, "decisions-scope-required", "Decisions scope required"),
        R::SuperAdminRequired => (403, "super-admin-required", "Super Admin required"),
        R::ExceedsOwnPermissions(..) => {
            (403, "exceeds-own-permissions", "Role exceeds your own permissions")
        }
        R::CannotChangeOwnRole => (403, "cannot-change-own-role", "Own role cannot be changed"),
        R::OrganizationSuspended(_) | R::EntrySuspended => {
            (403, "organization-suspended", "Organization suspended")
        }
        R::EmailMissing(_) => (403, "email-missing", "No e-mail address in the token"),
        R::EmailNotVerified
        | R::EmailSaidUnverified { .. }
        | R::EmailVerificationUnknown(_)
        | R::EmailUnusable(_) => (403, "email-not-verified", "No verified e-mail address"),
        R::MfaRequired | R::MfaUnknown(_) => (403, "mfa-required", "Multi-factor sign-in required"),
        R::SessionTooOld(_) | R::SessionAgeUnknown { .. } => {
            (403, "session-too-old", "Sign-in too old")
        }
        R::NetworkNotAllowed => (403, "network-not-allowed", "Network not allowed"),
        R::DomainNotOwn => (403, "domain-not-own", "Not the domain of your address"),
        R::SelfServiceDisabled => (403, "self-service-disabled", "Self-service creation disabled"),

        R::AlreadyInvited(_) => (409, "already-invited", "Already invited"),
        R::AlreadyMember | R::UserAlreadyMember | R::CallerIsService => {
            (409, "already-member", "Already a member")
        }
        R::UserIdOfPerson => (409, "user-id-of-person", "User id belongs to a person"),
        R::CallerAlreadyMember => (409, "caller-already-member", "You are already a member"),
        R::CallerAlreadyInvited(_) => (409, "caller-already-invited", "You are already invited"),
        R::JoinRequestPending(_) => (409, "join-request-pending", "Join request already pending"),
        R::JoinRequestDeclined(_) => (409, "join-request-declined", "Join request declined"),
        R::PublicEmailDomain => (409, "public-email-domain", "Public e-mail domain"),
        R::ApprovedDomainLimit(_) => {
            (409, "approved-domain-limit", "Approved domain limit reached")
        }
        R::DomainNotApproved => (409, "domain-not-approved", "Domain no longer approved"),
        R::CriticalAlertUserLimit(_) => {
            (409, "critical-alert-user-limit", "Critical alert user limit reached")
        }
        R::InvitationExpired(_) => (409, "invitation-expired", "Invitation expired"),
        R::OfferedAccessExpired(_) => (409, "offered-access-expired", "Offered access has ended"),
        R::InviterNotAuthorized => (409, "inviter-not-authorized", "Inviter no longer authorized"),
        R::RoleNameTaken => (409, "role-name-taken", "Role name taken"),
        R::RoleLimit => (409, "role-limit", "Role limit reached"),
        R::BuiltInRole => (409, "built-in-role", "Built-in role cannot be changed"),
        R::RoleInUse(_) => (409, "role-in-use", "Role in use"),
        R::RoleBeingDeleted(_) => (409, "role-being-deleted", "Role is being deleted"),
        R::RoleIsReplacement => {
            (409, "role-is-replacement", "Role replaces one that is being deleted")
        }
        R::MdfProgramRequired => (409, "mdf-program-required", "MDF programme required"),
        R::SuperAdminProtected => (409, "super-admin-protected", "Super Admin is protected"),
        R::TargetNotAdmin => (409, "target-not-admin", "Target is not an Admin"),
        R::SuperAdminChanged => (409, "super-admin-changed", "Super Admin changed concurrently"),
        R::AlreadySuperAdmin => (409, "already-super-admin", "Member is the Super Admin already"),
        R::DepthLimit => (409, "depth-limit", "Depth limit reached"),
        R::SubOrganizationsDisabled => {
            (409, "sub-organizations-disabled", "Sub-organizations disabled")
        }
        R::HasSubOrganizations(_) => {
            (409, "has-sub-organizations", "Organization has sub-organizations")
        }
        R::OrganizationNotEmpty => (409, "organization-not-empty", "Organization is not empty"),
        R::PartnerRolesInUse(_) => (409, "partner-roles-in-use", "Partner roles in use"),
        R::SuperAdminExists => {
            (409, "super-admin-exists", "Organization already has a Super Admin")
        }
        R::OrganizationLinked { .. } => (409, "organization-linked", "Organization is linked"),
        R::PartnerRequired => (409, "partner-required", "Partner organization required"),
        R::CustomerMustBeStandard => {
            (409, "customer-must-be-standard", "Customer must be a standard organization")
        }
        R::MdfPartnerOnly => (409, "mdf-partner-only", "MDF programme is for partners"),
        R::WouldLockOutCaller(_) => (409, "would-lock-out-caller", "Settings would lock you out"),
        R::ChangedConcurrently => (409, "changed-concurrently", "Changed by another request"),
        R::ExportNotKept => (409, "export-not-kept", "Export not kept"),
        R::IdempotencyKeyInUse => (409, "idempotency-key-in-use", "First request still running"),

        R::PreconditionFailed => (412, "precondition-failed", "Resource has changed"),

        R::LevelNotAllowed(..) => (422, "level-not-allowed", "Level not allowed"),
        R::RoleObjectNotEditable(_) => {
            (422, "role-object-not-editable", "Role object not editable")
        }
        R::RoleObjectNotAvailable(_) => {
            (422, "role-object-not-available", "Role object not available")
        }
        R::PrerequisiteNotMet { .. } => (422, "prerequisite-not-met", "Prerequisite not met"),
        R::SuperAdminNotAssignable => {
            (422, "super-admin-not-assignable", "Super Admin cannot be granted")
        }
        R::ServiceRoleNotAllowed => {
            (422, "service-role-not-allowed", "Role not allowed for services")
        }
        R::KeeperNotMember => (422, "keeper-not-member", "Keeper is not a member"),
        R::NotAService => (422, "not-a-service", "Member is not a service"),
        R::SuperAdminAccessEnd => {
            (422, "super-admin-access-end", "Access of the Super Admin cannot end")
        }
        R::AccessEndOutOfRange => (422, "access-end-out-of-range", "End of access out of range"),
        R::ReassignToSameRole => (422, "reassign-to-same-role", "Reassignment to the same role"),
        R::OrganizationNameDiffers => {
            (422, "organization-name-differs", "Name of the organization differs")
        }
        R::KindInherited => (422, "kind-inherited", "Kind is inherited from the parent"),
        R::FirstAdminRequired => (422, "first-admin-required", "First Admin required"),
        R::RootSettingOnly => (422, "root-setting-only", "Setting belongs to the root"),
        R::OrganizationOutsideSubtree(_) => {
            (422, "organization-outside-subtree", "Organization outside this subtree")
        }
        R::ExportRowLimit(_) => (422, "export-row-limit", "Export row limit exceeded"),
        R::ExportTimeLimit(_) => (422, "export-time-limit", "Export time limit exceeded"),
        R::ExportSizeLimit(_) => (422, "export-size-limit", "Export size limit exceeded"),
        R::IdempotencyKeyReused => (422, "idempotency-key-reused", "Idempotency key reused"),

        R::JoinRequestLimit(_) => (429, "join-request-limit", "Join request limit reached"),
        R::BudgetSpent { .. } => (429, "budget-spent", "Budget used up"),
        R::InvitationDeclined(_) => (429, "invitation-declined", "Invitation declined before"),
        R::PendingInvitationLimit(_) => {
            (429, "pending-invitation-limit", "Pending invitation limit reached")
        }
    }
}
