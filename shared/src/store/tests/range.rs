//! Which keys a range holds: never more than its own, whatever position a cursor names.

use super::*;

fn range() -> Range {
    Range::of_index("tree", "ROOT#1".to_owned(), "1#b".to_owned())
}

/// From where to where a range is read.
fn bounds(range: &Range, after: Option<&str>) -> Option<(String, String)> {
    let mut terms = ExpressionValues::default();
    terms.take(range.condition(after)?);
    let values = terms.parts().1.unwrap_or_default();
    let value = |name: &str| values[name].as_s().unwrap().clone();
    Some((value(":v1_from"), value(":v1_end")))
}

fn from_to(from: &str, to: &str) -> (String, String) {
    (from.to_owned(), to.to_owned())
}

#[test]
fn a_range_is_what_begins_alike() {
    assert_eq!(bounds(&range(), None), Some(from_to("1#b", "1#b\u{10FFFF}")));
    let last = range().newest_first();
    assert_eq!(bounds(&last, None), Some(from_to("1#b", "1#b\u{10FFFF}")));
}

#[test]
fn a_position_narrows_it_from_the_side_that_is_read_first() {
    assert_eq!(bounds(&range(), Some("1#bob")), Some(from_to("1#bob\u{1}", "1#b\u{10FFFF}")));
    let last = range().newest_first();
    assert_eq!(bounds(&last, Some("1#bob")), Some(from_to("1#b", "1#boa\u{10FFFF}")));
}

#[test]
fn a_position_outside_gives_all_of_it_or_nothing() {
    let all = Some(from_to("1#b", "1#b\u{10FFFF}"));
    let last = range().newest_first();
    for (before, behind) in [("", "1#d"), ("1", "2"), ("1#a", "1#c~"), ("0", "~")] {
        assert_eq!(
            (bounds(&range(), Some(before)), bounds(&range(), Some(behind))),
            (all.clone(), None)
        );
        assert_eq!((bounds(&last, Some(behind)), bounds(&last, Some(before))), (all.clone(), None));
    }
}

#[test]
fn an_end_that_a_cursor_names_never_widens_it() {
    let until = |end: &str| range().until(Some(end.to_owned()));
    assert_eq!(bounds(&until("1#bob"), None), Some(from_to("1#b", "1#bob")));
    assert_eq!(bounds(&until("\u{10FFFF}"), None), Some(from_to("1#b", "1#b\u{10FFFF}")));
    assert_eq!(bounds(&until("1#a"), None), None);
    assert_eq!(bounds(&until("1#bob"), Some("1#bob")), None);
}

#[test]
fn a_forged_position_that_no_key_could_hold_is_cut() {
    let long = format!("1#b{}", "ü".repeat(900));
    let (from, _) = bounds(&range(), Some(&long)).unwrap();
    assert!(from.len() <= LONGEST_KEY + 1 && from.starts_with("1#bü"));
}

#[test]
fn a_whole_partition_has_no_bounds_and_goes_on_before_its_position() {
    let history = Range::of_table("EVENTS#1".to_owned(), "").newest_first();
    let text = |after| history.condition(after).unwrap().text;
    assert_eq!(text(None), "#hash = :hash");
    assert_eq!(text(Some("3")), "#hash = :hash AND #sort <= :end");
}

#[test]
fn before_a_key_are_all_smaller_keys_and_not_itself() {
    let keys = ["1#a", "1#b", "1#ba", "1#bb", "1#c", "2", "01JD7Z0000", "01JD7Z0001"];
    for key in keys {
        let end = before(key);
        for other in keys {
            assert_eq!(other <= end.as_str(), other < key, "{other} before {key}");
        }
    }
    assert_eq!(before(""), "");
}

#[test]
fn a_page_is_cut_where_the_reading_was_given_up() {
    let found = |next: Option<&str>| Slice {
        items: ["d", "a", "c", "b"].map(|at| (at.to_owned(), ())).to_vec(),
        next: next.map(ToOwned::to_owned),
    };
    let shown = |found: Slice<(String, ())>, limit, newest_first| {
        let cut = found.cut(PageRequest { limit, after: None }, newest_first);
        let items: String = cut.items.into_iter().map(|(at, ())| at).collect();
        (items, cut.next)
    };
    assert_eq!(shown(found(None), 9, false), ("abcd".to_owned(), None));
    assert_eq!(shown(found(None), 3, false), ("abc".to_owned(), Some("c".to_owned())));
    assert_eq!(shown(found(Some("b")), 3, false), ("ab".to_owned(), Some("b".to_owned())));
    assert_eq!(shown(found(Some("c")), 2, true), ("dc".to_owned(), Some("c".to_owned())));
    assert_eq!(shown(found(Some("b")), 2, true), ("dc".to_owned(), Some("c".to_owned())));
}
