//! Access ends between any read of a write and its commit (END1).

use serde_json::{Value, json};

use crate::{
    access_end::time_in,
    scenario::{Operation, Scenario, user},
    test_app::ADA,
};

/// The members of Acme in the scenario whose access can end: all but the Super Admin.
const MEMBERS: [&str; 7] = ["bob", "gus", "dan", "mia", "hugo", "leo", "job"];

/// Writes in addition to those of the members themselves: `operation | caller | whose access ends`. An empty caller is that
/// of the operation.
const MORE: &str = "
ADA makes cy's invitation one to Readers | bob | bob
ADA revokes cy's | bob | bob
ADA creates Night | bob | bob
ADA describes Free | bob | bob
ADA deletes Guests and reassigns to Readers | bob | bob
ADA renames Acme | bob | bob
ADA approves ida's | bob | bob
ADA declines kim's | mia | mia
ADA adds the service Sync | gus | gus
ADA removes the domain example.com | bob | bob
ADA sets the security | bob | bob
MIA adds the service Sync |  | dan
ADA adds the service Sync |  | bob
ADA lets BOB keep the service Job |  | bob
ADA makes DAN Free |  | dan
ADA makes BOB a User |  | bob
MIA names DAN |  | dan
MIA removes BOB |  | bob
ADA transfers to BOB |  | bob
ADA transfers to GUS |  | gus
KIM accepts |  | bob
CY accepts |  | bob
EVE accepts as Reader |  | mia
an operator appoints GUS and removes ADA |  | gus
an operator appoints DAN |  | dan
an operator reconnects DAN |  | dan
";

/// A write, and the `sub` of a member without whose access it is refused.
struct Case {
    write: Operation,
    of: &'static str,
}

fn cases(scenario: &Scenario) -> Vec<Case> {
    let own = scenario.operations.iter().filter(|it| MEMBERS.contains(&it.caller.sub));
    let own = own.map(|write| Case { of: write.caller.sub, write: write.clone() });
    let more = MORE.trim().lines().map(|line| {
        let [name, caller, of] = [0, 1, 2].map(|nth| line.split('|').nth(nth).unwrap().trim());
        let write = scenario.operation(name).clone();
        let caller = if caller.is_empty() { write.caller } else { user(caller) };
        Case { write: Operation { caller, ..write }, of }
    });
    let leave = scenario.operation("BOB leaves").clone();
    let path = leave.path.as_ref().map(|path| path.replace("/leave", "/member-exports"));
    let export = Operation { name: "BOB exports", path, ..leave };
    own.chain(more).chain([Case { write: export, of: "bob" }]).collect()
}

/// The time of a request decides. A write is refused if an earlier request ended the access that it needs, whichever of the
/// write's reads came before the commit of that request.
#[tokio::test]
async fn write_does_nothing_if_access_has_ended_between_any_read_and_its_commit() {
    let scenario = Scenario::new().await;
    let (initial, mut wrong) = (scenario.initial(), Vec::new());
    for Case { write, of } in cases(&scenario) {
        let calls = scenario.run_alone(&write, None).await.calls;
        // A request of several transactions has begun with the first one.
        let calls = calls.iter().position(|(name, _)| name == "TransactWriteItems").unwrap();
        assert!(calls > 0, "{} reads", write.name);
        for reads in 1..=calls {
            scenario.reset().await;
            // ADA's request is the earlier one, and the end lies between the two.
            let body: Value = json!({ "access_expires_at": time_in(&scenario.app, 500) });
            let path = scenario.operation("ADA ends the access of BOB").path.clone();
            let path = path.map(|path| path.replace("@bob", &format!("@{of}")));
            let end = Operation { name: "", caller: ADA, method: "PATCH", path, body };
            let order = [vec![1; reads], vec![0; 9], vec![1; 99]].concat();
            let (ended, refused, taken) =
                scenario.layer.interleave(&order, scenario.run(&end), scenario.run(&write)).await;
            let (broken, state) = scenario.inspect().await;
            let is_as_before = state.facts == initial.facts && state.events == initial.events + 1;
            let is_refused = matches!(refused.status, 403 | 404 | 409 | 422);
            if !ended.done() || !is_refused || !is_as_before || !broken.is_empty() {
                let name = write.name;
                let what = format!("{name}, {of} after {reads} of {calls} reads {taken:?}");
                wrong.push(format!("{what}:\n  {ended:?}\n  {refused:?} {broken:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.join("\n"));
}
