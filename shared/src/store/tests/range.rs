//! Which keys a range covers: never more than its own, whatever position a cursor names.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture},
    orchestrator::HttpRequest,
};
use serde_json::{Value, json};

use super::*;
use crate::store::tests::{answer, store_over};

fn range() -> Range {
    Range::of_index(Index::ByPath, "1#ACTIVE".to_owned(), "1#b")
}

/// The first and the last key of a range after a position.
fn bounds(range: &Range, after: Option<&str>) -> Option<(String, String)> {
    let mut expressions = ExpressionValues::default();
    expressions.take(range.condition(after)?);
    let values = expressions.placeholders().1.unwrap_or_default();
    let value = |name: &str| values[name].as_s().unwrap().clone();
    Some((value(":v1_first"), value(":v1_last")))
}

fn from_to(first: &str, last: &str) -> (String, String) {
    (first.to_owned(), last.to_owned())
}

#[test]
fn position_and_bounds_narrow_a_range_and_never_widen_it() {
    let all = || Some(from_to("1#b", "1#b\u{10FFFF}"));
    let (ascending, descending) = (range(), range().in_direction(Direction::Descending));
    let bounded = |first: &str, last: &str| {
        range().not_before(Some(first.to_owned())).not_after(Some(last.to_owned()))
    };
    let cases = [
        (&ascending, None, all()),
        (&descending, None, all()),
        (&ascending, Some("1#bob"), Some(from_to("1#bob", "1#b\u{10FFFF}"))),
        (&descending, Some("1#bob"), Some(from_to("1#b", "1#bob"))),
        (&bounded("1#ba", "1#bob"), None, Some(from_to("1#ba", "1#bob"))),
        (&bounded("", "~"), None, all()),
        (&bounded("", "1#a"), None, None),
    ];
    for (range, after, expected) in cases {
        assert_eq!(bounds(range, after), expected, "{after:?}");
    }
    for (before, after) in [("", "1#d"), ("1", "2"), ("1#a", "1#c~"), ("0", "~")] {
        let outside = |range| [before, after].map(|position| bounds(range, Some(position)));
        assert_eq!(outside(&ascending), [all(), None], "{before} {after}");
        assert_eq!(outside(&descending), [None, all()], "{before} {after}");
    }
}

#[test]
fn whole_partition_has_no_first_key() {
    let history = Range::of_table("EVENTS#1".to_owned(), "").in_direction(Direction::Descending);
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
    let shown = |found: Found, limit, direction| {
        let merged = Merged::of(vec![found], direction);
        let keys: String = merged.items.iter().take(limit).map(|(key, _)| key.as_str()).collect();
        (keys, merged.slice(limit, 0).next.map(|next| next.key))
    };
    assert_eq!(shown(found(None), 9, Direction::Ascending), ("abcd".to_owned(), None));
    assert_eq!(
        shown(found(None), 3, Direction::Ascending),
        ("abc".to_owned(), Some("c".to_owned()))
    );
    assert_eq!(
        shown(found(Some("b")), 3, Direction::Ascending),
        ("ab".to_owned(), Some("b".to_owned()))
    );
    assert_eq!(
        shown(found(Some("c")), 2, Direction::Descending),
        ("dc".to_owned(), Some("c".to_owned()))
    );
    assert_eq!(
        shown(found(Some("b")), 2, Direction::Descending),
        ("dc".to_owned(), Some("c".to_owned()))
    );
}

/// Simulates a large table in which no item passes a filter, and records the limits of its queries.
#[derive(Clone, Debug, Default)]
struct NoMatch(Arc<Mutex<Vec<u32>>>);

impl HttpConnector for NoMatch {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let query: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let limit = u32::try_from(query["Limit"].as_u64().unwrap()).unwrap();
        let mut limits = self.0.lock().unwrap();
        limits.push(limit);
        let last = json!({ "path": { "S": format!("1#b{}", limits.len()) } });
        let body = json!({
            "ScannedCount": limit,
            "ConsumedCapacity": { "CapacityUnits": 0.25 * f64::from(limit) },
            "LastEvaluatedKey": if limits.len() < 9 { last } else { Value::Null },
        });
        answer(200, &body)
    }
}

#[tokio::test]
async fn filtered_range_is_read_in_growing_steps_within_its_read_units() {
    let table = NoMatch::default();
    let filtered = range().filtered(Expression::new("attribute_exists(#deleted)", []));
    let found = store_over(table.clone()).read(&filtered, None, 26, 100.0).await.unwrap();
    assert_eq!(*table.0.lock().unwrap(), [26, 104, 270]);
    assert_eq!(found.stopped_at.as_deref(), Some("1#b3"));
    assert!(found.units <= 100.0 && found.items.is_empty(), "{found:?}");
}
