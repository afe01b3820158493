//! Invitations from a CSV file: from a spreadsheet, from the export of an identity provider or a
//! messenger, or from our own export. The first line names the columns, or one below a title.
//! Columns that are not known are ignored.

mod table;

use csv::{ReaderBuilder, StringRecord, Trim};
use shared::{
    domain::{
        BuiltIn, DEFAULT_DAYS, Language, MAX_BATCH, MAX_DAYS, MAX_EMAIL, OrgId, RoleId, fold,
    },
    http::{App, FieldError, Problem},
    store::RoleNames,
};

pub use self::table::MAX_TITLE_LINES;
use self::table::{CsvTable, FIRST_ROW, blank_lines, open_quote};
use crate::{
    access_end,
    batch_request::{InvitationItem, ItemPlace, Terms},
};

/// The columns with the address, the best first, as a refusal names them. Google calls it "Email
/// Address", "primaryEmail" or "E-mail 1 - Value", and "Member Email" in a group; Okta "Primary email";
/// Exchange `PrimarySmtpAddress`; Workday "Email - Work"; our export "Email"; Entra ID "mail" and, for
/// people without one, "userPrincipalName". It is "email" in the exports of Atlassian, `JumpCloud`,
/// `OneLogin` and Slack.
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
/// The columns that say whether an account is in use, and the values that say it is not.
/// Atlassian calls it "User status".
const STATUS: [&str; 4] = ["status", "userstatus", "accountenabled", "active"];
/// Of Atlassian, Google, Slack, Okta, Entra ID and common directories of staff, in English and German.
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
/// The columns that say whether an account is blocked, of Microsoft 365 and of Google and `JumpCloud`, and
/// the values that say it is.
const BLOCKED: [&str; 2] = ["blockcredential", "suspended"];
const IS_BLOCKED: [&str; 3] = ["1", "true", "yes"];
/// The column that says what is in a group of Google, and the values of rows that are no person: a group
/// within the group, and everyone in the organization.
const MEMBER_TYPE: [&str; 1] = ["membertype"];
const NO_PERSON: [&str; 2] = ["group", "customer"];
/// The column with the time to live.
const DAYS: [&str; 1] = ["expiresindays"];

/// The column with the end of the access: a time or a date. Our export calls it "Access ends at (UTC)".
const ACCESS_END: [&str; 3] = ["accessexpiresat", "accessendsatutc", "accessendsat"];

/// The column with the language of the mails, as a tag or a name. Entra ID calls it "preferredLanguage", with a region.
const LANGUAGE: [&str; 3] = ["language", "preferredlanguage", "sprache"];

/// The most bytes of a cell that are kept, because the outcome of a row repeats its address. A longer cell
/// is no address, no role and no time.
pub const MAX_CELL: usize = 4 * MAX_EMAIL + 4;

/// A row, with its number in a spreadsheet.
struct CsvRow {
    nth: u64,
    email: String,
    /// The values of the columns with the role, the best first.
    roles: Vec<String>,
    days: Option<String>,
    access_end: Option<String>,
    language: Option<String>,
    member_type: Option<String>,
    /// The cells of all columns that say whether the account is in use.
    statuses: Vec<NamedCell>,
    blocked: Vec<NamedCell>,
}

/// A cell, and the name of its column as the file has it.
struct NamedCell {
    column: String,
    value: String,
}

/// The invitations of a file. A row without a role invites to the role User.
pub(crate) async fn items(
    app: &App,
    org: OrgId,
    file: &[u8],
) -> Result<Vec<InvitationItem>, Problem> {
    let rows = rows(file)?;
    let is_built_in = |text: &String| built_in(text).is_some();
    let names = if rows.iter().filter_map(|row| row.roles.first()).all(is_built_in) {
        None
    } else {
        app.store.current_role_names(org).await?
    };
    Ok(rows.into_iter().map(|row| row.item(names.as_ref())).collect())
}

/// The rows of a file that are not blank.
fn rows(file: &[u8]) -> Result<Vec<CsvRow>, Problem> {
    let text = str::from_utf8(file).map_err(|_| {
        Problem::unreadable("The file is not in UTF-8. Save it as \u{201c}CSV UTF-8\u{201d}.")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let CsvTable { first_row, delimiter, text } = CsvTable::find(text, is_address_column);
    if let Some(line) = open_quote(text, delimiter) {
        let line = line + first_row - FIRST_ROW;
        let detail = format!(
            "The quotation mark that begins a cell in line {line} has no end. Correct the line."
        );
        return Err(Problem::unreadable(detail));
    }
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| unreadable(&error))?;
    let columns = Columns::find(header)?;
    let mut nth = first_row - 1;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        nth += 1 + blank_lines(text, &record);
        if record.iter().any(|cell| !cell.is_empty()) {
            rows.push(columns.row(nth, &record));
        }
    }
    check_number(rows.len())?;
    Ok(rows)
}

/// Refuses a file without rows, or with too many.
fn check_number(rows: usize) -> Result<(), Problem> {
    let detail = match rows {
        0 => "must have a row with an address below the line with the names of the columns"
            .to_owned(),
        1..=MAX_BATCH => return Ok(()),
        _ => format!(
            "must have at most {MAX_BATCH} rows. This file has {rows}: send it in parts, each with the \
             line with the names of the columns"
        ),
    };
    Err(invalid("", &detail))
}

/// The places of the columns that are known, for each the best first, and those of the status in the order
/// of the file.
struct Columns {
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
    fn find(header: &StringRecord) -> Result<Self, Problem> {
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

    fn row(&self, nth: u64, record: &StringRecord) -> CsvRow {
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
fn is_address_column(column: &str) -> bool {
    EMAIL.iter().any(|name| is_named(column, name))
}

/// The name of a column: letters in lower case, without what Google adds in brackets.
fn column_name(column: &str) -> String {
    let name = column.split('[').next().unwrap_or_default();
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// The built-in role with this id or name.
fn built_in(text: &str) -> Option<RoleId> {
    let mut roles = BuiltIn::ALL.into_iter();
    let by_name = || roles.find(|role| fold(role.name()) == fold(text)).map(RoleId::BuiltIn);
    text.parse().ok().filter(|id: &RoleId| id.custom().is_none()).or_else(by_name)
}

impl CsvRow {
    fn item(self, names: Option<&RoleNames>) -> InvitationItem {
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
    fn is_person(&self) -> Result<(), (&'static str, String)> {
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

    fn terms(&self, names: Option<&RoleNames>) -> Result<Terms, (&'static str, String)> {
        self.is_person()?;
        let role_id = self.role(names).ok_or_else(|| {
            let detail = "must be the name or the id of a role of this organization. If the column \
                          has other texts, such as job titles, rename it or leave it out: the rows then \
                          invite to the role User";
            ("role", detail.to_owned())
        })?;
        let days = self.days.as_deref().map_or(Ok(DEFAULT_DAYS), str::parse);
        let days = days.ok().filter(|days| (1..=MAX_DAYS).contains(days));
        let days = days.ok_or_else(|| {
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

fn invalid(pointer: &str, detail: &str) -> Problem {
    Problem::invalid(FieldError { pointer: pointer.to_owned(), detail: detail.to_owned() })
}

fn unreadable(error: &csv::Error) -> Problem {
    Problem::unreadable(format!("The file cannot be read as CSV: {error}."))
}

/// The language of a tag such as `de-CH`, or of a name. `None` if no mails are written in it.
fn language_of(text: &str) -> Option<Language> {
    match text.to_lowercase().as_str() {
        "english" | "englisch" => Some(Language::English),
        "german" | "deutsch" => Some(Language::German),
        tag => Language::of_tag(tag),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address and the first value for the role of each row.
    fn read(file: &str) -> Vec<(String, Option<String>)> {
        let rows = rows(file.as_bytes()).unwrap();
        rows.into_iter().map(|row| (row.email, row.roles.into_iter().next())).collect()
    }

    fn row(email: &str, role: Option<&str>) -> (String, Option<String>) {
        (email.to_owned(), role.map(str::to_owned))
    }

    #[test]
    fn accounts_that_are_not_in_use_are_not_invited() {
        let refused = |column: &str, cell: &str| {
            let file = format!("email,{column}\na@b.example,{cell}");
            let rows = rows(file.as_bytes()).unwrap();
            rows[0].terms(None).is_err_and(|(column, _)| column == "status")
        };
        for cell in ["DEPROVISIONED", "Archived", "GELÖSCHT", "Deaktiviert", "0"] {
            assert!(refused("Status", cell), "{cell}");
        }
        assert!(refused("Block credential", "True") && refused("Account Enabled", "No"));
        assert!(refused("Status", "Bot"));
        assert!(refused("User status", "Deactivated") && refused("suspended", "True"));
        assert!(!refused("Block credential", "False") && !refused("Status", "Active"));
        // One of several columns is enough, in any order.
        assert!(
            refused("Active,Status", "false,Member") && refused("Status,Active", "Member,false")
        );
        assert!(refused("Suspended,Block credential", "False,True"));
        assert!(refused("Status,Status", "Active,Deactivated"));
        assert!(!refused("Status,Active,Suspended", "Member,true,False"));
    }

    #[test]
    fn refusal_of_a_status_names_the_column_as_the_file_does() {
        for (file, named) in [
            ("mail,Block credential\na@b.example,True", "\u{201c}Block credential\u{201d}"),
            ("mail,accountEnabled\na@b.example,False", "\u{201c}accountEnabled\u{201d}"),
        ] {
            let (_, detail) = rows(file.as_bytes()).unwrap()[0].terms(None).err().unwrap();
            assert!(detail.contains(named), "{detail}");
        }
    }

    #[test]
    fn groups_within_a_group_are_not_invited() {
        let file = "Group Email,Member Email,Member Type\nall@b.example,sub@b.example,GROUP\n\
                    all@b.example,,CUSTOMER\nall@b.example,a@b.example,USER\n";
        let rows = rows(file.as_bytes()).unwrap();
        let refused = |row: &CsvRow| row.terms(None).err();
        for (row, kind) in rows.iter().zip(["GROUP", "CUSTOMER"]) {
            let (column, detail) = refused(row).unwrap();
            assert!(column == "member_type" && detail.contains(kind), "{column}: {detail}");
        }
        assert!(refused(&rows[2]).is_none());
    }

    #[test]
    fn line_with_an_address_does_not_name_the_columns() {
        let title = "Members for group all@b.example\n";
        for below in ["a@b.example,Ada,email\n", "Ada <a@b.example>,member,email\n"] {
            let file = format!("{title}{below}c@b.example,Cy,email\n");
            assert!(rows(file.as_bytes()).is_err(), "{file}");
        }
        assert!(rows(b"a@b.example\nmail\nc@b.example\n").is_err(), "the first row is not lost");
        let file = format!("{title}Email address,Nickname\nc@b.example,Cy\n");
        assert_eq!(read(&file), [row("c@b.example", None)]);
    }

    #[test]
    fn refusals_say_which_line_names_the_columns() {
        let refusal = |file: &str| format!("{:?}", rows(file.as_bytes()).err().unwrap());
        let many = format!("Title\nemail\n{}", "a@b.example\n".repeat(MAX_BATCH + 1));
        assert!(refusal(&many).contains("each with the line with the names of the columns"));
        let titled = format!("{}email\na@b.example\n", "Title\n".repeat(MAX_TITLE_LINES + 1));
        assert!(refusal(&titled).contains("a title of at most 4 lines"));
        assert!(rows(titled.strip_prefix("Title\n").unwrap().as_bytes()).is_ok());
    }

    /// The parts of a long file, by the script of the guide.
    fn parts_of(file: &str, name: &str) -> Option<Vec<String>> {
        let guide = include_str!("../../../../docs/guides/backend.md");
        let (_, below) = guide.split_once("python3 - people.csv <<'EOF'\n").unwrap();
        let (script, _) = below.split_once("EOF\n").unwrap();
        let folder = std::env::temp_dir().join(format!("rolecall-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("people.csv"), file).unwrap();
        let mut python = std::process::Command::new("python3");
        let done = python.args(["-c", script, "people.csv"]).current_dir(&folder).status();
        let found = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let mut parts: Vec<_> = found.filter(|path| !path.ends_with("people.csv")).collect();
        parts.sort();
        let texts = parts.iter().map(|part| std::fs::read_to_string(part).unwrap()).collect();
        std::fs::remove_dir_all(&folder).unwrap();
        let Ok(done) = done else {
            println!("skipped: the script of the guide needs python3, which is not installed");
            return None;
        };
        assert!(done.success(), "{done}");
        Some(texts)
    }

    #[test]
    fn script_of_the_guide_splits_a_long_file_into_parts_that_are_read() {
        let line = |nth: usize, separator| {
            format!("p{nth}@b.example{separator}\"Li, {nth}\nx\"{separator}email\r\n")
        };
        for (name, above, separator) in [
            (
                "title",
                "Members for group all@b.example\n\nEmail address,Nickname,Email status\r\n",
                ',',
            ),
            ("given", "\u{feff}sep=|\r\nE-Mail|Name, Vorname|Email status\r\n", '|'),
            ("plain", "\nE-Mail;Name;Email status\n", ';'),
        ] {
            let lines: String = (0..250).map(|nth| line(nth, separator)).collect();
            let Some(parts) = parts_of(&format!("{above}{lines}"), name) else { return };
            let sizes: Vec<_> = parts.iter().map(|part| read(part).len()).collect();
            assert_eq!(sizes, [100, 100, 50], "{name}");
            let addresses = parts.iter().flat_map(|part| read(part)).map(|(email, _)| email);
            let expected = (0..250).map(|nth| format!("p{nth}@b.example"));
            assert!(addresses.eq(expected), "{name}");
        }
    }

    #[test]
    fn exports_of_groups_are_read() {
        let google = "Members for group nw-all\r\nEmail address,Nickname,Group status,Email status\r\n\
                      ada@example.com,Ada,member,email\r\n";
        let console = "Group Email [Required],Member Email,Member Name,Member Role,Member Type\n\
                       all@example.com,ada@example.com,Ada,MEMBER,USER\n";
        for file in [google, console] {
            assert_eq!(read(file), [row("ada@example.com", None)], "{file}");
        }
        let numbered = rows(google.as_bytes()).unwrap();
        assert_eq!(numbered[0].nth, 3, "as a spreadsheet counts");
        let titled = "\"Members for group \"\"a, b\"\"\"\n\nE-Mail;Rolle\nada@example.com;Leser\n";
        assert_eq!(read(titled), [row("ada@example.com", Some("Leser"))]);
    }

    #[test]
    fn file_without_addresses_is_refused_with_the_names_of_the_columns() {
        for file in ["Name,Address\nAda,ada@example.com\n", "ada@example.com\nbob@example.com\n"] {
            let refused = rows(file.as_bytes()).err().unwrap();
            let refused = format!("{refused:?}");
            for name in ["Email address", "Member email", "User principal name"] {
                assert!(refused.contains(name), "{refused}");
            }
        }
    }

    #[test]
    fn rows_have_the_numbers_of_a_spreadsheet() {
        let numbers = |file: &str| -> Vec<u64> {
            rows(file.as_bytes()).unwrap().iter().map(|row| row.nth).collect()
        };
        assert_eq!(numbers("email\na@b.example\nc@d.example"), [2, 3]);
        assert_eq!(numbers("\n\nemail\n\na@b.example\n,\n\n\nc@d.example\n\n"), [5, 9]);
        assert_eq!(numbers("email\r\n\r\na@b.example\r\n\r\nc@d.example\r\n"), [3, 5]);
        assert_eq!(numbers("sep=;\r\n\r\nemail;role\r\na@b.example;\r\n"), [4]);
        assert_eq!(numbers(";;\n \nname;email\n;\nA;a@b.example"), [5]);
        assert_eq!(numbers("email,note\na@b.example,\"two\nlines\"\nc@d.example,"), [2, 3]);
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
        let separated = "sep=|\r\nE-Mail-Adresse|Rolle\r\nada@example.com|Readers\r\n";
        assert_eq!(read(separated), [ada(Some("Readers"))]);
        let contacts = "Name,E-mail 1 - Value\nAda,ada@example.com\n";
        assert_eq!(read(contacts), [ada(None)]);
    }

    #[test]
    fn delimiter_is_found_below_lines_without_text() {
        let rows = "Name;E-Mail\nLi, Wei;ada@example.com\n";
        for above in ["", "\n", "\r\n", ";;\n", ",,\r\n\t\n", "\nsep=;\n;\n"] {
            assert_eq!(
                read(&format!("{above}{rows}")),
                [row("ada@example.com", None)],
                "{above:?}"
            );
        }
        assert!(super::rows(b"\n;;\n").is_err());
    }

    #[test]
    fn long_cell_is_cut_and_still_refused() {
        let file = format!("email\n{}@example.com\n", "é".repeat(100_000));
        let email = read(&file).remove(0).0;
        assert!(email.len() <= MAX_CELL, "{}", email.len());
        assert_eq!(shared::domain::Email::parse(&email), Err(shared::domain::EmailError::TooLong));
    }

    #[test]
    fn columns_with_the_address_have_many_names() {
        for name in ["Primary email", "primaryEmail", "Primary SMTP Address", "Email - Work"] {
            let file = format!("Username,{name}\nada,ada@example.com\n");
            assert_eq!(read(&file), [row("ada@example.com", None)], "{name}");
        }
    }

    #[test]
    fn mails_are_in_the_language_of_a_row_if_they_are_written_in_it() {
        let file = "mail,preferredLanguage\na@example.com,de-CH\nb@example.com,EN\n\
                    c@example.com,fr-FR\nd@example.com,\ne@example.com,German\n\
                    f@example.com,Deutsch\ng@example.com,englisch\n";
        let language = |row: CsvRow| row.terms(None).unwrap().language;
        let languages: Vec<_> = rows(file.as_bytes()).unwrap().into_iter().map(language).collect();
        let (english, german) = (Some(Language::English), Some(Language::German));
        assert_eq!(languages, [german, english, None, None, german, german, english]);
    }

    #[test]
    fn built_in_roles_have_ids_and_names() {
        for text in ["mdf_admin", "MDF Admin", "mdf  admin"] {
            assert_eq!(built_in(text), Some(RoleId::BuiltIn(BuiltIn::MdfAdmin)), "{text}");
        }
        assert_eq!(built_in("Readers"), None);
    }
}
