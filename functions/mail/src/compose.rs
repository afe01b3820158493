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
        | Notification::Removed { .. }
        | Notification::AlertAddressAdded { .. }
        | Notification::SuperAdminTransferred { .. }
        | Notification::SuperAdminReceived { .. } => about_member(mail, portal),
        Notification::AccessExpiring { .. }
        | Notification::GrantedAccessExpiring { .. }
        | Notification::GrantedAccessesExpiring { .. } => about_access(mail, portal),
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
        Notification::AccountReplaced => {
            (Text::AccountReplaced, vec![("link", portal.organization(mail.org))])
        }
        Notification::MemberReconnected { member } => {
            let link = ("link", portal.organization(mail.org));
            (Text::MemberReconnected, vec![("member", shown(member)), link])
        }
        Notification::SecurityReset => {
            (Text::SecurityReset, vec![("link", portal.organization(mail.org))])
        }
        Notification::RequestEnded => (Text::RequestEnded, vec![]),
        Notification::RequestVoid => (Text::RequestVoid, vec![]),
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
    let (text, sending, role, until, end, by) = match &mail.notification {
        Notification::Invited { sending, role, until, access_end, by } => {
            (Text::Invited, sending, role, until, access_end, by)
        }
        Notification::InvitationExpiring { sending, role, until, access_end, by } => {
            (Text::InvitationExpiring, sending, role, until, access_end, by)
        }
        Notification::InvitationAccepted { by, role, access_end } => {
            let end = ("access_end", access_end_in(*access_end, language));
            let values = [("by", shown(by)), ("role", role.clone()), end, organization];
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
        ("access_end", access_end_in(*end, language)),
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
        Notification::RoleChanged { role, access_end, by } => {
            let end = ("access_end", access_end_in(*access_end, language));
            let values = [("by", author(by, language)), ("role", role.clone()), end, organization];
            (Text::RoleChanged, values.into())
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

fn about_access(mail: &OutgoingMail, portal: &Portal) -> (Text, Values) {
    let language = mail.language;
    let organization = ("link", portal.organization(mail.org));
    let until = |until: &Timestamp| ("until", date_and_time(*until, language));
    match &mail.notification {
        Notification::GrantedAccessExpiring { member, role, until: end } => {
            let values = [("member", shown(member)), ("role", role.clone())];
            let values = values.into_iter().chain([until(end), organization]);
            (Text::GrantedAccessExpiring, values.collect())
        }
        Notification::GrantedAccessesExpiring { members, more, until: end } => {
            let count = ("count", count(members, *more, language));
            let people = ("people", listed(members, *more, language));
            (Text::GrantedAccessesExpiring, vec![count, people, until(end), organization])
        }
        Notification::AccessExpiring { role, until: end } => {
            (Text::AccessExpiring, vec![("role", role.clone()), until(end), organization])
        }
        // `draft` passes no others.
        _ => (Text::AccessExpiring, vec![]),
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

/// The sentence about the end of access, empty if it has none.
fn access_end_in(end: Option<Timestamp>, language: Language) -> String {
    let sentence =
        |end| Phrase::AccessEnd.with(language, &[("until", &date_and_time(end, language))]);
    end.map(sentence).unwrap_or_default()
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
