//! What an organization demands of a sign-in: ORG3.

use std::net::IpAddr;

use jiff::SignedDuration;

use crate::{
    domain::*,
    fixtures::{member, operator, person, standard, standing, super_admin},
};

fn session(amr: &[&str], minutes: i64, from: &str) -> Session {
    let methods: Vec<_> = amr.iter().map(|&method| method.to_owned()).collect();
    Session {
        multi_factor: multi_factor(&methods),
        age: Some(SignedDuration::from_mins(minutes)),
        from: Some(from.parse::<IpAddr>().unwrap()),
    }
}

fn networks(of: &[&str]) -> Security {
    let allowed_networks = of.iter().map(|net| parse_network(net).unwrap()).collect();
    Security { allowed_networks, ..Security::default() }
}

fn strict() -> Security {
    Security {
        require_mfa: true,
        max_session_minutes: Some(60),
        event_retention_days: 30,
        ..networks(&["192.0.2.0/24"])
    }
}

#[test]
fn two_factors_are_two_only_if_they_differ_in_kind() {
    let of = |amr: &[&str]| session(amr, 0, "192.0.2.1").multi_factor;
    let two: [&[&str]; 7] = [
        &["mfa"],
        &["pwd", "mfa"],
        &["pwd", "otp"],
        &["sms", "pin"],
        &["hwk", "fpt"],
        &["face", "kba"],
        &["geo", "pwd", "user", "swk"],
    ];
    for amr in two {
        assert!(of(amr), "{amr:?}");
    }
    let one: [&[&str]; 9] = [
        &[],
        &["pwd"],
        &["otp"],
        &["pwd", "pin"],
        &["otp", "sms"],
        &["fpt", "face"],
        &["pwd", "geo", "rba", "mca", "wia", "user"],
        &["MFA"],
        &["mfa2", "pwd otp"],
    ];
    for amr in one {
        assert!(!of(amr), "{amr:?}");
    }
}

#[test]
fn nothing_is_demanded_at_first() {
    assert_eq!(Security::default().admits(&Session::default()), Ok(()));
    assert!(Security::default().is_default());
}

#[test]
fn a_sign_in_that_meets_the_demands_gets_in() {
    assert_eq!(strict().admits(&session(&["pwd", "otp"], 60, "192.0.2.255")), Ok(()));
}

#[test]
fn each_demand_that_is_not_met_has_its_refusal() {
    let of = |amr: &[&str], minutes, from| strict().admits(&session(amr, minutes, from));
    assert_eq!(of(&["pwd"], 0, "192.0.2.1"), Err(Refusal::SecondFactorNeeded));
    assert_eq!(of(&["mfa"], 61, "192.0.2.1"), Err(Refusal::SessionTooOld(60)));
    assert_eq!(of(&["mfa"], 0, "192.0.3.1"), Err(Refusal::NetworkNotAllowed));
}

#[test]
fn what_nothing_is_known_of_is_not_met() {
    let met = session(&["mfa"], 0, "192.0.2.1");
    let ageless = Session { age: None, ..met.clone() };
    assert_eq!(strict().admits(&ageless), Err(Refusal::SessionTooOld(60)));
    let nowhere = Session { from: None, ..met };
    assert_eq!(strict().admits(&nowhere), Err(Refusal::NetworkNotAllowed));
}

#[test]
fn an_address_is_in_a_network_or_it_is_not() {
    let from = |security: &Security, ip: &str| security.admits(&session(&[], 0, ip)).is_ok();
    let some = networks(&["192.0.2.7/32", "10.0.0.0/8", "2001:db8::/32"]);
    for ip in ["192.0.2.7", "10.255.0.1", "2001:db8:ffff::1"] {
        assert!(from(&some, ip), "{ip}");
    }
    for ip in ["192.0.2.8", "11.0.0.1", "2001:db9::1", "::1"] {
        assert!(!from(&some, ip), "{ip}");
    }
    assert!(!from(&networks(&["0.0.0.0/0"]), "2001:db8::1"));
}

#[test]
fn a_network_is_written_by_its_first_address() {
    for text in ["192.0.2.0/24", "192.0.2.7/32", "0.0.0.0/0", "2001:db8::/32", "::/0"] {
        assert_eq!(parse_network(text).unwrap().to_string(), text);
    }
    for text in ["", "192.0.2.1", "192.0.2.0/33", "192.0.2/24", "example.com/24", " 10.0.0.0/8"] {
        assert_eq!(parse_network(text), Err(NetworkError::Unreadable), "{text}");
    }
    let first = "192.0.2.0/24".parse().unwrap();
    assert_eq!(parse_network("192.0.2.7/24"), Err(NetworkError::NotTheFirst(first)));
    assert_eq!(parse_network("::ffff:192.0.2.0/120"), Err(NetworkError::Mapped));
}

/// U5: the organization's demands are told to its members alone.
#[test]
fn a_stranger_is_told_that_there_is_no_such_organization_before_anything_is_demanded() {
    let org = Organization { security: strict(), ..standard() };
    let eve = Standing::of(person("eve"), Some(org), None, None);
    assert_eq!(eve, Err(Refusal::NoSuchOrganization));
}

#[test]
fn no_member_has_a_standing_without_the_sign_in_that_is_demanded() {
    let org = Organization { security: strict(), ..standard() };
    for role in BuiltIn::ALL.map(RoleId::BuiltIn) {
        let ann = Some(member("ann", &org, role));
        let sits = Standing::of(person("ann"), Some(org.clone()), ann, None);
        assert_eq!(sits, Err(Refusal::SecondFactorNeeded), "{role}");
    }
}

/// OP1
#[test]
fn an_operator_is_bound_only_as_a_member() {
    let org = Organization { security: strict(), ..standard() };
    assert!(Standing::of(operator(), Some(org.clone()), None, None).is_ok());
    let own = Some(member("operator", &org, RoleId::ADMIN));
    let sits = Standing::of(operator(), Some(org), own, None);
    assert_eq!(sits, Err(Refusal::SecondFactorNeeded));
}

#[test]
fn who_is_asked_about_has_no_sign_in_to_be_judged() {
    let org = Organization { security: strict(), ..standard() };
    let ann = member("ann", &org, RoleId::USER);
    let asked = Person::asked_about(ann.user_id.clone());
    assert!(Standing::of(asked, Some(org), Some(ann), None).is_ok());
}

#[test]
fn nobody_locks_themselves_out() {
    let sue = super_admin(&standard());
    let why = Box::new(Refusal::SecondFactorNeeded);
    assert_eq!(secure(&sue, strict()), Err(Refusal::LocksYouOut(why)));
    let met = Presence::Asking(session(&["mfa"], 0, "192.0.2.1"));
    let sue = Standing { person: Person { presence: met, ..person("sue") }, ..sue };
    assert_eq!(secure(&sue, strict()).unwrap().security, strict());
}

#[test]
fn setting_it_takes_security_management_full() {
    let (object, level) = (RoleObject::SecurityManagement, Level::FullAccess);
    let ann = standing("ann", &standard(), RoleId::USER);
    let lacks = Err(Refusal::Lacks { object, level, shown: true });
    assert_eq!(secure(&ann, Security::default()), lacks);
}
