//! Invitations from a CSV file as people have it: from a spreadsheet, from the export of an identity
//! provider or a messenger, or from our own export. The first line names the columns. Columns that
//! are not known are ignored.

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use shared::{
    domain::{BuiltIn, DEFAULT_DAYS, Language, MAX_BATCH, MAX_DAYS, OrgId, RoleId, fold},
    http::{App, FieldError, Problem, Time},
    store::RoleNames,
};

use crate::list::{BatchItem, Terms};

/// The columns with the address, the best first, as [`column_name`] writes them. Google calls it "Email
/// Address", our export "E-mail", Entra ID "mail" and, for people without one, "userPrincipalName".
const EMAIL: [&str; 4] = ["email", "emailaddress", "mail", "userprincipalname"];
/// The columns with the id or the name of the role.
const ROLE: [&str; 3] = ["roleid", "role", "rolename"];
/// The column with the time to live.
const DAYS: [&str; 1] = ["expiresindays"];

/// The column with the end of the access: a time or a date. Our export calls it "Access ends at (UTC)".
const ACCESS_END: [&str; 3] = ["accessexpiresat", "accessendsatutc", "accessendsat"];

/// The column with the language of the mails. Entra ID calls it "preferredLanguage", with a region.
const LANGUAGE: [&str; 2] = ["language", "preferredlanguage"];

/// The number of the first row below the names of the columns, as spreadsheets count.
const FIRST_ROW: u64 = 2;

/// A row, with its number in a spreadsheet.
struct Row {
    nth: u64,
    email: String,
    role: Option<String>,
    days: Option<String>,
    access_end: Option<String>,
    language: Option<String>,
}

/// The invitations of a file. A row without a role invites to the role User.
pub(crate) async fn items(app: &App, org: OrgId, file: &[u8]) -> Result<Vec<BatchItem>, Problem> {
    let rows = rows(file)?;
    let built_in = |name: &String| role_without_names(name).is_some();
    let names = if rows.iter().filter_map(|row| row.role.as_ref()).all(built_in) {
        None
    } else {
        app.store.current_role_names(org).await?
    };
    Ok(rows.into_iter().map(|row| row.item(names.as_ref())).collect())
}

/// The rows of a file that have a value in a known column.
fn rows(file: &[u8]) -> Result<Vec<Row>, Problem> {
    let text = str::from_utf8(file).map_err(|_| {
        Problem::unreadable("The file is not in UTF-8. Save it as \u{201c}CSV UTF-8\u{201d}.")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(&error))?;
    let [email, role, days, access_end, language] =
        [&EMAIL[..], &ROLE, &DAYS, &ACCESS_END, &LANGUAGE].map(|names| columns(header, names));
    if email.is_empty() {
        let detail = "must be the name of a column in the first line, such as `email,role`";
        return Err(invalid("/email", detail));
    }
    let mut rows = Vec::new();
    for (nth, record) in (FIRST_ROW..).zip(reader.records()) {
        let record = record.map_err(|error| unreadable(&error))?;
        let value = |columns: &[usize]| {
            let mut values = columns.iter().filter_map(|&column| record.get(column));
            values.find(|value| !value.is_empty()).map(str::to_owned)
        };
        let (email, role, days) = (value(&email), value(&role), value(&days));
        let (access_end, language) = (value(&access_end), value(&language));
        if email.is_some() || role.is_some() || days.is_some() {
            let email = email.unwrap_or_default();
            rows.push(Row { nth, email, role, days, access_end, language });
        }
    }
    match rows.len() {
        0 => Err(invalid("", "must have a row with an address below the first line")),
        1..=MAX_BATCH => Ok(rows),
        number => {
            let detail = format!(
                "must have at most {MAX_BATCH} rows. This file has {number}: send it in parts, each \
                 with the first line"
            );
            Err(invalid("", &detail))
        }
    }
}

/// What separates the cells: a comma, or what spreadsheets write where the comma is the decimal point.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let number = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(number).unwrap_or(b',')
}

/// The columns with one of these names, in the order of the names.
fn columns(header: &StringRecord, names: &[&str]) -> Vec<usize> {
    let find = |name: &&str| header.iter().position(|column| column_name(column) == **name);
    names.iter().filter_map(find).collect()
}

/// The name of a column: letters in lower case, without what Google adds in brackets.
fn column_name(column: &str) -> String {
    let name = column.split('[').next().unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The role with this id, or the built-in role with this name.
fn role_without_names(text: &str) -> Option<RoleId> {
    let by_name = || BuiltIn::ALL.into_iter().find(|role| fold(role.name()) == fold(text));
    text.parse().ok().or_else(|| by_name().map(RoleId::BuiltIn))
}

impl Row {
    fn item(self, names: Option<&RoleNames>) -> BatchItem {
        let pointer = format!("/rows/{}", self.nth);
        let terms = self
            .terms(names)
            .map_err(|(column, detail)| invalid(&format!("{pointer}/{column}"), &detail));
        BatchItem { pointer, email: self.email, terms }
    }

    fn terms(&self, names: Option<&RoleNames>) -> Result<Terms, (&'static str, String)> {
        let role_id = self.role.as_deref().map_or(Some(RoleId::USER), |text| {
            role_without_names(text).or_else(|| names?.named(text))
        });
        let role_id = role_id.ok_or_else(|| {
            ("role", "must be the name or the id of a role of this organization".to_owned())
        })?;
        let days = self.days.as_deref().map_or(Ok(DEFAULT_DAYS), str::parse);
        let days = days.ok().filter(|days| (1..=MAX_DAYS).contains(days));
        let days = days.ok_or_else(|| {
            ("expires_in_days", format!("must be a whole number from 1 to {MAX_DAYS}"))
        })?;
        let access_end = self.access_end.as_deref().map(access_end).transpose();
        let access_expires_at = access_end.map_err(|detail| ("access_expires_at", detail))?;
        let language = self.language.as_deref().and_then(Language::of_tag);
        Ok(Terms { role_id, days, access_expires_at, language })
    }
}

fn invalid(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() })
}

/// The end of access in a cell: a time in RFC 3339, or a date as spreadsheets write it, in UTC. A date
/// without a time is its beginning.
fn access_end(text: &str) -> Result<Timestamp, String> {
    // The library reads a local time with an offset, and ignores the offset.
    let clock = text.split_once(['T', 't', ' ']).map(|(_, clock)| clock);
    let is_local = !clock.is_some_and(|clock| clock.contains(['+', '-']));
    let local = || text.parse::<DateTime>().ok().filter(|_| is_local);
    let in_utc = || local()?.to_zoned(TimeZone::UTC).ok();
    let time = Time::parse(text).map(|Time(at)| at);
    time.or_else(|| Some(in_utc()?.timestamp())).ok_or_else(|| {
        "must be a time such as 2026-11-21T12:00:00Z, or a date such as 2026-11-21".to_owned()
    })
}

fn unreadable(error: &csv::Error) -> Problem {
    Problem::unreadable(format!("The file cannot be read as CSV: {error}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address and the role of each row.
    fn read(file: &str) -> Vec<(String, Option<String>)> {
        let rows = rows(file.as_bytes()).unwrap();
        rows.into_iter().map(|row| (row.email, row.role)).collect()
    }

    fn row(email: &str, role: Option<&str>) -> (String, Option<String>) {
        (email.to_owned(), role.map(str::to_owned))
    }

    #[test]
    fn end_of_access_is_a_date_or_a_time_with_a_real_offset() {
        for text in
            ["2026-12-01", "2026-12-01 00:00", "2026-12-01T00:00:00Z", "2026-12-01T01:00:00+01:00"]
        {
            assert_eq!(access_end(text).unwrap().to_string(), "2026-12-01T00:00:00Z", "{text}");
        }
        for text in ["2026-12-01T12:00:00+25:00", "2026-12-01 12:00-24:00", "soon"] {
            access_end(text).unwrap_err();
        }
    }

    #[test]
    fn exports_of_common_systems_are_read() {
        let google = "First Name [Required],Last Name [Required],Email Address [Required],\
                      Status [READ ONLY]\r\nAda,\"Lovelace, Countess\",ada@example.com,Active\r\n";
        let slack = "username,email,status,billing-active,fullname\n\
                     ada,ada@example.com,Member,1,Ada Lovelace\n";
        let entra = "\u{feff}userPrincipalName,displayName,mail,userType\n\
                     ada_example.com#EXT#@corp.example,Ada,ada@example.com,Guest\n\
                     bob@corp.example,Bob,,Member\n";
        let ours = "Organization\tE-mail\tStatus\tRole\tRole ID\n\
                    Acme\tada@example.com\tactive\tReaders\trole_01JABCDEFGHJKMNPQRSTVWXYZ0\n";
        let spreadsheet = "Name;E-Mail;Rolle;Role\nAda;ada@example.com;Leser;Readers\n;;;\n";
        let ada = |role| row("ada@example.com", role);
        assert_eq!(read(google), [ada(None)]);
        assert_eq!(read(slack), [ada(None)]);
        assert_eq!(read(entra), [ada(None), row("bob@corp.example", None)]);
        assert_eq!(read(ours), [ada(Some("role_01JABCDEFGHJKMNPQRSTVWXYZ0"))]);
        assert_eq!(read(spreadsheet), [ada(Some("Readers"))]);
    }

    #[test]
    fn mails_are_in_the_language_of_a_row_if_they_are_written_in_it() {
        let file = "mail,preferredLanguage\na@example.com,de-CH\nb@example.com,EN\n\
                    c@example.com,fr-FR\nd@example.com,\n";
        let language = |row: Row| row.terms(None).unwrap().language;
        let languages: Vec<_> = rows(file.as_bytes()).unwrap().into_iter().map(language).collect();
        assert_eq!(languages, [Some(Language::German), Some(Language::English), None, None]);
    }

    #[test]
    fn built_in_roles_have_ids_and_names() {
        for text in ["mdf_admin", "MDF Admin", "mdf  admin"] {
            assert_eq!(
                role_without_names(text),
                Some(RoleId::BuiltIn(BuiltIn::MdfAdmin)),
                "{text}"
            );
        }
        assert_eq!(role_without_names("Readers"), None);
    }
}
