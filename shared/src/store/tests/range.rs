//! Which keys a range covers: never more than its own, whatever position a cursor names.

use super::*;

fn range() -> Range {
    Range::of_index(Index::ByPath, "1#ACTIVE".to_owned(), "1#b")
}

/// The first and the last key of a range after a position.
fn bounds(range: &Range, after: Option<&str>) -> Option<(String, String)> {
    let mut terms = ExpressionValues::default();
    terms.take(range.condition(after)?);
    let values = terms.parts().1.unwrap_or_default();
    let value = |name: &str| values[name].as_s().unwrap().clone();
    Some((value(":v1_first"), value(":v1_last")))
}

fn from_to(first: &str, last: &str) -> (String, String) {
    (first.to_owned(), last.to_owned())
}

#[test]
fn range_covers_the_keys_with_its_prefix() {
    assert_eq!(bounds(&range(), None), Some(from_to("1#b", "1#b\u{10FFFF}")));
    let descending = range().descending(true);
    assert_eq!(bounds(&descending, None), Some(from_to("1#b", "1#b\u{10FFFF}")));
}

#[test]
fn position_narrows_the_range_from_the_side_that_is_read_first() {
    assert_eq!(bounds(&range(), Some("1#bob")), Some(from_to("1#bob", "1#b\u{10FFFF}")));
    let descending = range().descending(true);
    assert_eq!(bounds(&descending, Some("1#bob")), Some(from_to("1#b", "1#bob")));
}

#[test]
fn position_outside_gives_the_whole_range_or_nothing() {
    let all = Some(from_to("1#b", "1#b\u{10FFFF}"));
    let descending = range().descending(true);
    for (before, after) in [("", "1#d"), ("1", "2"), ("1#a", "1#c~"), ("0", "~")] {
        assert_eq!(bounds(&range(), Some(before)), all, "{before}");
        assert_eq!(bounds(&range(), Some(after)), None, "{after}");
        assert_eq!(bounds(&descending, Some(after)), all, "{after}");
        assert_eq!(bounds(&descending, Some(before)), None, "{before}");
    }
}

#[test]
fn bounds_never_widen_a_range() {
    let bounded = |first: &str, last: &str| {
        range().not_before(Some(first.to_owned())).not_after(Some(last.to_owned()))
    };
    assert_eq!(bounds(&bounded("1#ba", "1#bob"), None), Some(from_to("1#ba", "1#bob")));
    assert_eq!(bounds(&bounded("", "~"), None), Some(from_to("1#b", "1#b\u{10FFFF}")));
    assert_eq!(bounds(&bounded("", "1#a"), None), None);
}

#[test]
fn whole_partition_has_no_first_key() {
    let history = Range::of_table("EVENTS#1".to_owned(), "").descending(true);
    let text = |after| history.condition(after).unwrap().text;
    assert_eq!(text(None), "#hash = :hash AND #range <= :last");
    assert_eq!(text(Some("3")), "#hash = :hash AND #range <= :last");
}

#[test]
fn page_ends_where_one_of_its_ranges_stopped() {
    let found = |stopped_at: Option<&str>| Found {
        items: ["d", "a", "c", "b"].map(|key| (key.to_owned(), Item::new())).to_vec(),
        stopped_at: stopped_at.map(ToOwned::to_owned),
        units: 0.0,
    };
    let shown = |found: Found, limit, descending| {
        let merged = Merged::of(vec![found], descending);
        let keys: String = merged.items.iter().take(limit).map(|(key, _)| key.as_str()).collect();
        (keys, merged.slice(limit, 0).next.map(|next| next.key))
    };
    assert_eq!(shown(found(None), 9, false), ("abcd".to_owned(), None));
    assert_eq!(shown(found(None), 3, false), ("abc".to_owned(), Some("c".to_owned())));
    assert_eq!(shown(found(Some("b")), 3, false), ("ab".to_owned(), Some("b".to_owned())));
    assert_eq!(shown(found(Some("c")), 2, true), ("dc".to_owned(), Some("c".to_owned())));
    assert_eq!(shown(found(Some("b")), 2, true), ("dc".to_owned(), Some("c".to_owned())));
}

#[test]
fn filtered_range_is_read_in_growing_steps_within_its_read_units() {
    let mut budget = ReadBudget::new(100.0, false);
    let mut limits = Vec::new();
    while !budget.is_used_up() {
        let limit = budget.limit(26);
        limits.push(limit);
        budget
            .count(i32::try_from(limit).unwrap(), 0.25 * f64::from(u32::try_from(limit).unwrap()));
    }
    assert_eq!(limits, [26, 104, 270]);
    assert!(budget.consumed <= 100.0);
}
