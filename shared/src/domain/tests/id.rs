//! Ids and hashes.

use super::*;

#[test]
fn user_id_has_1_to_255_printable_ascii_characters() {
    for sub in ["auth0|42", "Ada Lovelace", "CN=Ada, O=Acme"] {
        assert_eq!(sub.parse(), Ok(UserId::new(sub)));
    }
    for other in ["", " ", " a", "a ", "é", "a\n", "a\tb", "a\0b", &"s".repeat(256)] {
        assert_eq!(other.parse::<UserId>(), Err(NotAUserId), "{other}");
        assert!(serde_json::from_value::<UserId>(other.into()).is_err(), "{other}");
    }
}

#[test]
fn person_id_differs_by_sub_and_by_address() {
    let sub = |text: &str| PersonId::of(&UserId::new(text));
    let address = PersonId::of_address(&Email::parse("ada@example.com").unwrap());
    assert_ne!(sub("ada@example.com"), address);
    assert_ne!(sub("ada"), sub("bob"));
    assert_eq!(sub("ada").to_string().parse(), Ok(sub("ada")));
}

#[test]
fn id_has_one_spelling() {
    let id = OrgId::new(Timestamp::UNIX_EPOCH, 77);
    let text = id.to_string();
    assert_eq!(text.parse(), Ok(id));
    let too_large = text.replace("org_0", "org_8");
    for other in [text.to_lowercase(), text.replace("org_", "inv_"), format!("{text}0"), too_large]
    {
        assert!(other.parse::<OrgId>().is_err(), "{other}");
    }
}
