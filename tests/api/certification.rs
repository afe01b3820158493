//! The certification scenario of AuthZEN's Authorization API 1.0: its fixtures, its requests, and
//! what it expects of them. Test ids are the scenario's.

use serde_json::{Value, json};
use shared::http::Limits;

use crate::{
    matrix::SERVICE,
    world::{Answer, World},
};

async fn certified() -> World {
    World::with(Limits { certification: true, ..Limits::default() }).await
}

async fn ask(world: &World, route: &str, body: Value) -> Answer {
    world.post(SERVICE, &format!("/access/v1/{route}"), body).await.expect(200)
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

fn does(name: &str) -> Value {
    json!({ "name": name })
}

fn deletes(soft: bool) -> Value {
    json!({ "name": "delete", "properties": { "soft": soft } })
}

/// c-1-4, c-2-2, c-2-6
#[tokio::test]
async fn the_eight_fixture_decisions() {
    let world = certified().await;
    for (rule, subject, action, resource, decision) in [
        (1, user("alice"), does("read"), record("record-1"), true),
        (2, user("alice"), does("write"), record("record-1"), true),
        (3, user("bob"), does("read"), record("record-1"), true),
        (4, user("bob"), does("write"), record("record-1"), false),
        (5, user("alice"), does("write"), archived(), false),
        (6, admin(), does("write"), archived(), true),
        (7, user("alice"), deletes(true), record("record-1"), true),
        (8, user("alice"), deletes(false), record("record-1"), false),
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
            let told = ask(&world, "evaluation", body).await;
            assert_eq!(told.body, json!({ "decision": decision }), "rule {rule}");
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
    assert_eq!(ask(&world, "evaluation", more).await.body, json!({ "decision": true }));
}

/// c-3-2, c-3-4
#[tokio::test]
async fn the_batches() {
    let world = certified().await;
    let active =
        json!({ "type": "record", "id": "record-1", "properties": { "status": "active" } });
    for (id, body, decisions) in [
        (
            "c-3-2-1",
            json!({
                "subject": user("alice"), "action": does("read"),
                "evaluations": [{ "resource": record("record-1") }, { "resource": record("record-2") }],
            }),
            [true, true],
        ),
        (
            "c-3-2-2",
            json!({
                "subject": user("bob"), "resource": record("record-1"),
                "evaluations": [{ "action": does("read") }, { "action": does("write") }],
            }),
            [true, false],
        ),
        (
            "c-3-2-3",
            json!({
                "subject": user("alice"), "action": does("write"),
                "evaluations": [{ "resource": active }, { "resource": archived() }],
            }),
            [true, false],
        ),
        (
            "c-3-2-4",
            json!({
                "action": does("write"), "resource": archived(),
                "evaluations": [{ "subject": user("alice") }, { "subject": admin() }],
            }),
            [false, true],
        ),
        (
            "c-3-2-5",
            json!({ "evaluations": [
                { "subject": user("alice"), "action": does("read"), "resource": record("record-1") },
                { "subject": user("bob"), "action": does("write"), "resource": record("record-1") },
            ] }),
            [true, false],
        ),
        (
            "c-3-2-6",
            json!({
                "subject": user("alice"), "action": does("read"),
                "context": { "time": "2025-06-27T18:03-07:00" },
                "evaluations": [
                    { "resource": record("record-1") },
                    {
                        "resource": record("record-2"),
                        "context": { "time": "2025-06-27T19:00-07:00", "source": "batch-override" },
                    },
                ],
            }),
            [true, true],
        ),
        (
            "c-3-2-7",
            json!({
                "subject": user("alice"), "action": does("write"), "resource": active,
                "evaluations": [{}, { "resource": archived() }],
            }),
            [true, false],
        ),
        (
            "c-3-4-1",
            json!({
                "subject": user("alice"), "action": does("read"),
                "options": { "evaluations_semantic": "execute_all" },
                "evaluations": [{ "resource": record("record-1") }, {}],
            }),
            [true, false],
        ),
    ] {
        let told = ask(&world, "evaluations", body).await;
        let decisions = decisions.map(|decision| json!({ "decision": decision }));
        assert_eq!(told.body, json!({ "evaluations": decisions }), "{id}");
    }
}

/// c-1-5, c-4
#[tokio::test]
async fn the_searches() {
    let world = certified().await;
    let (record_1, anybody, any_record) =
        (record("record-1"), json!({ "type": "user" }), json!({ "type": "record" }));
    let subjects =
        |action, resource| json!({ "subject": anybody, "action": action, "resource": resource });
    let resources =
        |subject, action| json!({ "subject": subject, "action": action, "resource": any_record });
    let actions = |subject, resource| json!({ "subject": subject, "resource": resource });
    let names = |names: &[&str]| names.iter().map(|name| does(name)).collect::<Vec<_>>();
    for (id, route, body, results) in [
        (
            "S1",
            "subject",
            subjects(does("read"), record_1.clone()),
            vec![user("alice"), user("bob")],
        ),
        (
            "S2",
            "resource",
            resources(user("alice"), does("read")),
            vec![record("record-1"), record("record-2")],
        ),
        ("S3", "action", actions(user("alice"), record_1.clone()), names(&["read", "write"])),
        ("S4", "subject", subjects(does("write"), archived()), vec![user("bob")]),
        ("S5", "resource", resources(admin(), does("write")), vec![record("record-2")]),
        ("S6", "action", actions(admin(), archived()), names(&["read", "write"])),
        ("c-4-6-1", "action", actions(user("nonexistent-user"), record_1.clone()), vec![]),
    ] {
        let mut body = body;
        body["context"] = json!({ "time": "2025-06-27T18:03-07:00" });
        let told = ask(&world, &format!("search/{route}"), body.clone()).await;
        assert_eq!(told.body, json!({ "results": results, "page": { "next_token": "" } }), "{id}");
        // c-4-2-3, c-4-3-3: the id of what is searched for changes nothing.
        if route != "action" {
            body[route]["id"] = json!("alice");
            let same = ask(&world, &format!("search/{route}"), body).await;
            assert_eq!(same.body["results"], told.body["results"], "{id}");
        }
    }
    // c-4-6-2
    let mut spaceship = subjects(does("read"), record_1.clone());
    spaceship["subject"]["type"] = json!("spaceship");
    assert_eq!(ask(&world, "search/subject", spaceship).await.body["results"], json!([]));
    // c-4-5
    let mut page = subjects(does("read"), record_1);
    page["page"] = json!({ "limit": 1 });
    let first = ask(&world, "search/subject", page.clone()).await;
    assert_eq!(first.body["results"], json!([user("alice")]));
    page["page"] = json!({ "token": first.body["page"]["next_token"] });
    let second = ask(&world, "search/subject", page).await;
    let last = json!({ "results": [user("bob")], "page": { "next_token": "" } });
    assert_eq!(second.body, last);
}

/// Fixtures are there for who asks for them, and never read anything real.
#[tokio::test]
async fn a_deployment_that_is_not_being_certified_knows_no_records() {
    let body = json!({
        "subject": user("alice"), "action": does("read"), "resource": record("record-1"),
    });
    let world = certified().await;
    let told = ask(&world, "evaluation", body.clone()).await;
    assert_eq!((told.body, told.cost.round_trips), (json!({ "decision": true }), 0));
    let world = World::new().await;
    let told = ask(&world, "evaluation", body.clone()).await;
    assert_eq!((told.body, told.cost.round_trips), (json!({ "decision": false }), 0));
    for route in ["subject", "resource", "action"] {
        let told = ask(&world, &format!("search/{route}"), body.clone()).await;
        assert_eq!(told.body["results"], json!([]), "{route}");
    }
}
