//! The reasons for which the rules refuse a request.

use jiff::Timestamp;

use super::{
    Budget, Email, EmailError, InvitationId, JoinRequestId, Level, MAX_CUSTOM_ROLES, MAX_DEPTH,
    MissingClaim, NamedOrganization, OrgId, ReplacementRole, RoleObject, UserCount,
};

/// The reason for which a rule refuses a request. Each variant becomes one problem type of the API.
///
/// The text is the detail of the problem. It says what to do next, and a user interface can show
/// it. It contains no ids: those are separate members of the problem. It names a claim, a parameter
/// or a route only if someone must configure or call it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The organization does not exist, or the caller is not a member. The answer is the same, so
    /// it reveals nothing to others (U5).
    #[error(
        "There is no such organization, or you are not a member of it. Check the id, or ask an administrator of the organization for an invitation."
    )]
    NoSuchOrganization,
    /// No organization has the id that an operator gave.
    #[error("No organization has this id. Search for its name in the list of organizations.")]
    NoOrganizationWithId,
    /// The organization that an operator asks for is deleted (SA7). Contains the time of the
    /// deletion.
    #[error(
        "This organization was deleted on {}. Its data can be seen with `GET /v1/operator/organizations/{{org}}`, and its history with `GET /v1/organizations/{{org}}/events`.",
        .0.strftime("%Y-%m-%d at %H:%M UTC")
    )]
    OrganizationDeleted(Timestamp),
    /// The organization has no member with this id.
    #[error("This organization has no member with this id. List its members to find the right id.")]
    NoSuchMember,
    /// The organization has no member with the id of the one to appoint (SA6).
    #[error(
        "This organization has no member with this id. List its members to find the right id. If the Super Admin is the only person there, invite an Admin first. You can appoint them as soon as they have accepted."
    )]
    NoMemberToAppoint,
    /// The access of the member of the request has ended, and the clean-up has not run yet (END1).
    #[error(
        "The access of this member has ended, so they can only be invited or, if it is a service, added again. The clean-up removes the former membership within minutes."
    )]
    MemberAccessExpired(Timestamp),
    /// The organization has no role with this id.
    #[error("This organization has no role with this id. List its roles to find the right id.")]
    NoSuchRole,
    /// The invitation does not exist (INV1).
    #[error(
        "There is no such invitation. It may have been accepted, declined or revoked, or have ended. List the invitations to see which remain."
    )]
    NoSuchInvitation,
    /// There is no such invitation for the address of the caller's token (INV4, INV15).
    #[error("{}", not_invited(.signed_in_as.as_ref(), *.email_verified))]
    NoInvitationForCaller {
        /// The address in the token.
        signed_in_as: Option<Email>,
        /// Whether the identity provider has verified it.
        email_verified: bool,
    },
    /// The join request does not exist, is no longer open, or is another person's (ORG2).
    #[error(
        "There is no such join request. It may have been decided or cancelled. List the requests to see which remain."
    )]
    NoSuchJoinRequest,
    /// The domain is not approved in the organization (ORG2).
    #[error(
        "This domain is not approved in this organization. List the approved domains to find the right one."
    )]
    NoSuchDomain,
    /// The organization has no such critical alert user (ORG4).
    #[error(
        "This address does not receive the critical alerts of this organization. List the addresses that do."
    )]
    NoSuchCriticalAlertUser,
    /// The organization is not linked to the partner (PAR3).
    #[error(
        "This organization is not linked to this partner. List its partners to find the right id."
    )]
    PartnerNotLinked,
    /// No organization knows the person (ERA1).
    #[error(
        "No organization knows a person with this id. They may have been erased. Find people by their address or user id."
    )]
    NoSuchPerson,
    /// The person to erase is the Super Admin of organizations (ERA1, SA1).
    #[error(
        "This person is the Super Admin of an organization. For each of these organizations, first appoint another Super Admin or delete the organization: {}. Where they are the only person, invite an Admin to appoint.",
        listed(.0)
    )]
    SuperAdminOf(Vec<NamedOrganization>),
    /// The event does not exist, or its retention has passed (ORG5).
    #[error("The history of this organization has no such event. Its retention may have passed.")]
    NoSuchEvent,

    /// A member lacks a level on a role object (U5).
    #[error(
        "Your role does not give {} to {}, which this needs. {}",
        .level.name(),
        .object.name(),
        if *.shown {
            "Ask an administrator of this organization."
        } else {
            "This permission is not available in this organization. Ask a platform operator to turn it on."
        }
    )]
    MissingPermission {
        /// The role object.
        object: RoleObject,
        /// The level that the request needs.
        level: Level,
        /// Whether the role object is shown in the organization (ROLE5).
        shown: bool,
    },
    /// The organization does not show the role object that an operator asks about (ROLE5).
    #[error(
        "{} is not available in this organization. Its kind, its settings and its links decide that, and operators can change them.",
        .object.name()
    )]
    NotShownToOperator {
        /// The role object.
        object: RoleObject,
        /// The level that the request needs.
        level: Level,
    },
    /// The access of the caller has ended (END1). Contains its end.
    #[error(
        "Your access to this organization has ended. Ask an administrator of the organization for a new invitation."
    )]
    AccessExpired(Timestamp),
    /// An operator without a membership tries to act as a member (OP1).
    #[error(
        "Operators can read here, but cannot act as a member. Ask an administrator of this organization, or use the operator API."
    )]
    OperatorReadOnly,
    /// An operator wants to revoke an invitation that a member sent, or by the route of members
    /// (OP1).
    #[error(
        "Operators revoke only invitations that an operator sent, with `DELETE /v1/operator/organizations/{{org}}/invitations/{{inv}}`. Ask a user manager of this organization to revoke one that a member sent, or offboard the invited person."
    )]
    OperatorInvitationsOnly,
    /// The route needs a token with the operator scope (OP1).
    #[error(
        "Only platform operators can do this. Sign in with a client that has the operator scope."
    )]
    OperatorScopeRequired,
    /// A decision about another person needs a token with the decisions scope (ORG6).
    #[error(
        "A request about another person needs a token with the decisions scope. Ask about yourself, or have the scope added to your service's client."
    )]
    DecisionsScopeRequired,
    /// Only the Super Admin can do this (SA2, SA4, ROLE9).
    #[error("Only the Super Admin of this organization can do this. Ask them to do it.")]
    SuperAdminRequired,
    /// The role has a higher level on a role object than the actor may grant (ROLE7).
    #[error(
        "This role has {} to {}, which is more than you have. Ask a member who has at least that level to grant or change the role.",
        .1.name(),
        .0.name()
    )]
    ExceedsOwnPermissions(RoleObject, Level),
    /// The actor tries to change their own role, the end of their own access, or the custom role
    /// that they hold (ROLE12).
    #[error(
        "You cannot change your own role or the end of your own access, or edit or delete the role that you hold. Ask another administrator."
    )]
    CannotChangeOwnRole,
    /// An operator has suspended the organization (SA7). Contains the reason.
    #[error(
        "The platform team has suspended this organization, so nothing in it can be seen or changed. The reason: \u{201c}{0}\u{201d}. Ask an administrator of the organization, or the platform team, when the suspension ends."
    )]
    OrganizationSuspended(String),
    /// The organization is suspended, and the caller is no member of it (SA7). They do not learn
    /// the reason.
    #[error(
        "The platform team has suspended this organization, so no one can join it. Ask its administrators, or the person who invited you, when the suspension ends."
    )]
    EntrySuspended,
    /// The token has no e-mail address (INV4). Contains the claim that would have it.
    #[error(
        "Your token has no e-mail address: it has no claim `{0}`. A service cannot do this. If you are a person, ask a platform operator: the identity provider must add the claim to its tokens, or the deployment must name another claim."
    )]
    EmailMissing(MissingClaim),
    /// The token does not say whether the e-mail address is verified (INV4). Contains the claim
    /// that would say it.
    #[error(
        "Your token does not say whether your e-mail address is verified: it has no claim `{0}`. Ask a platform operator: the identity provider must add the claim to its tokens, or the deployment must say how addresses are verified (EmailsVerified)."
    )]
    EmailVerificationUnknown(MissingClaim),
    /// The caller's e-mail address is not verified (INV4).
    #[error(
        "This needs a verified e-mail address. Verify your address with your identity provider, then sign in again."
    )]
    EmailNotVerified,
    /// The token says that the e-mail address is not verified (INV4).
    #[error(
        "Your token says that your e-mail address is not verified: its claim `{claim}` is neither `true` nor `1`. Verify your address with your identity provider, then sign in again. If it is verified there, ask a platform operator: the identity provider must write it into the claim."
    )]
    EmailSaidUnverified {
        /// The claim that says it.
        claim: &'static str,
    },
    /// The caller's verified e-mail address is none that mail can carry (INV3).
    #[error(
        "The address in your token cannot be used: {0}. Change your address with your identity provider, then sign in again."
    )]
    EmailUnusable(EmailError),
    /// The organization requires a multi-factor sign-in (ORG3).
    #[error(
        "This organization requires a multi-factor sign-in. Sign in again with a second factor."
    )]
    MfaRequired,
    /// The organization requires a multi-factor sign-in, and the token does not say how the caller
    /// signed in (ORG3). Contains the claim that would say it.
    #[error(
        "This organization requires a multi-factor sign-in, and your token has no claim `{0}`, which says how you signed in. If you signed in with a second factor, ask a platform operator: the identity provider must add the claim to its tokens."
    )]
    MfaUnknown(MissingClaim),
    /// The organization has a maximum session age, and the token does not say when the caller
    /// signed in (ORG3).
    #[error(
        "This organization requires a sign-in within the last {minutes} minutes, and your token has no valid claim `{claim}`, which says when you signed in. If you signed in just now, ask a platform operator: the identity provider must add the claim to its tokens."
    )]
    SessionAgeUnknown {
        /// The maximum age in minutes.
        minutes: u32,
        /// The claim that would say it.
        claim: MissingClaim,
    },
    /// The sign-in is older than the organization allows (ORG3). Contains the maximum age in
    /// minutes.
    #[error("This organization requires a sign-in within the last {0} minutes. Sign in again.")]
    SessionTooOld(u32),
    /// The organization does not allow requests from the caller's network (ORG3).
    #[error(
        "This organization does not allow requests from your network. Use an allowed network, or ask an administrator to allow yours."
    )]
    NetworkNotAllowed,
    /// The domain is not that of the actor's verified address (ORG2).
    #[error(
        "You can approve only the domain of your own verified e-mail address. Ask a member with an address in this domain to approve it."
    )]
    DomainNotOwn,
    /// Users cannot create organizations in this deployment.
    #[error(
        "Only platform operators can create organizations here. Ask an operator to create one."
    )]
    SelfServiceDisabled,

    /// The address has a pending invitation (INV2).
    #[error(
        "This address already has a pending invitation. Send that invitation again, or revoke it first."
    )]
    AlreadyInvited(InvitationId),
    /// The address belongs to a member (INV2).
    #[error(
        "This address belongs to a member of this organization. Change the member's role instead."
    )]
    AlreadyMember,
    /// A member of the organization has the `sub` of the service (MACH1).
    #[error(
        "A member of this organization has this user id. Change that member instead, or check the user id."
    )]
    UserAlreadyMember,
    /// The `sub` of a new service is known as that of a person (MACH1).
    #[error(
        "This user id belongs to a person: an organization knows their e-mail address. Invite the person, or give the service a user id of its own."
    )]
    UserIdOfPerson,
    /// A service of the organization has the caller's `sub` (MACH1).
    #[error(
        "A service of this organization has your user id. Ask an administrator of the organization to remove that service, and then accept the invitation."
    )]
    CallerIsService,
    /// The caller's `sub` is that of a service of the organization, but their token has an address,
    /// so it is that of a person (MACH1).
    #[error(
        "Your user id belongs to a service of this organization. A service acts with a token without an e-mail address, and yours has one. If you are a person, ask an administrator to remove the service and to invite you."
    )]
    ServiceTokenHasAddress,
    /// The organization has the highest number of pending invitations (INV12).
    #[error(
        "This organization has {0} pending invitations, which is the limit. Revoke some, or wait until some are accepted or expire."
    )]
    PendingInvitationLimit(u64),
    /// A budget is used up (INV14).
    #[error("{}", .budget.explanation(*.limit))]
    BudgetSpent {
        /// The budget.
        budget: Budget,
        /// Its size.
        limit: u32,
        /// The time until it is available again, in whole seconds.
        retry_after_seconds: i64,
    },
    /// The address declined an invitation of this organization a short time ago (INV14). Contains
    /// the time until it can be invited again, in whole seconds.
    #[error(
        "The person with this address declined an invitation to this organization. They can ask to join, or you can invite them 30 days after they declined."
    )]
    InvitationDeclined(i64),
    /// The caller, or a member with the caller's address, is in the organization (ORG2).
    #[error(
        "You, or another user with your e-mail address, are a member of this organization already. Open it from the list of your organizations."
    )]
    CallerAlreadyMember,
    /// The caller has a pending invitation to the organization (ORG2).
    #[error(
        "You have a pending invitation to this organization. Accept it instead of asking to join."
    )]
    CallerAlreadyInvited(InvitationId),
    /// The caller has an open join request (ORG2).
    #[error(
        "You have already asked to join this organization. Wait for the decision, or cancel your request."
    )]
    JoinRequestPending(JoinRequestId),
    /// The caller's join request was declined (ORG2). Contains the time from which they can ask
    /// again.
    #[error(
        "Your request to join was declined, so you cannot ask again for 90 days. Ask an administrator of the organization for an invitation."
    )]
    JoinRequestDeclined(Timestamp),
    /// The organization has the highest number of open join requests (ORG2).
    #[error(
        "This organization has {0} open join requests, which is the limit. Try again when some have been decided."
    )]
    JoinRequestLimit(u64),
    /// The domain belongs to a public mail provider (ORG2).
    #[error(
        "Anyone can have an address in this domain, so it cannot be approved. Invite people by their addresses instead."
    )]
    PublicEmailDomain,
    /// The organization has the highest number of approved domains (ORG2).
    #[error("An organization has at most {0} approved domains. Remove one first.")]
    ApprovedDomainLimit(u64),
    /// The domain of a join request is no longer approved (ORG2).
    #[error(
        "The domain of this request is no longer approved. Approve it again, or decline the request and invite the person."
    )]
    DomainNotApproved,
    /// The organization has the highest number of critical alert users (ORG4).
    #[error(
        "At most {0} addresses receive the critical alerts of an organization. Remove one first."
    )]
    CriticalAlertUserLimit(u64),
    /// The invitation has expired (INV5). Contains the time of expiry.
    #[error(
        "This invitation has expired. Ask an administrator of the organization to send it again."
    )]
    InvitationExpired(Timestamp),
    /// The access that the invitation offers has ended (END1). Contains its end.
    #[error(
        "The access that this invitation offers has ended. An administrator of the organization must set a later end, and then send the invitation again."
    )]
    OfferedAccessExpired(Timestamp),
    /// The inviter is no longer a member who may grant the role (INV9).
    #[error(
        "The person who sent this invitation can no longer grant its role. Ask an administrator of the organization to send it again."
    )]
    InviterNotAuthorized,

    /// Another role has the same folded name, or a built-in one has a name that looks like it
    /// (ROLE2).
    #[error(
        "Another role of this organization has this name, or a built-in role has a name that looks like it. Case and extra spaces do not make a difference. Choose another name."
    )]
    RoleNameTaken,
    /// The organization has the highest number of custom roles (ROLE2).
    #[error(
        "An organization has at most {MAX_CUSTOM_ROLES} custom roles. Delete a role that is not used."
    )]
    RoleLimit,
    /// Built-in roles cannot be changed (ROLE1).
    #[error("Built-in roles cannot be edited, renamed or deleted. Create a custom role instead.")]
    BuiltInRole,
    /// The role object does not accept the level (ROLE3).
    #[error("{} cannot be set to {}. Choose one of the allowed levels.", .0.name(), .1.name())]
    LevelNotAllowed(RoleObject, Level),
    /// The role object has a fixed level in custom roles (ROLE3).
    #[error("{} cannot be set in custom roles. Leave it out.", .0.name())]
    RoleObjectNotEditable(RoleObject),
    /// The condition of the role object does not hold in the organization (ROLE5).
    #[error("{} is not available in this organization, so it cannot be set. Leave it out.", .0.name())]
    RoleObjectNotAvailable(RoleObject),
    /// The role holds a role object without its prerequisite (ROLE4).
    #[error("{} requires at least {} to {}. Set both.", .object.name(), .least.name(), .base.name())]
    PrerequisiteNotMet {
        /// The role object with the prerequisite.
        object: RoleObject,
        /// The prerequisite role object.
        base: RoleObject,
        /// The lowest level of the prerequisite.
        least: Level,
    },
    /// Members hold the role, or pending invitations offer it (ROLE6).
    #[error(
        "The role has users: {} active, {} pending, {} services. Give them another role first, or name one for all of them (`reassign_to`).",
        .0.persons, .0.pending, .0.services
    )]
    RoleInUse(UserCount),
    /// The role is being deleted (ROLE6).
    #[error(
        "This role is being deleted: its users get another role instead, and it cannot be granted or changed any more. Choose another role."
    )]
    RoleBeingDeleted(ReplacementRole),
    /// The users of a role that is being deleted get this one, or one that needs the setting
    /// (ROLE6).
    #[error(
        "Users of a role that is being deleted are being reassigned to this role, or to a role that needs this setting. Try again when that deletion has ended."
    )]
    RoleIsReplacement,
    /// The users of a role to be deleted would get the same role (ROLE6).
    #[error(
        "The users of a deleted role need another role. Choose a role other than the deleted one."
    )]
    ReassignToSameRole,
    /// MDF Admin needs a partner organization in the MDF programme (ROLE5).
    #[error(
        "MDF Admin can be granted only in a partner organization in the MDF programme. Ask a platform operator to add the organization to it."
    )]
    MdfProgramRequired,

    /// The Super Admin role is not granted by invitation, approval or role change (SA3).
    #[error("The Super Admin role cannot be granted. Its holder can transfer it to an Admin.")]
    SuperAdminNotAssignable,
    /// A service cannot hold the role (MACH1).
    #[error(
        "A service cannot be Super Admin, Admin or MDF Admin. Choose User, or a custom role with what the service needs."
    )]
    ServiceRoleNotAllowed,
    /// The keeper of a service is not a person who is a member (MACH1).
    #[error(
        "The keeper of a service must be a person who is a member of this organization. Choose another keeper."
    )]
    KeeperNotMember,
    /// A person has no keeper (MACH1).
    #[error("Only a service has a keeper. Leave it out.")]
    NotAService,
    /// The access of the Super Admin does not end (END1).
    #[error(
        "The access of the Super Admin cannot end. Transfer the Super Admin role to another member first."
    )]
    SuperAdminAccessEnd,
    /// Access cannot end at this time (END1).
    #[error(
        "Access can end only in the future, and at most 10 years from now. Choose another time, or leave it out for access without an end."
    )]
    AccessEndOutOfRange,
    /// The Super Admin cannot be removed, leave, or get another role (SA3, SA5).
    #[error(
        "The Super Admin cannot be removed, leave, or get another role. They must first transfer the Super Admin role to an Admin, or delete the organization."
    )]
    SuperAdminProtected,
    /// The new Super Admin does not hold the built-in Admin role (SA2).
    #[error(
        "The Super Admin role can be transferred only to a person with the Admin role, not to a service. Make that person an Admin first."
    )]
    TargetNotAdmin,
    /// Another request transferred the Super Admin role (SA2).
    #[error(
        "Another request has transferred the Super Admin role, so nothing was changed. Check who holds it now."
    )]
    SuperAdminChanged,
    /// The member to appoint is the Super Admin (SA6).
    #[error(
        "This member is the Super Admin of this organization already. Choose another member to appoint."
    )]
    AlreadySuperAdmin,

    /// The sub-organization would be deeper than [`MAX_DEPTH`] (SUB3).
    #[error(
        "Sub-organizations can be nested at most {MAX_DEPTH} levels deep. Create it at a higher level."
    )]
    DepthLimit,
    /// Sub-organization management is off in the tree (SUB1).
    #[error(
        "Sub-organizations are turned off for this organization. Ask a platform operator to turn on sub-organization management."
    )]
    SubOrganizationsDisabled,
    /// The sub-organization has members or pending invitations (SUB5).
    #[error(
        "You can join only a sub-organization without members and pending invitations. Ask one of its members for an invitation, or a platform operator if it has none."
    )]
    OrganizationNotEmpty,
    /// The organization to delete has organizations below it (SA7). Contains the number of those
    /// directly below.
    #[error(
        "This organization has organizations directly below it ({0}), so it cannot be deleted. Delete all organizations below it first, beginning with the lowest. Each can be deleted by its own Super Admin or by the platform team."
    )]
    HasSubOrganizations(u64),
    /// The name that the person typed is not that of the organization to delete (SA7).
    #[error(
        "This is not the name of the organization, so nothing was deleted. Type the name exactly as it is shown."
    )]
    OrganizationNameDiffers,
    /// A sub-organization has the kind of its parent (SUB2).
    #[error(
        "A sub-organization has the same kind as its parent. Leave the kind out, or use the parent's."
    )]
    KindInherited,
    /// A root organization that an operator creates needs a first Admin (INV8).
    #[error(
        "An organization without a parent needs the address of its first Admin. Add the address."
    )]
    FirstAdminRequired,
    /// Operators invite an Admin only where no person but the Super Admin is a member (OP1, SA6).
    #[error(
        "This organization has a Super Admin and other members, so operators can no longer invite. Ask its administrators to invite, or appoint one of its members as Super Admin if the present one is gone."
    )]
    SuperAdminExists,
    /// The setting belongs to the root organization (SUB1).
    #[error(
        "Sub-organization management is set on the root organization for the whole tree. Change it there."
    )]
    RootSettingOnly,
    /// Members hold partner roles, or pending invitations offer them (PAR1).
    #[error("MDF Admin and Partner User have users: {} active, {} pending. Give them another role before you change the kind.", .0.persons, .0.pending)]
    PartnerRolesInUse(UserCount),
    /// The organization is linked to customers or partners (PAR1).
    #[error(
        "This organization has links to {customers} customers and {partners} partners, so its kind cannot change. Remove the links first."
    )]
    OrganizationLinked {
        /// The number of customers.
        customers: u32,
        /// The number of partners.
        partners: u32,
    },
    /// Only a partner organization has customers (PAR1).
    #[error(
        "Only partner organizations have customers. Change the kind of the organization to partner first."
    )]
    PartnerRequired,
    /// A customer is a standard organization (PAR1).
    #[error(
        "A customer must be a standard organization, and this one is a partner. Choose another organization."
    )]
    CustomerMustBeStandard,
    /// The two organizations are not linked (PAR1).
    #[error(
        "These organizations are not linked. List the customers of the partner to find the right one."
    )]
    CustomerNotLinked,
    /// Only a partner organization is in the MDF programme (PAR1).
    #[error(
        "Only partner organizations can be in the MDF programme. Change the kind of the organization to partner first."
    )]
    MdfPartnerOnly,

    /// The organization is not the caller's or below it, or does not exist (SUB6, U5).
    #[error(
        "An organization in the filter is neither this organization nor below it. List the sub-organizations to find the right ids."
    )]
    OrganizationOutsideSubtree(OrgId),
    /// The filters match more users than a file can hold (SUB6).
    #[error(
        "These filters match more than {0} users, which is the limit of a file. Use narrower filters, and export in parts."
    )]
    ExportRowLimit(u32),
    /// The export would take longer than a request can last (SUB6).
    #[error(
        "Reading these users takes longer than {0} seconds, which is the limit. Use narrower filters, and export in parts."
    )]
    ExportTimeLimit(u64),
    /// The first file of a repeated export is not kept (SUB6).
    #[error(
        "This export was delivered before, and its file is not kept. Send the request again with a new idempotency key."
    )]
    ExportNotKept,
    /// The file exceeds the response size, and the deployment has no export bucket (SUB6).
    #[error(
        "This file is larger than {0} bytes, which is the limit of a response. Use narrower filters, and export in parts."
    )]
    ExportSizeLimit(usize),
    /// The author's own sign-in does not satisfy the new settings (ORG3). Contains the refusal that
    /// the author would get.
    #[error("These settings would lock you out, so nothing was changed. {0}")]
    WouldLockOutCaller(Box<Refusal>),

    /// A concurrent request changed data that this request depends on.
    #[error("Another request changed the same data, so nothing was changed. Try again.")]
    ChangedConcurrently,
    /// `If-Match` does not match the current version of the resource.
    #[error(
        "The resource has changed since you read it, so nothing was changed. Read it again, and repeat the change."
    )]
    PreconditionFailed,
    /// The client used an `Idempotency-Key` for another request before.
    #[error("This idempotency key was used for a different request. Use a new key.")]
    IdempotencyKeyReused,
    /// The first request with the same `Idempotency-Key` is still running.
    #[error("The first request with this idempotency key is still running. Try again in a moment.")]
    IdempotencyKeyInUse,
}

impl Refusal {
    /// The claim that the caller's token lacks, if that is the reason.
    pub fn missing_claim(&self) -> Option<MissingClaim> {
        match self {
            Self::EmailMissing(claim)
            | Self::EmailVerificationUnknown(claim)
            | Self::MfaUnknown(claim)
            | Self::SessionAgeUnknown { claim, .. } => Some(*claim),
            Self::WouldLockOutCaller(refusal) => refusal.missing_claim(),
            _ => None,
        }
    }
}

/// The names of organizations, separated by commas.
fn listed(organizations: &[NamedOrganization]) -> String {
    organizations.iter().map(|org| org.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the caller can do who is signed in with the wrong address, or with one that is not
/// verified.
fn not_invited(signed_in_as: Option<&Email>, email_verified: bool) -> String {
    match signed_in_as {
        Some(address) if email_verified => format!(
            "There is no such invitation for {address}, with which you are signed in. Sign in with the address that the invitation was sent to, or ask for a new invitation."
        ),
        Some(address) => format!(
            "You are signed in with {address}, but your identity provider has not verified this address. Verify it there, sign in again, and open the invitation once more."
        ),
        None => "Your identity provider names no address that can receive mail. Correct it there, sign in again, and open the invitation once more.".to_owned(),
    }
}
