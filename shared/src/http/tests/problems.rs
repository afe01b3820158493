//! Compares the problem slugs in the code with the headings of `docs/problems.md`.

use std::{collections::BTreeMap, fs, path::Path};

/// The folders whose code creates problems: the shared crate, the functions, the local gateway.
const FOLDERS: [&str; 3] = ["shared/src/http", "functions", "infra/local/src"];

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// The text between the first two quotation marks.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// Each slug in the code, with its status if that is a literal number.
fn in_code() -> BTreeMap<String, Option<u16>> {
    let mut texts = Vec::new();
    for folder in FOLDERS {
        sources(&root().join(folder), &mut texts);
    }
    let mut slugs = BTreeMap::new();
    for text in texts {
        // `(409, "slug", "Title")` in the table of refusals.
        for (at, _) in text.match_indices(", \"") {
            let status = text[..at].rsplit('(').next().unwrap();
            if let (3, Ok(status)) = (status.len(), status.parse()) {
                slugs.insert(quoted(&text[at..]).unwrap().to_owned(), Some(status));
            }
        }
        // `Problem::new(status, "slug", …)`.
        for call in text.split("Problem::new(").skip(1).chain(text.split("Self::new(").skip(1)) {
            let mut arguments = call.splitn(3, ',').skip(1);
            let slug = arguments.next().map(str::trim).filter(|slug| slug.starts_with('"'));
            if let Some(slug) = slug.and_then(quoted) {
                slugs.entry(slug.to_owned()).or_insert(None);
            }
        }
    }
    slugs
}

/// Each heading of the page, with the status in its text.
fn in_documentation() -> BTreeMap<String, u16> {
    let page = fs::read_to_string(root().join("docs/problems.md")).unwrap();
    let entries = page.split("\n## ").skip(1).map(|entry| {
        let (slug, text) = entry.split_once("\n\n").unwrap();
        let status = text.split("**").nth(1).and_then(|status| status.parse().ok());
        (slug.to_owned(), status.unwrap_or_else(|| panic!("{slug} has no status")))
    });
    entries.collect()
}

#[test]
fn documented_problems_are_those_in_the_code() {
    let (code, pages) = (in_code(), in_documentation());
    assert!(code.len() > 50, "{code:?}");
    assert_eq!(code.keys().collect::<Vec<_>>(), pages.keys().collect::<Vec<_>>());
    for (slug, status) in code {
        assert_eq!(status.unwrap_or(pages[&slug]), pages[&slug], "{slug}");
    }
}
