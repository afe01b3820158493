//! Mail templates. The plain and the HTML body come from one text, so that they agree.
//!
//! The first line is the subject; paragraphs follow, separated by empty lines. `{name}` is replaced
//! by a value. A paragraph `[label] {link}` is a link. Values are inserted after the template is
//! parsed, so a value never becomes markup, a link or a second line.

use shared::domain::without_invisible;

/// The longest value in a body, in characters. Longer ones are cut.
const MAX_VALUE: usize = 300;
/// The longest value in a subject, in characters. Longer ones are cut, so that a name cannot carry a
/// message of its own to people who only look at their inbox.
const MAX_SUBJECT_VALUE: usize = 40;
/// The HTML document around the body.
const FRAME: &str = include_str!("../templates/frame.html");

/// The content of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailContent {
    /// The subject, one line.
    pub subject: String,
    /// The plain body.
    pub text: String,
    /// The HTML body, a whole document.
    pub html: String,
}

/// Renders a template with its values.
pub(crate) fn render(template: &str, values: &[(&str, String)]) -> MailContent {
    let (subject, body) = template.trim().split_once("\n\n").unwrap_or((template, ""));
    let subject = insert(subject, values, |value| single_line(value, MAX_SUBJECT_VALUE));
    // A mail program would decode an encoded word (RFC 2047), whatever it says.
    let subject = subject.replace("=?", "= ?");
    let plain = |text: &str| insert(text, values, |value| single_line(value, MAX_VALUE));
    let html =
        |text: &str| insert(text, values, |value| escape_html(&single_line(value, MAX_VALUE)));
    let paragraphs: Vec<String> =
        body.split("\n\n").map(|lines| lines.replace('\n', " ")).collect();
    let in_text = paragraphs.iter().map(|paragraph| match link(paragraph) {
        Some((label, target)) => format!("{}:\n{}", plain(label), plain(target)),
        None => plain(paragraph),
    });
    let in_html = paragraphs.iter().map(|paragraph| match link(paragraph) {
        Some((label, target)) => {
            format!("<p><a href=\"{}\">{}</a></p>", html(target), html(label))
        }
        None => format!("<p>{}</p>", html(paragraph)),
    });
    let framed =
        [("subject", escape_html(&subject)), ("body", in_html.collect::<Vec<_>>().join("\n"))];
    MailContent {
        subject,
        text: in_text.collect::<Vec<_>>().join("\n\n") + "\n",
        html: replace(FRAME, |name| {
            framed.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        }),
    }
}

/// The label and the target of a paragraph that is a link.
fn link(paragraph: &str) -> Option<(&str, &str)> {
    paragraph.strip_prefix('[')?.split_once("] ")
}

/// Inserts the values into `text`, each encoded by `encode`.
fn insert(text: &str, values: &[(&str, String)], encode: fn(&str) -> String) -> String {
    let value = |name: &str| {
        let (_, value) = values.iter().find(|(known, _)| *known == name)?;
        Some(encode(value))
    };
    // The template's own text needs no escaping; a test checks that.
    replace(text, value)
}

/// Replaces each `{name}` that has a value.
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

/// A value as one line of at most `max` characters, of which the last is `…` if it is cut. Control
/// characters become spaces, and invisible ones are left out. It cannot end a mail header.
fn single_line(value: &str, max: usize) -> String {
    let spaced = |c: char| if c.is_control() { ' ' } else { c };
    let line: String = value.chars().map(spaced).collect();
    if line.chars().count() <= max {
        return without_invisible(&line);
    }
    let cut: String = line.chars().take(max.saturating_sub(1)).collect();
    // The cut can leave a joiner at the end.
    without_invisible(&cut).trim_end().to_owned() + "…"
}

fn escape_html(text: &str) -> String {
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

    fn filled(who: &str) -> MailContent {
        render(
            TEMPLATE,
            &[("who", who.to_owned()), ("link", "https://a.example/?a=1&b=2".to_owned())],
        )
    }

    #[test]
    fn both_bodies_come_from_one_template() {
        let MailContent { subject, text, html } = filled("Ada");
        assert_eq!(subject, "Hello Ada");
        assert_eq!(text, "Dear Ada, welcome.\n\nLook at Ada:\nhttps://a.example/?a=1&b=2\n");
        assert!(html.contains("<p>Dear Ada, welcome.</p>"), "{html}");
        let link = r#"<p><a href="https://a.example/?a=1&amp;b=2">Look at Ada</a></p>"#;
        assert!(html.contains(link), "{html}");
    }

    #[test]
    fn value_never_becomes_markup_or_a_header() {
        let MailContent { subject, text, html } =
            filled("<a href=\"x\">\r\nBcc: eve\n\n[x] {link}</a>");
        assert!(!subject.contains(['\r', '\n']), "{subject:?}");
        assert!(!html.contains("<a href=\"x\">") && !html.contains("</a></a>"), "{html}");
        assert!(
            html.contains("&lt;a href=&quot;x&quot;&gt;  Bcc: eve  [x] {link}&lt;/a&gt;"),
            "{html}"
        );
        assert_eq!(text.matches("https://a.example").count(), 1, "{text}");
    }

    #[test]
    fn long_value_is_cut_in_the_subject_and_in_the_body() {
        let MailContent { subject, text, .. } = filled(&"x".repeat(10_000));
        assert_eq!(subject, format!("Hello {}…", "x".repeat(39)));
        assert!(text.starts_with(&format!("Dear {}…, ", "x".repeat(299))), "{text}");
        assert_eq!(filled(&"x".repeat(40)).subject, format!("Hello {}", "x".repeat(40)));
        let families = "👨\u{200D}👩 ".repeat(20);
        assert!(filled(&families).subject.ends_with("👨\u{200D}👩…"));
    }

    #[test]
    fn encoded_word_stays_what_it_is() {
        assert_eq!(filled("=?utf-8?q?x?=").subject, "Hello = ?utf-8?q?x?=");
    }

    #[test]
    fn joiners_of_a_script_are_kept() {
        assert_eq!(filled("نرم\u{200C}افزار").subject, "Hello نرم\u{200C}افزار");
        assert_eq!(filled("Ada\u{200D}\u{202E}").subject, "Hello Ada");
    }
}
