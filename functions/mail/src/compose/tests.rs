use shared::domain::{Email, InvitationId, Name, OrgId, Sending};

use super::*;

fn ada() -> MailPerson {
    MailPerson::new(Some("Ada Lovelace"), Email::parse("ada@example.com").unwrap())
}

/// One notification of each kind. A new kind belongs here.
fn notifications() -> Vec<Notification> {
    let sending = Sending { invitation: InvitationId::new(Timestamp::UNIX_EPOCH, 1), number: 1 };
    let (role, until) = ("User".to_owned(), Timestamp::UNIX_EPOCH);
    let by = || Author::Person(ada());
    vec![
        Notification::Invited {
            sending,
            role: role.clone(),
            until,
            access_end: None,
            by: Author::Platform,
        },
        Notification::InvitationExpiring {
            sending,
            role: role.clone(),
            until,
            access_end: Some(until),
            by: by(),
        },
        Notification::InvitationRevoked { by: by() },
        Notification::InvitationAccepted { by: ada(), role: role.clone(), access_end: Some(until) },
        Notification::InvitationsAccepted { by: vec![ada(), ada()], more: false },
        Notification::RequestReceived,
        Notification::RequestToDecide { from: ada() },
        Notification::RequestsToDecide { from: vec![ada(), ada()], more: true },
        Notification::RequestApproved { role: role.clone(), by: by() },
        Notification::RequestDeclined { by: by() },
        Notification::AccessExpiring { role: role.clone(), until },
        Notification::GrantedAccessExpiring {
            member: ada(),
            role: role.clone(),
            until,
            concern: Concern::Kept,
        },
        Notification::GrantedAccessesExpiring {
            members: vec![ada(), ada()],
            more: true,
            until,
            concern: Concern::GrantedOrKept,
        },
        Notification::RoleChanged { role, access_end: None, by: by() },
        Notification::Removed { by: by() },
        Notification::AlertAddressAdded { by: Author::Erased },
        Notification::SuperAdminTransferred { to: ada() },
        Notification::SuperAdminReceived { from: None },
        Notification::SuperAdminAssigned,
        Notification::SuperAdminReplaced { new: ada() },
        Notification::SuperAdminAppointed { new: ada() },
        Notification::OrganizationSuspended { reason: "Unpaid invoices.".to_owned() },
        Notification::OrganizationResumed,
        Notification::ServicesWithoutKeeper { keeper: by(), services: vec![ada()], more: true },
        Notification::AccountReplaced,
        Notification::MemberReconnected { member: ada() },
        Notification::SecurityReset,
        Notification::Offboarded {
            organizations: ["Acme", "Globex"].map(|name| Name::parse(name, 100).unwrap()).to_vec(),
            more: true,
            ended: 3,
        },
        Notification::Offboarded {
            organizations: vec![Name::parse("Acme", 100).unwrap()],
            more: false,
            ended: 1,
        },
        Notification::RequestVoid,
        Notification::MembershipEnded { by: by() },
        Notification::InvitationVoid,
    ]
}

fn mail(notification: Notification, language: Language) -> OutgoingMail {
    OutgoingMail {
        to: Email::parse("bob@example.com").unwrap(),
        org: OrgId::new(Timestamp::UNIX_EPOCH, 1),
        organization: Name::parse("Acme", 100).unwrap(),
        language,
        notification,
    }
}

fn composed(mail: &OutgoingMail) -> MailContent {
    let portal = Portal::parse("https://portal.example.com").unwrap();
    compose(mail, &portal, &Brand::default())
}

#[test]
fn every_mail_is_complete_in_every_language() {
    let portal = Portal::parse("https://portal.example.com").unwrap();
    let texts: Vec<_> = notifications()
        .into_iter()
        .map(|kind| draft(&mail(kind, Language::English), &portal).text)
        .collect();
    for text in Text::ALL {
        assert_eq!(texts.iter().filter(|it| *it == text).count(), 1, "{text:?}");
    }
    for language in Language::ALL {
        for kind in notifications() {
            // A list of organizations does not fit a subject.
            let lists = matches!(kind, Notification::Offboarded { .. });
            let MailContent { subject, text, html } = composed(&mail(kind, language));
            assert!(!format!("{subject}{text}").contains(['{', '}', '[', ']']), "{text}");
            let (_, body) = html.split_once("</style>").unwrap();
            assert!(!body.contains(['{', '}']) && !html.contains("{s"), "{body}");
            assert!(lists || subject.contains("Acme"), "{subject}");
            for part in [&text, &html] {
                assert!(part.contains("Acme"), "{part}");
            }
            assert_eq!(html.contains("<a "), text.contains("https://"), "{text}");
            assert!(html.contains(&format!(r#"<html lang="{}">"#, language.tag())), "{html}");
        }
    }
}

#[test]
fn person_is_shown_with_name_and_address() {
    let removed = Notification::Removed { by: Author::Person(ada()) };
    let text = composed(&mail(removed, Language::English)).text;
    assert!(text.starts_with("Ada Lovelace (ada@example.com) removed you from Acme."), "{text}");
}

#[test]
fn subject_of_an_acceptance_names_the_person() {
    let role = "User".to_owned();
    let accepted = Notification::InvitationAccepted { by: ada(), role, access_end: None };
    let subject = composed(&mail(accepted, Language::English)).subject;
    assert_eq!(subject, "Ada Lovelace (ada@example.com) joined Acme");
}

/// A display name that looks like an address is left out: mail programs would turn it into a link.
#[test]
fn name_that_looks_like_an_address_is_left_out() {
    let email = || Email::parse("eve@example.com").unwrap();
    let named = |name: &str| shown(&MailPerson::new(Some(name), email()));
    for name in [
        "ada@example.com",
        "Ada (ada＠example.com)",
        "evil.example",
        "Pay at evil.example now",
        "evil。example",
        "a/b",
        "mailto:ada",
        "\u{202e}",
        "   ",
    ] {
        assert_eq!(named(name), "eve@example.com", "{name}");
    }
    for name in ["Eve", "J.R.R. Tolkien", "Zoë O'Neil, Ph. D.", "山田 太郎", "Eve (Sales)"] {
        assert_eq!(named(name), format!("{name} (eve@example.com)"));
    }
    assert_eq!(named("Eve\r\nBcc: ada"), "eve@example.com");
    assert_eq!(named(&"x".repeat(100)), format!("{}… (eve@example.com)", "x".repeat(59)));
}

#[test]
fn erased_person_and_operator_have_no_name() {
    for (by, english, german) in [
        (Author::Erased, "Erased person", "Eine gelöschte Person"),
        (Author::Platform, "The platform team", "Das Plattform-Team"),
    ] {
        for (language, expected) in [(Language::English, english), (Language::German, german)] {
            let removed = mail(Notification::Removed { by: by.clone() }, language);
            assert!(composed(&removed).text.starts_with(expected), "{expected}");
        }
    }
}

#[test]
fn mail_states_the_end_of_access_if_there_is_one() {
    let until: Timestamp = "2026-03-01T09:05:00Z".parse().unwrap();
    let changed = |access_end, language| {
        let by = Author::Person(ada());
        let changed = Notification::RoleChanged { role: "User".to_owned(), access_end, by };
        composed(&mail(changed, language)).text
    };
    let english = changed(Some(until), Language::English);
    assert!(english.contains("\n\nThis access ends on 1 March 2026, 09:05 UTC.\n\n"), "{english}");
    let german = changed(Some(until), Language::German);
    assert!(german.contains("Dieser Zugang endet am 1. März 2026, 09:05 Uhr (UTC)."), "{german}");
    let without = changed(None, Language::English);
    assert!(!without.contains("access ends") && !without.contains("\n\n\n"), "{without}");
}

#[test]
fn long_list_of_people_ends_with_others() {
    let people = vec![shown(&ada()); 20];
    let listed = List::of(people.into_iter(), false, Language::German).text;
    assert!(listed.ends_with("Ada Lovelace (ada@example.com) und weitere"), "{listed}");
    assert!(listed.chars().count() < 300, "{listed}");
}

#[test]
fn time_is_written_out_with_its_zone() {
    let at = "2026-03-01T09:05:00Z".parse().unwrap();
    assert_eq!(date_and_time(at, Language::English), "1 March 2026, 09:05 UTC");
    assert_eq!(date_and_time(at, Language::German), "1. März 2026, 09:05 Uhr (UTC)");
}

/// Writes every mail into `target/mails`, to look at in a browser:
/// `cargo test -p mail -- --ignored`.
#[test]
#[ignore = "writes files to look at"]
fn mails_are_written_to_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/mails");
    std::fs::create_dir_all(folder).unwrap();
    let portal = Portal::parse("https://portal.example.com").unwrap();
    let brand = Brand::parse(Some("Acme Portal"), None, Some("help@example.com")).unwrap();
    for language in Language::ALL {
        for kind in notifications() {
            let mail = mail(kind, language);
            let name = format!("{:?}-{}", draft(&mail, &portal).text, language.tag());
            let MailContent { text, html, .. } = compose(&mail, &portal, &brand);
            std::fs::write(format!("{folder}/{name}.html"), html).unwrap();
            std::fs::write(format!("{folder}/{name}.txt"), text).unwrap();
        }
    }
}
