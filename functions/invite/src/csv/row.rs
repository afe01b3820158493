//! A row of a file, and the invitation that it asks for.

use shared::{
    domain::{BuiltIn, DEFAULT_DAYS, Language, MAX_DAYS, RoleId, fold},
    store::RoleNames,
};

use super::{access_end, invalid};
use crate::batch_request::{InvitationItem, ItemPlace, Terms};

/// The statuses of accounts that are not in use, of Atlassian, Google, Slack, Okta, Entra ID and
/// common directories of staff, in English and German.
const NOT_IN_USE: [&str; 19] = [
    "archived",
    "blocked",
    // A program of Slack, whose address no one reads.
    "bot",
    "deactivated",
    "deleted",
    "deprovisioned",
    "disabled",
    "inactive",
    "suspended",
    "terminated",
    "deaktiviert",
    "gelöscht",
    "gesperrt",
    "inaktiv",
    "0",
    "false",
    "falsch",
    "nein",
    "no",
];
/// The values that say that an account is blocked.
const IS_BLOCKED: [&str; 3] = ["1", "true", "yes"];
/// The types of members of a group that are no person: a group within the group, and everyone in
/// the organization.
const NO_PERSON: [&str; 2] = ["group", "customer"];

/// A row, with its number in a spreadsheet.
pub(super) struct CsvRow {
    pub(super) nth: u64,
    pub(super) email: String,
    /// The values of the columns with the role, the best first.
    pub(super) roles: Vec<String>,
    pub(super) days: Option<String>,
    pub(super) access_end: Option<String>,
    pub(super) language: Option<String>,
    pub(super) member_type: Option<String>,
    /// The cells of all columns that say whether the account is in use.
    pub(super) statuses: Vec<NamedCell>,
    pub(super) blocked: Vec<NamedCell>,
}

/// A cell, and the name of its column as the file has it.
pub(super) struct NamedCell {
    pub(super) column: String,
    pub(super) value: String,
}

impl CsvRow {
    pub(super) fn item(self, names: Option<&RoleNames>) -> InvitationItem {
        let terms = self
            .terms(names)
            .map_err(|(column, detail)| invalid(&format!("/rows/{}/{column}", self.nth), &detail));
        InvitationItem { place: ItemPlace::Row(self.nth), email: self.email, terms }
    }

    /// The role of the row. An export of another organization has ids that are unknown here, with
    /// names that may be known. If a row has no more than such an id, the id is checked as in JSON.
    fn role(&self, names: Option<&RoleNames>) -> Option<RoleId> {
        let mut unknown = None;
        for text in &self.roles {
            match text.parse::<RoleId>().ok().and_then(RoleId::custom) {
                Some(id) if !names.is_some_and(|names| names.contains(id)) => unknown = Some(id),
                Some(id) => return Some(RoleId::Custom(id)),
                None => return built_in(text).or_else(|| names?.named(text)),
            }
        }
        Some(unknown.map_or(RoleId::USER, RoleId::Custom))
    }

    /// Refuses a row that is no person, or one whose account is out of use.
    fn check_person(&self) -> Result<(), (&'static str, String)> {
        if let Some(kind) = self.member_type.iter().find(|kind| is_one_of(&NO_PERSON, kind)) {
            let detail = format!(
                "is \u{201c}{kind}\u{201d}, which is no person. Remove the row, and invite the people by \
                 their own addresses"
            );
            return Err(("member_type", detail));
        }
        if self.email.is_empty() {
            let detail = "has no address. A service is not invited: add it as a service";
            return Err(("email", detail.to_owned()));
        }
        let not_in_use = self.statuses.iter().find(|cell| is_one_of(&NOT_IN_USE, &cell.value));
        let blocked = self.blocked.iter().find(|cell| is_one_of(&IS_BLOCKED, &cell.value));
        let Some(NamedCell { column, value }) = not_in_use.or(blocked) else { return Ok(()) };
        let detail = format!(
            "the column \u{201c}{column}\u{201d} has \u{201c}{value}\u{201d}, so the account is not in use. \
             Empty the cell to invite the person"
        );
        Err(("status", detail))
    }

    pub(super) fn terms(&self, names: Option<&RoleNames>) -> Result<Terms, (&'static str, String)> {
        self.check_person()?;
        let role_id = self.role(names).ok_or_else(|| {
            let detail = "must be the name or the id of a role of this organization. If the column \
                          has other texts, such as job titles, rename it or leave it out: the rows then \
                          invite to the role User";
            ("role", detail.to_owned())
        })?;
        let days = self.days.as_deref().map_or(Some(DEFAULT_DAYS), |text| text.parse().ok());
        let days = days.filter(|days| (1..=MAX_DAYS).contains(days)).ok_or_else(|| {
            ("expires_in_days", format!("must be a whole number from 1 to {MAX_DAYS}"))
        })?;
        let access_end = self.access_end.as_deref().map(access_end::parse).transpose();
        let access_expires_at = access_end.map_err(|detail| ("access_expires_at", detail))?;
        let language = self.language.as_deref().and_then(language_of);
        Ok(Terms { role_id, days, access_expires_at, language })
    }
}

fn is_one_of(values: &[&str], cell: &str) -> bool {
    values.iter().any(|value| fold(value) == fold(cell))
}

/// The built-in role with this id or name.
pub(super) fn built_in(text: &str) -> Option<RoleId> {
    let mut roles = BuiltIn::ALL.into_iter();
    let by_name = || roles.find(|role| fold(role.name()) == fold(text)).map(RoleId::BuiltIn);
    text.parse().ok().filter(|id: &RoleId| id.custom().is_none()).or_else(by_name)
}

/// The language of a tag such as `de-CH`, or of a name. `None` if no mails are written in it.
fn language_of(text: &str) -> Option<Language> {
    match text.to_lowercase().as_str() {
        "english" | "englisch" => Some(Language::English),
        "german" | "deutsch" => Some(Language::German),
        tag => Language::of_tag(tag),
    }
}
