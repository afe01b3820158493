//! The texts of mails in each language: a file for each mail, and a file of phrases. A text that a
//! language lacks does not compile, and a test compares placeholders and phrases.

use shared::domain::{Language, Notification};

macro_rules! texts {
    ($other:ident = $other_file:literal; $($name:ident = $file:literal,)*) => {
        /// The text of a mail: one for each notification, and one for a special case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Text { $($name,)* $other }

        impl From<&Notification> for Text {
            fn from(notification: &Notification) -> Self {
                match notification { $(Notification::$name { .. } => Self::$name,)* }
            }
        }

        impl Text {
            /// All texts.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)* Self::$other];

            /// The text in a language: the subject, then paragraphs.
            pub(crate) fn in_language(self, language: Language) -> &'static str {
                match (self, language) { $(
                    (Self::$name, Language::English) => {
                        include_str!(concat!("../templates/en/", $file, ".txt"))
                    }
                    (Self::$name, Language::German) => {
                        include_str!(concat!("../templates/de/", $file, ".txt"))
                    }
                )*
                    (Self::$other, Language::English) => {
                        include_str!(concat!("../templates/en/", $other_file, ".txt"))
                    }
                    (Self::$other, Language::German) => {
                        include_str!(concat!("../templates/de/", $other_file, ".txt"))
                    }
                }
            }
        }
    };
}

texts! {
    OffboardedFromOne = "offboarded_from_one";
    AccessExpiring = "access_expiring",
    AccountReplaced = "account_replaced",
    AlertAddressAdded = "alert_address_added",
    GrantedAccessExpiring = "granted_access_expiring",
    GrantedAccessesExpiring = "granted_accesses_expiring",
    InvitationAccepted = "invitation_accepted",
    InvitationExpiring = "invitation_expiring",
    InvitationRevoked = "invitation_revoked",
    InvitationVoid = "invitation_void",
    InvitationsAccepted = "invitations_accepted",
    Invited = "invited",
    MemberReconnected = "member_reconnected",
    MembershipEnded = "membership_ended",
    Offboarded = "offboarded",
    OrganizationResumed = "organization_resumed",
    OrganizationSuspended = "organization_suspended",
    Removed = "removed",
    RequestApproved = "request_approved",
    RequestDeclined = "request_declined",
    RequestReceived = "request_received",
    RequestToDecide = "request_to_decide",
    RequestVoid = "request_void",
    RequestsToDecide = "requests_to_decide",
    RoleChanged = "role_changed",
    SecurityReset = "security_reset",
    ServicesWithoutKeeper = "services_without_keeper",
    SuperAdminAppointed = "super_admin_appointed",
    SuperAdminAssigned = "super_admin_assigned",
    SuperAdminReceived = "super_admin_received",
    SuperAdminReplaced = "super_admin_replaced",
    SuperAdminTransferred = "super_admin_transferred",
}

macro_rules! phrases {
    ($($name:ident = $key:literal,)*) => {
        /// A short text that several mails share.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Phrase { $($name,)* }

        impl Phrase {
            /// All phrases.
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name of the phrase in the files.
            fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }
    };
}

phrases! {
    AccessEnd = "access_end",
    AndOthers = "and_others",
    Erased = "erased",
    FormerSuperAdmin = "former_super_admin",
    Granted = "granted",
    GrantedOrKept = "granted_or_kept",
    InAll = "in_all",
    Kept = "kept",
    LinkHint = "link_hint",
    Months = "months",
    MoreThan = "more_than",
    Platform = "platform",
    SentBy = "sent_by",
    Support = "support",
    Time = "time",
}

impl Phrase {
    /// The phrase in a language. It can have placeholders.
    pub(crate) fn in_language(self, language: Language) -> &'static str {
        let mut lines = phrases_of(language).lines().filter_map(|line| line.split_once(": "));
        // INVARIANT: a test finds every phrase in every language.
        lines.find(|(key, _)| *key == self.key()).map_or("", |(_, text)| text)
    }

    /// The phrase in a language, with these values in it.
    pub(crate) fn with(self, language: Language, values: &[(&str, &str)]) -> String {
        let insert = |text: String, (name, value): &(&str, &str)| {
            text.replace(&format!("{{{name}}}"), value)
        };
        values.iter().fold(self.in_language(language).to_owned(), insert)
    }
}

fn phrases_of(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../templates/en/phrases.txt"),
        Language::German => include_str!("../templates/de/phrases.txt"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names in braces in a text.
    fn placeholders(text: &str) -> BTreeSet<&str> {
        let pieces = text.split('{').skip(1);
        pieces.map(|piece| piece.split_once('}').expect("a closing brace").0).collect()
    }

    fn links(text: &str) -> usize {
        text.split("\n\n").filter(|paragraph| paragraph.starts_with('[')).count()
    }

    #[test]
    fn every_mail_has_the_same_placeholders_and_links_in_every_language() {
        for &text in Text::ALL {
            let english = text.in_language(Language::English);
            for language in Language::ALL {
                let own = text.in_language(language);
                assert_eq!(placeholders(own), placeholders(english), "{text:?} {language:?}");
                assert_eq!(links(own), links(english), "{text:?} {language:?}");
                let (subject, body) = own.split_once("\n\n").expect("a subject and a body");
                assert!(!subject.contains('\n') && !body.trim().is_empty(), "{own}");
                // The texts themselves are not escaped.
                assert!(!own.contains(['<', '>', '&', '"', '\'']), "{own}");
            }
        }
    }

    #[test]
    fn every_phrase_is_in_every_language_with_the_same_placeholders_and_no_other_is() {
        let expected: Vec<_> = Phrase::ALL.iter().map(|phrase| phrase.key()).collect();
        for language in Language::ALL {
            let keys = phrases_of(language).lines().map(|line| line.split_once(": ").unwrap().0);
            assert_eq!(keys.collect::<BTreeSet<_>>(), expected.iter().copied().collect());
            for phrase in Phrase::ALL {
                let own = phrase.in_language(language);
                let english = phrase.in_language(Language::English);
                assert_eq!(placeholders(own), placeholders(english), "{phrase:?} {language:?}");
                assert!(!own.trim().is_empty(), "{phrase:?} {language:?}");
            }
            assert_eq!(Phrase::Months.in_language(language).split(' ').count(), 12);
        }
    }
}
