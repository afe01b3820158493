//! The height of a row whose texts wrap. Not every program fits the height of a row to its text
//! when it opens a file.

/// The height of a line of the standard font, in points.
const LINE_HEIGHT: f64 = 15.0;
/// The most lines of a row. Excel draws no row higher than 409.5 points.
const MAX_LINES: u32 = 27;
/// How much wider bold letters are.
const BOLD: f64 = 1.1;

/// The number of lines of `text` in a cell of this width in characters, at most [`MAX_LINES`].
pub(crate) fn lines(text: &str, width: f64) -> u32 {
    let room = width.max(1.0);
    let lines =
        text.split('\n').fold(0, |lines: u32, part| lines.saturating_add(wrapped(part, room)));
    lines.clamp(1, MAX_LINES)
}

/// The number of lines of a bold `text`.
pub(crate) fn bold_lines(text: &str, width: f64) -> u32 {
    lines(text, width / BOLD)
}

/// The height of a row with this number of lines, in points.
pub(crate) fn height(lines: u32) -> f64 {
    f64::from(lines) * LINE_HEIGHT
}

/// The number of lines of a text without line breaks. A word that is too long for a line is broken.
fn wrapped(text: &str, room: f64) -> u32 {
    let mut lines = 1_u32;
    let mut filled = 0.0;
    for word in text.split_inclusive([' ', '-']) {
        let length = width_of(word.trim_end());
        if filled > 0.0 && filled + length > room {
            lines = lines.saturating_add(1);
            filled = 0.0;
        }
        filled += width_of(word);
        while filled > room && length > room {
            lines = lines.saturating_add(1);
            filled -= room;
        }
    }
    lines
}

/// The width of a text, in digits of the standard font.
fn width_of(text: &str) -> f64 {
    text.chars().map(width_of_letter).sum()
}

/// The width of a letter of Calibri, or a little more. In other fonts the relation to a digit is
/// about the same.
fn width_of_letter(letter: char) -> f64 {
    match letter {
        'W' | 'M' | '@' => 1.8,
        'm' => 1.6,
        'w' => 1.45,
        'i' | 'j' | 'l' | 'I' | ' ' | '.' | ',' | ':' => 0.5,
        'f' | 't' | 'r' | '-' | '(' | ')' => 0.7,
        'c' | 'k' | 's' | 'v' | 'x' | 'y' | 'z' => 0.9,
        _ if letter.is_ascii_uppercase() => 1.25,
        // Letters of East Asia are as wide as high.
        '\u{1100}'.. => 2.1,
        _ => 1.04,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_as_many_lines_as_its_words_need() {
        for (text, width, expected) in [
            ("", 20.0, 1),
            ("Ada Lovelace", 16.0, 1),
            ("Acme Instruments", 16.0, 1),
            ("ada.lovelace@acme.example", 26.0, 1),
            ("Ada Lovelace (ada@nw.example)", 20.0, 2),
            ("a.rather.long.address@subsidiary.example", 26.0, 2),
            ("one\ntwo\n", 20.0, 3),
            ("李娜和王伟以及其他许多人", 8.0, 4),
            ("WWWWWWWWWWWWWWWW", 16.0, 2),
            ("Regional Support and Licence Coordination", 13.0, 4),
        ] {
            assert_eq!(lines(text, width), expected, "{text}");
        }
        assert_eq!(bold_lines("Identity provider role", 10.0), 3);
        assert_eq!(lines(&"x".repeat(32_767), 10.0), MAX_LINES);
        assert!(height(MAX_LINES) <= 409.5);
    }
}
