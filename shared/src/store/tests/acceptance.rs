//! The refusal of an acceptance that lost a race. A simulated DynamoDB fails chosen conditions.

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture},
    orchestrator::HttpRequest,
};
use serde_json::{Value, json};

use super::{answer, refusal, store_over};
use crate::{
    domain::{Refusal, RoleId, accept},
    fixtures::{acceptance_facts, context, invited, now, partner, person, standing},
    store::{Acceptance, Key},
};

/// Cancels every transaction, because the conditions on these keys fail.
#[derive(Clone, Debug)]
struct Cancels(Vec<Key>);

impl HttpConnector for Cancels {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let writes = request["TransactItems"].as_array().unwrap();
        // The address still has the invitation that the rule saw.
        let seen = "(#id = :v1_id AND #version = :v1_seen_version AND (#expires_at > :v1_now))";
        assert_eq!(writes[0]["Put"]["ConditionExpression"], seen);
        let reason = |write: &Value| {
            let write = write.as_object().unwrap().values().next().unwrap();
            let place = if write["Key"].is_null() { &write["Item"] } else { &write["Key"] };
            let part = |name: &str| place[name]["S"].as_str().unwrap().to_owned();
            let key = Key { pk: part("pk"), sk: part("sk") };
            let code = if self.0.contains(&key) { "ConditionalCheckFailed" } else { "None" };
            json!({ "Code": code, "Item": { "pk": { "S": key.pk }, "sk": { "S": key.sk } } })
        };
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "CancellationReasons": writes.iter().map(reason).collect::<Vec<_>>(),
        });
        answer(400, &body)
    }
}

/// Only `ChangedConcurrently` makes the function read again and find that the caller accepted
/// (INV7). The second of two acceptances fails on the address and on the membership.
#[tokio::test]
async fn second_of_two_acceptances_is_a_concurrent_change() {
    let org = partner();
    let (ann, bob) = (standing("ann", &org, RoleId::ADMIN), person("bob"));
    let invitation = invited(&ann, "bob", RoleId::USER).unwrap();
    let inviter = invitation.inviter.clone();
    let facts = acceptance_facts(&invitation, inviter.as_ref());
    let member = &accept(&bob, &org, facts, now()).unwrap();
    let acceptance = Acceptance { org: &org, facts, member, join_request: None };
    let slot = Key::address_slot(org.id(), invitation.id.address_hash());
    let membership = Key::membership(org.id(), &bob.id);
    let lost = async |failing: &[Key]| {
        let (store, context) = (store_over(Cancels(failing.to_vec())), context(&bob));
        let writes = store.transaction(&context).accept(&acceptance).unwrap();
        let committed = writes.commit(&()).await;
        refusal(committed.unwrap_err())
    };
    let both = lost(&[slot, membership.clone()]).await;
    assert_eq!(both, Refusal::ChangedConcurrently);
    // A member with another address fails on the membership only.
    assert_eq!(lost(&[membership]).await, Refusal::AlreadyMember);
}
