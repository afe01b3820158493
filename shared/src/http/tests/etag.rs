//! Reading the tags of a header.

use axum::http::{HeaderMap, HeaderValue, header::IF_MATCH};

use super::Tags;

#[expect(clippy::option_option, reason = "that of what is tested")]
fn read(lines: &[&str]) -> Option<Option<Tags>> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(IF_MATCH, HeaderValue::from_str(line).unwrap());
    }
    Tags::of(&headers, &IF_MATCH)
}

#[test]
fn a_header_holds_a_list_of_tags_in_one_line_or_several() {
    let tags = |tags: &[(bool, &str)]| {
        Some(Some(Tags::These(tags.iter().map(|(weak, tag)| (*weak, (*tag).to_owned())).collect())))
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
fn what_is_no_list_of_tags_is_not_read() {
    for line in ["", " ", ",", "a", r#""a"#, r#"a""#, r#""a" "b""#, r#"w/"a""#, r#"W/ "a""#, "*, *"]
    {
        assert_eq!(read(&[line]), None, "{line}");
    }
    assert_eq!(read(&["*", r#""a""#]), None);
}
