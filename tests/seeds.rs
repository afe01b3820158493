//! `docs/internals/seeds.md` traces the rules to the documents that they come from. Each rule and each route that it
//! names exists.

use std::{collections::BTreeSet, fs, path::Path};

use local::ROUTES;

/// A row of the page.
struct Row {
    statement: String,
    rules: Vec<String>,
    routes: Vec<String>,
}

fn rows() -> Vec<Row> {
    let page = read("docs/internals/seeds.md");
    let lines =
        page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| statement"));
    lines.map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<_> = line.split('|').map(str::trim).collect();
    let [_, statement, rules, routes, _, _] = cells[..] else {
        panic!("{line} has not four cells")
    };
    let rules = rules.split(", ").filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
    Row { statement: statement.to_owned(), rules, routes: quoted(routes) }
}

/// The texts between backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

#[test]
fn every_rule_on_the_page_exists() {
    let page = read("docs/internals/rules.md");
    let ids = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next());
    let ids: BTreeSet<_> = ids.collect();
    let mut named = BTreeSet::new();
    for row in rows() {
        assert!(!row.rules.is_empty(), "{}: names no rule", row.statement);
        for rule in row.rules {
            assert!(ids.contains(rule.as_str()), "{}: there is no rule {rule}", row.statement);
            named.insert(rule);
        }
    }
    assert!(named.len() > 35, "{named:?}");
}

#[test]
fn every_route_on_the_page_exists() {
    let routes: BTreeSet<_> = ROUTES
        .iter()
        .map(|(method, path, _)| {
            format!("{method} {}", path.replace("/v1/organizations/{org}", "…"))
        })
        .collect();
    for row in rows() {
        for route in row.routes {
            assert!(routes.contains(&route), "{}: there is no route {route}", row.statement);
        }
    }
}
