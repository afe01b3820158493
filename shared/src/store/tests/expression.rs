//! Names and values of expressions, alone and joined.

use super::*;
use crate::store::item::number;

fn names(piece: &Expression) -> Vec<(&str, &str)> {
    let mut names: Vec<_> =
        piece.names.iter().map(|(name, meant)| (name.as_str(), meant.as_str())).collect();
    names.sort_unstable();
    names
}

#[test]
fn each_name_in_the_text_is_bound_to_its_attribute() {
    let piece = Expression::new("#role_id = :role AND size(#roles.#id) < :n OR #a1<>:b", []);
    let expected = [("#a1", "a1"), ("#id", "id"), ("#role_id", "role_id"), ("#roles", "roles")];
    assert_eq!(names(&piece), expected);
    assert_eq!(names(&Expression::new("attribute_not_exists(#pk)", [])), [("#pk", "pk")]);
    assert_eq!(names(&Expression::new("", [])), []);
}

#[test]
fn placeholder_is_bound_to_the_given_attribute() {
    let piece = Expression::new("#roles.#id = :levels", []).naming("id", "01ABC");
    assert_eq!(names(&piece), [("#id", "01ABC"), ("#roles", "roles")]);
    let other = Expression::new("#roles", []).naming("id", "01ABC");
    assert_eq!(names(&other), [("#roles", "roles")], "a name that does not occur is not bound");
}

#[test]
fn and_joins_two_conditions_and_ignores_an_empty_one() {
    let one = || Expression::new("#a = :a", [("a", number(1))]);
    let both = one().and(Expression::new("#b > :b", [("b", number(2))]));
    assert_eq!(both.text, "#a = :a AND (#b > :b)");
    assert_eq!((names(&both).len(), both.values.len()), (2, 2));
    let same = one().and(Expression::default());
    assert_eq!((same.text.as_str(), same.values.len()), ("#a = :a", 1));
}

#[test]
fn values_with_the_same_name_in_two_expressions_stay_apart() {
    let mut all = ExpressionValues::default();
    let texts = [1, 2].map(|n| all.take(Expression::new("#n = :n", [("n", number(n))])));
    assert_eq!(texts, ["#n = :v1_n", "#n = :v2_n"]);
    let (names, values) = all.placeholders();
    assert_eq!(names.unwrap().len(), 1);
    let values = values.unwrap();
    assert_eq!((&values[":v1_n"], &values[":v2_n"]), (&number(1), &number(2)));
}

#[test]
fn missing_names_or_values_are_none_and_never_an_empty_map() {
    assert_eq!(ExpressionValues::default().placeholders(), (None, None));
    let mut all = ExpressionValues::default();
    all.take(Expression::new("attribute_exists(#pk)", []));
    let (names, values) = all.placeholders();
    assert!(names.is_some() && values.is_none());
}
