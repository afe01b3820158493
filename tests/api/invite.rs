//! `/v1/organizations/{org}/invitations`

use insta::assert_snapshot;
use serde_json::json;

use crate::world::{ADA, EVE, World};

#[tokio::test]
async fn an_admin_invites_an_address() {
    let world = World::new().await;
    let acme = world.found(ADA, "Acme").await;
    let offer = json!({ "email": " Bob@EXAMPLE.com ", "role_id": "user" });
    let answer = world.post(ADA, &format!("{acme}/invitations"), offer).await;
    assert_snapshot!(answer, @"");
}

#[tokio::test]
async fn a_stranger_cannot_tell_that_the_organization_exists() {
    let world = World::new().await;
    let acme = world.found(ADA, "Acme").await;
    let offer = json!({ "email": "bob@example.com", "role_id": "user" });
    let answer = world.post(EVE, &format!("{acme}/invitations"), offer).await;
    assert_snapshot!(answer, @"");
}
