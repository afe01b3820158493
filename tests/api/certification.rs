//! The certification scenario of AuthZEN's Authorization API 1.0, against the fixtures that the local
//! server adds to the function `access`. Test ids such as c-3-2 are the scenario's.

use local::authzen_fixtures::with_fixtures;
use serde_json::{Value, json};

use crate::{
    decisions::decisions_body,
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

fn action(name: &str) -> Value {
    json!({ "name": name })
}

/// The requests of the scenario: `id | route | request | answer`. An answer is a decision, the decisions of a batch, or
/// the results of a search. `<name>` stands for a subject, an action or a resource.
const SCENARIO: &str = r#"
rule-1 | evaluation | {"subject": <alice>, "action": <read>, "resource": <record-1>} | true
rule-2 | evaluation | {"subject": <alice>, "action": <write>, "resource": <record-1>} | true
rule-3 | evaluation | {"subject": <bob>, "action": <read>, "resource": <record-1>} | true
rule-4 | evaluation | {"subject": <bob>, "action": <write>, "resource": <record-1>} | false
rule-5 | evaluation | {"subject": <alice>, "action": <write>, "resource": <archived>} | false
rule-6 | evaluation | {"subject": <admin>, "action": <write>, "resource": <archived>} | true
rule-7 | evaluation | {"subject": <alice>, "action": <soft-delete>, "resource": <record-1>} | true
rule-8 | evaluation | {"subject": <alice>, "action": <delete>, "resource": <record-1>} | false
c-1-4 | evaluation | {"subject": <manager>, "action": <read-get>, "resource": <active>} | true
c-3-2-1 | evaluations | {"subject": <alice>, "action": <read>, "evaluations": [{"resource": <record-1>}, {"resource": <record-2>}]} | [true, true]
c-3-2-2 | evaluations | {"subject": <bob>, "resource": <record-1>, "evaluations": [{"action": <read>}, {"action": <write>}]} | [true, false]
c-3-2-3 | evaluations | {"subject": <alice>, "action": <write>, "evaluations": [{"resource": <active>}, {"resource": <archived>}]} | [true, false]
c-3-2-4 | evaluations | {"action": <write>, "resource": <archived>, "evaluations": [{"subject": <alice>}, {"subject": <admin>}]} | [false, true]
c-3-2-5 | evaluations | {"evaluations": [{"subject": <alice>, "action": <read>, "resource": <record-1>}, {"subject": <bob>, "action": <write>, "resource": <record-1>}]} | [true, false]
c-3-2-6 | evaluations | {"subject": <alice>, "action": <read>, "evaluations": [{"resource": <record-1>}, {"resource": <record-2>, "context": {"time": "2025-06-27T19:00-07:00", "source": "batch-override"}}]} | [true, true]
c-3-2-7 | evaluations | {"subject": <alice>, "action": <write>, "resource": <active>, "evaluations": [{}, {"resource": <archived>}]} | [true, false]
c-3-4-1 | evaluations | {"subject": <alice>, "action": <read>, "options": {"evaluations_semantic": "execute_all"}, "evaluations": [{"resource": <record-1>}, {}]} | [true, false]
c-3-4-2 | evaluations | {"subject": <bob>, "resource": <record-1>, "options": {"evaluations_semantic": "deny_on_first_deny"}, "evaluations": [{"action": <read>}, {"action": <write>}, {"action": <read>}]} | [true, false]
c-3-4-3 | evaluations | {"subject": <bob>, "resource": <record-1>, "options": {"evaluations_semantic": "permit_on_first_permit"}, "evaluations": [{"action": <read>}, {"action": <write>}]} | [true]
S1 | search/subject | {"subject": <any-user>, "action": <read>, "resource": <record-1>} | [<alice>, <bob>]
S2 | search/resource | {"subject": <alice>, "action": <read>, "resource": <any-record>} | [<record-1>, <record-2>]
S3 | search/action | {"subject": <alice>, "resource": <record-1>} | [<read>, <write>]
S4 | search/subject | {"subject": <any-user>, "action": <write>, "resource": <archived>} | [<bob>]
S5 | search/resource | {"subject": <admin>, "action": <write>, "resource": <any-record>} | [<record-2>]
S6 | search/action | {"subject": <admin>, "resource": <archived>} | [<read>, <write>]
c-4-6-1 | search/action | {"subject": {"type": "user", "id": "nonexistent-user"}, "resource": <record-1>} | []
c-4-6-2 | search/subject | {"subject": {"type": "spaceship"}, "action": <read>, "resource": <record-1>} | []
"#;

const NAMES: &str = r#"
alice {"type": "user", "id": "alice"}
bob {"type": "user", "id": "bob"}
admin {"type": "user", "id": "bob", "properties": {"role": "admin"}}
manager {"type": "user", "id": "alice", "properties": {"role": "manager"}}
any-user {"type": "user"}
read {"name": "read"}
read-get {"name": "read", "properties": {"method": "GET"}}
write {"name": "write"}
delete {"name": "delete", "properties": {"soft": false}}
soft-delete {"name": "delete", "properties": {"soft": true}}
record-1 {"type": "record", "id": "record-1"}
record-2 {"type": "record", "id": "record-2"}
active {"type": "record", "id": "record-1", "properties": {"status": "active", "owner": "bob"}}
archived {"type": "record", "id": "record-2", "properties": {"status": "archived"}}
any-record {"type": "record"}
"#;

/// The JSON in a cell of [`SCENARIO`].
fn resolve(cell: &str) -> Value {
    let replace = |text: String, line: &str| {
        let (name, value) = line.split_once(' ').unwrap();
        text.replace(&format!("<{name}>"), value)
    };
    let json = NAMES.trim().lines().fold(cell.to_owned(), replace);
    serde_json::from_str(&json).unwrap_or_else(|why| panic!("{why}: {json}"))
}

fn expected_body(route: &str, answer: &Value) -> Value {
    match answer {
        Value::Array(results) if route.starts_with("search/") => {
            json!({ "results": results, "page": { "next_token": "" } })
        }
        Value::Array(decisions) => {
            let decisions: Vec<bool> = decisions.iter().map(|it| it.as_bool().unwrap()).collect();
            decisions_body(&decisions)
        }
        decision => json!({ "decision": decision }),
    }
}

/// c-1, c-2, c-3, c-4
#[tokio::test]
async fn requests_of_the_scenario_have_its_answers() {
    let app = app_with_fixtures().await;
    for line in SCENARIO.trim().lines() {
        let [id, route, request, answer] =
            [0, 1, 2, 3].map(|nth| line.split(" | ").nth(nth).unwrap());
        let (mut request, expected) = (resolve(request), expected_body(route, &resolve(answer)));
        assert_eq!(post(&app, route, request.clone()).await.body, expected, "{id}");
        // A context, an unknown member and an id in the searched entity change nothing.
        request["context"] = json!({ "time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1" });
        request["futureField"] = json!({ "nested": true });
        match route {
            "search/subject" => request["subject"]["id"] = json!("alice"),
            "search/resource" => request["resource"]["id"] = json!("alice"),
            _ => {}
        }
        assert_eq!(post(&app, route, request).await.body, expected, "{id} with a context");
    }
}

/// c-4-5
#[tokio::test]
async fn search_results_are_paged() {
    let app = app_with_fixtures().await;
    let mut search = json!({
        "subject": { "type": "user" }, "action": action("read"), "resource": record("record-1"),
    });
    search["page"] = json!({ "limit": 1 });
    let first = post(&app, "search/subject", search.clone()).await;
    assert_eq!(first.body["results"], json!([user("alice")]));
    search["page"] = json!({ "token": first.body["page"]["next_token"] });
    let second = post(&app, "search/subject", search).await;
    assert_eq!(second.body, expected_body("search/subject", &json!([user("bob")])));
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
