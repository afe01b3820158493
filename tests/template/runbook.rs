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
  # A line lacks the fields that it does not have, so a value needs the name of its field.
  *get-query-results*"join('=', [field, value])"*) echo "@timestamp=now  status=500" ;;
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

/// A stand-in for the AWS CLI. It lists two functions, and notes the calls that change something.
const NOTES: &str = r#"#!/bin/sh
case "$*" in
  *list-stack-resources*"LogicalResourceId!='Publish'"*) printf 'cleanup\tmail\n' ;;
  *describe-stack-resource*) shift 5; echo "$1" ;;
  *get-event-source-mapping*) echo Disabled ;;
  *) echo "$*" | sed 's/ --query.*//' >>"$HERE/changes" ;;
esac
"#;

/// A directory of a test, with a program `aws`.
fn directory(test: &str, aws: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(directory.join("aws"), aws).expect("it can be written");
    let program = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory.join("aws"), program).expect("a program");
    directory
}

/// The blocks of shell commands in a text, without the indentation of lists.
fn blocks(text: &str) -> impl Iterator<Item = String> {
    let blocks = text.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix("sh\n")).map(|block| {
        let indent = block.len() - block.trim_start_matches(' ').len();
        let lines = block.lines().map(|line| line.get(indent..).unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    })
}

/// The text below a heading of the runbook.
fn section(heading: &str) -> &'static str {
    let (_, text) = RUNBOOK.split_once(&format!("\n{heading}\n")).expect("the section");
    let level = heading.split(' ').next().expect("a level");
    text.split(&format!("\n{level} ")).next().expect("a text")
}

/// The first block of the runbook: the variables.
fn variables() -> String {
    blocks(RUNBOOK).next().expect("the variables")
}

/// Runs commands with the program `aws` of a directory. Returns what they print.
fn run(here: &Path, script: &str) -> String {
    let path = format!("{}:{}", here.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    let run = shell.args(["-euc", script]).env("PATH", path).env("HERE", here).output();
    let run = run.expect("a shell");
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && errors.is_empty(), "{errors}");
    String::from_utf8_lossy(&run.stdout).into_owned()
}

/// The first two blocks of the runbook: the variables, and the function `query`.
#[test]
fn runbook_runs_a_saved_query_from_a_shell() {
    let here = directory("runbook-query", AWS);
    let (_, request) = queries()
        .into_iter()
        .find(|(title, _)| title == "what happened to a request")
        .expect("the query");
    fs::write(here.join("query"), &request).expect("it can be written");
    let definitions: Vec<_> = blocks(RUNBOOK).take(2).collect();
    let definitions = definitions.join("\n").replace("query 'failures and errors'", "");
    let query = "query 'what happened to a request' REQUEST_ID JKJa/mPLvHc=";
    assert_eq!(run(&here, &format!("{definitions}\n{query}")), "@timestamp=now  status=500\n");
    let started = fs::read_to_string(here.join("started")).expect("a query was started");
    assert_eq!(started.trim(), request.replace("REQUEST_ID", "JKJa/mPLvHc=").trim());
}

/// A stand-in for the AWS CLI. It detects that the table differs from the template.
const DRIFTED: &str = r#"#!/bin/sh
case "$*" in
  *"detect-stack-drift --stack-name rolecall-prod "*) echo id-1 ;;
  *"--stack-drift-detection-id id-1 --query DetectionStatus "*) echo DETECTION_COMPLETE ;;
  *"--stack-drift-detection-id id-1 --query [DetectionStatus, "*) echo DETECTION_COMPLETE DRIFTED ;;
  *"describe-stack-resource-drifts --stack-name rolecall-prod "*) echo Table MODIFIED ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"#;

/// Detection runs in the background, and the call that starts it returns an id.
#[test]
fn drift_prints_the_result_of_the_detection() {
    let here = directory("runbook-drift", DRIFTED);
    let printed = run(&here, &format!("{}\ndrift", variables()));
    assert_eq!(printed, "DETECTION_COMPLETE DRIFTED\nTable MODIFIED\n");
}

/// Steps 1 and 7. A mapping that calls a function without concurrency counts each try of a message.
#[test]
fn restoring_the_table_disables_the_mappings_of_mail_before_it_stops_functions() {
    let here = directory("runbook-restore", NOTES);
    let restoring = section("## Restoring the table");
    let stop = blocks(restoring).next().expect("step 1");
    let start = blocks(restoring).find(|it| it.contains("delete-function")).expect("step 7");
    fs::write(here.join("changes"), "").expect("it can be written");
    run(&here, &[variables(), stop, start].join("\n"));
    let changes = fs::read_to_string(here.join("changes")).expect("changes");
    let changes: Vec<_> = changes.lines().collect();
    let expected = [
        "lambda update-event-source-mapping --no-enabled --uuid NewMails",
        "lambda update-event-source-mapping --no-enabled --uuid NewMailReports",
        "lambda put-function-concurrency --reserved-concurrent-executions 0 --function-name cleanup",
        "lambda put-function-concurrency --reserved-concurrent-executions 0 --function-name mail",
        "lambda delete-function-concurrency --function-name cleanup",
        "lambda delete-function-concurrency --function-name mail",
        "lambda update-event-source-mapping --enabled --uuid NewMails",
        "lambda update-event-source-mapping --enabled --uuid NewMailReports",
    ];
    assert_eq!(changes, expected);
    // Each queue that calls a function is one of them.
    let mappings = resources("AWS::Lambda::EventSourceMapping");
    let queues =
        mappings.iter().filter(|(_, it)| it["Properties"].get("StartingPosition").is_none());
    let queues: Vec<_> = queues.map(|(name, _)| name.as_str()).collect();
    assert_eq!(queues, ["NewMailReports", "NewMails"]);
}

/// A stand-in for the AWS CLI. It keeps the templates to which the stack is updated.
const UPDATES: &str = r#"#!/bin/sh
case "$*" in
  *get-template*) cat "$HERE/processed.json" ;;
  *"s3 cp "*) cat "$3" >>"$HERE/templates"; echo >>"$HERE/templates" ;;
  *update-stack*--capabilities*) echo update >>"$HERE/templates" ;;
  *) echo a-value ;;
esac
"#;

/// CloudFormation creates a resource again only after a template without it.
#[test]
fn metric_filters_of_deleted_logs_are_created_again_by_two_updates() {
    let here = directory("runbook-logs", UPDATES);
    let processed = r#"{"Resources": {"Log": {"Type": "AWS::Logs::LogGroup"}, "Runs": {"Type": "AWS::Logs::MetricFilter"}}}"#;
    fs::write(here.join("processed.json"), processed).expect("it can be written");
    fs::write(here.join("templates"), "").expect("it can be written");
    let section = section("## The logs are gone");
    let updates = blocks(section).find(|it| it.contains("update-stack")).expect("step 3");
    run(&here, &[&*variables(), "cd \"$HERE\"", &*updates].join("\n"));
    let templates = fs::read_to_string(here.join("templates")).expect("templates");
    let without = r#"{"Resources": {"Log": {"Type": "AWS::Logs::LogGroup"}}}"#;
    assert_eq!(templates, format!("{without}\nupdate\n{processed}\nupdate\n"));
    // No other resource refers to a metric filter.
    let template = include_str!("../../template.yaml");
    for name in resources("AWS::Logs::MetricFilter").into_keys() {
        let references = [format!("Ref {name}\n"), format!("{name}.")];
        assert!(references.iter().all(|it| !template.contains(it)), "{name}");
    }
}

/// A stand-in for curl. It knows a person with one membership and a former one, and notes the changes.
const CURL: &str = r#"#!/bin/sh
case "$*" in
  *"--get https://api.example.com/v1/operator/people --data-urlencode user_id=auth0|ada"*)
    echo '{"items": [{"organizations": [{"id": "org_1", "membership": {"id": "mem_1"}}, {"id": "org_2", "membership": null}]}]}' ;;
  *--get*) echo '{"items": []}' ;;
  *) echo "$*" >>"$HERE/changes"; echo '{"id": "mem_2"}' ;;
esac
"#;

/// `POST /v1/operator/organizations/{org}/members/{member}/account` for each membership of each person.
#[test]
fn memberships_are_moved_to_the_accounts_of_a_new_provider() {
    let here = directory("runbook-accounts", "#!/bin/sh\necho https://api.example.com\n");
    fs::copy(here.join("aws"), here.join("curl")).expect("a program");
    fs::write(here.join("curl"), CURL).expect("it can be written");
    fs::write(here.join("changes"), "").expect("it can be written");
    // The file of a spreadsheet of Windows: the last line, that of the person with a membership, has no end.
    fs::write(here.join("accounts.tsv"), "auth0|bob\tnew bob\r\nauth0|ada\tnew \"ada\"\r")
        .expect("it can be written");
    let reconnect_members = blocks(RUNBOOK).find(|it| it.contains("reconnect_members()"));
    let reconnect_members = reconnect_members.expect("the commands");
    let commands = reconnect_members.replace("<accounts.tsv", "<\"$HERE/accounts.tsv\"");
    let printed = run(&here, &[variables(), commands].join("\n"));
    assert_eq!(printed, "org_1 mem_1 {\"id\": \"mem_2\"}\n2 lines read\n");
    let changes = fs::read_to_string(here.join("changes")).expect("changes");
    let changes: Vec<_> = changes.lines().collect();
    let [change] = &*changes else { panic!("{changes:?}") };
    assert!(
        change.contains(
            "https://api.example.com/v1/operator/organizations/org_1/members/mem_1/account "
        ),
        "{change}"
    );
    let body =
        r#"{"user_id": "new \"ada\"", "reason": "Change of the identity provider, ticket 4711"}"#;
    assert!(change.ends_with(body), "{change}");
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
            ["REQUEST_ID", "INVOCATION", "CALLER_HASH"].iter().any(|it| text.contains(it));
        assert_eq!(needs_one, !placeholder.is_empty(), "{title}: {call:.60}");
    }
}

/// The commands of the runbook and of the guides.
fn commands() -> Vec<(String, String)> {
    let pages = ["runbook.md", "guides/deployer.md", "guides/backend.md"];
    let pages = pages.into_iter().flat_map(|page| {
        let text = fs::read_to_string(format!("../docs/{page}")).expect("it can be read");
        let lines: Vec<_> = blocks(&text)
            .flat_map(|block| block.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect();
        lines.into_iter().map(move |line| (page.to_owned(), line))
    });
    pages.collect()
}

/// A command can be pasted as it is: into zsh, which has variables of its own with some names and reads a letter after
/// `$name:` as a modifier; on macOS, which lacks GNU options; and with the Python of the tools, which has boto3.
#[test]
fn commands_can_be_pasted_into_any_shell() {
    let foreign = "date -d|date -u -d|sha256sum|sed -i |readlink -f|grep -P|python3 infra/";
    let taken = ["functions", "parameters", "path", "status", "commands", "options"];
    for (page, line) in commands() {
        assert!(!line.contains(" in $") || line.contains(" in $("), "{page}: {line}");
        assert!(!foreign.split('|').any(|word| line.contains(word)), "{page}: {line}");
        let assigned = line.trim_start().split_once('=').map(|(name, _)| name);
        assert!(!assigned.is_some_and(|name| taken.contains(&name)), "{page}: {line}");
        let modifier = line.split('$').skip(1).any(|rest| {
            let after = rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
            let after = after.strip_prefix(':').filter(|_| !rest.starts_with(':'));
            after.is_some_and(|after| after.starts_with(char::is_alphabetic))
        });
        assert!(!modifier, "{page}: {line}");
        // A shell takes `<placeholder>` for a redirection.
        let placeholder = line.split('<').skip(1).any(|rest| {
            let end = rest.find('>').filter(|_| rest.starts_with(char::is_alphabetic));
            end.is_some_and(|end| rest[..end].chars().all(|c| c.is_alphabetic() || c == ' '))
        });
        assert!(!placeholder, "{page}: {line}");
        // The runbook sets the region first.
        let region = ["--config-env", "--region"].iter().any(|option| line.contains(option));
        assert!(page == "runbook.md" || !line.starts_with("sam deploy") || region, "{line}");
        let architecture = ["--config-env", "--parameter-overrides \"Architecture=$architecture\""];
        let build = line.split_once("sam build ").and_then(|(_, rest)| rest.split("&&").next());
        let named = |build| architecture.iter().any(|option| str::contains(build, *option));
        assert!(build.is_none_or(named), "{page}: {line}");
    }
}

#[test]
fn commands_are_those_of_a_posix_shell() {
    let blocks: Vec<_> = blocks(RUNBOOK).collect();
    for (shell, block) in
        ["sh", "bash", "zsh"].into_iter().flat_map(|it| blocks.iter().map(move |block| (it, block)))
    {
        let Ok(parsed) = Command::new(shell).args(["-nc", block]).output() else { continue };
        assert!(parsed.status.success(), "{shell}: {}", String::from_utf8_lossy(&parsed.stderr));
    }
}

/// `functions/mail/src/failure.rs` takes these codes for failures of the account or its configuration.
#[test]
fn runbook_names_each_error_that_blocks_mail() {
    let code = include_str!("../../functions/mail/src/failure.rs");
    let (_, rest) = code.split_once("match name {").expect("the codes");
    let (codes, _) = rest.split_once("=> WaitCause::Account").expect("those of the account");
    let codes: Vec<_> = codes.split('"').skip(1).step_by(2).collect();
    assert!(codes.len() > 5, "{codes:?}");
    // The first version of the API pauses under names of its own.
    let unused = ["AccountSendingPaused", "ConfigurationSetSendingPaused"];
    for code in codes.into_iter().filter(|code| !unused.contains(code)) {
        assert!(section("### MailBlocked").contains(&format!("`{code}Exception`")), "{code}");
    }
}

/// The policy in the deployer guide denies these calls, so the person on call needs the break-glass role for them.
#[test]
fn runbook_names_each_call_that_the_service_control_policy_denies() {
    let guide = include_str!("../../docs/guides/deployer.md");
    let (_, policy) = guide.split_once("\"Effect\": \"Deny\",\n  \"Action\": [").expect("it");
    let denied = policy.split(']').next().expect("the actions");
    let denied: Vec<_> = denied.split('"').skip(1).step_by(2).collect();
    assert_eq!(denied.len(), 5, "{denied:?}");
    let (start, _) = RUNBOOK.split_once("\n## Look up\n").expect("a beginning");
    // The policy of a table goes with the table.
    for action in denied.into_iter().filter(|it| *it != "dynamodb:DeleteResourcePolicy") {
        assert!(start.contains(&format!("`{action}`")), "{action}");
    }
}

/// A stand-in for the AWS CLI: reads of one index were throttled.
const THROTTLED: &str = r#"#!/bin/sh
case "$*" in
  *describe-stack-resource*) echo a-table ;;
  *list-metrics*" --metric-name ReadThrottleEvents --dimensions Name=TableName,Value=a-table "*)
    echo '[{"Name":"TableName","Value":"a-table"}]'
    echo '[{"Name":"TableName","Value":"a-table"},{"Name":"GlobalSecondaryIndexName","Value":"by-time"}]' ;;
  *list-metrics*) ;;
  *get-metric-statistics*" --dimensions "*by-time*) echo 7.0 ;;
  *get-metric-statistics*) echo 0 ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
"#;

/// Decisions and lists only read, so throttled writes alone would not show them.
#[test]
fn throttles_are_printed_for_reads_and_writes_with_their_values() {
    let here = directory("runbook-throttles", THROTTLED);
    let section = section("### TableThrottles");
    let commands = blocks(section).next().expect("the commands");
    assert!(commands.contains("\nthrottled WriteThrottleEvents"));
    let printed = run(&here, &[variables(), commands].join("\n"));
    let lines: Vec<_> = printed.lines().collect();
    let [table, index] = &*lines else { panic!("{printed}") };
    assert!(table.starts_with("ReadThrottleEvents 0 "), "{table}");
    assert!(index.starts_with("ReadThrottleEvents 7.0 ") && index.contains("by-time"), "{index}");
}

/// The hash of the secret that the proxy sends is compared with the parameter.
#[test]
fn hash_of_the_proxy_is_that_of_its_header() {
    let aws =
        "#!/bin/sh\ncase \"$*\" in *get-distribution-config*) echo abc ;; *) echo hashes ;; esac\n";
    let here = directory("runbook-proxy", aws);
    let section = section("### ProxyRefused");
    let commands = blocks(section).next().expect("the commands");
    let printed = run(&here, &format!("stack=rolecall-prod\n{commands}"));
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert!(printed.starts_with("hashes\n") && printed.trim().ends_with(expected), "{printed}");
}

/// The texts in quotation marks that a shell passes to the AWS CLI are JSON.
#[test]
fn lost_region_passes_json_to_aws_backup() {
    let here = directory(
        "runbook-region",
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >>\"$HERE/passed\"; echo COMPLETED\n",
    );
    let section = section("## A lost region");
    for option in ["--backup-plan", "--backup-selection", "--metadata"] {
        let block = blocks(section).find(|it| it.contains(&format!("{option} \"{{")));
        let block = block.expect("a block with the option");
        fs::write(here.join("passed"), "").expect("it can be written");
        run(&here, &[variables(), block].join("\n"));
        let passed = fs::read_to_string(here.join("passed")).expect("arguments");
        let (_, json) = passed.split_once(&format!("\n{option}\n")).expect("the option");
        let mut values = serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>();
        let value = values.next().expect("a value").expect("JSON");
        assert!(value.is_object(), "{value}");
    }
}

/// SAM compiles for the processor that the build names, and CloudFormation creates functions for that of the deployment.
#[test]
fn each_build_names_the_processor_of_its_deployment() {
    let configuration = include_str!("../../samconfig.toml");
    for environment in ["dev", "prod"] {
        let processors = ["build", "deploy"].map(|command| {
            let title = format!("\n[{environment}.{command}.parameters]\n");
            let (_, section) = configuration.split_once(&title).expect("a section");
            let section = section.split("\n[").next().expect("a text");
            let (_, value) = section.split_once("\"Architecture=").expect("a processor");
            value.split('"').next().expect("a value")
        });
        assert_eq!(processors[0], processors[1], "{environment}");
    }
    let pipeline = include_str!("../../infra/pipeline/github.yml");
    let commands = pipeline.lines().filter(|line| line.contains("--parameter-overrides"));
    let commands: Vec<_> = commands.collect();
    assert_eq!(commands.len(), 3, "a build and two deployments");
    for command in commands {
        assert!(command.contains(" Architecture=arm64"), "{command}");
    }
}
