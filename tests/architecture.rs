//! The dependency rules of ARCHITECTURE.md that the compiler does not check.

use std::{
    fs,
    path::{Path, PathBuf},
};

use local::ROUTES;

/// Checks that no line of code in the folder contains one of the words.
fn assert_lacks(folder: &str, words: &[&str]) {
    for path in sources(folder) {
        for line in code(&path) {
            let word = words.iter().find(|word| line.contains(**word));
            assert_eq!(word, None, "{}: {line}", path.display());
        }
    }
}

/// The domain has no input or output, no clock, no randomness, and no dependency on other layers.
#[test]
fn domain_is_pure() {
    let io = ["async ", ".await?", ".await;", "tokio", "tracing", "std::env", "std::fs", "rand::"];
    let layers = ["aws_", "axum", "lambda_http", "crate::store", "crate::http"];
    assert_lacks("shared/src/domain", &[io.as_slice(), &layers].concat());
}

/// The header of the domain teaches the model, so each exported type is linked there.
#[test]
fn domain_header_links_every_exported_type() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/src/domain/mod.rs");
    let text = fs::read_to_string(&path).unwrap();
    let header: String = text.lines().filter(|line| line.starts_with("//!")).collect();
    let unlinked: Vec<_> =
        exported_types(&text).filter(|name| !header.contains(&format!("[`{name}`]"))).collect();
    assert!(unlinked.is_empty(), "link these types in the header of the domain: {unlinked:?}");
}

/// The last column of `docs/internals/rules.md` names the files that keep each rule.
#[test]
fn files_that_keep_the_rules_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/internals/rules.md")).unwrap();
    let cells = page.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit(" | ").next());
    let paths: Vec<_> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .filter(|text| text.contains('/'))
        .collect();
    assert!(paths.len() > 80, "only {} paths were found", paths.len());
    for path in paths {
        let exists =
            [root.join("shared/src"), root.clone()].iter().any(|dir| dir.join(path).exists());
        assert!(exists, "there is no {path}");
    }
}

/// `tests/statements.txt` traces the rules to the documents that they come from.
#[test]
fn rules_and_routes_of_each_statement_exist() {
    let page = fs::read_to_string("../docs/internals/rules.md").unwrap();
    let statements = include_str!("statements.txt").lines();
    let statements: Vec<_> = statements.filter(|line| line.starts_with(char::is_numeric)).collect();
    assert!(statements.len() > 50, "only {} statements were found", statements.len());
    for statement in statements {
        let cells: Vec<_> = statement.split('|').map(str::trim).collect();
        let [_, rules, routes, _] = cells[..] else { panic!("{statement} has not four cells") };
        for rule in rules.split(", ") {
            assert!(
                page.contains(&format!("\n| {rule} | ")),
                "there is no rule {rule}: {statement}"
            );
        }
        for route in routes.split(", ").filter(|route| !route.is_empty()) {
            let path = route.replace('…', "/v1/organizations/{org}");
            let exists = ROUTES.iter().any(|(method, it, _)| format!("{method} {it}") == path);
            assert!(exists, "there is no route {route}: {statement}");
        }
    }
}

#[test]
fn store_does_not_depend_on_http() {
    assert_lacks("shared/src/store", &["crate::http", "axum"]);
}

/// Functions reach the table, the environment and the time through `shared`.
#[test]
fn functions_use_no_table_client_environment_or_clock() {
    assert_lacks("functions", &["aws_sdk_dynamodb", "aws_config", "std::env", "Timestamp::now"]);
}

#[test]
fn key_formats_are_in_one_file() {
    for path in sources("shared/src/store") {
        let has_format = code(&path).any(|line| line.contains("ORG#") || line.contains("MEMBER#"));
        assert_eq!(has_format, path.ends_with("keys.rs"), "{}", path.display());
    }
}

/// Only `commit` writes to the table, and only the migration scans it.
#[test]
fn all_writes_are_transactions() {
    let writes = ["put_item()", "update_item()", "delete_item()", "batch_write_item()"];
    for folder in ["shared/src", "functions"] {
        assert_lacks(folder, &writes);
        for path in sources(folder) {
            let writes = code(&path).any(|line| line.contains("transact_write_items()"));
            assert_eq!(writes, path.ends_with("store/commit.rs"), "{}", path.display());
            let scans = code(&path).any(|line| line.contains(".scan()"));
            assert_eq!(scans, path.ends_with("store/migration.rs"), "{}", path.display());
        }
    }
}

#[test]
fn request_structs_refuse_unknown_fields() {
    for path in sources("functions").into_iter().filter(|path| has_routes(path)) {
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("Deserialize)]\n") {
            let after = text[at..].lines().nth(1).unwrap();
            let item: String = text[at..].chars().take(400).collect();
            let is_struct =
                item.lines().find(|line| line.starts_with("struct") || line.starts_with("enum"));
            if is_struct.is_some_and(|line| line.starts_with("struct")) {
                assert!(after.contains("deny_unknown_fields"), "{}: {item}", path.display());
            }
        }
    }
}

/// Every handler of PATCH, PUT and DELETE takes `If-Match` (RFC 9110, section 13.1.1).
#[test]
fn changes_accept_if_match() {
    // These handlers change resources that no GET returns alone, so there is no `ETag` to match.
    let exempt = ["add", "remove", "cancel", "link", "unlink"];
    let files: Vec<SourceFile> = sources("functions")
        .into_iter()
        .filter(|path| has_routes(path))
        .map(|path| SourceFile { text: code(&path).collect::<Vec<_>>().join("\n"), path })
        .collect();
    let mut handlers = 0;
    for file in &files {
        for name in changing_handlers(&file.text).filter(|name| !exempt.contains(name)) {
            let mut package =
                files.iter().filter(|other| other.path.parent() == file.path.parent());
            let signature = package.find_map(|other| signature(&other.text, name));
            let takes_if_match = signature.map(|signature| signature.contains("IfMatch"));
            assert_eq!(takes_if_match, Some(true), "{}: {name}", file.path.display());
            handlers += 1;
        }
    }
    assert!(handlers >= 7, "only {handlers} handlers were found");
}

/// The types in the `pub use` items of a module: names with a lowercase letter after the first, uppercase one.
fn exported_types(text: &str) -> impl Iterator<Item = &str> {
    let items = text.split("pub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let names =
        items.flat_map(|item| item.split(|char: char| !char.is_alphanumeric() && char != '_'));
    names.filter(|name| name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase))
}

/// Whether a file belongs to a function of the API. AWS calls the others, and may add members to its events.
fn has_routes(path: &Path) -> bool {
    let path = path.to_string_lossy();
    !["functions/mail", "functions/publish"].iter().any(|folder| path.contains(folder))
}

struct SourceFile {
    path: PathBuf,
    text: String,
}

/// The names of the handlers in `patch(…)`, `put(…)` and `delete(…)` of the routes.
fn changing_handlers(text: &str) -> impl Iterator<Item = &str> {
    ["patch(", "put(", "delete("].into_iter().flat_map(move |method| {
        text.match_indices(method).filter_map(move |(at, _)| {
            let before = &text[..at];
            let is_route = before.ends_with('.') || before.ends_with(", ");
            let handler = text[at + method.len()..].split(')').next().unwrap_or_default();
            let name = handler.rsplit("::").next().unwrap_or_default();
            (is_route && !name.is_empty()).then_some(name)
        })
    })
}

/// The parameters and the return type of a function in `text`.
fn signature<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("async fn {name}("))?;
    rest.split_once("{\n").map(|(signature, _)| signature)
}

/// The lines of a file without comments and unit tests, which come last.
fn code(path: &Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    let lines: Vec<_> = code.lines().map(ToOwned::to_owned).collect();
    lines.into_iter().filter(|line| !line.trim_start().starts_with("//"))
}

/// The Rust files below a folder, without files of tests.
fn sources(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("tests.rs")
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty());
    found
}
