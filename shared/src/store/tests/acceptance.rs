//! The refusal of an acceptance that lost a race. A simulated DynamoDB fails chosen conditions.

use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use serde_json::{Value, json};

use super::refusal;
use crate::{
    domain::{InvitationDraft, InvitationId, Member, Refusal, RoleId, accept, invite},
    fixtures::{context, email, now, partner, person, standing},
    store::{Acceptance, Key, Store},
};

/// Cancels every transaction, because the conditions on these keys fail.
#[derive(Clone, Debug)]
struct Cancels(Vec<Key>);

impl HttpConnector for Cancels {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let writes = request["TransactItems"].as_array().unwrap();
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
        let response = HttpResponse::new(400.try_into().unwrap(), body.to_string().into());
        HttpConnectorFuture::ready(Ok(response))
    }
}

fn store(failing: &[Key]) -> Store {
    let connector = SharedHttpConnector::new(Cancels(failing.to_vec()));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(http_client_fn(move |_, _| connector.clone()));
    Store::new(Client::from_conf(config.build()), "table")
}

/// Only `ChangedConcurrently` makes the function read again and find that the caller accepted
/// (INV7). The second of two acceptances fails on the address and on the membership.
#[tokio::test]
async fn second_of_two_acceptances_is_a_concurrent_change() {
    let org = partner();
    let (ann, bob) = (standing("ann", &org, RoleId::ADMIN), person("bob"));
    let id = InvitationId::of(now(), org.id(), &email("bob"));
    let draft = InvitationDraft { email: email("bob"), role_id: RoleId::USER, days: 7 };
    let invitation = invite(&ann, draft, None, id, now()).unwrap();
    let member: Member = accept(&bob, &org, &invitation, ann.role(), None, now()).unwrap();
    let acceptance = Acceptance {
        org: &org,
        invitation: &invitation,
        member: &member,
        deleted: None,
        inviter_role: ann.role(),
        request: None,
    };
    let slot = Key::address_slot(org.id(), id.digest());
    let membership = Key::membership(org.id(), &bob.id);
    let lost = async |failing: &[Key]| {
        let committed = store(failing)
            .transaction(&context(&bob))
            .accept(&acceptance)
            .unwrap()
            .commit(&())
            .await;
        refusal(committed.unwrap_err())
    };
    let both = lost(&[slot, membership.clone()]).await;
    assert_eq!(both, Refusal::ChangedConcurrently);
    // A member with another address fails on the membership only.
    assert_eq!(lost(&[membership]).await, Refusal::AlreadyMember);
}
