//! The event bus: each event of the history arrives at least once, in order, and waits for nothing but the bus.

use ::publish::Replayed;
use serde_json::{Value, json};

use crate::{
    fake_aws::{CallFault, batch, record, stream},
    helpers::{each, user_manager},
    invariants::check,
    mail::Delivery,
    migration::TABLES,
    test_app::{ADA, BOB, CY, EVE},
};

/// The sequence number of the first record that is not finished.
async fn failed(delivery: &Delivery, records: &[Value]) -> Option<String> {
    let failures = ::publish::handle(batch(records), &delivery.bus).await.batch_item_failures;
    assert!(failures.len() <= 1);
    Some(failures.first()?.item_identifier.clone().unwrap())
}

/// An event of the history as it is stored: ids alone.
fn without_names(event: &Value) -> Value {
    let mut event = event.clone();
    let names = ["organization_name", "name", "member", "super_admin", "inviter", "role_name"];
    for of in ["", "/target", "/old", "/new"] {
        let object = event.pointer_mut(of).and_then(Value::as_object_mut);
        let is_role = of == "/new" || of == "/old";
        let personal = |name: &str| names.contains(&name) && !(is_role && name == "name");
        if let Some(object) = object {
            object.retain(|name, _| !personal(name));
        }
    }
    let actor = &event["actor"];
    event["actor"] = json!({ "member_id": actor["id"], "operator": actor["operator"] });
    event
}

#[tokio::test]
async fn bus_gets_each_event_of_the_history() {
    let (delivery, acme) = Delivery::new().await;
    delivery.app.create_role(ADA, &acme, "Desk", user_manager()).await;
    delivery.app.add_member(ADA, &acme, BOB, "admin").await;
    delivery.publish().await;
    let history = delivery.app.history(&acme).await;
    let actions = each(&history, "action");
    assert_eq!(actions[1..], ["role.created", "invitation.created", "invitation.accepted"]);
    let entries = history.iter().map(|event| {
        let mut detail = without_names(event);
        detail["version"] = json!("1");
        let time = event["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        json!({
            "Source": "rolecall",
            "EventBusName": "rolecall",
            "DetailType": event["action"],
            "Time": time.as_second(),
            "Detail": detail,
        })
    });
    let sent = delivery.aws.events().into_iter().map(|mut entry| {
        entry["Detail"] = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        entry
    });
    assert_eq!(sent.collect::<Vec<_>>(), entries.collect::<Vec<_>>());
    check(&delivery.app).await;
}

#[tokio::test]
async fn bus_gets_events_in_order_in_calls_of_ten() {
    let (delivery, acme) = Delivery::new().await;
    for nth in 1..25 {
        let name = json!({ "name": format!("Acme {nth}") });
        delivery.app.patch(ADA, &acme, name).await.expect(200);
    }
    // The number in the new name. The first event creates "Acme".
    let number = |entry: &Value| -> usize {
        let detail: Value = serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
        let name = detail["new"]["name"].as_str().unwrap();
        name.trim_start_matches("Acme").trim().parse().unwrap_or_default()
    };
    let numbers = || delivery.aws.events().iter().map(number).collect::<Vec<_>>();
    // Two of the second ten are rejected once: only they are sent again, before the third ten.
    delivery.aws.plan(|call| (call.nth == 1).then(|| CallFault::RejectedEntries(vec![3, 7])));
    assert_eq!(delivery.publish().await, 0);
    let first = (0..20).filter(|nth| ![13, 17].contains(nth));
    assert_eq!(numbers(), first.chain([13, 17]).chain(20..25).collect::<Vec<_>>());

    // The bus rejects one event to the end: the stream delivers from there again.
    delivery.processed.store(0, std::sync::atomic::Ordering::Relaxed);
    delivery.aws.plan(|call| {
        let is_13 = |entry: &Value| entry["Detail"].as_str().unwrap().contains("\"Acme 13\"");
        let at = call.body["Entries"].as_array()?.iter().position(is_13)?;
        Some(CallFault::RejectedEntries(vec![at]))
    });
    assert_eq!(delivery.publish().await, 12);
    let before: Vec<_> = (0..20).filter(|nth| *nth != 13).collect();
    assert_eq!(numbers(), before, "the third ten do not overtake it");
    delivery.aws.clear_faults();
    assert_eq!(delivery.publish().await, 0);
    assert_eq!(numbers(), (13..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_is_lost_while_the_bus_is_unreachable() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    delivery.aws.plan(|call| (call.name == "PutEvents").then_some(CallFault::Lost));
    assert_eq!(delivery.publish().await, 2);
    delivery.aws.plan(|_| Some(CallFault::Rejected("ThrottlingException", String::new())));
    assert_eq!(delivery.publish().await, 2);
    delivery.aws.clear_faults();
    assert_eq!(delivery.publish().await, 0);
    assert_eq!(delivery.aws.event_types(), ["organization.created", "invitation.created"]);
}

/// The table keeps the items of earlier schemas, which name people by their `sub` and address.
#[tokio::test]
async fn replay_publishes_events_of_each_schema_as_the_stream_does() {
    let (delivery, _) = Delivery::new().await;
    let lines = TABLES.iter().flat_map(|table| table.lines());
    let items = lines.map(|line| serde_json::from_str(line).unwrap());
    let is_event = |item: &Value| item["pk"]["S"].as_str().unwrap().starts_with("EVENTS#");
    let items: Vec<Value> = items.filter(is_event).collect();
    assert!(items.len() > 20, "{}", items.len());
    let stored: Vec<serde_dynamo::Item> = serde_json::from_value(json!(items)).unwrap();
    let records = stored.into_iter().enumerate().map(|(nth, item)| record(nth, item.into()));
    assert_eq!(failed(&delivery, &records.collect::<Vec<_>>()).await, None);
    let from_stream = delivery.aws.events();
    for replayed in [false, true] {
        let result = replay(&delivery, &items, replayed).await;
        assert_eq!(result.published, items.len());
        let mut entries = delivery.aws.events();
        for entry in entries.iter_mut().filter(|_| replayed) {
            let mut detail: Value =
                serde_json::from_str(entry["Detail"].as_str().unwrap()).unwrap();
            assert_eq!(detail.as_object_mut().unwrap().remove("replayed"), Some(json!(true)));
            entry["Detail"] = detail.to_string().into();
        }
        assert!(entries == from_stream, "replayed: {replayed}");
    }
    let text = json!(from_stream).to_string();
    assert!(!text.contains('@') && !text.contains("user_id"), "it names people by ids alone");
}

/// DynamoDB deletes an item days after its end.
#[tokio::test]
async fn replay_leaves_out_expired_and_damaged_events_and_stops_at_a_rejected_one() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY, EVE]).await;
    let records = stream(&delivery.app).await;
    let mut items: Vec<_> = records.iter().map(|it| it["dynamodb"]["NewImage"].clone()).collect();
    let seconds = delivery.app.now() / 1000;
    items[0]["ttl"] = json!({ "N": seconds.to_string() });
    items[1]["ttl"] = json!({ "N": (seconds + 1).to_string() });
    items[2].as_object_mut().unwrap().remove("action");
    let result = replay(&delivery, &items, true).await;
    let damaged = vec![items[2]["sk"]["S"].as_str().unwrap().to_owned()];
    assert_eq!(result, Replayed { published: 2, rejected: 0, expired: 1, damaged });
    assert_eq!(delivery.aws.event_types(), ["invitation.created"; 2]);
    assert!(delivery.aws.queue().is_empty(), "a replay causes no mail");

    delivery.aws.plan(|_| Some(CallFault::RejectedEntries(vec![0])));
    let result = replay(&delivery, &items[3..], true).await;
    assert_eq!((result.published, result.rejected), (0, 1));
}

async fn replay(delivery: &Delivery, items: &[Value], replayed: bool) -> Replayed {
    let request = serde_json::from_value(json!({ "items": items, "replayed": replayed })).unwrap();
    let now = jiff::Timestamp::from_millisecond(delivery.app.now()).unwrap();
    ::publish::replay(request, &delivery.bus, now).await
}

/// A deployment that was rolled back meets events of the later version.
#[tokio::test]
async fn event_with_an_unknown_action_is_published() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    let mut records = stream(&delivery.app).await;
    let image = &mut records[0]["dynamodb"]["NewImage"];
    image["action"] = json!({ "S": "unheard.of" });
    image["new_member"] = json!({ "M": { "n": { "N": "7" }, "none": { "NULL": true } } });
    assert_eq!(failed(&delivery, &records).await, None);
    let events = delivery.aws.events();
    assert_eq!(events[0]["DetailType"], "unheard.of");
    let detail: Value = serde_json::from_str(events[0]["Detail"].as_str().unwrap()).unwrap();
    assert_eq!(detail["new_member"], json!({ "n": 7, "none": null }));
    assert_eq!(events.len(), 2);
}

/// Nothing overtakes a damaged event. The stream gives it up after a time, and the queue names it.
#[tokio::test]
async fn damaged_event_is_reported_and_nothing_overtakes_it() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY]).await;
    for member in ["id", "action", "at"] {
        let mut records = stream(&delivery.app).await;
        records[1]["dynamodb"]["NewImage"].as_object_mut().unwrap().remove(member);
        assert_eq!(failed(&delivery, &records).await.as_deref(), Some("000000000000000000001"));
        assert_eq!(delivery.aws.event_types(), ["organization.created"], "{member}");
    }
}

#[tokio::test]
async fn only_inserted_events_are_published() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB]).await;
    let mut records = stream(&delivery.app).await;
    records[0]["eventName"] = json!("REMOVE");
    records[0]["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    records[1]["dynamodb"]["Keys"]["pk"] = json!({ "S": "ORG#1" });
    assert_eq!(failed(&delivery, &records).await, None);
    assert_eq!(delivery.aws.event_types(), [""; 0]);
}

/// The bus carries every event while no mail can be sent, and while the table cannot be reached.
#[tokio::test]
async fn bus_waits_neither_for_mail_nor_for_the_table() {
    let (delivery, acme) = Delivery::new().await;
    delivery.invite(&acme, &[BOB, CY, EVE]).await;
    let records = stream(&delivery.app).await;
    delivery.layer.plan(|_| Some(crate::fault_layer::Fault::Throttle));
    delivery.aws.plan(|call| (call.name == "SendEmail").then_some(CallFault::Lost));
    assert_eq!(failed(&delivery, &records).await, None);
    assert_eq!(delivery.aws.event_types().len(), 4);
}
