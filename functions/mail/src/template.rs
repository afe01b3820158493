//! Renders mails. The plain and the HTML body come from one text, so that they agree.
//!
//! The first line is the subject; paragraphs follow, separated by empty lines. `{name}` is replaced
//! by a value. A paragraph `[label] {link}` is a link. Values are inserted after the template is
//! parsed, so a value never becomes markup, a link or a second line.

use shared::domain::{Email, Language, without_invisible};

use crate::{
    Brand,
    texts::{Phrase, Text},
};

/// The longest value in a body, in characters. Longer ones are cut.
pub const MAX_VALUE: usize = 300;
/// The longest value in a subject, in characters. Longer ones are cut, so that a name cannot carry
/// a message of its own to people who only look at their inbox.
pub const MAX_SUBJECT_VALUE: usize = 40;
/// The HTML document around the body. Mail programs know tables and styles of elements. Its own
/// style sheet is for narrow screens and dark themes.
const FRAME: &str = include_str!("../templates/frame.html");
/// The style of a paragraph.
const TEXT: &str = "margin: 0 0 16px; font: 16px/1.5 Helvetica, Arial, sans-serif; color: #1c2530";
/// The style of small print.
const SMALL: &str = "margin: 0 0 16px; font: 13px/1.5 Helvetica, Arial, sans-serif; color: #5b6673";
/// The style of a button.
const BUTTON: &str = "display: inline-block; padding: 12px 20px; font: bold 16px/1.25 Helvetica, \
                      Arial, sans-serif; color: #ffffff; text-decoration: none; border-radius: 6px";
/// The style of the logo. Two lines of the name of the product fit, for mail programs that block
/// images.
const LOGO: &str = "display: block; height: 40px; max-width: 100%; border: 0; font: bold 14px/20px \
                    Helvetica, Arial, sans-serif";

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

/// The text of a mail with its values, in its language.
pub(crate) struct Draft {
    pub(crate) text: Text,
    pub(crate) language: Language,
    pub(crate) values: Vec<(&'static str, String)>,
}

/// Renders a mail.
pub(crate) fn render(draft: &Draft, brand: &Brand) -> MailContent {
    let Draft { text, language, values } = draft;
    let template = text.in_language(*language).trim();
    let (first_line, body) = template.split_once("\n\n").unwrap_or((template, ""));
    let filled = insert(first_line, values, |value| single_line(value, MAX_SUBJECT_VALUE));
    // A mail program would decode an encoded word (RFC 2047), whatever it says.
    let subject = filled.replace("=?", "= ?");
    // A paragraph of one value can be empty.
    let paragraphs: Vec<String> = body
        .split("\n\n")
        .map(|lines| lines.replace('\n', " "))
        .filter(|paragraph| !plain(paragraph, values).is_empty())
        .collect();
    let footer_lines = footer(*language, values, brand);
    let support = brand.support.as_ref().map(Email::as_str);
    let html_footer: Vec<_> = footer_lines.iter().map(|line| with_link(line, support)).collect();
    let framed = [
        ("language", language.tag().to_owned()),
        ("subject", escape_html(&subject)),
        ("brand", header(brand)),
        ("body", html_body(&paragraphs, values, *language)),
        ("footer", html_footer.join("<br>\n")),
    ];
    let html = replace(FRAME, |name| {
        framed.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    });
    MailContent { subject, text: plain_body(&paragraphs, values, &footer_lines), html }
}

/// The plain body: the paragraphs and the footer.
fn plain_body(paragraphs: &[String], values: &[(&str, String)], footer: &[String]) -> String {
    let written = paragraphs.iter().map(|paragraph| match link(paragraph) {
        Some((label, target)) => format!("{}:\n{}", plain(label, values), plain(target, values)),
        None => plain(paragraph, values),
    });
    written.chain([footer.join("\n")]).collect::<Vec<_>>().join("\n\n") + "\n"
}

/// The paragraphs in HTML, and the addresses of the links.
fn html_body(paragraphs: &[String], values: &[(&str, String)], language: Language) -> String {
    let written = paragraphs.iter().map(|paragraph| match link(paragraph) {
        Some((label, target)) => button(&html(label, values), &html(target, values)),
        None => format!("<p class=\"text\" style=\"{TEXT}\">{}</p>", html(paragraph, values)),
    });
    let links = paragraphs.iter().filter_map(|paragraph| link(paragraph));
    let hints = links.map(|(_, target)| hint(&html(target, values), language));
    written.chain(hints).collect::<Vec<_>>().join("\n")
}

/// The header of the HTML body: the logo, or the name of the product.
fn header(brand: &Brand) -> String {
    let product = escape_html(&brand.product);
    let Some(logo) = &brand.logo else { return product };
    let logo = escape_html(logo);
    format!("<img src=\"{logo}\" alt=\"{product}\" height=\"40\" style=\"{LOGO}\">")
}

/// A link as a button.
fn button(label: &str, target: &str) -> String {
    format!(
        "<table role=\"presentation\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" \
         style=\"margin: 0 0 16px\"><tr><td bgcolor=\"#1d4ed8\" style=\"border-radius: 6px\">\
         <a href=\"{target}\" style=\"{BUTTON}\">{label}</a></td></tr></table>"
    )
}

/// The address of a link, for mail programs that hide buttons.
fn hint(target: &str, language: Language) -> String {
    let hint = Phrase::LinkHint.in_language(language);
    format!(
        "<p class=\"muted\" style=\"{SMALL}\">{hint}<br>\
         <a class=\"link\" href=\"{target}\" style=\"color: #1d4ed8\">{target}</a></p>"
    )
}

/// The lines below the mail: the sender, the recipient, and where to ask.
fn footer(language: Language, values: &[(&str, String)], brand: &Brand) -> Vec<String> {
    let found = values.iter().find(|(name, _)| *name == "recipient");
    let recipient = found.map_or("", |(_, value)| value);
    let names = [("product", brand.product.as_str()), ("recipient", recipient)];
    let sent_by = Phrase::SentBy.with(language, &names);
    let ask = |to: &Email| Phrase::Support.with(language, &[("support", to.as_str())]);
    [Some(sent_by), brand.support.as_ref().map(ask)].into_iter().flatten().collect()
}

/// A line of the footer in HTML. The address of the support is a link if only a full stop follows
/// it.
fn with_link(line: &str, support: Option<&str>) -> String {
    let before_address = |to| Some((line.strip_suffix('.')?.strip_suffix(to)?, to));
    let Some((before, to)) = support.and_then(before_address) else {
        return escape_html(line);
    };
    // The characters that separate parts of a `mailto` address (RFC 6068).
    let encoded = [('%', "%25"), ('?', "%3F"), ('&', "%26"), ('#', "%23")];
    let target = encoded.iter().fold(to.to_owned(), |to, (c, code)| to.replace(*c, code));
    format!(
        "{}<a class=\"link\" href=\"mailto:{}\" style=\"color: #1d4ed8\">{}</a>.",
        escape_html(before),
        escape_html(&target),
        escape_html(to)
    )
}

fn plain(text: &str, values: &[(&str, String)]) -> String {
    insert(text, values, |value| single_line(value, MAX_VALUE))
}

fn html(text: &str, values: &[(&str, String)]) -> String {
    insert(text, values, |value| escape_html(&single_line(value, MAX_VALUE)))
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
#[path = "template/tests.rs"]
mod tests;
