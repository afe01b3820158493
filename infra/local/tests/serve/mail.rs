//! Mails and events: from a change in the table to the mailbox and the bus.

use std::{fs, future::pending, time::Duration};

use local::{EVENTS_FILE, server::Server};
use serde_json::{Value, json};

use super::{args, directory, process::RunningServer, send, token};

/// The mails to an address, newest first, once there are at least `at_least`. If the process was killed during a
/// sending, the mail comes when its claim has ended.
async fn mails(url: &str, to: &str, at_least: usize) -> Vec<Value> {
    let json = [("accept", "application/json")];
    for _ in 0..2_400 {
        let list = send("GET", format!("{url}/local/mailbox?to={to}"), &json, "").await.body;
        let mails = list["items"].as_array().unwrap();
        if mails.len() >= at_least {
            return mails.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no mail for {to}");
}

async fn post(url: &str, path: &str, email: &str, body: Value) -> Value {
    let bearer = format!("Bearer {}", token(url, json!({ "email": email })).await);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let response = send("POST", format!("{url}{path}"), &headers, body.to_string()).await;
    assert!((200..300).contains(&response.status), "{} {}", response.status, response.body);
    response.body
}

/// Ada creates an organization. Returns its path.
async fn create_organization(url: &str) -> String {
    let organization =
        post(url, "/v1/organizations", "ada@example.com", json!({ "name": "Acme" })).await;
    format!("/v1/organizations/{}", organization["id"].as_str().unwrap())
}

/// Ada invites an address to her organization.
async fn invite(url: &str, organization: &str, email: &str) {
    let body = json!({ "email": email, "role_id": "user" });
    post(url, &format!("{organization}/invitations"), "ada@example.com", body).await;
}

#[tokio::test]
async fn invitee_accepts_through_the_link_in_the_mail_that_the_mailbox_shows() {
    let server = Server::open(&args(), local::router).await.unwrap();
    let url = server.url.clone();
    tokio::spawn(server.run(pending()));
    let organization = create_organization(&url).await;
    invite(&url, &organization, "bob@example.com").await;
    let mail = mails(&url, "Bob@example.com", 1).await.remove(0);
    assert_eq!(mail["subject"], "You are invited to Acme");

    let get = async |path: &str| send("GET", format!("{url}{path}"), &[], "").await;
    let list = get("/local/mailbox").await;
    assert_eq!(list.status, 200);
    assert!(list.headers.contains("text/html"), "{}", list.headers);
    assert!(list.body.as_str().unwrap().contains("/local/mailbox/0"), "{}", list.body);
    let page = get("/local/mailbox/0").await.body;
    assert!(page.as_str().unwrap().contains("<iframe sandbox="), "{page}");
    for (path, status) in [("/7", 404), ("?from=ada", 400), ("es", 401)] {
        assert_eq!(get(&format!("/local/mailbox{path}")).await.status, status, "{path}");
    }

    let text = mail["text"].as_str().unwrap();
    let link = text.lines().find_map(|line| line.strip_prefix(&url)).unwrap();
    let page = get(link).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.as_str().unwrap().contains("app/main.js"),
        "the console opens: {}",
        page.body
    );
    let accept = format!("/v1{link}/accept");
    let member = post(&url, &accept, "bob@example.com", json!({})).await;
    assert_eq!(member["role_id"], "user");
}

/// The local server plays the mailbox simulator of SES, so that a portal can be tried with every delivery.
#[tokio::test]
async fn mail_to_the_simulator_comes_back() {
    let server = Server::open(&args(), local::router).await.unwrap();
    let url = server.url.clone();
    tokio::spawn(server.run(pending()));
    let organization = create_organization(&url).await;
    let expected = [
        ("bounce@simulator.amazonses.com", "bounced"),
        ("success@simulator.amazonses.com", "sent"),
        ("suppressionlist@simulator.amazonses.com", "suppressed"),
    ];
    for (email, _) in expected {
        invite(&url, &organization, email).await;
    }
    let bearer = format!("Bearer {}", token(&url, json!({ "email": "ada@example.com" })).await);
    let mut shown = Vec::new();
    for _ in 0..100 {
        let headers = [("authorization", bearer.as_str())];
        let list = send("GET", format!("{url}{organization}/invitations"), &headers, "").await.body;
        let items = list["items"].as_array().unwrap();
        shown = items.iter().map(|it| it["delivery"].as_str().unwrap().to_owned()).collect();
        if shown == expected.map(|(_, delivery)| delivery) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{shown:?}");
}

/// Committed changes are delivered after a kill at any time. A mail may come twice if the kill fell between the sending
/// and its mark.
#[tokio::test]
async fn mails_and_events_survive_kills() {
    let data = directory("mail");
    let data_option = data.to_str().unwrap();
    let mut url = String::from("http://127.0.0.1:0");
    let start = |url: &str| {
        let listen = url.strip_prefix("http://").unwrap();
        RunningServer::start(&["--listen", listen, "--data", data_option])
    };
    let mut organization = String::new();
    for round in 0..4 {
        let server = start(&url);
        url.clone_from(&server.url);
        if round == 0 {
            organization = create_organization(&url).await;
        }
        invite(&url, &organization, &format!("invitee-{round}@example.com")).await;
        // Kills the process at once, or shortly after a read of the stream.
        tokio::time::sleep(Duration::from_millis(70 * round)).await;
        drop(server);
    }
    let server = start(&url);
    for round in 0..4 {
        let mails = mails(&url, &format!("invitee-{round}@example.com"), 1).await;
        assert!(mails.len() <= 2, "{mails:?}");
    }
    // A stop delivers the rest before the process ends.
    invite(&url, &organization, "dee@example.com").await;
    server.terminate();
    let mailbox = fs::read_to_string(data.join("mailbox.jsonl")).unwrap();
    assert!(mailbox.contains(r#""to":"dee@example.com""#), "{mailbox}");
    let events = fs::read_to_string(data.join(EVENTS_FILE)).unwrap();
    let count = |action: &str| events.lines().filter(|line| line.contains(action)).count();
    assert!(count(r#""detail-type":"organization.created""#) >= 1, "{events}");
    assert!(count(r#""detail-type":"invitation.created""#) >= 5, "{events}");
}
