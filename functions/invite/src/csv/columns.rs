//! The columns of a file that are known by their names.

use csv::StringRecord;
use shared::{domain::MAX_EMAIL, http::Problem};

use super::{
    invalid,
    row::{CsvRow, NamedCell},
    table::MAX_TITLE_LINES,
};

/// The columns with the address, the best first, as a refusal names them. Google calls it "Email
/// Address", "primaryEmail" or "E-mail 1 - Value", and "Member Email" in a group; Okta "Primary
/// email"; Exchange `PrimarySmtpAddress`; Workday "Email - Work"; our export "Email"; Entra ID
/// "mail" and, for people without one, "userPrincipalName". It is "email" in the exports of
/// Atlassian, `JumpCloud`, `OneLogin` and Slack.
const EMAIL: [&str; 15] = [
    "Email",
    "Email address",
    "Primary email",
    "Primary email address",
    "Work email",
    "Primary work email",
    "Email - Work",
    "E-mail 1 - Value",
    "E-Mail-Adresse",
    "Mailadresse",
    "Mail",
    "Primary SMTP address",
    "User email",
    "Member email",
    "User principal name",
];
/// The columns with the id or the name of the role. The "Member Role" of Google is one in a group.
const ROLE: [&str; 4] = ["roleid", "role", "rolename", "rolle"];
/// The columns that say whether an account is in use. Atlassian calls it "User status".
const STATUS: [&str; 4] = ["status", "userstatus", "accountenabled", "active"];
/// The columns that say whether an account is blocked, of Microsoft 365 and of Google and
/// `JumpCloud`.
const BLOCKED: [&str; 2] = ["blockcredential", "suspended"];
/// The column that says what is in a group of Google.
const MEMBER_TYPE: [&str; 1] = ["membertype"];
/// The column with the time to live.
const DAYS: [&str; 1] = ["expiresindays"];
/// The column with the end of the access: a time or a date. Our export calls it "Access ends at
/// (UTC)".
const ACCESS_END: [&str; 3] = ["accessexpiresat", "accessendsatutc", "accessendsat"];
/// The column with the language of the mails, as a tag or a name. Entra ID calls it
/// "preferredLanguage", with a region.
const LANGUAGE: [&str; 3] = ["language", "preferredlanguage", "sprache"];

/// The most bytes of a cell that are kept, because the outcome of a row repeats its address. A
/// longer cell is no address, no role and no time.
pub const MAX_CELL: usize = 4 * MAX_EMAIL + 4;

/// The places of the columns that are known, for each the best first, and those of the status in
/// the order of the file.
pub(super) struct Columns {
    email: Vec<usize>,
    role: Vec<usize>,
    days: Vec<usize>,
    access_end: Vec<usize>,
    language: Vec<usize>,
    member_type: Vec<usize>,
    statuses: Vec<(usize, String)>,
    blocked: Vec<(usize, String)>,
}

impl Columns {
    pub(super) fn find(header: &StringRecord) -> Result<Self, Problem> {
        let columns = |names: &[&str]| -> Vec<usize> {
            let find = |name: &&str| header.iter().position(|column| is_named(column, name));
            names.iter().filter_map(find).collect()
        };
        let all_columns = |names: &[&str]| -> Vec<(usize, String)> {
            let is_one = |column: &str| names.iter().any(|name| is_named(column, name));
            let columns = (0..).zip(header).filter(|(_, column)| is_one(column));
            columns.map(|(nth, column)| (nth, kept(column))).collect()
        };
        let email = columns(&EMAIL);
        if email.is_empty() {
            let detail = format!(
                "must be the name of a column, such as in the line `email,role`. That line is the first, \
                 or comes below a title of at most {MAX_TITLE_LINES} lines: remove the other lines above \
                 it. The addresses can be in a column with one of these names: {}",
                EMAIL.join(", ")
            );
            return Err(invalid("/email", &detail));
        }
        Ok(Self {
            email,
            role: columns(&ROLE),
            days: columns(&DAYS),
            access_end: columns(&ACCESS_END),
            language: columns(&LANGUAGE),
            member_type: columns(&MEMBER_TYPE),
            statuses: all_columns(&STATUS),
            blocked: all_columns(&BLOCKED),
        })
    }

    pub(super) fn row(&self, nth: u64, record: &StringRecord) -> CsvRow {
        let values = |columns: &[usize]| -> Vec<String> {
            let values = columns.iter().filter_map(|&column| record.get(column));
            values.filter(|value| !value.is_empty()).map(kept).collect()
        };
        let named = |columns: &[(usize, String)]| -> Vec<NamedCell> {
            let cell = |(nth, column): &(usize, String)| {
                let value = record.get(*nth).filter(|value| !value.is_empty()).map(kept)?;
                Some(NamedCell { column: column.clone(), value })
            };
            columns.iter().filter_map(cell).collect()
        };
        let value = |columns: &[usize]| values(columns).into_iter().next();
        CsvRow {
            nth,
            email: value(&self.email).unwrap_or_default(),
            roles: values(&self.role),
            days: value(&self.days),
            access_end: value(&self.access_end),
            language: value(&self.language),
            member_type: value(&self.member_type),
            statuses: named(&self.statuses),
            blocked: named(&self.blocked),
        }
    }
}

/// The part of a cell that is kept.
fn kept(cell: &str) -> String {
    cell.get(..cell.floor_char_boundary(MAX_CELL)).unwrap_or_default().to_owned()
}

/// Whether a column has this name. Case, hyphens and spaces do not matter.
fn is_named(column: &str, name: &str) -> bool {
    column_name(column) == column_name(name)
}

/// Whether a column has addresses.
pub(super) fn is_address_column(column: &str) -> bool {
    EMAIL.iter().any(|name| is_named(column, name))
}

/// The name of a column: letters in lower case, without what Google adds in brackets.
fn column_name(column: &str) -> String {
    let name = column.split('[').next().unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
