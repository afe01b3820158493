//! Pages and cursors.

use crate::http::{Cursor, Page};

const LIST: [&str; 3] = ["members", "org_1", "status=active"];

#[test]
fn cursor_decodes_to_its_position() {
    for position in ["m", "MEMBER#auth0|42", "\u{fc}\u{0}"] {
        let cursor = Cursor::encode(&LIST, position);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(Cursor::decode(&cursor, &LIST).unwrap(), position);
    }
}

#[test]
fn cursor_of_another_list_is_refused() {
    let cursor = Cursor::encode(&LIST, "position");
    let others: [&[&str]; 6] = [
        &[],
        &["members", "org_2", "status=active"],
        &["members", "org_1", "status=pending"],
        &["members", "org_1status=active"],
        &["members", "org_1", "status=active", ""],
        &["member", "sorg_1", "status=active"],
    ];
    for other in others {
        let problem = Cursor::decode(&cursor, other).unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.slug()), (400, "bad-cursor"), "{other:?}");
    }
}

#[test]
fn malformed_cursor_is_refused() {
    let good = Cursor::encode(&LIST, "position");
    let cut: String = good.chars().take(11).collect();
    let no_position = Cursor::encode(&LIST, "");
    for bad in [
        "",
        "a",
        "!",
        &cut,
        &no_position,
        &format!("{good}="),
        &format!(" {good}"),
        "_____________w",
    ] {
        assert!(Cursor::decode(bad, &LIST).is_err(), "{bad:?}");
    }
}

#[test]
fn last_page_has_no_next_cursor() {
    let page = Page { items: vec![1, 2], next_cursor: None }.map(|item| item * 2);
    assert_eq!(serde_json::to_string(&page).unwrap(), r#"{"items":[2,4],"next_cursor":null}"#);
}
