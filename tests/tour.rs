//! The README's tour, walked as a newcomer would.

use std::process::{Command, Stdio};

use local::{args::parse, server::Server};

const README: &str = include_str!("../README.md");

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_of_the_readme_goes_as_it_says() {
    let there = Command::new("curl").arg("--version").stdout(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        println!("not walked: the tour needs curl, which is not installed");
        return;
    }
    let args = ["--memory", "--listen", "127.0.0.1:0"].map(ToOwned::to_owned);
    let args = parse(args.into_iter()).unwrap().unwrap();
    let server = Server::open(&args, local::router).await.unwrap();
    let here = server.url.clone();
    let serving = tokio::spawn(server.run(std::future::pending()));

    let tour = README.split("## A tour").nth(1).unwrap();
    let tour = tour.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let tour = tour.replace("http://127.0.0.1:9000", &here);
    let walk = move || Command::new("bash").args(["-euo", "pipefail", "-c", &tour]).output();
    let walked = tokio::task::spawn_blocking(walk).await.unwrap().unwrap();
    serving.abort();

    let said = String::from_utf8(walked.stdout).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    let expected = [
        r#""email":"bob@example.com","role_id":"admin","status":"pending""#,
        r#""user_id":"local|bob@example.com""#,
        r#""email":"desk@example.com""#,
        r#""role_name":"Support Desk""#,
        r#""type":"/problems/only-super-admin""#,
        r#""super_admin_user_id":"local|bob@example.com""#,
        r#""role_id":"super_admin""#,
        r#""action":"super_admin.transferred""#,
    ];
    assert_eq!(lines.len(), expected.len(), "{said}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.contains(expected), "expected {expected} in {line}");
    }
    assert!(walked.status.success(), "{}", String::from_utf8_lossy(&walked.stderr));
}
