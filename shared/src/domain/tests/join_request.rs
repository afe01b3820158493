//! Join requests, approved domains and approvals: ORG2.

use crate::{
    domain::*,
    fixtures::{
        email, in_days, now, operator_in, person, standard, standing, super_admin, with_role,
    },
};

fn domain(text: &str) -> Option<MailDomain> {
    MailDomain::parse(text)
}

fn approved() -> ApplicantFacts {
    ApplicantFacts { domain_approved: true, ..ApplicantFacts::default() }
}

fn ask(person: &Person, facts: &ApplicantFacts) -> Result<JoinRequest, Refusal> {
    ask_to_join(person, &standard(), facts, String::new(), now())
}

/// The facts for an approval whose domain is approved.
fn facts(slot: Option<AddressSlot>) -> ApprovalFacts {
    ApprovalFacts { domain_approved: true, slot, deleted: None }
}

fn asked() -> JoinRequest {
    ask(&person("tom"), &approved()).unwrap()
}

fn invitation(days: u32) -> Invitation {
    let id = InvitationId::of(now(), standard().id(), &email("tom"));
    let draft = InvitationDraft { email: email("tom"), role_id: RoleId::USER, days };
    invite(&super_admin(&standard()), draft, None, id, now()).unwrap()
}

/// Compare better-auth GHSA-phx7-w8x2-3xgf, Logto CVE-2026-15611 and Keycloak CVE-2025-1391.
#[test]
fn only_the_domain_of_the_actors_own_address_can_be_approved() {
    let sue = super_admin(&standard());
    assert_eq!(
        approve_domain(&sue, domain("EXAMPLE.com"), None, now()).unwrap().value.as_str(),
        "example.com"
    );
    for other in ["sub.example.com", "evilexample.com", "example.com.evil", "example.org", "com"] {
        let refused = approve_domain(&sue, domain(other), None, now());
        assert_eq!(refused, Err(Refusal::DomainNotOwn), "{other}");
    }
    assert_eq!(
        approve_domain(&sue, domain("example.com."), None, now()),
        Err(Refusal::DomainNotOwn)
    );
    let unverified = Standing { person: Person { email: None, ..person("sue") }, ..sue };
    let refused = approve_domain(&unverified, domain("example.com"), None, now());
    assert_eq!(refused, Err(Refusal::EmailNotVerified));
}

#[test]
fn public_mail_domain_cannot_be_approved() {
    let sue = super_admin(&standard());
    let public = Email::parse("sue@gmail.com").unwrap();
    let sue = Standing { person: Person { email: Some(public), ..person("sue") }, ..sue };
    assert_eq!(
        approve_domain(&sue, domain("gmail.com"), None, now()),
        Err(Refusal::PublicEmailDomain)
    );
}

#[test]
fn approving_a_domain_requires_full_organization_general_information() {
    let (object, level) = (RoleObject::OrganizationGeneralInformation, Level::FullAccess);
    let ann = standing("ann", &standard(), RoleId::USER);
    let lacks = Err(Refusal::MissingPermission { object, level, shown: true });
    assert_eq!(approve_domain(&ann, domain("example.com"), None, now()), lacks);
    let by_operator = approve_domain(&operator_in(&standard()), domain("example.com"), None, now());
    assert_eq!(by_operator, Err(Refusal::OperatorReadOnly));
}

#[test]
fn person_with_an_address_in_an_approved_domain_can_ask_to_join() {
    let request = asked();
    assert_eq!((request.email, request.status), (email("tom"), RequestStatus::Pending));
    assert_eq!(request.id.digest(), PersonDigest::of(standard().id(), &person("tom").id));
}

/// U5
#[test]
fn person_without_an_approved_domain_gets_no_such_organization() {
    assert_eq!(ask(&person("tom"), &ApplicantFacts::default()), Err(Refusal::NoSuchOrganization));
    let unverified = Person { email: None, ..person("tom") };
    assert_eq!(ask(&unverified, &approved()), Err(Refusal::NoSuchOrganization));
}

#[test]
fn member_or_invitee_cannot_ask_to_join() {
    let member = ApplicantFacts { is_member: true, ..ApplicantFacts::default() };
    assert_eq!(ask(&person("tom"), &member), Err(Refusal::CallerAlreadyMember));
    let taken = Some(AddressSlot::Taken(UserId::new("another")));
    assert_eq!(
        ask(&person("tom"), &ApplicantFacts { slot: taken, ..approved() }),
        Err(Refusal::CallerAlreadyMember)
    );
    let open = invitation(7);
    let id = open.id;
    let invited = ApplicantFacts { slot: Some(AddressSlot::Pending(open)), ..approved() };
    assert_eq!(ask(&person("tom"), &invited), Err(Refusal::CallerAlreadyInvited(id)));
    let late = ask_to_join(&person("tom"), &standard(), &invited, String::new(), in_days(7));
    assert!(late.is_ok(), "an expired invitation does not count");
}

#[test]
fn pending_or_declined_applicant_cannot_ask_again() {
    let before = |status| ApplicantFacts {
        earlier_request: Some(JoinRequest { status, ..asked() }),
        ..approved()
    };
    let again = ask(&person("tom"), &before(RequestStatus::Pending));
    assert_eq!(again, Err(Refusal::JoinRequestPending(asked().id)));
    let declined = ask(&person("tom"), &before(RequestStatus::Declined));
    assert_eq!(declined, Err(Refusal::JoinRequestDeclined));
}

#[test]
fn approved_applicant_becomes_a_member() {
    let sue = super_admin(&standard());
    let member = approve_request(&sue, &asked(), RoleId::USER, &facts(None), now()).unwrap();
    assert_eq!((member.role_id, member.source), (RoleId::USER, Source::JoinRequest));
    assert_eq!((member.email, member.user_id), (email("tom"), person("tom").id));
}

/// ROLE7, SA3, U4
#[test]
fn approval_requires_permission_to_grant_the_role() {
    let users = [(RoleObject::UserManagement, Level::FullAccess)];
    let (org, role) = with_role(standard(), 1, &users);
    let mia = standing("mia", &org, role);
    let approve =
        |actor: &Standing, role| approve_request(actor, &asked(), role, &facts(None), now());
    assert!(approve(&mia, RoleId::USER).is_ok());
    assert!(matches!(approve(&mia, RoleId::ADMIN), Err(Refusal::ExceedsOwnPermissions(..))));
    assert_eq!(
        approve(&super_admin(&org), RoleId::SUPER_ADMIN),
        Err(Refusal::SuperAdminNotAssignable)
    );
    let ann = standing("ann", &org, RoleId::USER);
    assert!(matches!(approve(&ann, RoleId::USER), Err(Refusal::MissingPermission { .. })));
    assert_eq!(approve(&operator_in(&org), RoleId::USER), Err(Refusal::OperatorReadOnly));
}

#[test]
fn request_whose_domain_is_no_longer_approved_cannot_be_approved() {
    let sue = super_admin(&standard());
    let facts = ApprovalFacts { domain_approved: false, ..facts(None) };
    let refused = approve_request(&sue, &asked(), RoleId::USER, &facts, now());
    assert_eq!(refused, Err(Refusal::DomainNotApproved));
}

/// INV2
#[test]
fn request_whose_address_is_in_use_cannot_be_approved() {
    let sue = super_admin(&standard());
    let approve = |slot: &AddressSlot, at| {
        approve_request(&sue, &asked(), RoleId::USER, &facts(Some(slot.clone())), at)
    };
    let taken = AddressSlot::Taken(UserId::new("another"));
    assert_eq!(approve(&taken, now()), Err(Refusal::AlreadyMember));
    let open = invitation(7);
    let id = open.id;
    assert_eq!(
        approve(&AddressSlot::Pending(open.clone()), now()),
        Err(Refusal::AlreadyInvited(id))
    );
    assert!(
        approve(&AddressSlot::Pending(open), in_days(7)).is_ok(),
        "an expired invitation does not count"
    );
}

/// OP1
#[test]
fn operator_can_list_join_requests_but_not_decide() {
    let operator = operator_in(&standard());
    assert_eq!(check_list_requests(&operator), Ok(()));
    assert_eq!(check_decide_requests(&operator), Err(Refusal::OperatorReadOnly));
    let ann = standing("ann", &standard(), RoleId::USER);
    assert!(matches!(check_list_requests(&ann), Err(Refusal::MissingPermission { .. })));
}

#[test]
fn declined_request_changes_status_and_version_only() {
    let request = asked();
    let version = request.version.next(in_days(1));
    let expected = JoinRequest { status: RequestStatus::Declined, version, ..request.clone() };
    assert_eq!(request.declined(in_days(1)), expected);
}

#[test]
fn version_of_an_approved_member_continues_from_the_ended_membership() {
    let ended = Version::first(in_days(1), None);
    let facts = ApprovalFacts { domain_approved: true, slot: None, deleted: Some(ended) };
    let sue = super_admin(&standard());
    let member = approve_request(&sue, &asked(), RoleId::USER, &facts, now()).unwrap();
    assert_eq!(member.version, ended.next(now()));
}

#[test]
fn version_of_a_list_entry_continues_from_the_removed_entry() {
    let sue = super_admin(&standard());
    let removed = Version::first(in_days(1), None);
    let domain = approve_domain(&sue, domain("example.com"), Some(removed), now()).unwrap();
    assert_eq!((domain.version, domain.added_at), (removed.next(now()), now()));
    let alerts = add_critical_alert_user(&sue, email("tom"), Some(removed), now()).unwrap();
    assert_eq!((alerts.version, alerts.added_at), (removed.next(now()), now()));
}

/// ORG4
#[test]
fn adding_a_critical_alert_user_requires_full_access_to_them() {
    let add = |actor: &Standing| add_critical_alert_user(actor, email("tom"), None, now());
    let (object, level) = (RoleObject::CriticalAlertUsers, Level::FullAccess);
    let lacks = Refusal::MissingPermission { object, level, shown: true };
    assert_eq!(add(&standing("ann", &standard(), RoleId::USER)), Err(lacks));
    assert_eq!(add(&operator_in(&standard())), Err(Refusal::OperatorReadOnly));
    let added = add(&super_admin(&standard())).unwrap();
    assert_eq!((added.value, added.added_by), (email("tom"), person("sue").id));
}
