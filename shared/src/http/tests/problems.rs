//! Every problem has its page in the documentation, and every page its problem.

use std::{collections::BTreeMap, fs, path::Path};

/// Where problems are made: the shared crate, the functions, and the local gateway.
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

/// Each slug in the code, with its status where that is a number.
fn in_code() -> BTreeMap<String, Option<u16>> {
    let mut texts = Vec::new();
    for folder in FOLDERS {
        sources(&root().join(folder), &mut texts);
    }
    let mut slugs = BTreeMap::new();
    for text in texts {
        // `(409, "slug", "Title")`, of the table of refusals.
        for (at, _) in text.match_indices(", \"") {
            let status = text[..at].rsplit('(').next().unwrap();
            if let (3, Ok(status)) = (status.len(), status.parse()) {
                slugs.insert(quoted(&text[at..]).unwrap().to_owned(), Some(status));
            }
        }
        // `Problem::new(status, "slug", …)`.
        for made in text.split("Problem::new(").skip(1).chain(text.split("Self::new(").skip(1)) {
            let mut arguments = made.splitn(3, ',').skip(1);
            let slug = arguments.next().map(str::trim).filter(|slug| slug.starts_with('"'));
            if let Some(slug) = slug.and_then(quoted) {
                slugs.entry(slug.to_owned()).or_insert(None);
            }
        }
    }
    slugs
}

/// Each heading of the page, with the status below it.
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
fn every_problem_is_documented_and_nothing_else_is() {
    let (code, pages) = (in_code(), in_documentation());
    assert!(code.len() > 50, "{code:?}");
    assert_eq!(code.keys().collect::<Vec<_>>(), pages.keys().collect::<Vec<_>>());
    for (slug, status) in code {
        assert_eq!(status.unwrap_or(pages[&slug]), pages[&slug], "{slug}");
    }
}
