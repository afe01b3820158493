//! The content of a mail: the text of its notification, with the values.

use jiff::Timestamp;
use shared::domain::{Author, Language, NamedPerson, Notification, OutgoingMail};

use crate::{
    Brand, Portal,
    template::{Draft, MailContent, render},
    texts::{Phrase, Text},
};

/// The longest list of people, in bytes. With its end it fits a value of a mail.
const MAX_LISTED: usize = 270;

/// Composes a mail.
pub(crate) fn compose(mail: &OutgoingMail, portal: &Portal, brand: &Brand) -> MailContent {
    render(&draft(mail, portal), brand)
}

fn draft(mail: &OutgoingMail, portal: &Portal) -> Draft {
    let language = mail.language;
    let (text, mut values) = match &mail.notification {
        Notification::Invited { .. }
        | Notification::InvitationExpiring { .. }
        | Notification::InvitationRevoked
        | Notification::InvitationAccepted { .. }
        | Notification::InvitationsAccepted { .. } => about_invitation(mail, portal),
        Notification::RequestReceived
        | Notification::RequestToDecide { .. }
        | Notification::RequestsToDecide { .. }
        | Notification::RequestApproved
        | Notification::RequestDeclined => about_request(mail, portal),
        Notification::RoleChanged { .. }
        | Notification::AccessExpiring { .. }
        | Notification::Removed { .. }
        | Notification::AlertAddressAdded { .. }
        | Notification::SuperAdminTransferred { .. }
        | Notification::SuperAdminReceived { .. } => about_member(mail, portal),
        Notification::SuperAdminAssigned
        | Notification::SuperAdminReplaced { .. }
        | Notification::SuperAdminAppointed { .. } => about_appointment(mail, portal),
        Notification::ServicesWithoutKeeper { keeper, services, more } => {
            let services = ("services", listed(services, *more, language));
            let link = ("link", portal.organization(mail.org));
            (
                Text::ServicesWithoutKeeper,
                vec![("keeper", author(keeper, language)), services, link],
            )
        }
        Notification::MembershipEnded => (Text::MembershipEnded, vec![]),
        Notification::InvitationVoid => (Text::InvitationVoid, vec![]),
        Notification::OrganizationSuspended { reason } => {
            (Text::OrganizationSuspended, vec![("reason", reason.clone())])
        }
        Notification::OrganizationResumed => {
            (Text::OrganizationResumed, vec![("link", portal.organization(mail.org))])
        }
    };
    values.push(("organization", mail.organization.to_string()));
    values.push(("recipient", mail.to.as_str().to_owned()));
    Draft { text, language, values }
}

type Values = Vec<(&'static str, String)>;

fn about_invitation(mail: &OutgoingMail, portal: &Portal) -> (Text, Values) {
    let (org, language) = (mail.org, mail.language);
    let organization = ("link", portal.organization(org));
    let (text, sending, role, until, by) = match &mail.notification {
        Notification::Invited { sending, role, until, by } => {
            (Text::Invited, sending, role, until, by)
        }
        Notification::InvitationExpiring { sending, role, until, by } => {
            (Text::InvitationExpiring, sending, role, until, by)
        }
        Notification::InvitationAccepted { by, role } => {
            let values =
                [("by", shown(by)), ("address", address(by)), ("role", role.clone()), organization];
            return (Text::InvitationAccepted, values.into());
        }
        Notification::InvitationsAccepted { by, more } => {
            let (count, people) = (count(by, *more, language), listed(by, *more, language));
            let values = [("count", count), ("people", people), organization];
            return (Text::InvitationsAccepted, values.into());
        }
        _ => return (Text::InvitationRevoked, vec![]),
    };
    let values = [
        ("by", author(by, language)),
        ("role", role.clone()),
        ("until", date_and_time(*until, language)),
        ("link", portal.invitation(org, sending.invitation)),
    ];
    (text, values.into())
}

fn about_request(mail: &OutgoingMail, portal: &Portal) -> (Text, Values) {
    let (org, language) = (mail.org, mail.language);
    let requests = ("link", portal.join_requests(org));
    match &mail.notification {
        Notification::RequestToDecide { from } => {
            let address = ("address", address(from));
            (Text::RequestToDecide, vec![("from", shown(from)), address, requests])
        }
        Notification::RequestsToDecide { from, more } => {
            let count = from.len().to_string();
            let count =
                if *more { Phrase::MoreThan.with(language, &[("count", &count)]) } else { count };
            let people = ("people", listed(from, *more, language));
            (Text::RequestsToDecide, vec![("count", count), people, requests])
        }
        Notification::RequestApproved => {
            (Text::RequestApproved, vec![("link", portal.organization(org))])
        }
        Notification::RequestDeclined => (Text::RequestDeclined, vec![]),
        _ => (Text::RequestReceived, vec![]),
    }
}

fn about_member(mail: &OutgoingMail, portal: &Portal) -> (Text, Values) {
    let language = mail.language;
    let organization = ("link", portal.organization(mail.org));
    match &mail.notification {
        Notification::RoleChanged { role, by } => {
            let values = [("by", author(by, language)), ("role", role.clone()), organization];
            (Text::RoleChanged, values.into())
        }
        Notification::AccessExpiring { member, role, until } => {
            let until = date_and_time(*until, language);
            let values = [("member", shown(member)), ("role", role.clone()), ("until", until)];
            (Text::AccessExpiring, values.into_iter().chain([organization]).collect())
        }
        Notification::AlertAddressAdded { by } => {
            (Text::AlertAddressAdded, vec![("by", author(by, language))])
        }
        Notification::SuperAdminTransferred { to } => {
            (Text::HandedOver, vec![("to", shown(to)), organization])
        }
        Notification::SuperAdminReceived { from } => {
            let unknown = || Phrase::FormerSuperAdmin.of(language).to_owned();
            let from = from.as_ref().map_or_else(unknown, shown);
            (Text::TookOver, vec![("from", from), organization])
        }
        Notification::Removed { by } => (Text::Removed, vec![("by", author(by, language))]),
        // `draft` passes no others.
        _ => (Text::Removed, vec![]),
    }
}

fn about_appointment(mail: &OutgoingMail, portal: &Portal) -> (Text, Values) {
    let organization = ("link", portal.organization(mail.org));
    match &mail.notification {
        Notification::SuperAdminReplaced { new } => {
            (Text::SuperAdminReplaced, vec![("new", shown(new)), organization])
        }
        Notification::SuperAdminAppointed { new } => {
            (Text::SuperAdminAppointed, vec![("new", shown(new)), organization])
        }
        _ => (Text::NewSuperAdmin, vec![organization]),
    }
}

/// A person as a mail shows them: `Ada Lovelace (ada@example.com)`. The address is verified, the name is
/// not, so it never stands alone. A user manager chose the name of a service, which has no address.
fn shown(person: &NamedPerson) -> String {
    match (&person.name, &person.email) {
        (Some(name), Some(email)) => format!("{name} ({email})"),
        // A service.
        (Some(name), None) => name.to_string(),
        (None, _) => address(person),
    }
}

fn address(person: &NamedPerson) -> String {
    person.email.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn author(by: &Author, language: Language) -> String {
    match by {
        Author::Person(person) => shown(person),
        Author::Erased => Phrase::Erased.of(language).to_owned(),
        Author::Platform => Phrase::Platform.of(language).to_owned(),
    }
}

/// The number of people, `More than 20` if there are more than these.
fn count(people: &[NamedPerson], more: bool, language: Language) -> String {
    let count = people.len().to_string();
    if more { Phrase::MoreThan.with(language, &[("count", &count)]) } else { count }
}

/// The people, as many as a value of a mail can hold. The list ends with "and others" if it leaves some
/// out, or if there are more than these.
fn listed(people: &[NamedPerson], more: bool, language: Language) -> String {
    let (mut listed, mut left_out) = (String::new(), more);
    for person in people.iter().map(shown) {
        if listed.len() + person.len() > MAX_LISTED {
            left_out = true;
            break;
        }
        listed += if listed.is_empty() { "" } else { ", " };
        listed += &person;
    }
    if left_out { Phrase::AndOthers.with(language, &[("people", &listed)]) } else { listed }
}

/// A time such as `28 November 2026, 12:00 UTC`.
fn date_and_time(at: Timestamp, language: Language) -> String {
    let part = |format: &str| at.strftime(format).to_string();
    let month = part("%-m").parse::<usize>().unwrap_or(1).saturating_sub(1);
    let month = Phrase::Months.of(language).split(' ').nth(month).unwrap_or_default();
    let (day, year, clock) = (part("%-d"), part("%Y"), part("%H:%M"));
    let values = [("day", day.as_str()), ("month", month), ("year", &year), ("clock", &clock)];
    Phrase::Time.with(language, &values)
}

#[cfg(test)]
#[path = "compose/tests.rs"]
mod tests;
