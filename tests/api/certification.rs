//! The certification scenario of AuthZEN's Authorization API 1.0, against the fixtures that the local
//! server adds to the function `access`. Test ids such as c-3-2 are the scenario's.

use local::authzen_fixtures::with_fixtures;
use serde_json::{Value, json};

use crate::{
    matrix::SERVICE,
    test_app::{ADA, Answer, TestApp},
};

async fn app_with_fixtures() -> TestApp {
    let mut app = TestApp::new().await;
    app.router = with_fixtures(app.router);
    app
}

async fn post(app: &TestApp, route: &str, body: Value) -> Answer {
    app.post(SERVICE, &format!("/access/v1/{route}"), body).await.expect(200)
}

fn user(id: &str) -> Value {
    json!({ "type": "user", "id": id })
}

fn record(id: &str) -> Value {
    json!({ "type": "record", "id": id })
}

fn archived() -> Value {
    json!({ "type": "record", "id": "record-2", "properties": { "status": "archived" } })
}

fn admin() -> Value {
    json!({ "type": "user", "id": "bob", "properties": { "role": "admin" } })
}

fn action(name: &str) -> Value {
    json!({ "name": name })
}

fn delete(soft: bool) -> Value {
    json!({ "name": "delete", "properties": { "soft": soft } })
}

/// c-1-4, c-2-2, c-2-6
#[tokio::test]
async fn scenario_decides_its_eight_evaluations() {
    let app = app_with_fixtures().await;
    for (rule, subject, action, resource, decision) in [
        (1, user("alice"), action("read"), record("record-1"), true),
        (2, user("alice"), action("write"), record("record-1"), true),
        (3, user("bob"), action("read"), record("record-1"), true),
        (4, user("bob"), action("write"), record("record-1"), false),
        (5, user("alice"), action("write"), archived(), false),
        (6, admin(), action("write"), archived(), true),
        (7, user("alice"), delete(true), record("record-1"), true),
        (8, user("alice"), delete(false), record("record-1"), false),
    ] {
        let body = json!({ "subject": subject, "action": action, "resource": resource });
        for context in
            [None, Some(json!({ "time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1" }))]
        {
            let mut body = body.clone();
            body["futureField"] = json!({ "nested": true });
            if let Some(context) = context {
                body["context"] = context;
            }
            let answer = post(&app, "evaluation", body).await;
            assert_eq!(answer.body, json!({ "decision": decision }), "rule {rule}");
        }
    }
    let more = json!({
        "subject": { "type": "user", "id": "alice", "properties": { "role": "manager" } },
        "action": { "name": "read", "properties": { "method": "GET" } },
        "resource": {
            "type": "record", "id": "record-1",
            "properties": { "status": "active", "owner": "bob" },
        },
    });
    assert_eq!(post(&app, "evaluation", more).await.body, json!({ "decision": true }));
}

/// The batches of the scenario: `id | request | decisions`. `<name>` stands for a subject, an action or
/// a resource.
const BATCHES: &str = r#"
c-3-2-1 | {"subject": <alice>, "action": <read>, "evaluations": [{"resource": <record-1>}, {"resource": <record-2>}]} | [true, true]
c-3-2-2 | {"subject": <bob>, "resource": <record-1>, "evaluations": [{"action": <read>}, {"action": <write>}]} | [true, false]
c-3-2-3 | {"subject": <alice>, "action": <write>, "evaluations": [{"resource": <active>}, {"resource": <archived>}]} | [true, false]
c-3-2-4 | {"action": <write>, "resource": <archived>, "evaluations": [{"subject": <alice>}, {"subject": <admin>}]} | [false, true]
c-3-2-5 | {"evaluations": [{"subject": <alice>, "action": <read>, "resource": <record-1>}, {"subject": <bob>, "action": <write>, "resource": <record-1>}]} | [true, false]
c-3-2-6 | {"subject": <alice>, "action": <read>, "context": {"time": "2025-06-27T18:03-07:00"}, "evaluations": [{"resource": <record-1>}, {"resource": <record-2>, "context": {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}}]} | [true, true]
c-3-2-7 | {"subject": <alice>, "action": <write>, "resource": <active>, "evaluations": [{}, {"resource": <archived>}]} | [true, false]
c-3-4-1 | {"subject": <alice>, "action": <read>, "options": {"evaluations_semantic": "execute_all"}, "evaluations": [{"resource": <record-1>}, {}]} | [true, false]
"#;

/// c-3-2, c-3-4
#[tokio::test]
async fn scenario_decides_its_batches() {
    let app = app_with_fixtures().await;
    let active =
        json!({ "type": "record", "id": "record-1", "properties": { "status": "active" } });
    let names = [
        ("<alice>", user("alice")),
        ("<bob>", user("bob")),
        ("<admin>", admin()),
        ("<read>", action("read")),
        ("<write>", action("write")),
        ("<record-1>", record("record-1")),
        ("<record-2>", record("record-2")),
        ("<active>", active),
        ("<archived>", archived()),
    ];
    for line in BATCHES.trim().lines() {
        let [id, body, decisions] = [0, 1, 2].map(|nth| line.split(" | ").nth(nth).unwrap());
        let resolve =
            |text: String, (name, value): &(&str, Value)| text.replace(name, &value.to_string());
        let body = names.iter().fold(body.to_owned(), resolve);
        let answer = post(&app, "evaluations", serde_json::from_str(&body).unwrap()).await;
        let decisions: Vec<bool> = serde_json::from_str(decisions).unwrap();
        let results: Vec<_> = decisions.iter().map(|it| json!({ "decision": it })).collect();
        assert_eq!(answer.body, json!({ "evaluations": results }), "{id}");
    }
}

/// c-1-5, c-4
#[tokio::test]
async fn scenario_answers_its_searches() {
    let app = app_with_fixtures().await;
    let (record_1, any_user, any_record) =
        (record("record-1"), json!({ "type": "user" }), json!({ "type": "record" }));
    let subjects =
        |action, resource| json!({ "subject": any_user, "action": action, "resource": resource });
    let resources =
        |subject, action| json!({ "subject": subject, "action": action, "resource": any_record });
    let actions = |subject, resource| json!({ "subject": subject, "resource": resource });
    let names = |names: &[&str]| names.iter().map(|name| action(name)).collect::<Vec<_>>();
    for (id, route, body, results) in [
        (
            "S1",
            "subject",
            subjects(action("read"), record_1.clone()),
            vec![user("alice"), user("bob")],
        ),
        (
            "S2",
            "resource",
            resources(user("alice"), action("read")),
            vec![record("record-1"), record("record-2")],
        ),
        ("S3", "action", actions(user("alice"), record_1.clone()), names(&["read", "write"])),
        ("S4", "subject", subjects(action("write"), archived()), vec![user("bob")]),
        ("S5", "resource", resources(admin(), action("write")), vec![record("record-2")]),
        ("S6", "action", actions(admin(), archived()), names(&["read", "write"])),
        ("c-4-6-1", "action", actions(user("nonexistent-user"), record_1.clone()), vec![]),
    ] {
        let mut body = body;
        body["context"] = json!({ "time": "2025-06-27T18:03-07:00" });
        let answer = post(&app, &format!("search/{route}"), body.clone()).await;
        assert_eq!(
            answer.body,
            json!({ "results": results, "page": { "next_token": "" } }),
            "{id}"
        );
        // c-4-2-3, c-4-3-3: an id in the searched entity changes nothing.
        if route != "action" {
            body[route]["id"] = json!("alice");
            let same = post(&app, &format!("search/{route}"), body).await;
            assert_eq!(same.body["results"], answer.body["results"], "{id}");
        }
    }
    // c-4-6-2
    let mut spaceship = subjects(action("read"), record_1.clone());
    spaceship["subject"]["type"] = json!("spaceship");
    assert_eq!(post(&app, "search/subject", spaceship).await.body["results"], json!([]));
    // c-4-5
    let mut page = subjects(action("read"), record_1);
    page["page"] = json!({ "limit": 1 });
    let first = post(&app, "search/subject", page.clone()).await;
    assert_eq!(first.body["results"], json!([user("alice")]));
    page["page"] = json!({ "token": first.body["page"]["next_token"] });
    let second = post(&app, "search/subject", page).await;
    let last = json!({ "results": [user("bob")], "page": { "next_token": "" } });
    assert_eq!(second.body, last);
}

/// c-3-4: a batch ends after the first deciding item; the items about records count with the fixtures' decisions.
#[tokio::test]
async fn batch_ends_after_the_deciding_item() {
    let app = app_with_fixtures().await;
    for (semantic, decisions) in [
        ("execute_all", vec![true, false, true]),
        ("deny_on_first_deny", vec![true, false]),
        ("permit_on_first_permit", vec![true]),
    ] {
        let body = json!({
            "subject": user("bob"), "resource": record("record-1"),
            "options": { "evaluations_semantic": semantic },
            "evaluations": [
                { "action": action("read") }, { "action": action("write") }, { "action": action("read") },
            ],
        });
        let answer = post(&app, "evaluations", body).await;
        let decisions: Vec<_> =
            decisions.into_iter().map(|decision| json!({ "decision": decision })).collect();
        assert_eq!(answer.body, json!({ "evaluations": decisions }), "{semantic}");
    }
}

/// The function `access` validates and authorizes requests about records, too.
#[tokio::test]
async fn fixtures_keep_validation_and_authorization() {
    let app = app_with_fixtures().await;
    let path = "/access/v1/search/subject";
    let mut body = json!({
        "subject": { "type": "user" }, "action": action("read"), "resource": record("record-1"),
        "page": { "limit": 1 },
    });
    app.post(ADA, path, body.clone()).await.refuses(403, "decisions-scope-required");
    let first = app.post(SERVICE, path, body.clone()).await.expect(200);
    body["page"] = json!({ "token": first.body["page"]["next_token"] });
    body["resource"] = record("record-2");
    app.post(SERVICE, path, body.clone()).await.refuses(400, "unreadable-request");
    body.as_object_mut().unwrap().remove("action");
    app.post(SERVICE, path, body).await.refuses(400, "unreadable-request");
}

/// The deployed function has no fixtures: records are an unknown resource type, denied without a read.
#[tokio::test]
async fn function_without_fixtures_denies_records() {
    let body = json!({
        "subject": user("alice"), "action": action("read"), "resource": record("record-1"),
    });
    let app = app_with_fixtures().await;
    let answer = post(&app, "evaluation", body.clone()).await;
    assert_eq!((answer.body, answer.cost.round_trips), (json!({ "decision": true }), 0));
    let app = TestApp::new().await;
    let answer = post(&app, "evaluation", body.clone()).await;
    assert_eq!((answer.body, answer.cost.round_trips), (json!({ "decision": false }), 0));
    for route in ["subject", "resource", "action"] {
        let answer = post(&app, &format!("search/{route}"), body.clone()).await;
        assert_eq!(answer.body["results"], json!([]), "{route}");
    }
}
