//! Names that look alike (UTS 39).

use unicode_security::skeleton;

use super::{BuiltIn, Name, fold};

/// How often the skeleton and the folded form of a text can change each other. A test checks that
/// these rounds are enough for every character.
const ROUNDS: usize = 3;

/// Whether the name is that of a built-in role, or looks like it in some case (ROLE2).
pub(super) fn looks_built_in(name: &Name) -> bool {
    let forms = [look(name.as_str()), look(&name.folded())];
    BuiltIn::ALL.iter().any(|role| forms.contains(&look(role.name())))
}

/// The look of a text: equal for texts that look alike.
///
/// It is the skeleton of UTS 39, section 4, made independent of case. A capital I looks like a
/// small L, so both are one letter here, with all their cases.
fn look(text: &str) -> String {
    let mut look = text.to_owned();
    for _ in 0..ROUNDS {
        look = fold(&skeleton(&look).collect::<String>());
    }
    look.replace('i', "l")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::tests::every_character_of_interest;

    fn is_refused(text: &str) -> bool {
        looks_built_in(&Name::parse(text, 64).unwrap())
    }

    #[test]
    fn name_of_a_built_in_role_is_refused_in_other_letters() {
        for (case, name) in [
            ("same", "Super Admin"),
            ("other case", "sUPER aDMIN"),
            ("other spaces", "Super \u{3000} Admin"),
            ("Cyrillic", "Ѕuper Admin"),
            ("Cyrillic capitals", "ЅUРЕR АDМІN"),
            ("Cyrillic, small", "uѕеr"),
            ("Greek", "ΜDF Αdmin"),
            ("Cherokee", "Ꭺdmin"),
            ("one letter of another script", "Uѕer"),
            ("full width", "Ｐａｒｔｎｅｒ Ｕｓｅｒ"),
            ("mathematical", "𝐀𝐝𝐦𝐢𝐧"),
            ("L for I", "ADMlN"),
            ("digit for I", "Adm1n"),
            ("dotless i", "Admın"),
            ("two letters for one", "Adrnin"),
        ] {
            assert!(is_refused(name), "{case}: {name}");
        }
    }

    #[test]
    fn other_names_stay_free() {
        for name in ["Administrator", "Superuser", "Users", "Admin 2", "Пользователь", "Ådmin"]
        {
            assert!(!is_refused(name), "{name}");
        }
    }

    #[test]
    fn look_of_a_look_is_itself() {
        for c in every_character_of_interest() {
            let once = look(&c.to_string());
            assert_eq!(look(&once), once, "{c:?}");
        }
    }
}
