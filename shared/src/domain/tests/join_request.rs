//! Join requests, approved domains and approvals: ORG2.

use crate::{domain::*, fixtures::*};

fn approved() -> RequesterFacts {
    RequesterFacts { domain_approved: true, ..RequesterFacts::default() }
}

fn ask(person: &Person, facts: &RequesterFacts) -> Result<JoinRequest, Refusal> {
    ask_to_join(person, &standard(), facts, String::new(), now())
}

/// The facts for an approval whose domain is approved.
fn facts(slot: Option<AddressSlot>) -> ApprovalFacts {
    ApprovalFacts { domain_approved: true, slot, tombstone: None }
}

fn asked() -> JoinRequest {
    ask(&person("tom"), &approved()).unwrap()
}

/// Tom's invitation for seven days.
fn invitation() -> Invitation {
    invited(&super_admin(&standard()), "tom", RoleId::USER).unwrap()
}

/// Compare better-auth GHSA-phx7-w8x2-3xgf, Logto CVE-2026-15611 and Keycloak CVE-2025-1391.
#[test]
fn only_the_private_domain_of_the_actors_own_address_can_be_approved() {
    let approve = |email: Option<&str>, domain| {
        let email = email.map(|email| Email::parse(email).unwrap());
        let sue =
            Standing { person: Person { email, ..person("sue") }, ..super_admin(&standard()) };
        let approved = approve_domain(&sue, MailDomain::parse(domain), None, now());
        approved.map(|entry| entry.value.to_string())
    };
    let own = Some("sue@example.com");
    assert_eq!(approve(own, "EXAMPLE.com"), Ok("example.com".to_owned()));
    for other in [
        "sub.example.com",
        "evilexample.com",
        "example.com.evil",
        "example.org",
        "com",
        "example.com.",
    ] {
        assert_eq!(approve(own, other), Err(Refusal::DomainNotOwn), "{other}");
    }
    assert_eq!(approve(None, "example.com"), Err(Refusal::EmailNotVerified));
    assert_eq!(approve(Some("sue@gmail.com"), "gmail.com"), Err(Refusal::PublicEmailDomain));
}

#[test]
fn person_with_an_address_in_an_approved_domain_can_ask_to_join() {
    let request = asked();
    assert_eq!((request.email, request.status), (email("tom"), RequestStatus::Pending));
    assert_eq!(request.id.person_hash(), PersonHash::of(standard().id(), &person("tom").id));
}

/// INV2, U5
#[test]
fn person_outside_the_domain_member_invitee_or_earlier_applicant_cannot_ask_to_join() {
    let (tom, open) = (person("tom"), invitation());
    let unverified = Person { email: None, ..tom.clone() };
    let member = RequesterFacts { is_member: true, ..RequesterFacts::default() };
    let slot = |slot| RequesterFacts { slot: Some(slot), ..approved() };
    let taken = slot(AddressSlot::Taken(UserId::new("another")));
    let with_invitation = slot(AddressSlot::Pending(open.clone()));
    let before = |status| RequesterFacts {
        earlier_request: Some(JoinRequest { status, ..asked() }),
        ..approved()
    };
    let cases = [
        (&tom, RequesterFacts::default(), Refusal::NoSuchOrganization),
        (&unverified, approved(), Refusal::NoSuchOrganization),
        (&tom, member, Refusal::CallerAlreadyMember),
        (&tom, taken, Refusal::CallerAlreadyMember),
        (&tom, with_invitation.clone(), Refusal::CallerAlreadyInvited(open.id)),
        (&tom, before(RequestStatus::Pending), Refusal::JoinRequestPending(asked().id)),
        (&tom, before(RequestStatus::Declined), Refusal::JoinRequestDeclined(in_days(90))),
    ];
    for (person, facts, refusal) in cases {
        assert_eq!(ask(person, &facts), Err(refusal), "{facts:?}");
    }
    let late = ask_to_join(&tom, &standard(), &with_invitation, String::new(), in_days(7));
    assert!(late.is_ok(), "an expired invitation does not count");
}

/// ORG2
#[test]
fn declined_person_asks_again_after_90_days_or_an_invitation() {
    let declined = asked().declined(in_days(1));
    let facts = |invited_at| RequesterFacts {
        invited_at,
        earlier_request: Some(declined.clone()),
        ..approved()
    };
    let refused = Err(Refusal::JoinRequestDeclined(in_days(91)));
    for (case, invited_at, at, may_ask) in [
        ("at once", None, in_days(1), false),
        ("on the last day", None, in_days(90), false),
        ("after 90 days", None, in_days(91), true),
        ("invited before the decline", Some(now()), in_days(90), false),
        ("invited after the decline", Some(in_days(2)), in_days(3), true),
    ] {
        let asked = ask_to_join(&person("tom"), &standard(), &facts(invited_at), String::new(), at);
        match asked {
            Ok(request) => assert!(may_ask && request.version > declined.version, "{case}"),
            refusal => assert!(!may_ask && refusal == refused, "{case}: {refusal:?}"),
        }
    }
}

#[test]
fn approved_requester_becomes_a_member() {
    let ended = Version::first(in_days(1), None);
    let facts = ApprovalFacts { tombstone: Some(ended), ..facts(None) };
    let sue = super_admin(&standard());
    let made = approve_request(&sue, &asked(), RoleId::USER, &facts, now());
    let expected = member("tom", &standard(), RoleId::USER);
    let version = ended.next(now());
    assert_eq!(made, Ok(Member { source: Source::JoinRequest, version, ..expected }));
}

/// INV2
#[test]
fn request_cannot_be_approved_if_its_domain_is_removed_or_its_address_is_in_use() {
    let sue = super_admin(&standard());
    let approve = |facts: &ApprovalFacts, at| {
        approve_request(&sue, &asked(), RoleId::USER, facts, at).map(drop)
    };
    let removed = ApprovalFacts { domain_approved: false, ..facts(None) };
    assert_eq!(approve(&removed, now()), Err(Refusal::DomainNotApproved));
    let taken = facts(Some(AddressSlot::Taken(UserId::new("another"))));
    assert_eq!(approve(&taken, now()), Err(Refusal::AlreadyMember));
    let open = invitation();
    let invited = facts(Some(AddressSlot::Pending(open.clone())));
    assert_eq!(approve(&invited, now()), Err(Refusal::AlreadyInvited(open.id)));
    assert_eq!(approve(&invited, in_days(7)), Ok(()), "an expired invitation does not count");
}

/// OP1
#[test]
fn operator_can_list_join_requests() {
    assert_eq!(check_list_requests(&operator_in(&standard())), Ok(()));
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

/// ORG4
#[test]
fn list_entry_records_who_added_it_and_continues_from_the_removed_entry() {
    let sue = super_admin(&standard());
    let removed = Version::first(in_days(1), None);
    let entry = add_critical_alert_user(&sue, email("tom"), Some(removed), now());
    let expected = ListEntry {
        organization_id: standard().id(),
        value: email("tom"),
        added_by: member_id("sue"),
        added_at: now(),
        version: removed.next(now()),
    };
    assert_eq!(entry, Ok(expected));
    let domain = approve_domain(&sue, MailDomain::parse("example.com"), Some(removed), now());
    assert_eq!(domain.map(|domain| domain.version), Ok(removed.next(now())));
}
