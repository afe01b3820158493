//! Security settings and sign-in checks: ORG3.

use std::net::IpAddr;

use jiff::SignedDuration;

use crate::{domain::*, fixtures::*};

fn authn(amr: &[&str], minutes: i64, from: &str) -> AuthnContext {
    let methods: Vec<_> = amr.iter().map(|&method| method.to_owned()).collect();
    AuthnContext {
        multi_factor: Ok(is_multi_factor(&methods)),
        sign_in_age: Ok(SignedDuration::from_mins(minutes)),
        source_ip: Some(from.parse::<IpAddr>().unwrap()),
    }
}

fn networks(cidrs: &[&str]) -> Security {
    let allowed_networks = cidrs.iter().map(|net| parse_network(net).unwrap()).collect();
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
fn two_methods_are_multi_factor_only_if_they_differ_in_kind() {
    let of = |amr: &[&str]| authn(amr, 0, "192.0.2.1").multi_factor == Ok(true);
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
fn each_unsatisfied_setting_has_its_own_refusal() {
    let satisfied = authn(&["pwd", "otp"], 60, "192.0.2.255");
    let [amr, auth_time] = ["amr", "auth_time"].map(MissingClaim);
    let unknown_methods = AuthnContext { multi_factor: Err(amr), ..satisfied.clone() };
    let unknown_age = AuthnContext { sign_in_age: Err(auth_time), ..satisfied.clone() };
    let unknown_source = AuthnContext { source_ip: None, ..satisfied.clone() };
    let cases = [
        (satisfied, Ok(())),
        (authn(&["pwd"], 0, "192.0.2.1"), Err(Refusal::MfaRequired)),
        (authn(&["mfa"], 61, "192.0.2.1"), Err(Refusal::SessionTooOld(60))),
        (unknown_methods, Err(Refusal::MfaUnknown(amr))),
        (unknown_age, Err(Refusal::SessionAgeUnknown { minutes: 60, claim: auth_time })),
        (authn(&["mfa"], 0, "192.0.3.1"), Err(Refusal::NetworkNotAllowed)),
        (unknown_source, Err(Refusal::NetworkNotAllowed)),
    ];
    for (authn, expected) in cases {
        assert_eq!(strict().check_sign_in(&authn), expected, "{authn:?}");
    }
    assert_eq!(Security::default().check_sign_in(&one_factor()), Ok(()));
    assert!(Security::default().is_default());
}

#[test]
fn source_address_must_be_in_an_allowed_network() {
    let from = |security: &Security, ip: &str| security.check_sign_in(&authn(&[], 0, ip)).is_ok();
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
fn network_must_start_at_its_first_address() {
    for text in ["192.0.2.0/24", "192.0.2.7/32", "0.0.0.0/0", "2001:db8::/32", "::/0"] {
        assert_eq!(parse_network(text).unwrap().to_string(), text);
    }
    for text in ["", "192.0.2.1", "192.0.2.0/33", "192.0.2/24", "example.com/24", " 10.0.0.0/8"] {
        assert_eq!(parse_network(text), Err(NetworkError::NotCidr), "{text}");
    }
    let first = "192.0.2.0/24".parse().unwrap();
    assert_eq!(parse_network("192.0.2.7/24"), Err(NetworkError::HostBitsSet(first)));
    assert_eq!(parse_network("::ffff:192.0.2.0/120"), Err(NetworkError::Ipv4Mapped));
}

/// OP1: the settings apply to an operator as a member only.
#[test]
fn member_without_the_required_sign_in_is_refused_in_every_role() {
    let org = Organization { security: strict(), ..standard() };
    let enter = |person: Person, role: Option<RoleId>| {
        let member = role.map(|role| member(person.id.as_str(), &org, role));
        Standing::of(person, Some(org.clone()), member, None).map(drop)
    };
    for role in BuiltIn::ALL.map(RoleId::BuiltIn) {
        assert_eq!(enter(person("ann"), Some(role)), Err(Refusal::MfaRequired), "{role}");
    }
    assert_eq!(enter(operator(), Some(RoleId::ADMIN)), Err(Refusal::MfaRequired));
    assert_eq!(enter(operator(), None), Ok(()));
    let subject = Person::subject(person("ann").id, now());
    assert_eq!(enter(subject, Some(RoleId::USER)), Ok(()), "the subject of a request");
}

#[test]
fn settings_that_would_lock_out_the_author_are_refused() {
    let sue = super_admin(&standard());
    let why = Box::new(Refusal::MfaRequired);
    assert_eq!(update_security(&sue, strict(), now()), Err(Refusal::WouldLockOutCaller(why)));
    let satisfied = Some(authn(&["mfa"], 0, "192.0.2.1"));
    let sue = Standing { person: Person { authn: satisfied, ..person("sue") }, ..sue };
    assert_eq!(update_security(&sue, strict(), now()).unwrap().security, strict());
}

#[test]
fn equal_settings_keep_the_version() {
    let org = standard();
    let sue = super_admin(&org);
    assert_eq!(update_security(&sue, org.security.clone(), in_days(1)), Ok(org.clone()));
    let wanted = Security { event_retention_days: 30, ..Security::default() };
    let version = org.version.next(in_days(1));
    let expected = Organization { security: wanted.clone(), version, ..org };
    assert_eq!(update_security(&sue, wanted, in_days(1)), Ok(expected));
}
