//! `docs/seeds.md` traces what the product was built from; this keeps every name on it true.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use local::ROUTES;

const NOT_YET: &str = "*Not yet.*";

/// A line of the page: what is said, rules, routes, and tests or a reason.
struct Row {
    said: String,
    rules: Vec<String>,
    routes: Vec<String>,
    shown: String,
}

fn rows() -> Vec<Row> {
    let page = read("docs/seeds.md");
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| what"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [said, rules, routes, shown] = cells[..] else { panic!("{line} has not four cells") };
        let rules = rules.split(", ").filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
        let (said, shown) = (said.to_owned(), shown.to_owned());
        Row { said, rules, routes: quoted(routes), shown }
    };
    lines.map(row).collect()
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The functions that are tests.
fn tests_of(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            tests_of(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(path).unwrap();
            for test in text.split("test]\n").chain(text.split("test(flavor").skip(1)).skip(1) {
                let name = test.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
                found.extend(name.map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_rule_it_names_is_one() {
    let page = read("docs/rules.md");
    let ids = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let ids: BTreeSet<_> = ids.collect();
    let mut named = BTreeSet::new();
    for row in rows() {
        assert!(!row.rules.is_empty(), "{}: by which rule?", row.said);
        for rule in row.rules {
            assert!(ids.contains(rule.as_str()), "{}: there is no rule {rule}", row.said);
            named.insert(rule);
        }
    }
    assert!(named.len() > 35, "{named:?}");
}

#[test]
fn every_route_it_names_is_served() {
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|(method, path, _)| {
            format!("{method} {}", path.replace("/v1/organizations/{org}", "…"))
        })
        .collect();
    for row in rows() {
        for route in row.routes {
            assert!(routes.contains(&route), "{}: there is no route {route}", row.said);
        }
    }
}

#[test]
fn every_test_it_names_is_there_and_no_line_goes_without() {
    let mut tests = BTreeSet::new();
    for folder in ["tests", "shared/src", "functions", "infra/local"] {
        tests_of(&root().join(folder), &mut tests);
    }
    for row in rows() {
        assert!(!row.shown.is_empty(), "{}: shown by what?", row.said);
        for test in quoted(&row.shown) {
            assert!(tests.contains(&test), "{}: there is no test {test}", row.said);
        }
    }
}

/// What is not built yet says so in both places, or in neither.
#[test]
fn what_it_does_not_show_yet_the_rules_do_not_keep_yet() {
    let rules = read("docs/rules.md");
    let open = rules.lines().filter(|line| line.contains("*Not yet:*"));
    let open: BTreeSet<_> =
        open.filter_map(|line| line.strip_prefix("| ")?.split(' ').next()).collect();
    for row in rows().into_iter().filter(|row| row.shown == NOT_YET) {
        let known = row.rules.iter().any(|rule| open.contains(rule.as_str()));
        assert!(known, "{}: docs/rules.md says that it is built", row.said);
    }
}
