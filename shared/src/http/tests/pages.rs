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
}

/// The damages that a client, a proxy or a mail can cause.
#[test]
fn cursor_with_any_one_damage_is_refused() {
    let characters = ('!'..='~').chain(['\u{fc}', ' ']);
    for key in ["", "x", "ab", "position"] {
        let good = Cursor::encode(&LIST, &position(key));
        let mut damaged = Vec::new();
        for at in 0..=good.len() {
            let (before, after) = good.split_at(at);
            damaged.extend(characters.clone().map(|one| format!("{before}{one}{after}")));
            damaged.push(before.to_owned());
            damaged.push(after.to_owned());
            let mut rest = after.chars();
            let Some(first) = rest.next() else { continue };
            let rest = rest.as_str();
            damaged.push(format!("{before}{rest}"));
            damaged.extend(characters.clone().map(|one| format!("{before}{one}{rest}")));
            if let Some(second) = rest.chars().next() {
                damaged.push(format!("{before}{second}{first}{}", &rest[1..]));
            }
        }
        damaged.extend([good.to_uppercase(), good.to_lowercase(), format!("{good}{good}")]);
        for bad in damaged.iter().filter(|bad| **bad != good) {
            assert!(Cursor::decode(bad, &LIST).is_err(), "{good} damaged to {bad:?}");
        }
    }
}
