//! The mails' templates: one text, from which both the plain and the HTML body are made, so that
//! they say the same.
//!
//! The first line is the subject; paragraphs follow, with an empty line between. `{name}` stands for
//! a value. A paragraph `[words] {link}` is a link. Values are put in after all of that was
//! understood, so whatever they hold is text, and stays in its line.

use shared::domain::is_invisible;

/// Longer values are cut: nobody writes a mail of their own into ours.
const LONGEST: usize = 300;
/// What stands around the HTML body.
const FRAME: &str = include_str!("../../templates/frame.html");

/// The three parts of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// Fills a template in.
pub(crate) fn fill(template: &str, values: &[(&str, String)]) -> Parts {
    let (subject, body) = template.trim().split_once("\n\n").unwrap_or((template, ""));
    let plain = |text: &str| put(text, values, str::to_owned);
    let html = |text: &str| put(text, values, escape);
    let paragraphs: Vec<String> =
        body.split("\n\n").map(|lines| lines.replace('\n', " ")).collect();
    let in_text = paragraphs.iter().map(|paragraph| match link(paragraph) {
        Some((words, target)) => format!("{}:\n{}", plain(words), plain(target)),
        None => plain(paragraph),
    });
    let in_html = paragraphs.iter().map(|paragraph| match link(paragraph) {
        Some((words, target)) => {
            format!("<p><a href=\"{}\">{}</a></p>", html(target), html(words))
        }
        None => format!("<p>{}</p>", html(paragraph)),
    });
    let framed = [("subject", html(subject)), ("body", in_html.collect::<Vec<_>>().join("\n"))];
    Parts {
        subject: plain(subject),
        text: in_text.collect::<Vec<_>>().join("\n\n") + "\n",
        html: replace(FRAME, |name| {
            framed.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        }),
    }
}

/// The words and the target of a paragraph that is a link.
fn link(paragraph: &str) -> Option<(&str, &str)> {
    paragraph.strip_prefix('[')?.split_once("] ")
}

/// `text` with its values, everything written as `write` does.
fn put(text: &str, values: &[(&str, String)], write: fn(&str) -> String) -> String {
    let value = |name: &str| {
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        Some(write(&harmless(value)))
    };
    // Nothing in a template's own words needs escaping; a test looks.
    replace(text, value)
}

/// Puts a value for each `{name}`; what has none stays as it is.
fn replace(text: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut pieces = text.split('{');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('}').and_then(|(name, rest)| Some((value(name)?, rest))) {
            Some((value, rest)) => filled.extend([value.as_str(), rest]),
            None => filled.extend(["{", piece]),
        }
    }
    filled
}

/// A value in one line, without anything that cannot be seen, and not too long. No header can end
/// in the middle of one.
fn harmless(value: &str) -> String {
    let seen = |c: char| if is_invisible(c) || c.is_control() { ' ' } else { c };
    value.chars().take(LONGEST).map(seen).collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "Hello {who}\n\nDear {who},\nwelcome.\n\n[Look at {who}] {link}\n";

    fn filled(who: &str) -> Parts {
        fill(
            TEMPLATE,
            &[("who", who.to_owned()), ("link", "https://a.example/?a=1&b=2".to_owned())],
        )
    }

    #[test]
    fn both_bodies_come_from_one_text() {
        let Parts { subject, text, html } = filled("Ada");
        assert_eq!(subject, "Hello Ada");
        assert_eq!(text, "Dear Ada, welcome.\n\nLook at Ada:\nhttps://a.example/?a=1&b=2\n");
        assert!(html.contains("<p>Dear Ada, welcome.</p>"), "{html}");
        let link = r#"<p><a href="https://a.example/?a=1&amp;b=2">Look at Ada</a></p>"#;
        assert!(html.contains(link), "{html}");
    }

    #[test]
    fn a_value_is_text_and_nothing_else() {
        let Parts { subject, text, html } = filled("<a href=\"x\">\r\nBcc: eve\n\n[x] {link}</a>");
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
        assert!(!html.contains("<a href=\"x\">") && !html.contains("</a></a>"), "{html}");
        assert!(
            html.contains("&lt;a href=&quot;x&quot;&gt;  Bcc: eve  [x] {link}&lt;/a&gt;"),
            "{html}"
        );
        assert_eq!(text.matches("https://a.example").count(), 1, "{text}");
    }

    #[test]
    fn a_value_is_not_a_letter_of_its_own() {
        let long = "x".repeat(10_000);
        assert_eq!(filled(&long).subject.len(), "Hello ".len() + LONGEST);
    }
}
