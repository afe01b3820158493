//! The program `rolecall`: options, kills, stops.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
};

use local::engine::client;
use serde_json::json;

use super::{directory, get_with, has_item, put_item, token};

/// A running program. Dropping it kills the process.
pub(super) struct RunningServer {
    pub(super) process: Child,
    pub(super) url: String,
    pub(super) engine: String,
}

impl RunningServer {
    /// Starts the program and reads its addresses.
    pub(super) fn start(args: &[&str]) -> Self {
        let mut process = rolecall(args).spawn().unwrap();
        let mut lines =
            BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut address = |name: &str| {
            let line = lines.find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().to_owned()
        };
        let (url, engine) = (address("API"), address("engine"));
        Self { process, url, engine }
    }

    /// Sends SIGTERM, and checks that the process ends with success.
    pub(super) fn terminate(mut self) {
        let killed = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(killed.success());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.process.kill().ok(); // SIGKILL
        self.process.wait().ok();
    }
}

fn rolecall(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end, and returns its exit code and error message.
fn run(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = rolecall(args).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn invalid_name_of_a_claim_ends_the_program() {
    for (variable, value, message) in [
        ("EMAILS_VERIFIED", "yes", "rolecall: EMAILS_VERIFIED must be `claim` or `always`\n"),
        (
            "OPERATOR_SCOPE",
            "decisions",
            "rolecall: the operator scope and the decisions scope must differ\n",
        ),
    ] {
        let mut program = rolecall(&["--memory", "--listen", "127.0.0.1:0"]);
        let Output { status, stderr, .. } = program.env(variable, value).output().unwrap();
        assert_eq!(status.code(), Some(1), "{variable}");
        assert_eq!(String::from_utf8(stderr).unwrap(), message);
    }
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    let data = directory("killed");
    let data = data.to_str().unwrap();
    let server = RunningServer::start(&["--listen", "127.0.0.1:0", "--data", data]);
    let url = server.url.clone();
    let token = token(&url, json!({ "email": "ada@example.com" })).await;
    for number in 0..20 {
        put_item(&client(&server.engine), &number.to_string()).await;
    }
    drop(server);

    let listen = url.strip_prefix("http://").unwrap();
    let server = RunningServer::start(&["--listen", listen, "--data", data]);
    for number in 0..20 {
        assert!(has_item(&client(&server.engine), &number.to_string()).await, "{number} is lost");
    }
    // The signing key survives, too: the token is valid, so the status is that of an unknown path.
    assert_eq!(get_with(&server.url, "/no/such/path", &token).await.status, 404);
    let (code, message) = run(&["--listen", listen, "--memory"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("is in use"), "{message}");
    server.terminate();
}

#[test]
fn wrong_options_are_refused_in_one_line() {
    for args in [&["--port", "80"][..], &["--listen", "80"], &["--memory", "--data", "x"], &["x"]] {
        let (code, message) = run(args);
        assert_eq!(code, Some(2), "{message}");
        assert!(message.starts_with("rolecall: ") && message.ends_with('\n'), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn version_and_help_are_printed() {
    for (option, begin) in [("--version", "rolecall 0.1.0\n"), ("--help", "Serves the whole API")] {
        let output = rolecall(&[option]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(String::from_utf8(output.stdout).unwrap().starts_with(begin));
    }
}

#[test]
fn server_warns_if_other_machines_can_reach_it() {
    for (address, warns) in [("0.0.0.0:0", true), ("localhost:0", false)] {
        let mut server = RunningServer::start(&["--memory", "--listen", address]);
        let mut errors = server.process.stderr.take().unwrap();
        server.terminate();
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        assert_eq!(text.contains("can mint a token for any person"), warns, "{address}: {text}");
    }
}
