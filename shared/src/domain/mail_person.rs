//! People and services as a mail names them.

use super::{Email, JoinRequest, Member, Name, PersonLabel, fold, text::plain};

/// The longest name of a person in a mail, in characters. Longer ones are cut.
pub const MAX_MAILED_NAME: usize = 60;

/// A person or a service as a mail names them. A person has an address, and perhaps a name that
/// they or an administrator chose; a service has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailPerson {
    /// The name, if it is one that a mail can show.
    pub name: Option<Name>,
    /// The verified address. `None` for a service.
    pub email: Option<Email>,
}

impl MailPerson {
    /// A person with this name and address. A name that could be taken for an address, or that a
    /// mail program would turn into a link, is left out.
    pub fn new(name: Option<&str>, email: Email) -> Self {
        let name = name.and_then(mailed);
        Self { name: name.filter(|name| !looks_like_address(name.as_str())), email: Some(email) }
    }

    /// A service, whose name a user manager chose.
    fn service(name: &str) -> Self {
        Self { name: mailed(name), email: None }
    }

    /// A member, with the display name that a user manager gave them, if there is one.
    pub fn member(member: &Member) -> Self {
        let name = member.display_name.as_ref().map(Name::as_str).or(member.name.as_deref());
        match &member.email {
            Some(email) => Self::new(name, email.clone()),
            None => Self::service(name.unwrap_or_default()),
        }
    }

    /// The person who asks to join.
    pub fn requester(request: &JoinRequest) -> Self {
        Self::new(request.name.as_deref(), request.email.clone())
    }

    /// A person or service that an organization knows. `None` if they were erased (ERA1).
    pub fn of_label(person: PersonLabel) -> Option<Self> {
        match person {
            PersonLabel::Known { name, email } => Some(Self::new(name.as_deref(), email)),
            PersonLabel::Service { name } => Some(Self::service(&name)),
            PersonLabel::Erased => None,
        }
    }
}

/// The person who caused a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// A person in the organization.
    Person(MailPerson),
    /// A person that an operator has erased, or whose name is no longer stored (ERA1).
    Erased,
    /// An operator. Customers do not see the names of operators (ERA2).
    Platform,
}

/// A name of at most [`MAX_MAILED_NAME`] characters, of which the last is `…` if it is cut.
fn mailed(name: &str) -> Option<Name> {
    let whole = Name::cleaned(name, usize::MAX)?;
    if whole.as_str().chars().count() <= MAX_MAILED_NAME {
        return Some(whole);
    }
    let cut: String = whole.as_str().chars().take(MAX_MAILED_NAME - 1).collect();
    Name::cleaned(&format!("{}…", cut.trim_end()), MAX_MAILED_NAME)
}

/// Whether a name contains a character of addresses, or a dot before two letters, as in
/// `example.com`.
fn looks_like_address(name: &str) -> bool {
    let folded: Vec<char> = plain(&fold(name)).chars().collect();
    let is_of_address = |c: &char| matches!(c, '@' | '/' | '\\' | ':');
    folded.iter().any(is_of_address)
        || folded.windows(4).any(|window| match window {
            [before, '.', first, second] => {
                before.is_alphanumeric() && first.is_alphabetic() && second.is_alphabetic()
            }
            _ => false,
        })
}
