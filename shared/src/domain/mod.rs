//! The rules of Rolecall: who may do what in which organization.
//!
//! The functions of this module are pure. They get facts and the time as arguments, and return a
//! new value or a [`Refusal`]. They do not read the database, send mails or use a clock. The store
//! reads the facts, and repeats those that a decision depends on as conditions of the write.
//!
//! Rule ids such as INV3 and ROLE7 refer to `docs/internals/rules.md`.
//!
//! # The model
//!
//! ```text
//!  Acme (root organization, kind "standard")
//!  ├── members
//!  │     Sue ── Super Admin
//!  │     Ann ── Admin
//!  │     Max ── "Team Lead", a custom role: Role object             Level
//!  │                                        User Management         full_access
//!  │                                        License Management      view_only
//!  │                                        (all other objects)     none
//!  ├── invitations
//!  │     bob@example.com ── offered the role User by Max, expires in 7 days
//!  └── Acme Labs (sub-organization)
//!        └── members
//!              Ann ── Super Admin
//! ```
//!
//! **Who.** The identity provider knows each [`Person`] by a [`UserId`] (the token's `sub`), their
//! [`Name`] and a verified [`Email`]. An [`EmailFault`] says why a token has no address that
//! counts. A [`PersonId`] is one id for all organizations, which only operators see. An
//! [`AuthnContext`] says how the caller signed in; a [`MissingClaim`] says what the token lacks. An
//! *operator* is platform staff, recognized by a scope in the token. The *actor* is the person who
//! makes a request; its *target* is the thing that the request changes.
//!
//! **Where.** An [`Organization`] has a [`Kind`] (`standard` or `partner`), an [`OrgId`] and an
//! [`OrgPath`] that lists its ancestors from the root. It also has [`Settings`] from operators,
//! [`Security`] settings and a [`Profile`]. An operator changes the settings with a
//! [`SettingsUpdate`]. A [`CustomerLink`] links a partner to a customer. A [`StoredLink`] is what
//! the store has of it, [`LinkAccess`] what it allows, and [`LinkCounts`] the number of links. A
//! [`Closure`] closes an organization to its members: a [`Suspension`] by an operator, or the
//! deletion of the organization.
//!
//! **Membership.** A [`Member`] is a person in one organization, with exactly one role there.
//! Membership in one organization gives no permission in another one (U2). Here, Ann is Admin of
//! Acme and Super Admin of Acme Labs, and Sue is no member of Acme Labs. A [`Source`] says how the
//! person became a member. A client changes a member with a [`MemberUpdate`]. A [`PersonLabel`] is
//! the name and address of a person in the history and in lists.
//!
//! **Super Admin.** The first Admin of an organization becomes its *Super Admin*: from then on,
//! exactly one member has this role, and every level (SA1). They can only hand the role on to an
//! Admin. Three things give the role to a new member: creating an organization, the first
//! acceptance by an Admin, and a [`Joining`] by an Admin of an organization above, if there are no
//! members. A joining depends on its
//! [`JoiningFacts`]. A [`SuperAdminTransfer`] by the Super Admin and a [`SuperAdminAppointment`] by
//! an operator give the role to a present member. A [`FormerSuperAdmin`] becomes an Admin, or is
//! removed.
//!
//! **Services.** A nightly job or an integration is a member too, with a `sub` and a role, but
//! without an address (MACH1). A user manager adds it with a [`ServiceDraft`]. The [`Service`] of a
//! membership names its *keeper*: a member who looks after it. [`MemberKind`] distinguishes
//! services from persons. A service never has the role Super Admin, Admin or MDF Admin
//! ([`check_service_role`]), and a token with a verified address is refused for a service.
//!
//! **The end of access.** A membership or an invitation may have an end ([`check_access_end`]).
//! From that second the person is no member to any rule or decision, whether the clean-up has run
//! or not (END1). Three days before, an [`EndingAccess`] becomes a mail to the member. Those who
//! granted the access or keep the service have a [`Concern`], and get a mail too.
//!
//! **Roles.** A [`RoleObject`] is a functional area, such as User Management. A role has a
//! [`Level`] on each role object ([`Levels`]): `none`, `view_only` or `full_access`. A role is one
//! of the five [`BuiltIn`] roles or a [`CustomRole`] of the organization; a [`RoleId`] names
//! either. The permission catalogue lists the [`Action`]s that each level grants, for example
//! `user_management.invite`. A client creates or edits a role with a [`RoleDraft`]. Lists show a
//! [`RoleSummary`] of a custom role. [`UserCount`] is the number of its users. If it is deleted,
//! they get the role of a [`RequestedReplacement`], which refusals name as the [`ReplacementRole`].
//! A [`RoleDeletionStep`] is the next step of the deletion, and a [`Reassignment`] is kept with the
//! role until all users have the other one. The [`IdentityProviderRole`] is what other systems see
//! of a role.
//!
//! **Effective levels.** Two things can reduce a stored level to `none`; a [`Restriction`] says
//! why:
//! - *Availability*: a role object has a [`Condition`], for example that the partner has a linked
//!   customer. [`Conditions`] says which conditions hold in an organization (ROLE5).
//! - *Prerequisite*: License Management - Sub Organizations counts only with at least `view_only`
//!   on License Management (ROLE4).
//!
//! **Permission checks.** A [`Standing`] is a person with their membership and effective levels in
//! one organization. Every rule about a member's request takes one as `actor`.
//! [`Standing::require`] checks a level, [`Standing::require_grant`] checks that the actor may
//! grant a role. Beyond the levels of the built-in User, no one can grant more than they have
//! (ROLE7).
//!
//! **Ways to become a member.** An [`Invitation`], made from an [`InvitationDraft`], offers a role
//! to an e-mail address, and the address holder accepts it. [`AddressFacts`] say whether the
//! address can be invited, and a [`NewInvitation`] which older one it replaces. An
//! [`InvitationUpdate`] changes a pending invitation. Its [`Inviter`] must still be allowed to
//! grant the role when it is accepted (INV9). An acceptance depends on its [`AcceptanceFacts`]. An
//! operator describes a new organization with an [`OrganizationDraft`], and it waits for its
//! [`PendingFirstAdmin`], who gets the invitation of a [`FirstAdmin`]. [`check_batch`] checks a
//! batch of [`OfferedRole`]s and can return a [`BatchRefusal`]. A [`PendingRoom`] is the number of
//! invitations that can still be added.
//!
//! A [`JoinRequest`] is the reverse: a person with an address in an [`ApprovedDomain`] asks, and a
//! user manager approves. Its [`RequestStatus`] is pending or declined. [`RequesterFacts`] and
//! [`ApprovalFacts`] are the facts that these two steps depend on. An [`AddressSlot`] is what an
//! organization knows of an address: an invitation or a member.
//!
//! **Budgets.** A [`Budget`] limits the mail that people can cause to strangers, and the
//! organizations that they can create (INV14). [`Budgets`] are its sizes in a deployment. A
//! [`DayBudget`] is the budget of one address, organization or person in the present day. A
//! [`BudgetLeft`] is what remains of it while a batch is checked. A use beyond it is
//! [`Refusal::BudgetSpent`].
//!
//! **Events and mails.** A [`RequestContext`] describes the request that changes something, with
//! the [`IdempotencyKey`] that makes a repeat recognizable. Each change writes an [`Event`] with
//! its [`Actor`], [`EventAction`] and [`Target`] of some [`TargetKind`]. The [`Version`] of the
//! target orders its events. Some events cause a [`Notification`], sent as an [`OutgoingMail`] in a
//! [`Language`]: that of the invitation, or else of the organization. A mail names its [`Author`]
//! and each [`MailPerson`]. A mail about an invitation names the role and the inviter of a
//! [`MailedOffer`]. [`ReminderFacts`] and [`RevocationFacts`] say whether the mail before its end,
//! or after its revocation, is sent.
//!
//! **Delivery.** Each time that an invitation is sent is a numbered [`Sending`]. Its [`Delivery`]
//! says whether the mail was sent or came back, from the [`DeliveryRecord`] of the last one. A
//! [`DigestRecipient`] gets at most one mail an hour about join requests or acceptances (INV14).
//! The [`DigestState`] remembers the last one, and each event becomes a [`DigestStep`]: a mail of
//! its own, or a line in the next digest. The events of an offboarding share one digest, which has
//! an [`EventReference`] for each.
//!
//! **Decisions.** Other services ask whether a person may perform an action in an organization, and
//! [`evaluate`] answers. An [`AccessPath`] is the way to the organization: as a member, from an
//! ancestor, or from a partner. A [`PathMembership`] is the membership where the path starts. A
//! denial has a [`DenyReason`] and a [`Remediation`].
//!
//! **Lists.** A [`RequestedScope`] is the organizations that a client wants to list. With the
//! [`ListPermissions`] of the list, it becomes a [`Scope`]. A [`Search`] is a text to filter by.
//!
//! **Short lists.** Approved domains (of type [`MailDomain`]) and [`CriticalAlertUser`]s, the
//! addresses that receive critical alerts, are [`ListEntry`]s of some [`ListValue`]. A
//! [`BoundedList`] has a limit.
//!
//! **Ids and errors.** Each entity has an id: [`CustomRoleId`], [`InvitationId`],
//! [`JoinRequestId`], [`EventId`], [`MemberId`] and [`AlertId`]. An [`AddressHash`] or a
//! [`PersonHash`] locates an entity by address or person. A [`NamedOrganization`] is an id with
//! its name. Text that cannot be parsed is a [`NotAnId`], [`NotAUserId`], [`EmailError`],
//! [`NetworkError`], [`TextError`] or [`UnknownKey`].
//!
//! # Example
//!
//! Max invites Bob to the role User:
//! 1. The store reads Acme and Max's membership, and [`Standing::of`] computes his effective
//!    levels.
//! 2. [`invite`] checks that Max has full access to User Management (INV1), that he may grant User
//!    (ROLE7), and that the address is free (INV2). It returns the [`Invitation`].
//! 3. The store writes the invitation and an [`Event`] in one transaction.
//! 4. Bob signs in with the invited address, and [`accept`] checks the expiry and Max's
//!    permission again. He becomes a [`Member`] with the role User.
//!
//! If Max invites Bob to the role Admin, [`invite`] returns [`Refusal::ExceedsOwnPermissions`]:
//! Admin has full access to License Management, and Max does not.
//!
//! # Files
//!
//! | topic | files |
//! |---|---|
//! | who asks | `person`, `authn`; `standing`: the caller in one organization |
//! | organizations | `organization`: `create`, `join_from_above`, `settings`, `security`, `close`, `stored_levels` |
//! | tree, links and lists of an organization | `org_path`; `customer`: links of partners; `list_entry`: short lists |
//! | members | `member`: `change`, `access_end`, `access_reminder`, `super_admin`, `service`; `erasure` |
//! | invitations | `invitation`: `create`, `batch`, `change`, `accept`, `address_slot`, `mails`; `budget` |
//! | join requests | `join_request`: `mails` |
//! | roles | `role`: `custom`, `delete`, `grant`; `catalogue`: role objects, levels, built-in roles |
//! | lists and decisions | `scope`; `decision`, `action` |
//! | events and mails | `event`, `target`, `version`; `notification`, `mail_person`, `language`, `digest`, `delivery` |
//! | texts and ids | `text`, `email`, `mail_domain`, `id`; `character`, `invisible`, `lookalike`, `idna2008` |
//! | refusals | `refusal`: all of them, with their texts |
//!
//! The `mod.rs` of a folder has its main type, and the other files its rules. For roles,
//! `role/mod.rs` has the ids, and `role/custom.rs` the type.

mod action;
mod authn;
mod budget;
mod catalogue;
mod character;
mod customer;
mod decision;
mod delivery;
mod digest;
mod email;
mod erasure;
mod event;
mod id;
mod idna2008;
mod invisible;
mod invitation;
mod join_request;
mod language;
mod list_entry;
mod lookalike;
mod mail_domain;
mod mail_person;
mod member;
mod notification;
mod org_path;
mod organization;
mod person;
mod refusal;
mod role;
mod scope;
mod standing;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod version;

pub use action::Action;
pub use authn::{AuthnContext, MissingClaim, is_multi_factor};
pub use budget::{Budget, BudgetLeft, Budgets, DayBudget};
pub use catalogue::{
    BuiltIn, Condition, Conditions, Level, Levels, Restriction, RoleObject, UnknownKey,
};
pub use customer::{
    CustomerLink, LinkAccess, StoredLink, check_list_customers, check_list_partners, link_customer,
    suspend_link,
};
pub use decision::{
    AccessPath, DenyReason, PathMembership, Remediation, evaluate, first_granting, granting_roles,
    remediation,
};
pub use delivery::{Delivery, DeliveryRecord, Sending};
pub use digest::{DigestRecipient, DigestState, DigestStep, EventReference, MAX_NAMED_IN_DIGEST};
pub use email::{Email, EmailError, MAX_EMAIL, MAX_EMAIL_LOCAL};
pub use erasure::check_erasable;
pub use event::{Actor, Event, EventAction};
pub use id::{
    AddressHash, AlertId, CustomRoleId, EventId, InvitationId, JoinRequestId, MAX_USER_ID,
    MemberId, NotAUserId, NotAnId, OrgId, PersonHash, PersonId, UserId,
};
pub use invisible::without_invisible;
pub use invitation::accept::{
    AcceptanceFacts, accept, check_no_member, inviter_authorized, inviter_may_grant,
    own_invitation, was_issued_to,
};
pub use invitation::address_slot::{
    AddressFacts, AddressSlot, DECLINED_INVITATION_DAYS, check_not_declined, declined_until,
};
pub use invitation::batch::{
    BatchRefusal, MAX_BATCH, OfferedRole, PendingRoom, check_batch, check_offer,
};
pub use invitation::change::{
    InvitationUpdate, resend, revoke, revoke_as_operator, update_invitation,
};
pub use invitation::create::{NewInvitation, invite, invite_first_admin};
pub use invitation::mails::{
    MailedOffer, REMINDED_BEFORE, ReminderFacts, RevocationFacts, invitation_mail, reminder_mail,
    revocation_mail,
};
pub use invitation::{DEFAULT_DAYS, FirstAdmin, Invitation, InvitationDraft, Inviter, MAX_DAYS};
pub use join_request::mails::{
    MAX_NOTIFIED_MANAGERS, decides_join_requests, join_digest_mails, join_request_mails,
    roles_deciding_join_requests,
};
pub use join_request::{
    ApprovalFacts, DECLINED_DAYS, JoinRequest, MAX_COMMENT, MAX_JOIN_REQUESTS, RequestStatus,
    RequesterFacts, approve_request, ask_to_join, check_decide_requests, check_list_requests,
    refuse_repeat,
};
pub use language::Language;
pub use list_entry::{
    ApprovedDomain, BoundedList, CriticalAlertUser, ListEntry, ListValue, MAX_CRITICAL_ALERT_USERS,
    MAX_DOMAINS, add_critical_alert_user, approve_domain,
};
pub use mail_domain::MailDomain;
pub use mail_person::{Author, MAX_MAILED_NAME, MailPerson};
pub use member::access_end::{MAX_ACCESS_DAYS, check_access_end};
pub use member::access_reminder::{ACCESS_REMINDED_BEFORE, EndingAccess, concerned_mail};
pub use member::change::{
    MemberUpdate, change_role, leave, remove_member, update_member, with_account,
};
pub use member::service::{MAX_SERVICE_NAME, ServiceDraft, add_service, check_service_role};
pub use member::super_admin::{
    FormerSuperAdmin, SuperAdminAppointment, SuperAdminTransfer, appoint_super_admin, transfer,
};
pub use member::{MAX_DISPLAY_NAME, Member, MemberKind, Service, Source};
pub use notification::{Concern, Notification, OutgoingMail};
pub use org_path::{MAX_DEPTH, OrgPath};
pub use organization::close::{
    Closure, Suspension, delete_as_operator, delete_organization, resume, suspend,
};
pub use organization::create::{
    OrganizationDraft, create_organization_as_operator, create_sub_organization,
};
pub use organization::join_from_above::{Joining, JoiningFacts, join};
pub use organization::security::{
    DEFAULT_RETENTION_DAYS, MAX_NETWORKS, MAX_REASON, MAX_SESSION_MINUTES, MIN_SESSION_MINUTES,
    NetworkError, Security, parse_network, reset_security, update_security,
};
pub use organization::settings::{SettingsUpdate, update_settings};
pub use organization::stored_levels::levels_entry;
pub use organization::{
    Kind, LinkCounts, MAX_CONTACT, MAX_ORGANIZATION_NAME, MAX_POSTAL_ADDRESS, MAX_WEBSITE,
    NamedOrganization, Organization, PendingFirstAdmin, Profile, Settings,
};
pub use person::{EmailFault, IdempotencyKey, Person, PersonLabel, RequestContext};
pub use refusal::Refusal;
pub use role::custom::{CustomRole, RoleDraft, create_role, edit_role};
pub use role::delete::{
    Reassignment, ReplacementRole, RequestedReplacement, RoleDeletionStep, begin_reassignment,
    delete_role,
};
pub use role::grant::{levels_in, may_grant};
pub use role::{
    IdentityProviderRole, MAX_CUSTOM_ROLES, MAX_ROLE_DESCRIPTION, MAX_ROLE_NAME, RoleId,
    RoleSummary, UserCount,
};
pub use scope::{
    ListPermissions, MAX_CHOSEN, MAX_CHOSEN_ROLES, RequestedScope, Scope, Search, resolve_scope,
};
pub use standing::Standing;
pub use target::{Target, TargetKind};
pub use text::{MAX_FOLDED_BYTES, MAX_PERSON_NAME, Name, TextError, clean_text, fold};
pub use version::Version;
