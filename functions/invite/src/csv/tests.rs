use shared::domain::{BuiltIn, Language, RoleId};

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
    assert!(refused("Active,Status", "false,Member") && refused("Status,Active", "Member,false"));
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
        assert_eq!(read(&format!("{above}{rows}")), [row("ada@example.com", None)], "{above:?}");
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
