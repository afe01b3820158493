//! Pages and cursors.

use crate::{http::Cursor, store::Position};

const LIST: [&str; 3] = ["members", "org_1", "status=active"];

fn position(key: &str) -> Position {
    Position { part: 1, key: key.to_owned() }
}

#[test]
fn cursor_decodes_to_its_position() {
    for key in ["", "m", "MEMBER#auth0|42", "\u{fc}\u{0}"] {
        let cursor = Cursor::encode(&LIST, &position(key));
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_eq!(Cursor::decode(&cursor, &LIST).unwrap(), position(key));
    }
}

#[test]
fn cursor_of_another_list_is_refused() {
    let cursor = Cursor::encode(&LIST, &position("position"));
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
fn damaged_cursor_is_refused() {
    let good = Cursor::encode(&LIST, &position("position"));
    let cut: String = good.chars().take(11).collect();
    let too_long = Cursor::encode(&LIST, &position(&"k".repeat(1_025)));
    for bad in ["", "a", "!", &cut, &too_long, &format!("{good}="), &format!(" {good}")] {
        assert!(Cursor::decode(bad, &LIST).is_err(), "{bad:?}");
    }
    for damaged in 0..good.len() {
        let other = if good.as_bytes()[damaged] == b'A' { "B" } else { "A" };
        let mut bad = good.clone();
        bad.replace_range(damaged..=damaged, other);
        assert!(Cursor::decode(&bad, &LIST).is_err(), "character {damaged}: {bad:?}");
    }
}
