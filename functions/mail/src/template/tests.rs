use super::*;

/// A mail that names `who` as an organization, a person and a role.
fn filled(who: &str) -> MailContent {
    let link = "https://a.example/?a=1&b=2".to_owned();
    let names = ["organization", "by", "role", "until"].map(|name| (name, who.to_owned()));
    let recipient = ("recipient", "bob@example.com".to_owned());
    let values = names.into_iter().chain([("link", link), recipient]).collect();
    let draft = Draft { text: Text::Invited, language: Language::English, values };
    render(&draft, &Brand::default())
}

#[test]
fn both_bodies_come_from_one_text() {
    let MailContent { subject, text, html } = filled("Ada");
    assert_eq!(subject, "You are invited to Ada");
    let link = "View the invitation:\nhttps://a.example/?a=1&b=2\n\n";
    assert!(text.starts_with("Ada invited you to join Ada as Ada.\n\n"), "{text}");
    assert!(text.contains(link), "{text}");
    assert!(text.ends_with("\n\nRolecall sent this mail to bob@example.com.\n"), "{text}");
    assert!(html.contains(">Ada invited you to join Ada as Ada.</p>"), "{html}");
    let href = r#"<a href="https://a.example/?a=1&amp;b=2""#;
    assert!(html.contains(href) && html.contains(">View the invitation</a>"), "{html}");
    assert!(html.contains(">https://a.example/?a=1&amp;b=2</a>"), "{html}");
}

#[test]
fn value_never_becomes_markup_or_a_header() {
    let MailContent { subject, text, html } =
        filled("<a href=\"x\">\r\nBcc: eve\n\n[x] {link}</a>");
    assert!(!subject.contains(['\r', '\n']), "{subject:?}");
    assert!(!html.contains("<a href=\"x\">") && !html.contains("</a></a>"), "{html}");
    let escaped = "&lt;a href=&quot;x&quot;&gt;  Bcc: eve  [x] {link}&lt;/a&gt;";
    assert!(html.contains(escaped), "{html}");
    assert_eq!(text.matches("https://a.example").count(), 1, "{text}");
}

#[test]
fn long_value_is_cut_in_the_subject_and_in_the_body() {
    let MailContent { subject, text, .. } = filled(&"x".repeat(10_000));
    assert_eq!(subject, format!("You are invited to {}…", "x".repeat(39)));
    assert!(text.starts_with(&format!("{}… invited", "x".repeat(299))), "{text}");
    assert!(filled(&"x".repeat(40)).subject.ends_with(&"x".repeat(40)));
    let families = "👨\u{200D}👩 ".repeat(20);
    assert!(filled(&families).subject.ends_with("👨\u{200D}👩…"));
}

#[test]
fn encoded_word_in_a_subject_is_broken_up() {
    assert_eq!(filled("=?utf-8?q?x?=").subject, "You are invited to = ?utf-8?q?x?=");
}

#[test]
fn joiners_of_a_script_are_kept() {
    assert_eq!(filled("نرم\u{200C}افزار").subject, "You are invited to نرم\u{200C}افزار");
    assert_eq!(filled("Ada\u{200D}\u{202E}").subject, "You are invited to Ada");
}

/// The logo is the only thing that a mail program loads.
#[test]
fn brand_is_in_both_bodies_and_only_the_logo_is_remote() {
    let logo = "https://cdn.example.com/logo.png?a=1&b=2";
    let brand = Brand::parse(Some("Acme & Co"), Some(logo), Some("help@example.com")).unwrap();
    let values =
        vec![("organization", "Acme".to_owned()), ("recipient", "bob@a.example".to_owned())];
    let draft = Draft { text: Text::RequestDeclined, language: Language::German, values };
    let MailContent { text, html, .. } = render(&draft, &brand);
    let footer = "Acme & Co hat diese E-Mail an bob@a.example geschickt.\n\
                  Fragen? Schreiben Sie an help@example.com.\n";
    assert!(text.ends_with(footer), "{text}");
    let image = r#"<img src="https://cdn.example.com/logo.png?a=1&amp;b=2" alt="Acme &amp; Co""#;
    assert!(html.contains(image), "{html}");
    let support = r#"href="mailto:help@example.com" style="color: #1d4ed8">help@example.com</a>."#;
    assert!(html.contains(r#"<html lang="de">"#) && html.contains(support), "{html}");
    assert_eq!(html.matches("https://").count(), 1, "{html}");
    for remote in ["url(", "@import", "<link", "<script", "http://"] {
        assert!(!html.contains(remote), "{remote}: {html}");
    }
}
