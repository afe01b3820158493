//! `If-Match`: how the header is read, and what a client gets if it names another version.

use axum::{
    http::{HeaderMap, HeaderValue, header::IF_MATCH},
    response::IntoResponse,
};

use super::{IfMatch, Tag, Tags, entity_tag};
use crate::{
    domain::{Refusal, Version},
    fixtures::{in_days, now},
    http::Problem,
    store,
};

#[expect(clippy::option_option, reason = "the type of the tested function")]
fn read(lines: &[&str]) -> Option<Option<Tags>> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(IF_MATCH, HeaderValue::from_str(line).unwrap());
    }
    Tags::of(&headers, &IF_MATCH)
}

fn if_match(lines: &[&str]) -> IfMatch {
    IfMatch(read(lines).unwrap())
}

#[test]
fn header_is_a_list_of_tags_in_one_line_or_several() {
    let tags = |tags: &[(bool, &str)]| {
        let tag = |&(weak, tag): &(bool, &str)| Tag { tag: tag.to_owned(), weak };
        Some(Some(Tags::These(tags.iter().map(tag).collect())))
    };
    assert_eq!(read(&[]), Some(None));
    assert_eq!(read(&["*"]), Some(Some(Tags::Any)));
    assert_eq!(read(&[r#""a""#]), tags(&[(false, r#""a""#)]));
    let two = tags(&[(false, r#""a,b""#), (true, r#""c""#)]);
    assert_eq!(read(&[r#""a,b", W/"c""#]), two);
    assert_eq!(read(&[r#""a,b""#, r#" W/"c" "#]), two);
    assert_eq!(read(&[r#", "a,b" ,,	W/"c","#]), two);
    assert_eq!(read(&[r#""""#]), tags(&[(false, r#""""#)]));
}

#[test]
fn malformed_list_of_tags_is_not_read() {
    for line in [
        "",
        " ",
        ",",
        "a",
        r#""a"#,
        r#"a""#,
        r#""a b""#,
        r#""a" "b""#,
        r#"w/"a""#,
        r#"W/ "a""#,
        "*, *",
    ] {
        assert_eq!(read(&[line]), None, "{line}");
    }
    assert_eq!(read(&["*", r#""a""#]), None);
}

#[test]
fn change_of_a_version_that_the_client_has_not_seen_is_refused() {
    let (version, other) = (Version::first(now(), None), Version::first(in_days(1), None));
    let seen = entity_tag(version);
    for lines in [&[][..], &["*"], &[&seen], &[&entity_tag(other), &seen]] {
        assert_eq!(if_match(lines).check(version), Ok(()), "{lines:?}");
    }
    for line in [entity_tag(other), format!("W/{seen}"), r#""""#.to_owned()] {
        let refused = if_match(&[&line]).check(version);
        assert_eq!(refused, Err(Refusal::PreconditionFailed), "{line}");
    }
}

#[test]
fn resource_without_a_tag_matches_the_asterisk_only() {
    assert_eq!(if_match(&[]).check_untagged(), Ok(()));
    assert_eq!(if_match(&["*"]).check_untagged(), Ok(()));
    assert_eq!(if_match(&[r#""1""#]).check_untagged(), Err(Refusal::PreconditionFailed));
}

#[test]
fn lost_race_is_a_failed_precondition_only_if_the_client_named_a_version() {
    let outcome = |lines: &[&str], refusal: Refusal| {
        let written: Result<(), _> = Err(store::Error::Refused(refusal));
        let response = if_match(lines).outcome(written).unwrap_err().into_response();
        response.extensions().get::<Problem>().unwrap().slug()
    };
    let lost = Refusal::ChangedConcurrently;
    assert_eq!(outcome(&[r#""1""#], lost.clone()), "precondition-failed");
    assert_eq!(outcome(&["*"], lost.clone()), "changed-concurrently");
    assert_eq!(outcome(&[], lost), "changed-concurrently");
    assert_eq!(outcome(&[r#""1""#], Refusal::NoSuchRole), "no-such-role");
}
