//! The invariants of ARCHITECTURE.md that the compiler does not check.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The domain decides; it does not read, write, wait or guess.
#[test]
fn the_domain_is_pure() {
    let forbidden = [
        "async ",
        ".await?",
        ".await;",
        "aws_",
        "axum",
        "lambda_http",
        "tokio",
        "tracing",
        "std::env",
        "std::fs",
        "rand::",
        "crate::store",
        "crate::http",
    ];
    for path in sources("shared/src/domain") {
        for line in code(&path) {
            let found = forbidden.iter().find(|word| line.contains(*word));
            assert_eq!(found, None, "{}: {line}", path.display());
        }
    }
}

/// The store never looks at HTTP.
#[test]
fn imports_run_one_way() {
    for path in sources("shared/src/store") {
        for line in code(&path) {
            assert!(
                !line.contains("crate::http") && !line.contains("axum"),
                "{}: {line}",
                path.display()
            );
        }
    }
}

/// Functions share through `shared`, and never name the table, the SDK or each other.
#[test]
fn functions_are_thin() {
    for path in sources("functions") {
        for line in code(&path) {
            for word in ["aws_sdk_dynamodb", "aws_config", "std::env", "Timestamp::now"] {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
        }
    }
}

/// Key formats are written in one file.
#[test]
fn keys_are_spelled_in_one_place() {
    for path in sources("shared/src/store") {
        let spelled = code(&path).any(|line| line.contains("ORG#") || line.contains("MEMBER#"));
        assert_eq!(spelled, path.ends_with("keys.rs"), "{}", path.display());
    }
}

/// One method writes to the table.
#[test]
fn everything_is_written_in_a_transaction() {
    let writes = ["put_item()", "update_item()", "delete_item()", "batch_write_item()", ".scan()"];
    for path in sources("shared/src").into_iter().chain(sources("functions")) {
        for line in code(&path) {
            let found = writes.iter().find(|word| line.contains(*word));
            assert_eq!(found, None, "{}: {line}", path.display());
            if line.contains("transact_write_items()") {
                assert!(path.ends_with("commit.rs"), "{}: {line}", path.display());
            }
        }
    }
}

/// Every body and query refuses fields that it does not know.
#[test]
fn no_request_has_fields_that_nobody_reads() {
    for path in sources("functions") {
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("Deserialize)]\n") {
            let after = text[at..].lines().nth(1).unwrap();
            let item: String = text[at..].chars().take(400).collect();
            let is_struct =
                item.lines().find(|line| line.starts_with("struct") || line.starts_with("enum"));
            if is_struct.is_some_and(|line| line.starts_with("struct")) {
                assert_eq!(after, "#[serde(deny_unknown_fields)]", "{}: {item}", path.display());
            }
        }
    }
}

/// What a client has seen counts wherever something is changed or deleted (RFC 9110, `If-Match`).
#[test]
fn no_change_ignores_what_its_client_has_seen() {
    // Handlers of what no GET shows by itself, so that there is nothing to have seen.
    let unseen = ["add", "remove", "cancel", "link", "unlink"];
    let texts: Vec<_> = sources("functions")
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains("functions/notify")) // It serves no routes.
        .map(|path| (path.clone(), code(&path).collect::<Vec<_>>().join("\n")))
        .collect();
    let mut changes = 0;
    for (path, text) in &texts {
        for method in ["patch(", "put(", "delete("] {
            for (at, _) in text.match_indices(method) {
                let routed = text[..at].ends_with('.') || text[..at].ends_with(", ");
                let handler = text[at + method.len()..].split(')').next().unwrap_or_default();
                let name = handler.rsplit("::").next().unwrap_or_default();
                if !routed || handler.is_empty() || unseen.contains(&name) {
                    continue;
                }
                let signature = texts.iter().filter(|(other, _)| other.parent() == path.parent());
                let signature = signature.filter_map(|(_, text)| {
                    text.split_once(&format!("async fn {name}("))?.1.split_once("{\n")
                });
                let takes = signature.map(|(signature, _)| signature.contains("IfMatch")).next();
                assert_eq!(takes, Some(true), "{}: {handler}", path.display());
                changes += 1;
            }
        }
    }
    assert!(changes >= 7, "{changes} changes were found");
}

fn code(path: &Path) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(path).unwrap();
    // Unit tests come last in a file.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    let lines: Vec<_> = code.lines().map(ToOwned::to_owned).collect();
    lines.into_iter().filter(|line| !line.trim_start().starts_with("//"))
}

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
