//! The content of a mail: the template of its notification, with the values.

use jiff::Timestamp;
use shared::domain::{Email, Notification, OutgoingMail};

use crate::{
    Portal,
    template::{MailContent, render},
};

/// The longest list of addresses, in bytes. With its end it fits a value of a mail.
const MAX_LISTED: usize = 280;

/// Composes a mail.
pub(crate) fn compose(mail: &OutgoingMail, portal: &Portal) -> MailContent {
    let Draft { template, mut values } = draft(mail, portal);
    values.push(("organization", mail.organization.to_string()));
    values.push(("recipient", mail.to.as_str().to_owned()));
    render(template, &values)
}

/// A template, and the values that only its notification has.
struct Draft {
    template: &'static str,
    values: Vec<(&'static str, String)>,
}

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("../templates/", $name, ".txt"))
    };
}

fn draft(mail: &OutgoingMail, portal: &Portal) -> Draft {
    let org = mail.org;
    let organization = ("link", portal.organization(org));
    let address = |email: &Email| email.as_str().to_owned();
    let (template, values) = match &mail.notification {
        Notification::Invited { sending, role, until, by } => {
            let by = by.as_ref().map_or_else(|| "The platform team".to_owned(), address);
            let link = portal.invitation(org, sending.invitation);
            let values = [
                ("by", by),
                ("role", role.clone()),
                ("until", date_and_time(*until)),
                ("link", link),
            ];
            (template!("invited"), values.into())
        }
        Notification::RequestReceived => (template!("request_received"), vec![]),
        Notification::RequestToDecide { from } => {
            let values = [("from", address(from)), ("link", portal.join_requests(org))];
            (template!("request_to_decide"), values.into())
        }
        Notification::RequestsToDecide { from, more } => {
            let count =
                if *more { format!("More than {}", from.len()) } else { from.len().to_string() };
            let values =
                [("count", count), ("from", listed(from)), ("link", portal.join_requests(org))];
            (template!("requests_to_decide"), values.into())
        }
        Notification::RequestApproved => (template!("request_approved"), vec![organization]),
        Notification::RequestDeclined => (template!("request_declined"), vec![]),
        Notification::SuperAdminTransferred { to } => {
            let values = [("to", address(to)), organization];
            (template!("handed_over"), values.into())
        }
        Notification::SuperAdminReceived { from } => {
            let from = from.as_ref().map_or_else(|| "The former Super Admin".to_owned(), address);
            (template!("took_over"), vec![("from", from), organization])
        }
    };
    Draft { template, values }
}

/// The addresses, as many as a value of a mail can hold.
fn listed(addresses: &[Email]) -> String {
    let mut listed = String::new();
    for address in addresses {
        if listed.len() + address.as_str().len() > MAX_LISTED {
            return listed + " and others";
        }
        listed += if listed.is_empty() { "" } else { ", " };
        listed += address.as_str();
    }
    listed
}

/// A time such as `28 November 2026, 12:00 UTC`.
fn date_and_time(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use shared::domain::{InvitationId, Name, OrgId, Sending};

    use super::*;

    fn notifications() -> Vec<Notification> {
        let ada = Email::parse("ada@example.com").unwrap();
        vec![
            Notification::Invited {
                sending: Sending {
                    invitation: InvitationId::new(Timestamp::UNIX_EPOCH, 1),
                    number: 1,
                },
                role: "User".to_owned(),
                until: Timestamp::UNIX_EPOCH,
                by: None,
            },
            Notification::RequestReceived,
            Notification::RequestToDecide { from: ada.clone() },
            Notification::RequestsToDecide { from: vec![ada.clone(), ada.clone()], more: false },
            Notification::RequestApproved,
            Notification::RequestDeclined,
            Notification::SuperAdminTransferred { to: ada },
            Notification::SuperAdminReceived { from: None },
        ]
    }

    #[test]
    fn every_mail_is_complete_and_its_template_needs_no_escaping() {
        let portal = Portal::parse("https://portal.example.com").unwrap();
        for notice in notifications() {
            let mail = OutgoingMail {
                to: Email::parse("bob@example.com").unwrap(),
                org: OrgId::new(Timestamp::UNIX_EPOCH, 1),
                organization: Name::parse("Acme", 100).unwrap(),
                notification: notice,
            };
            let Draft { template, .. } = draft(&mail, &portal);
            assert!(!template.contains(['<', '>', '&', '"', '\'']), "{template}");
            let MailContent { subject, text, html } = compose(&mail, &portal);
            for part in [&subject, &text, &html] {
                assert!(!part.contains(['{', '}']) && part.contains("Acme"), "{part}");
            }
            assert_eq!(html.contains("<a "), text.contains("https://"), "{text}");
        }
    }

    #[test]
    fn time_is_written_out() {
        assert_eq!(date_and_time(Timestamp::UNIX_EPOCH), "1 January 1970, 00:00 UTC");
    }
}
