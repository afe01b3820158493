//! Who may ask to join, and who lets them: ORG2.

use crate::{
    domain::*,
    fixtures::{
        email, in_days, now, operator_in, person, standard, standing, super_admin, with_role,
    },
};

fn domain(text: &str) -> Option<MailDomain> {
    MailDomain::parse(text)
}

fn approved() -> Known {
    Known { approved: true, ..Known::default() }
}

fn ask(who: &Person, known: &Known) -> Result<JoinRequest, Refusal> {
    ask_to_join(who, &standard(), known, String::new(), now())
}

fn asked() -> JoinRequest {
    ask(&person("tom"), &approved()).unwrap()
}

fn offer(days: u32) -> Invitation {
    let id = InvitationId::of(now(), standard().id(), &email("tom"));
    let offer = Offer { email: email("tom"), role_id: RoleId::USER, days };
    invite(&super_admin(&standard()), offer, None, id, now()).unwrap()
}

/// 40: better-auth GHSA-phx7-w8x2-3xgf; Logto CVE-2026-15611; Keycloak CVE-2025-1391.
#[test]
fn one_speaks_for_the_domain_of_ones_own_address_and_for_nothing_that_looks_like_it() {
    let sue = super_admin(&standard());
    assert_eq!(
        approve_domain(&sue, domain("EXAMPLE.com"), now()).unwrap().domain.as_str(),
        "example.com"
    );
    for other in ["sub.example.com", "evilexample.com", "example.com.evil", "example.org", "com"] {
        let refused = approve_domain(&sue, domain(other), now());
        assert_eq!(refused, Err(Refusal::NotYourDomain), "{other}");
    }
    assert_eq!(approve_domain(&sue, domain("example.com."), now()), Err(Refusal::NotYourDomain));
    let nobody = Standing { person: Person { email: None, ..person("sue") }, ..sue };
    let unverified = approve_domain(&nobody, domain("example.com"), now());
    assert_eq!(unverified, Err(Refusal::EmailNotVerified));
}

#[test]
fn nobody_approves_the_domain_of_everybody() {
    let sue = super_admin(&standard());
    let public = Email::parse("sue@gmail.com").unwrap();
    let sue = Standing { person: Person { email: Some(public), ..person("sue") }, ..sue };
    assert_eq!(approve_domain(&sue, domain("gmail.com"), now()), Err(Refusal::PublicMailDomain));
}

#[test]
fn approving_takes_organization_general_information_full() {
    let (object, level) = (RoleObject::OrganizationGeneralInformation, Level::FullAccess);
    let ann = standing("ann", &standard(), RoleId::USER);
    let lacks = Err(Refusal::Lacks { object, level, shown: true });
    assert_eq!(approve_domain(&ann, domain("example.com"), now()), lacks);
    let looks = approve_domain(&operator_in(&standard()), domain("example.com"), now());
    assert_eq!(looks, Err(Refusal::OperatorsOnlyRead));
}

#[test]
fn whose_domain_is_approved_may_ask() {
    let request = asked();
    assert_eq!((request.email, request.status), (email("tom"), RequestStatus::Pending));
    assert_eq!(request.id.digest(), PersonDigest::of(standard().id(), &person("tom").id));
}

/// U5
#[test]
fn to_everybody_else_there_is_no_such_organization() {
    assert_eq!(ask(&person("tom"), &Known::default()), Err(Refusal::NoSuchOrganization));
    let unverified = Person { email: None, ..person("tom") };
    assert_eq!(ask(&unverified, &approved()), Err(Refusal::NoSuchOrganization));
}

#[test]
fn whoever_has_a_place_does_not_ask() {
    let member = Known { member: true, ..Known::default() };
    assert_eq!(ask(&person("tom"), &member), Err(Refusal::YouAreMember));
    let taken = Some(Place::Taken(UserId::new("another")));
    assert_eq!(
        ask(&person("tom"), &Known { place: taken, ..approved() }),
        Err(Refusal::YouAreMember)
    );
    let open = offer(7);
    let id = open.id;
    let invited = Known { place: Some(Place::Pending(open)), ..approved() };
    assert_eq!(ask(&person("tom"), &invited), Err(Refusal::YouAreInvited(id)));
    let late = ask_to_join(&person("tom"), &standard(), &invited, String::new(), in_days(7));
    assert!(late.is_ok(), "an expired one does not count");
}

#[test]
fn one_asks_once_and_a_declined_person_no_more() {
    let before = |status| Known { request: Some(JoinRequest { status, ..asked() }), ..approved() };
    let again = ask(&person("tom"), &before(RequestStatus::Pending));
    assert_eq!(again, Err(Refusal::AlreadyAsked(asked().id)));
    let declined = ask(&person("tom"), &before(RequestStatus::Declined));
    assert_eq!(declined, Err(Refusal::RequestDeclined));
}

#[test]
fn whoever_is_approved_is_a_member_by_request() {
    let sue = super_admin(&standard());
    let member = approve_request(&sue, &asked(), RoleId::USER, (true, None), now()).unwrap();
    assert_eq!((member.role_id, member.source), (RoleId::USER, Source::JoinRequest));
    assert_eq!((member.email, member.user_id), (email("tom"), person("tom").id));
}

/// ROLE7, SA3, U4
#[test]
fn nobody_approves_with_more_than_they_may_grant() {
    let users = [(RoleObject::UserManagement, Level::FullAccess)];
    let (org, role) = with_role(standard(), 1, &users);
    let mia = standing("mia", &org, role);
    let approve =
        |actor: &Standing, role| approve_request(actor, &asked(), role, (true, None), now());
    assert!(approve(&mia, RoleId::USER).is_ok());
    assert!(matches!(approve(&mia, RoleId::ADMIN), Err(Refusal::Escalates(..))));
    assert_eq!(
        approve(&super_admin(&org), RoleId::SUPER_ADMIN),
        Err(Refusal::SuperAdminIsTransferred)
    );
    let ann = standing("ann", &org, RoleId::USER);
    assert!(matches!(approve(&ann, RoleId::USER), Err(Refusal::Lacks { .. })));
    assert_eq!(approve(&operator_in(&org), RoleId::USER), Err(Refusal::OperatorsOnlyRead));
}

#[test]
fn a_request_is_approved_only_while_its_domain_is() {
    let sue = super_admin(&standard());
    let closed = approve_request(&sue, &asked(), RoleId::USER, (false, None), now());
    assert_eq!(closed, Err(Refusal::DomainNotApproved));
}

/// INV2
#[test]
fn an_address_that_has_a_place_is_not_given_another() {
    let sue = super_admin(&standard());
    let approve =
        |place: &Place, at| approve_request(&sue, &asked(), RoleId::USER, (true, Some(place)), at);
    let taken = Place::Taken(UserId::new("another"));
    assert_eq!(approve(&taken, now()), Err(Refusal::AlreadyMember));
    let open = offer(7);
    let id = open.id;
    assert_eq!(approve(&Place::Pending(open.clone()), now()), Err(Refusal::AlreadyInvited(id)));
    assert!(approve(&Place::Pending(open), in_days(7)).is_ok(), "an expired one does not count");
}

/// OP1
#[test]
fn operators_see_requests_and_decide_none() {
    let operator = operator_in(&standard());
    assert_eq!(sees_requests(&operator), Ok(()));
    assert_eq!(decides_requests(&operator), Err(Refusal::OperatorsOnlyRead));
    let ann = standing("ann", &standard(), RoleId::USER);
    assert!(matches!(sees_requests(&ann), Err(Refusal::Lacks { .. })));
}
