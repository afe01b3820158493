//! From a letter to a mail: which template, with which values.

use jiff::Timestamp;
use shared::domain::{Email, Letter, Notice};

use super::{
    Portal,
    template::{Parts, fill},
};

/// A mail, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) to: Email,
    pub(crate) parts: Parts,
}

impl Mail {
    /// Writes a letter.
    pub(crate) fn of(letter: &Letter, portal: &Portal) -> Self {
        let (template, mut values) = told(letter, portal);
        values.push(("organization", letter.organization.to_string()));
        values.push(("recipient", letter.to.as_str().to_owned()));
        Self { to: letter.to.clone(), parts: fill(template, &values) }
    }
}

type Values = Vec<(&'static str, String)>;

/// The template of a notice, and what only this notice says.
fn told(letter: &Letter, portal: &Portal) -> (&'static str, Values) {
    let org = letter.org;
    let organization = ("link", portal.organization(org));
    let address = |email: &Email| email.as_str().to_owned();
    match &letter.notice {
        Notice::Invited { invitation, role, until, by } => {
            let by = by.as_ref().map_or_else(|| "The platform's staff".to_owned(), address);
            let link = portal.invitation(org, *invitation);
            let values =
                [("by", by), ("role", role.clone()), ("until", day(*until)), ("link", link)];
            (include_str!("../../templates/invited.txt"), values.into())
        }
        Notice::RequestReceived => (include_str!("../../templates/request_received.txt"), vec![]),
        Notice::RequestToDecide { from } => {
            let values = [("from", address(from)), ("link", portal.join_requests(org))];
            (include_str!("../../templates/request_to_decide.txt"), values.into())
        }
        Notice::RequestApproved => {
            (include_str!("../../templates/request_approved.txt"), vec![organization])
        }
        Notice::RequestDeclined => (include_str!("../../templates/request_declined.txt"), vec![]),
        Notice::HandedOver { to } => {
            let values = [("to", address(to)), organization];
            (include_str!("../../templates/handed_over.txt"), values.into())
        }
        Notice::TookOver { from } => {
            let from = from.as_ref().map_or_else(|| "The former Super Admin".to_owned(), address);
            (include_str!("../../templates/took_over.txt"), vec![("from", from), organization])
        }
    }
}

/// `28 November 2026, 12:00 UTC`
fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y, %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use shared::domain::{InvitationId, Name, OrgId};

    use super::*;

    fn notices() -> Vec<Notice> {
        let ada = Email::parse("ada@example.com").unwrap();
        vec![
            Notice::Invited {
                invitation: InvitationId::new(Timestamp::UNIX_EPOCH, 1),
                role: "User".to_owned(),
                until: Timestamp::UNIX_EPOCH,
                by: None,
            },
            Notice::RequestReceived,
            Notice::RequestToDecide { from: ada.clone() },
            Notice::RequestApproved,
            Notice::RequestDeclined,
            Notice::HandedOver { to: ada },
            Notice::TookOver { from: None },
        ]
    }

    #[test]
    fn every_mail_is_complete_and_its_own_words_need_no_escaping() {
        let portal = Portal::parse("https://portal.example.com").unwrap();
        for notice in notices() {
            let letter = Letter {
                to: Email::parse("bob@example.com").unwrap(),
                org: OrgId::new(Timestamp::UNIX_EPOCH, 1),
                organization: Name::parse("Acme", 100).unwrap(),
                notice,
            };
            let (template, _) = told(&letter, &portal);
            assert!(!template.contains(['<', '>', '&', '"', '\'']), "{template}");
            let Parts { subject, text, html } = Mail::of(&letter, &portal).parts;
            for part in [&subject, &text, &html] {
                assert!(!part.contains(['{', '}']) && part.contains("Acme"), "{part}");
            }
            assert_eq!(html.contains("<a "), text.contains("https://"), "{text}");
        }
    }

    #[test]
    fn a_time_is_written_out() {
        assert_eq!(day(Timestamp::UNIX_EPOCH), "1 January 1970, 00:00 UTC");
    }
}
