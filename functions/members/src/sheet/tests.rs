//! Reads the files back with another library; where that library hides a detail, the tests read the
//! XML.

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx, open_workbook_from_rs};

use super::*;

const HEADERS: [Column; 2] = [Column::printed("What", 30.0), Column::id("When (UTC)", 20.0)];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn file_of<'a>(rows: impl IntoIterator<Item = [Cell<'a>; 2]>) -> Vec<u8> {
    let mut sheet = Sheet::new("Things", &HEADERS, at("2026-11-21T12:00:00Z")).unwrap();
    for row in rows {
        sheet.row(row).unwrap();
    }
    let about = vec![
        ("Users of", "=Acme".into()),
        ("Made at (UTC)", Cell::Time(at("2026-11-21T12:00:00Z"))),
    ];
    sheet.finish("Things & <more>", &about).unwrap()
}

fn read(file: Vec<u8>) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file)).unwrap();
    assert_eq!(book.sheet_names(), ["Things", "About"]);
    let formulas = book.worksheet_formula("Things").unwrap();
    assert_eq!(formulas.used_cells().count(), 0);
    let range = book.worksheet_range("Things").unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

/// Texts that spreadsheets are known to execute, change or reject.
fn dangerous_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "=1+1",
        "=cmd|'/C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1 ",
        "'=1+1",
        "{=1+1}",
        "1",
        "007",
        "1e9",
        "2026-11-21",
        "TRUE",
        "#REF!",
        "a\tb",
        "a\rb",
        "a\r\nb",
        "a\nb",
        "trailing \r",
        "<b>&amp;\"'</b>]]>",
        "_x000D_",
        "_x005F_x000D_",
        "_x0041_x_x0042_",
        "bell \u{7} escape \u{1b} unit \u{1f}",
        "\u{fffe} \u{ffff} \u{feff} \u{7f} \u{85}",
        "Zoë \u{202e}gnp.exe \u{1f469}\u{200d}\u{1f680} \u{10fffd}",
        "http://example.com/",
        "mailto:eve@example.com",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.push("x".repeat(LONGEST));
    texts.push("=".repeat(LONGEST));
    texts.push("\u{1f600}".repeat(LONGEST / 2));
    texts
}

/// Advisory CVE-2026-93581 (OTRS): an export passed `=…` to Excel as a formula.
#[test]
fn text_is_never_a_formula_and_stays_as_it_is() {
    let texts = dangerous_texts();
    let rows = read(file_of(texts.iter().map(|text| [text.as_str().into(), Cell::Blank])));
    let headers = ["What", "When (UTC)"].map(|header| Data::String(header.to_owned())).to_vec();
    let expected = texts.into_iter().map(|text| vec![Data::String(text), Data::Empty]);
    assert_eq!(rows, [headers].into_iter().chain(expected).collect::<Vec<_>>());
}

#[test]
fn text_beyond_the_limit_of_a_cell_is_cut_between_characters() {
    let long = format!("{}\u{1f600}", "x".repeat(LONGEST - 1));
    let rows = read(file_of([[long.as_str().into(), Cell::Blank]]));
    assert_eq!(rows[1][0], Data::String("x".repeat(LONGEST - 1)));
}

#[test]
fn time_is_a_date_to_the_second() {
    let times = ["2026-11-21T12:34:56.789Z", "1970-01-01T00:00:00Z", "9999-12-30T21:59:59Z"];
    let rows = read(file_of(times.map(|time| ["at".into(), Cell::Time(at(time))])));
    for (time, row) in times.iter().zip(rows.iter().skip(1)) {
        let Data::DateTime(date) = &row[1] else { panic!("{row:?}") };
        let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
        let read = format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        assert_eq!(Some(read.as_str()), time.get(..19));
    }
}

/// One part of the file, as XML.
fn xml(file: Vec<u8>, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn headers_are_bold_and_frozen_and_filter_the_rows() {
    let rows = |count: usize| file_of((0..count).map(|_| ["a".into(), Cell::Blank]));
    for (count, filtered) in [(0, "A1:B1"), (1, "A1:B2"), (40, "A1:B41")] {
        let sheet = xml(rows(count), "xl/worksheets/sheet1.xml");
        for part in [
            r#"<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>"#,
            &format!(r#"<autoFilter ref="{filtered}"/>"#),
            r#"<col min="1" max="1" width="30.7"#,
            r#"<c r="A1" s="1" t="inlineStr">"#,
        ] {
            assert!(sheet.contains(part), "{part}: {sheet}");
        }
        // The text of a printed column wraps.
        assert_eq!(sheet.contains(r#"<c r="A2" s="2" t="inlineStr">"#), count > 0, "{sheet}");
        assert!(!sheet.contains("<f>"), "{sheet}");
    }
    let styles = xml(rows(1), "xl/styles.xml");
    assert!(styles.contains("<font><b/>"), "{styles}");
}

/// Not every program fits rows to texts that wrap.
#[test]
fn rows_are_as_high_as_their_texts() {
    let texts = ["short", "an address of many words (which@needs.example)"];
    let file = file_of(texts.map(|text| [text.into(), Cell::Blank]));
    let sheet = xml(file.clone(), "xl/worksheets/sheet1.xml");
    for part in [r#"<row r="1">"#, r#"<row r="2">"#, r#"<row r="3" ht="30""#] {
        assert_eq!(sheet.matches(part).count(), 1, "{part}: {sheet}");
    }
    assert_eq!(sheet.matches(r#"<row r="3""#).count(), 1, "{sheet}");
    let headers = [Column::printed("A header of three lines", 10.0)];
    let empty = Sheet::new("Things", &headers, at("2026-11-21T12:00:00Z")).unwrap();
    let sheet = xml(empty.finish("Things", &vec![]).unwrap(), "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches(r#"<row r="1" ht="45""#).count(), 1, "{sheet}");
    assert_eq!(sheet.matches(r#"<row r="1""#).count(), 1, "{sheet}");
    let about = vec![("Roles", "a role, ".repeat(40).into())];
    let sheet = Sheet::new("Things", &HEADERS, at("2026-11-21T12:00:00Z")).unwrap();
    let file = sheet.finish("Things", &about).unwrap();
    let second = xml(file, "xl/worksheets/sheet2.xml");
    assert!(second.contains(r#"<row r="1" spans="1:2" ht="45""#), "{second}");
}

#[test]
fn page_is_landscape_one_page_wide_and_repeats_its_header() {
    let file = file_of([["a".into(), Cell::Blank]]);
    let sheet = xml(file.clone(), "xl/worksheets/sheet1.xml");
    for part in [
        r#"<pageSetUpPr fitToPage="1"/>"#,
        r#"fitToHeight="0" orientation="landscape""#,
        "<oddFooter>&amp;LThings &amp;&amp; &lt;more&gt;&amp;RPage &amp;P of &amp;N</oddFooter>",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    let book = xml(file, "xl/workbook.xml");
    for part in [
        r#"<definedName name="_xlnm.Print_Titles" localSheetId="0">Things!$1:$1</definedName>"#,
        // Ids are not printed.
        r#"<definedName name="_xlnm.Print_Area" localSheetId="0">Things!$A$1:$A$2</definedName>"#,
    ] {
        assert!(book.contains(part), "{part}: {book}");
    }
}

#[test]
fn second_sheet_says_what_the_first_one_shows() {
    let file = file_of([]);
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(file)).unwrap();
    let range = book.worksheet_range("About").unwrap();
    let rows: Vec<_> = range.rows().map(<[Data]>::to_vec).collect();
    assert_eq!(rows[0], ["Users of", "=Acme"].map(|text| Data::String(text.to_owned())));
    assert_eq!(rows[1][0], Data::String("Made at (UTC)".to_owned()));
    assert!(matches!(rows[1][1], Data::DateTime(_)), "{rows:?}");
}

#[test]
fn equal_rows_and_times_give_equal_files() {
    let row = || [["a".into(), Cell::Time(at("2026-11-21T12:00:00Z"))]];
    assert_eq!(file_of(row()), file_of(row()));
}

/// The peak memory of this process, in KB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Rows do not stay in memory. The finished file does.
#[test]
#[ignore = "takes a while, and must be alone: `cargo test -p members -- --ignored`"]
fn memory_does_not_grow_with_the_rows() {
    let some = |count: u32| {
        let row =
            |n| [format!("person-{n}@example.com").into(), Cell::Time(at("2026-11-21T12:00:00Z"))];
        file_of((0..count).map(row)).len()
    };
    some(5_000);
    let before = peak();
    let file = some(100_000);
    let grown = peak() - before;
    assert!(grown < 3 * file / 1024 + 4_096, "{grown} KB for a file of {file} bytes");
}
