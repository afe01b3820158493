//! The tour of the README, run in each shell that this machine has.

use std::{
    future,
    process::{self, Stdio},
};

use local::{
    args::{Command, parse},
    server::Server,
};

const README: &str = include_str!("../README.md");

/// What each line of the tour's output contains.
const EXPECTED: [&str; 7] = [
    r#""email":"bob@example.com","role_id":"admin","role_name":"Admin","status":"pending""#,
    r#""email":"desk@example.com""#,
    r#""role_name":"Support Desk""#,
    r#""type":"/problems/super-admin-required""#,
    r#""super_admin":{"id":"mem_"#,
    r#""role_id":"super_admin""#,
    r#""action":"super_admin.transferred""#,
];

#[tokio::test(flavor = "multi_thread")]
async fn tour_runs_as_described_in_every_shell() {
    if !is_installed("curl", "--version") {
        println!("skipped: the tour needs curl, which is not installed");
        return;
    }
    let shells = ["sh", "bash", "zsh"].into_iter().filter(|shell| is_installed(shell, "-c :"));
    for shell in shells {
        assert_tour_runs(shell).await;
    }
}

async fn assert_tour_runs(shell: &'static str) {
    let args = ["--memory", "--listen", "127.0.0.1:0"].map(ToOwned::to_owned);
    let Ok(Command::Serve(args)) = parse(args) else { panic!("the options are valid") };
    let server = Server::open(&args, local::router).await.unwrap();
    let tour = tour().replace("http://127.0.0.1:9000", &server.url);
    let serving = tokio::spawn(server.run(future::pending()));
    let run = move || process::Command::new(shell).args(["-euc", &tour]).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    serving.abort();

    let printed = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), EXPECTED.len(), "{shell}: {printed}");
    for (line, expected) in lines.iter().zip(EXPECTED) {
        assert!(line.contains(expected), "{shell}: expected {expected} in {line}");
    }
    assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The shell blocks of the README's tour, in order.
fn tour() -> String {
    let section = README.split("\n## A tour").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

fn is_installed(program: &str, arguments: &str) -> bool {
    let status =
        process::Command::new(program).args(arguments.split(' ')).stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
