//! Characters in words, for refusals that a person reads.

use super::invisible::is_invisible;

/// A character in words, such as "a comma". The code point follows where a reader cannot see the
/// character, or could take it for another.
pub(super) fn in_words(c: char) -> String {
    let word = match c {
        ' ' => "a space",
        '\t' => "a tab",
        '\n' | '\r' => "a line break",
        ',' => "a comma",
        ';' => "a semicolon",
        ':' => "a colon",
        '"' => "a quotation mark",
        '\\' => "a backslash",
        '@' => "an @",
        '<' | '>' => "an angle bracket",
        '(' | ')' => "a bracket",
        '[' | ']' => "a square bracket",
        _ => return with_code_point(c),
    };
    word.to_owned()
}

fn with_code_point(c: char) -> String {
    let code = u32::from(c);
    if c.is_whitespace() {
        format!("a special space (U+{code:04X})")
    } else if is_invisible(c) {
        format!("an invisible character (U+{code:04X})")
    } else {
        format!("\u{201c}{c}\u{201d} (U+{code:04X})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_characters_are_named_in_words() {
        let words = [' ', ',', '>', '\u{a0}', '\u{200b}', '\0', 'é'].map(in_words);
        assert_eq!(words[..3], ["a space", "a comma", "an angle bracket"]);
        assert_eq!(words[3], "a special space (U+00A0)");
        assert_eq!(words[4], "an invisible character (U+200B)");
        assert_eq!(words[5], "an invisible character (U+0000)");
        assert_eq!(words[6], "\u{201c}é\u{201d} (U+00E9)");
    }
}
