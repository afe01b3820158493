//! The text of a CSV file: where the names of the columns begin, what separates the cells, and
//! lines as spreadsheets count them.

use csv::StringRecord;

/// The number of the first row below the names of the columns, as spreadsheets count.
pub(super) const FIRST_ROW: u64 = 2;

/// The most lines of a title above the names of the columns. Google writes one.
pub const MAX_TITLE_LINES: usize = 4;

/// The part of a file that begins with the names of the columns.
pub(super) struct CsvTable<'a> {
    /// The number of the row below the names.
    pub(super) first_row: u64,
    pub(super) delimiter: u8,
    pub(super) text: &'a str,
}

impl<'a> CsvTable<'a> {
    /// Finds the names of the columns: below lines without text, below a line such as `sep=;`,
    /// which tells spreadsheets the delimiter, and below a title. A line names the columns if one
    /// of its cells `is_address_column` and none has an address.
    pub(super) fn find(file: &'a str, is_address_column: impl Fn(&str) -> bool) -> Self {
        let text = without_lines_without_text(file, None);
        let line = text.strip_prefix("sep=").and_then(|text| text.split_once('\n'));
        let given = line.and_then(|(given, rest)| Some((*given.as_bytes().first()?, rest)));
        let (given, text) = given.map_or((None, text), |(given, rest)| {
            (Some(given), without_lines_without_text(rest, Some(given)))
        });
        let kind = |text: &str| {
            let line = text.lines().next().unwrap_or_default();
            let delimiter = char::from(given.unwrap_or_else(|| delimiter(text)));
            let mut cells = line.split(delimiter);
            if !line.contains('@') && cells.clone().any(&is_address_column) {
                LineKind::Names
            } else if cells.any(is_address) {
                LineKind::Row
            } else {
                LineKind::Title
            }
        };
        let text = below_title(text, given, kind);
        let delimiter = given.unwrap_or_else(|| delimiter(text));
        let above = file.strip_suffix(text).unwrap_or_default();
        let lines = above.bytes().map(|byte| u64::from(byte == b'\n')).sum::<u64>();
        Self { first_row: FIRST_ROW + lines, delimiter, text }
    }
}

/// The kinds of a line near the beginning of a file.
enum LineKind {
    Title,
    Names,
    Row,
}

/// Whether a cell is an address alone. A title can contain one: that of a group.
fn is_address(cell: &str) -> bool {
    cell.contains('@') && !cell.trim().contains(char::is_whitespace)
}

/// A file without the title above the names of its columns, which is the whole file if no line near
/// its beginning names them. A row is no part of a title.
fn below_title(file: &str, delimiter: Option<u8>, kind: impl Fn(&str) -> LineKind) -> &str {
    let mut text = file;
    for _ in 0..=MAX_TITLE_LINES {
        match kind(text) {
            LineKind::Names => return text,
            LineKind::Row => return file,
            LineKind::Title => {}
        }
        let below = text.split_once('\n').map_or("", |(_, below)| below);
        text = without_lines_without_text(below, delimiter);
    }
    file
}

/// A file without the lines at its beginning that contain nothing but white space and delimiters.
fn without_lines_without_text(file: &str, delimiter: Option<u8>) -> &str {
    let is_text = |c: char| {
        let is_given = delimiter.is_some_and(|delimiter| c == char::from(delimiter));
        !(c.is_whitespace() || is_given || [',', ';'].contains(&c))
    };
    let above = file.find(is_text).and_then(|first| file.get(..first)).unwrap_or_default();
    let end = above.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    file.get(end..).unwrap_or_default()
}

/// The number of empty lines above a row, which the reader skips and a spreadsheet counts.
pub(super) fn blank_lines(text: &str, record: &StringRecord) -> u64 {
    let start = record.position().and_then(|position| usize::try_from(position.byte()).ok());
    let (before, rest) = text.as_bytes().split_at_checked(start.unwrap_or(0)).unwrap_or_default();
    let rest =
        if before.ends_with(b"\r") { rest.strip_prefix(b"\n").unwrap_or(rest) } else { rest };
    let ends = rest.iter().take_while(|byte| b"\r\n".contains(byte));
    ends.map(|&byte| u64::from(byte == b'\n')).sum()
}

/// The line of a quotation mark that begins a cell and has no end. The reader would take the rest
/// of the file for that cell.
pub(super) fn open_quote(text: &str, delimiter: u8) -> Option<u64> {
    let mut line = 1;
    let mut opened = None;
    let mut at_start = true;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match (byte, opened) {
            (b'"', None) if at_start => opened = Some(line),
            // Two marks within a cell are one of its characters.
            (b'"', Some(_)) if bytes.next_if_eq(&b'"').is_none() => opened = None,
            _ => {}
        }
        at_start =
            opened.is_none() && (byte == delimiter || byte == b'\n' || at_start && byte == b' ');
        line += u64::from(byte == b'\n');
    }
    opened
}

/// What separates the cells: a comma, or what spreadsheets write where the comma is the decimal
/// point.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let number = |delimiter: &u8| header.bytes().filter(|byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(number).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotation_mark_without_an_end_refuses_the_file_by_its_line() {
        for (file, line) in [
            ("email,name\na@example.com,\"Ada\nb@example.com,Bob\n", Some(2)),
            ("email,name\n\"a@example.com\",\"A \"\"x\"\" \nB\"\n\"b@example.com,Bob\n", Some(4)),
            ("email,name\na@example.com,6\" Ada\n", None),
            ("email,name\n\"a@example.com\",\"Ada \"\"B\"\"\"\n", None),
        ] {
            assert_eq!(open_quote(file, b','), line, "{file}");
        }
    }
}
