//! The content of a mail: the text of its notification, with the values.

use jiff::Timestamp;
use shared::domain::{Author, Concern, Language, MailPerson, Notification, OutgoingMail};

use crate::{
    Brand, Portal,
    template::{Draft, MailContent, render},
    texts::{Phrase, Text},
};

/// The longest list of names, in bytes. With its end it fits a value of a mail.
const MAX_LISTED: usize = 270;

/// Composes a mail.
pub(crate) fn compose(mail: &OutgoingMail, portal: &Portal, brand: &Brand) -> MailContent {
    render(&draft(mail, portal), brand)
}

fn draft(mail: &OutgoingMail, portal: &Portal) -> Draft {
    let mut values = values(mail, portal);
    values.push(("organization", mail.organization.to_string()));
    values.push(("recipient", mail.to.as_str().to_owned()));
    Draft { text: text(&mail.notification), language: mail.language, values }
}

/// The text of a mail. Each notification has its own, and so has an offboarding from a single
/// organization.
fn text(notification: &Notification) -> Text {
    match notification {
        Notification::Offboarded { organizations, more: false, .. } if organizations.len() == 1 => {
            Text::OffboardedFromOne
        }
        other => other.into(),
    }
}

type TextValues = Vec<(&'static str, String)>;

/// Why a mail about the access of others reaches its recipient.
fn reason(concern: Concern, language: Language) -> (&'static str, String) {
    let phrase = match concern {
        Concern::Granted => Phrase::Granted,
        Concern::Kept => Phrase::Kept,
        Concern::GrantedOrKept => Phrase::GrantedOrKept,
    };
    ("reason", phrase.in_language(language).to_owned())
}

/// The values of the placeholders in the text, without those that every mail has.
fn values(mail: &OutgoingMail, portal: &Portal) -> TextValues {
    use Notification as N;
    let org = mail.org;
    let language = mail.language;
    let author = |by: &Author| author(by, language);
    let time = |at: &Timestamp| date_and_time(*at, language);
    let ending = |end: &Option<Timestamp>| ("access_end", access_end_in(*end, language));
    let list = |people: &[_], more: &bool| List::of(people.iter().map(shown), *more, language).text;
    let number = |people: &[_], more: &bool| ("count", count(people, *more, language));
    let organization = ("link", portal.organization(org));
    let requests = ("link", portal.join_requests(org));
    match &mail.notification {
        N::Invited { sending, role, until, access_end, by }
        | N::InvitationExpiring { sending, role, until, access_end, by } => {
            let link = ("link", portal.invitation(org, sending.invitation));
            let offer = [("role", role.clone()), ("until", time(until)), ending(access_end)];
            [("by", author(by)), link].into_iter().chain(offer).collect()
        }
        N::InvitationAccepted { by, role, access_end } => {
            vec![("by", shown(by)), ("role", role.clone()), ending(access_end), organization]
        }
        N::InvitationsAccepted { by, more } => {
            vec![number(by, more), ("people", list(by, more)), organization]
        }
        N::RequestToDecide { from } => {
            vec![("from", shown(from)), ("address", address(from)), requests]
        }
        N::RequestsToDecide { from, more } => {
            vec![number(from, more), ("people", list(from, more)), requests]
        }
        N::RoleChanged { role, access_end, by } => {
            vec![("by", author(by)), ("role", role.clone()), ending(access_end), organization]
        }
        N::RequestApproved { role, by } => {
            vec![("by", author(by)), ("role", role.clone()), organization]
        }
        N::Removed { by }
        | N::AlertAddressAdded { by }
        | N::MembershipEnded { by }
        | N::InvitationRevoked { by }
        | N::RequestDeclined { by } => vec![("by", author(by))],
        N::AccessExpiring { role, until } => {
            vec![("role", role.clone()), ("until", time(until)), organization]
        }
        N::GrantedAccessExpiring { member, role, until, concern } => {
            let member = ("member", shown(member));
            let reason = reason(*concern, language);
            vec![member, ("role", role.clone()), ("until", time(until)), organization, reason]
        }
        N::GrantedAccessesExpiring { members, more, until, concern } => {
            let people = ("people", list(members, more));
            let reason = reason(*concern, language);
            vec![number(members, more), people, ("until", time(until)), organization, reason]
        }
        N::SuperAdminTransferred { to } => vec![("to", shown(to)), organization],
        N::SuperAdminReceived { from } => {
            let unknown = || Phrase::FormerSuperAdmin.in_language(language).to_owned();
            vec![("from", from.as_ref().map_or_else(unknown, shown)), organization]
        }
        N::SuperAdminReplaced { new } | N::SuperAdminAppointed { new } => {
            vec![("new", shown(new)), organization]
        }
        N::ServicesWithoutKeeper { keeper, services, more } => {
            vec![("keeper", author(keeper)), ("services", list(services, more)), organization]
        }
        N::Offboarded { organizations, more, ended } => {
            let names = organizations.iter().map(ToString::to_string);
            let List { text, is_cut } = List::of(names, *more, language);
            let count = ended.to_string();
            let in_all = || Phrase::InAll.with(language, &[("count", &count)]);
            vec![("organizations", text), ("in_all", is_cut.then(in_all).unwrap_or_default())]
        }
        N::OrganizationSuspended { reason } => vec![("reason", reason.clone())],
        N::MemberReconnected { member } => vec![("member", shown(member)), organization],
        N::SuperAdminAssigned | N::AccountReplaced | N::SecurityReset | N::OrganizationResumed => {
            vec![organization]
        }
        N::InvitationVoid | N::RequestReceived | N::RequestVoid => vec![],
    }
}

/// A person as a mail shows them: `Ada Lovelace (ada@example.com)`. The address is verified, the
/// name is not, so it is never shown alone. A user manager chose the name of a service, which has
/// no address.
fn shown(person: &MailPerson) -> String {
    match (&person.name, &person.email) {
        (Some(name), Some(email)) => format!("{name} ({email})"),
        // A service.
        (Some(name), None) => name.to_string(),
        (None, _) => address(person),
    }
}

fn address(person: &MailPerson) -> String {
    person.email.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn author(by: &Author, language: Language) -> String {
    match by {
        Author::Person(person) => shown(person),
        Author::Erased => Phrase::Erased.in_language(language).to_owned(),
        Author::Platform => Phrase::Platform.in_language(language).to_owned(),
    }
}

/// The number of people, `More than 20` if there are more than these.
fn count(people: &[MailPerson], more: bool, language: Language) -> String {
    let count = people.len().to_string();
    if more { Phrase::MoreThan.with(language, &[("count", &count)]) } else { count }
}

/// A list of names, as many as a value of a mail can hold.
struct List {
    text: String,
    /// Whether the text leaves names out. It then ends with "and others".
    is_cut: bool,
}

impl List {
    /// The list of `names`. If there are `more` than these, it leaves them out.
    fn of(names: impl Iterator<Item = String>, more: bool, language: Language) -> Self {
        let mut text = String::new();
        let mut is_cut = more;
        for name in names {
            if text.len() + name.len() > MAX_LISTED {
                is_cut = true;
                break;
            }
            text += if text.is_empty() { "" } else { ", " };
            text += &name;
        }
        if is_cut {
            text = Phrase::AndOthers.with(language, &[("people", &text)]);
        }
        Self { text, is_cut }
    }
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
    let month = Phrase::Months.in_language(language).split(' ').nth(month).unwrap_or_default();
    let (day, year, clock) = (part("%-d"), part("%Y"), part("%H:%M"));
    let values = [("day", day.as_str()), ("month", month), ("year", &year), ("clock", &clock)];
    Phrase::Time.with(language, &values)
}

#[cfg(test)]
#[path = "compose/tests.rs"]
mod tests;
