//! The commands of the runbook and of the deployer guide.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::resources;

const RUNBOOK: &str = include_str!("../../docs/runbook.md");

/// A stand-in for the AWS CLI. It writes the text of the query that it starts to a file.
const AWS: &str = r#"#!/bin/sh
case "$*" in
  *describe-stacks*) echo log-group ;;
  *describe-query-definitions*"--query-definition-name-prefix rolecall-prod/what happened to a request "*) cat "$HERE/query" ;;
  *start-query*)
    while [ "$1" != --query-string ]; do shift; done
    printf '%s' "$2" >"$HERE/started"
    echo id-1 ;;
  *get-query-results*"--query status"*) echo Complete ;;
  *get-query-results*) echo "a line" ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"#;

/// The saved queries: title and text.
fn queries() -> Vec<(String, String)> {
    let queries = resources("AWS::Logs::QueryDefinition").into_values().map(|query| {
        let title = query["Properties"]["Name"]["Fn::Sub"].as_str().expect("a title");
        let title = title.trim_start_matches("${AWS::StackName}/").to_owned();
        (title, query["Properties"]["QueryString"].as_str().expect("a query").to_owned())
    });
    queries.collect()
}

/// An empty directory of this test.
fn directory() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runbook");
    fs::create_dir_all(&directory).expect("a directory");
    directory
}

/// The first two blocks of the runbook: the variables, and the function `query`.
#[test]
fn runbook_runs_a_saved_query_from_a_shell() {
    let here = directory();
    let (_, request) = queries()
        .into_iter()
        .find(|(title, _)| title == "what happened to a request")
        .expect("the query");
    fs::write(here.join("query"), &request).expect("it can be written");
    fs::write(here.join("aws"), AWS).expect("it can be written");
    fs::set_permissions(here.join("aws"), fs::Permissions::from_mode(0o755)).expect("a program");
    let blocks = RUNBOOK.split("```").skip(1).step_by(2).take(2);
    let blocks: String = blocks.map(|block| block.trim_start_matches("sh\n")).collect();
    let definitions = blocks.replace("query 'failures and errors'\n", "");
    let script = format!("{definitions}query 'what happened to a request' REQUEST_ID JKJa/mPLvHc=");
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    let run = shell.args(["-euc", &script]).env("PATH", path).env("HERE", &here).output();
    let run = run.expect("a shell");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&run.stdout), "a line\n", "{errors}");
    let started = fs::read_to_string(here.join("started")).expect("a query was started");
    assert_eq!(started.trim(), request.replace("REQUEST_ID", "JKJa/mPLvHc=").trim());
}

/// `query 'TITLE' PLACEHOLDER VALUE`
#[test]
fn runbook_calls_saved_queries_by_their_titles_and_placeholders() {
    let queries = queries();
    let pieces: Vec<_> = RUNBOOK.split("query '").collect();
    // After `--`, it is the option of the AWS CLI.
    let calls = pieces.windows(2).filter(|pair| !pair[0].ends_with("--")).map(|pair| pair[1]);
    let calls: Vec<_> = calls.collect();
    assert!(calls.len() > 5, "{} calls", calls.len());
    for call in calls {
        let (title, rest) = call.split_once('\'').expect("a title");
        let text = queries.iter().find(|(name, _)| name == title).map(|(_, text)| text);
        let text = text.unwrap_or_else(|| panic!("no query is called {title:?}"));
        let capitals = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        let placeholder = rest.split([' ', '`', '\n']).nth(1).filter(capitals).unwrap_or_default();
        assert!(text.contains(placeholder), "{title}: {placeholder} is not in the query");
        let needs_one =
            ["REQUEST_ID", "INVOCATION", "CALLER_DIGEST"].iter().any(|it| text.contains(it));
        assert_eq!(needs_one, !placeholder.is_empty(), "{title}: {call:.60}");
    }
}

/// The blocks of commands, without the indentation of a list.
fn commands() -> impl Iterator<Item = String> {
    let blocks = RUNBOOK.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.map(|block| block.lines().map(str::trim_start).collect::<Vec<_>>().join("\n"))
}

#[test]
fn commands_are_those_of_a_posix_shell() {
    for (shell, block) in
        ["sh", "bash", "zsh"].into_iter().flat_map(|it| commands().map(move |block| (it, block)))
    {
        let Ok(parsed) = Command::new(shell).args(["-nc", &block]).output() else { continue };
        assert!(parsed.status.success(), "{shell}: {}", String::from_utf8_lossy(&parsed.stderr));
    }
}

/// zsh keeps these names for itself, and splits no variable into words unless it is told to.
#[test]
fn commands_run_in_zsh() {
    assert!(RUNBOOK.contains("`setopt interactive_comments sh_word_split`"));
    for block in commands() {
        for name in ["argv", "commands", "functions", "options", "path", "status"] {
            let assigned =
                block.split([' ', '\n', ';']).any(|word| word.starts_with(&format!("{name}=")));
            assert!(!assigned && !block.contains(&format!("for {name} in")), "{name}: {block}");
        }
    }
}

/// `functions/mail/src/failure.rs` takes these codes for failures of the account or its configuration.
#[test]
fn runbook_says_what_to_do_for_each_error_that_blocks_mail() {
    let code = include_str!("../../functions/mail/src/failure.rs");
    let (_, rest) = code.split_once("match name {").expect("the codes");
    let (codes, _) = rest.split_once("=> WaitCause::Account").expect("those of the account");
    let codes: Vec<_> = codes.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() > 5, "{codes:?}");
    let (_, section) = RUNBOOK.split_once("\n### MailBlocked\n").expect("the section");
    let section = section.split("\n### ").next().expect("a text");
    // The first version of the API pauses under names of its own.
    let unused = ["AccountSendingPaused", "ConfigurationSetSendingPaused"];
    for code in codes.into_iter().filter(|code| !unused.contains(code)) {
        assert!(section.contains(&format!("`{code}Exception`")), "{code}");
    }
    for row in ["lost its verification", "sandbox", "quota of the day"] {
        assert!(section.contains(row), "{row}");
    }
}

/// Each way of deployment has its way back.
#[test]
fn runbook_goes_back_in_the_way_in_which_the_stack_is_deployed() {
    let (_, section) = RUNBOOK.split_once("\n## A bad deployment\n").expect("the section");
    let section = section.split("\n## ").next().expect("a text");
    for command in [
        "git worktree add --detach ../rolecall-good \"$good\"",
        "sam deploy --config-env prod",
        "aws deploy stop-deployment",
        "python infra/gradual/derive.py template.yaml >target/gradual.json",
        "gh run rerun",
    ] {
        assert!(section.contains(command), "{command}");
    }
    // What the commands name exists in the example of a pipeline.
    let pipeline = include_str!("../../infra/pipeline/github.yml");
    assert!(section.contains("\"Deploy to prod\"") && pipeline.contains("name: Deploy to prod\n"));
}

#[test]
fn commands_run_on_linux_and_macos() {
    let guide = include_str!("../../docs/guides/deployer.md");
    for only_gnu in ["date -d", "date -u -d", "sha256sum", "sed -i ", "readlink -f", "grep -P"] {
        for (page, text) in [("runbook.md", RUNBOOK), ("deployer.md", guide)] {
            assert!(!text.contains(only_gnu), "{page}: macOS has no `{only_gnu}`");
        }
    }
}
