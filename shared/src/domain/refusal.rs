//! Every way a rule says no.

use jiff::Timestamp;

use super::{InvitationId, JoinRequestId, Level, OrgId, RoleId, RoleObject, Users};

/// Why a request was refused: one variant a rule, so that a client can tell them apart and a
/// reader can find the rule. The text says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// U5: it does not exist, or the caller is not in it; nobody outside can tell which.
    #[error(
        "There is no such organization, or you are not in it. Check the id, or ask one of its administrators for an invitation."
    )]
    NoSuchOrganization,
    /// The organization has no such member.
    #[error(
        "Nobody with this user id is a member of this organization. List the members to find the right one."
    )]
    NoSuchMember,
    /// The organization has no such role.
    #[error("This organization has no such role. List its roles to find the right id.")]
    NoSuchRole,
    /// There is no such invitation, or it is not the caller's to see (INV4).
    #[error(
        "There is no such invitation for you. Check the link and the address you are signed in with, or ask for a new invitation."
    )]
    NoSuchInvitation,
    /// ORG2: there is no such request, or it has been decided, or it is not the caller's.
    #[error(
        "There is no such open request to join. List the open ones: it may have been decided or taken back."
    )]
    NoSuchJoinRequest,
    /// ORG2.
    #[error("This domain is not approved here. List the approved ones to find the right spelling.")]
    NoSuchDomain,
    /// ORG4.
    #[error(
        "This address does not receive this organization's critical alerts. List those that do."
    )]
    NoSuchCriticalAlertUser,
    /// The history has no such entry.
    #[error(
        "The history of this organization has no such event. It may have passed its retention."
    )]
    NoSuchEvent,

    /// U5: a member who lacks a level.
    #[error("This needs `{level}` on `{object}`, which your role here does not give{}. Ask an administrator of this organization.", if *.shown { "" } else { ", because the role object is switched off here" })]
    Lacks {
        /// On which role object.
        object: RoleObject,
        /// Which level at least.
        level: Level,
        /// Whether the object is shown in this organization at all (ROLE5).
        shown: bool,
    },
    /// OP1: operators read everything and act as nobody.
    #[error(
        "Operators can read here but not act as a member. Ask an administrator of this organization, or use the operator routes."
    )]
    OperatorsOnlyRead,
    /// The routes of operators.
    #[error("This is for the platform's operators: it needs the scope `operator`.")]
    NotAnOperator,
    /// ORG6: what others may do is told to services alone.
    #[error(
        "Asking about anybody but yourself needs a token with the scope `decisions`. Ask with your own user id as the subject, or have your service's client given the scope."
    )]
    NotForDecisions,
    /// SA2, SA4, ROLE9: the Super Admin's alone.
    #[error("Only the Super Admin of this organization can do this. Ask them to.")]
    OnlySuperAdmin,
    /// ROLE7: nobody hands out more than they hold.
    #[error(
        "This role has `{1}` on `{0}`, which is more than you hold yourself, so you cannot hand it out or change it. Ask somebody who holds at least as much."
    )]
    Escalates(RoleObject, Level),
    /// ROLE12: one's own role.
    #[error(
        "Nobody can change their own role, or edit or delete the role they hold. Ask another administrator."
    )]
    OwnRole,
    /// INV4: what makes a member needs a verified address.
    #[error(
        "This needs a verified e-mail address. Verify yours with your identity provider, then sign in again."
    )]
    EmailNotVerified,
    /// ORG3: the organization wants a second factor.
    #[error(
        "This organization wants a second factor. Sign in again, with one, and ask with the new token."
    )]
    SecondFactorNeeded,
    /// ORG3: the sign-in is too long ago, or nobody knows when it was.
    #[error(
        "This organization wants a sign-in of the last {0} minutes. Sign in again, and ask with the new token."
    )]
    SessionTooOld(u32),
    /// ORG3: not from there.
    #[error(
        "This organization does not let requests in from your network. Use one that it allows, or ask its administrators to allow yours."
    )]
    NetworkNotAllowed,
    /// ORG2: one can only speak for the domain of one's own address.
    #[error(
        "Only the domain of your own verified address can be approved, spelt exactly like it. Ask somebody who has an address in this one."
    )]
    NotYourDomain,
    /// Self-service creation is switched off in this deployment.
    #[error("Organizations are created by the platform's operators here. Ask them for one.")]
    SelfServiceOff,

    /// INV2: the address is pending.
    #[error(
        "This address already has a pending invitation, {0}. Resend that one (POST …/invitations/{0}/resend), or revoke it first."
    )]
    AlreadyInvited(InvitationId),
    /// INV2: the address is a member's.
    #[error(
        "This address already belongs to a member of this organization. Change the member's role instead."
    )]
    AlreadyMember,
    /// INV12.
    #[error(
        "This organization has as many pending invitations as it may have, {0}. Revoke some, or wait until they are accepted or expire."
    )]
    TooManyPending(u64),
    /// ORG2: one is in already.
    #[error(
        "You, or somebody with your address, are a member of this organization already. `GET /v1/me` lists yours."
    )]
    YouAreMember,
    /// ORG2: there is an invitation.
    #[error(
        "You are invited to this organization, {0}. Accept that (POST …/invitations/{0}/accept) instead of asking."
    )]
    YouAreInvited(InvitationId),
    /// ORG2: one request a person.
    #[error(
        "You have asked to join already, {0}. Wait for a decision, or take it back (DELETE …/join-requests/mine)."
    )]
    AlreadyAsked(JoinRequestId),
    /// ORG2: a declined person waits to be invited.
    #[error(
        "Your request to join was declined, so you cannot ask again. Ask one of the organization's administrators for an invitation."
    )]
    RequestDeclined,
    /// ORG2.
    #[error(
        "This organization has as many open requests to join as it may have, {0}. Ask again when some have been decided."
    )]
    TooManyJoinRequests(u64),
    /// ORG2: anybody can have an address there.
    #[error(
        "This domain gives addresses to everybody, so it cannot be approved. Invite people by their addresses instead."
    )]
    PublicMailDomain,
    /// ORG2.
    #[error("An organization has at most {0} approved domains. Remove one first.")]
    TooManyDomains(u64),
    /// ORG2: the door was closed meanwhile.
    #[error(
        "The domain of this request is not approved any more. Approve it again, or decline the request and invite the person."
    )]
    DomainNotApproved,
    /// ORG4.
    #[error("At most {0} addresses receive an organization's critical alerts. Remove one first.")]
    TooManyCriticalAlertUsers(u64),
    /// INV5.
    #[error("This invitation expired at {0}. Ask for it to be sent again.")]
    InvitationExpired(Timestamp),
    /// INV9: who invited may not grant the role any more.
    #[error(
        "Whoever sent this invitation can no longer grant its role. Ask an administrator of the organization to send it again."
    )]
    BackerGone,

    /// ROLE2: the name is another role's, or a built-in's.
    #[error(
        "Another role of this organization has this name (case and spaces do not count). Choose another name."
    )]
    RoleNameTaken,
    /// ROLE2.
    #[error("An organization has at most 100 custom roles. Delete one that nobody uses.")]
    TooManyRoles,
    /// ROLE1.
    #[error("Built-in roles cannot be edited, renamed or deleted. Create a custom role instead.")]
    BuiltInRole,
    /// ROLE3.
    #[error("`{0}` does not allow `{1}`. Choose one of the levels it allows.")]
    LevelNotAllowed(RoleObject, Level),
    /// ROLE3.
    #[error("`{0}` cannot be set in custom roles. Leave it out.")]
    NotEditable(RoleObject),
    /// ROLE5.
    #[error("`{0}` is not available in this organization now, so it cannot be set. Leave it out.")]
    NotShown(RoleObject),
    /// ROLE4.
    #[error("`{object}` needs at least `{least}` on `{base}`. Set both.")]
    PrerequisiteUnmet {
        /// The object that needs another.
        object: RoleObject,
        /// The other.
        base: RoleObject,
        /// What it must be at least.
        least: Level,
    },
    /// ROLE6.
    #[error("This role is in use: {} members hold it and {} pending invitations name it. Give them another role first.", .0.active, .0.pending)]
    RoleInUse(Users),
    /// ROLE6: the role is on its way to be deleted.
    #[error(
        "This role is being deleted: its users get `{0}` instead, and nobody can be given it. Choose another role, or let it stay (PATCH the role with `retiring_to: null`)."
    )]
    RoleRetiring(RoleId),
    /// ROLE6: nothing would be left to hold.
    #[error(
        "The users of a role cannot be given the same role when it is deleted. Choose another."
    )]
    ReassignedToItself,
    /// ROLE5.
    #[error(
        "MDF Admin can only be given in a partner organization that is in the MDF programme. Ask the platform's operators to join it."
    )]
    OutsideMdfProgram,

    /// SA3: the role is never given.
    #[error(
        "Super Admin is never given by invitation or role change: its holder transfers it to an Admin."
    )]
    SuperAdminIsTransferred,
    /// SA3, SA5: the Super Admin stays as they are.
    #[error(
        "The Super Admin's role cannot be changed or taken, and they cannot leave. They must first transfer it to an Admin."
    )]
    SuperAdminStays,
    /// SA2: only an Admin can take it over.
    #[error(
        "The Super Admin role can only be transferred to a member who holds the built-in Admin. Make them Admin first."
    )]
    NotAnAdmin,
    /// SA2: somebody was faster.
    #[error(
        "The Super Admin role changed hands meanwhile; nothing was done. Look who holds it now."
    )]
    TransferredMeanwhile,

    /// SUB3.
    #[error("Sub-organizations nest at most 8 levels below their root. Create it further up.")]
    TooDeep,
    /// SUB1: the tree's switch is off.
    #[error(
        "Sub-organizations are not switched on for this organization's tree. Ask the platform's operators to switch on `manage_sub_organizations`."
    )]
    SubOrganizationsOff,
    /// SUB5: only an empty one can be joined.
    #[error(
        "Only a sub-organization without members and pending invitations can be joined. Ask one of its members for an invitation."
    )]
    NotEmpty,
    /// SUB2: the parent decides.
    #[error("A sub-organization is of its parent's kind. Leave `kind` out, or name the parent's.")]
    KindIsInherited,
    /// INV8: a root nobody could ever enter.
    #[error(
        "An organization without a parent needs `first_admin_email`: nobody could enter it otherwise."
    )]
    FirstAdminNeeded,
    /// OP1: operators invite nobody but the first Admin.
    #[error("This organization has its Super Admin. From now on its own administrators invite.")]
    MembersInvite,
    /// SUB1: the switch is the root's.
    #[error(
        "`manage_sub_organizations` is switched at the root of a tree, for the whole tree. Set it on the root organization."
    )]
    SwitchIsTheRoots,
    /// PAR1: the partners' roles would be left without a meaning.
    #[error("This organization cannot stop being a partner: {} members hold MDF Admin or Partner User, and {} pending invitations name them. Give them another role first.", .0.active, .0.pending)]
    PartnerRolesInUse(Users),
    /// PAR1: a link is between a partner and a standard organization.
    #[error(
        "This organization cannot change its kind: it is linked to {customers} customers and {partners} partners. Remove these links first."
    )]
    Linked {
        /// Those it works for.
        customers: u32,
        /// Those who work for it.
        partners: u32,
    },
    /// PAR1.
    #[error("Only partner organizations have customers. Set `kind` to `partner` first.")]
    OnlyPartnersHaveCustomers,
    /// PAR1.
    #[error("A partner's customer is a standard organization; this one is a partner itself.")]
    CustomersAreStandard,
    /// PAR1.
    #[error("These two organizations are not linked. List the partner's customers.")]
    NotLinked,
    /// PAR1: standard organizations have no MDF programme.
    #[error("Only partner organizations join the MDF programme. Set `kind` to `partner` first.")]
    MdfIsForPartners,

    /// SUB6, U5: a list covers the caller's organization and what is below it, and nothing else.
    #[error(
        "`{0}` is not this organization, and not one below it. List its sub-organizations to find the right ids."
    )]
    OutsideSubtree(OrgId),
    /// SUB6: more rows than a file may hold.
    #[error(
        "These filters show more users than one file may hold, {0}. Narrow them (`status`, `role_id`, `q`), and export in parts."
    )]
    ExportTooLong(u32),
    /// SUB6: more than can be read while somebody waits.
    #[error(
        "Reading all that these filters show takes longer than a request may last. Narrow them (`status`, `role_id`, `q`), and export in parts."
    )]
    ExportTooSlow,
    /// SUB6: a file that does not fit into an answer, where there is no other way to hand it over.
    #[error(
        "This file is larger than an answer may be, and there is no place for larger ones here. Narrow the filters (`status`, `role_id`, `q`), and export in parts."
    )]
    ExportTooLarge,
    /// ORG3: the author would be the first to be refused.
    #[error("This would lock you out yourself, so nothing was set. {0}")]
    LocksYouOut(Box<Refusal>),

    /// A fact that the decision relied on changed before the write.
    #[error("Something this request relied on changed while it ran; nothing was done. Try again.")]
    ChangedMeanwhile,
    /// `If-Match` names another state of the resource than the present one.
    #[error(
        "This is not what you have seen: it changed, or something that it shows did; nothing was done. Fetch it again, and send the request with its new `ETag`."
    )]
    NotAsSeen,
    /// An `Idempotency-Key` with another body.
    #[error("This `Idempotency-Key` was already used for a different request. Use a new key.")]
    KeyReused,
    /// An `Idempotency-Key` whose first request has not ended.
    #[error(
        "The first request with this `Idempotency-Key` is still running. Try again in a moment."
    )]
    KeyInUse,
}
