//! Tokens of the shapes that identity providers document, in the text form of API Gateway. Each file in
//! `tokens` has the documentation page, the parameters of the deployment and the claims of a token.
//! `docs/guides/identity-providers.md` lists the same parameters.

use std::{collections::BTreeMap, fs};

use authorizer::Claims;
use insta::assert_snapshot;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::{
    http::{App, TokenClaims},
    lambda::token_claims_of,
};

use crate::{
    lambda_events::{answer_of, event_with},
    test_app::{Answer, TestApp, ample},
};

/// A provider's token, and the deployment that accepts it.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    page: String,
    parameters: BTreeMap<String, String>,
    claims: Map<String, Value>,
}

impl Provider {
    fn named(name: &str) -> Self {
        let text = fs::read_to_string(format!("api/tokens/{name}.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn with(mut self, claim: &str, value: Value) -> Self {
        self.claims.insert(claim.to_owned(), value);
        self
    }

    fn deployed_with<const N: usize>(mut self, parameters: [(&str, &str); N]) -> Self {
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.parameters.extend(parameters);
        self
    }

    fn without(mut self, claim: &str) -> Self {
        self.claims.remove(claim).unwrap();
        self
    }

    /// The names of claims that the template passes to the functions.
    fn names(&self) -> TokenClaims {
        let variables: BTreeMap<_, _> =
            self.parameters.iter().map(|(name, value)| (variable(name), value.clone())).collect();
        token_claims_of(|name| variables.get(name).cloned()).unwrap()
    }

    async fn send(&self, app: &TestApp, method: &str, path: &str, body: Option<Value>) -> Answer {
        let claims = serde_json::to_value(Claims::from(&self.claims).claims).unwrap();
        let event = event_with(app, &claims, method, path, body.as_ref());
        let app = App { store: app.store.clone(), limits: ample(), claims: self.names() };
        answer_of(app, local::routers(), &event).await
    }

    /// What the token is good for, one line each.
    async fn summary(&self) -> String {
        let app = TestApp::new().await;
        let me = self.send(&app, "GET", "/v1/me", None).await.expect(200).body;
        let path = "/v1/organizations";
        let created = self.send(&app, "POST", path, Some(json!({ "name": "Acme" }))).await;
        let mut lines = vec![
            format!("person: {} {} {}", me["user_id"], me["email"], me["name"]),
            format!("operator: {}", outcome(&self.operate(&app).await)),
            format!("decisions about others: {}", outcome(&self.ask(&app).await)),
            format!("creates an organization: {}", outcome(&created)),
        ];
        if created.status == 201 {
            let path = format!("{path}/{}/security", created.id());
            for (name, mfa, minutes) in
                [("multi-factor", true, json!(null)), ("session age", false, json!(5))]
            {
                let settings = json!({
                    "require_mfa": mfa, "max_session_minutes": minutes, "allowed_networks": [],
                    "event_retention_days": 365,
                });
                let set = self.send(&app, "PUT", &path, Some(settings)).await;
                lines.push(format!("requires {name}: {}", outcome(&set)));
            }
        }
        lines.join("\n")
    }

    async fn operate(&self, app: &TestApp) -> Answer {
        self.send(app, "GET", "/v1/operator/organizations", None).await
    }

    async fn ask(&self, app: &TestApp) -> Answer {
        let question = json!({
            "subject": { "type": "user", "id": "another" }, "action": { "name": "license_management.open_page" },
            "resource": { "type": "organization", "id": "org_01ARZ3NDEKTSV4RRFFQ69G5FAV" },
        });
        self.send(app, "POST", "/access/v1/evaluation", Some(question)).await
    }
}

/// The environment variable of a parameter: `EmailClaim` is passed as `EMAIL_CLAIM`.
fn variable(parameter: &str) -> String {
    let mut name = String::new();
    for letter in parameter.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn outcome(answer: &Answer) -> String {
    let missing = answer.body["missing_claim"].as_str();
    let missing = missing.map(|claim| format!(" (no `{claim}`)")).unwrap_or_default();
    format!("{} {}{missing}", answer.status.as_u16(), answer.problem()).trim_end().to_owned()
}

#[tokio::test]
async fn cognito_id_token() {
    assert_snapshot!(Provider::named("cognito_id").summary().await, @r#"
    person: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 200
    "#);
}

#[tokio::test]
async fn cognito_access_token_of_the_stack() {
    assert_snapshot!(Provider::named("cognito_access").summary().await, @r#"
    person: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 200
    "#);
}

#[tokio::test]
async fn cognito_access_token_without_the_trigger() {
    assert_snapshot!(Provider::named("cognito_access_without_trigger").summary().await, @r#"
    person: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" null null
    operator: 403 operator-scope-required
    decisions about others: 403 decisions-scope-required
    creates an organization: 403 email-missing (no `email`)
    "#);
}

#[tokio::test]
async fn cognito_token_of_a_service() {
    assert_snapshot!(Provider::named("cognito_service").summary().await, @r#"
    person: "serviceclient1example" null null
    operator: 403 operator-scope-required
    decisions about others: 200
    creates an organization: 403 email-missing (no `email`)
    "#);
}

#[tokio::test]
async fn cognito_federated_id_token_with_a_mapped_verification() {
    assert_snapshot!(Provider::named("cognito_federated").summary().await, @r#"
    person: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 200
    "#);
}

/// Cognito writes `false` for each account of another provider whose `email_verified` is not mapped.
#[tokio::test]
async fn cognito_federated_token_counts_by_a_mapping_or_by_two_parameters() {
    let app = TestApp::new().await;
    let unmapped = || Provider::named("cognito_federated").with("email_verified", json!(false));
    let always = ("EmailsVerified", "always");
    for (provider, expected) in [
        (unmapped(), "403 email-not-verified"),
        (unmapped().deployed_with([always]), "403 email-not-verified"),
        (unmapped().deployed_with([("EmailVerifiedClaim", "never"), always]), "200"),
    ] {
        let answer = provider.send(&app, "GET", "/v1/me/invitations", None).await;
        assert_eq!(outcome(&answer), expected, "{:?}", provider.parameters);
    }
}

#[tokio::test]
async fn auth0_access_token() {
    assert_snapshot!(Provider::named("auth0").summary().await, @r#"
    person: "auth0|6553da60a54af58e29493993" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 200
    creates an organization: 201
    requires multi-factor: 200
    requires session age: 200
    "#);
}

#[tokio::test]
async fn okta_access_token() {
    assert_snapshot!(Provider::named("okta").summary().await, @r#"
    person: "00ubgaSARVOQDIOXMORI" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 200
    "#);
}

#[tokio::test]
async fn entra_access_token() {
    assert_snapshot!(Provider::named("entra").summary().await, @r#"
    person: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 409 would-lock-out-caller (no `auth_time`)
    "#);
}

#[tokio::test]
async fn entra_access_token_with_optional_claims() {
    assert_snapshot!(Provider::named("entra_with_optional_claims").summary().await, @r#"
    person: "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 409 would-lock-out-caller (no `auth_time`)
    "#);
}

/// INV4: Entra ID writes `xms_edov` as a boolean, as a number or as a text.
#[tokio::test]
async fn entra_access_token_says_in_three_forms_that_the_address_is_verified() {
    let summary = Provider::named("entra_with_optional_claims").summary().await;
    let as_text = Provider::named("entra_with_optional_claims_as_text");
    assert_eq!(as_text.summary().await, summary);
    let app = TestApp::new().await;
    let other = |value| Provider::named("entra_with_optional_claims").with("xms_edov", value);
    for (value, expected) in [
        (json!(1), "200"),
        (json!("true"), "200"),
        (json!(0), "403 email-not-verified"),
        (json!("0"), "403 email-not-verified"),
        (json!(false), "403 email-not-verified"),
        (json!(["1"]), "403 email-not-verified"),
    ] {
        let answer = other(value.clone()).send(&app, "GET", "/v1/me/invitations", None).await;
        assert_eq!(outcome(&answer), expected, "{value}");
    }
}

#[tokio::test]
async fn entra_b2c_access_token() {
    assert_snapshot!(Provider::named("entra_b2c").summary().await, @r#"
    person: "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 409 would-lock-out-caller (no `auth_time`)
    "#);
}

#[tokio::test]
async fn keycloak_access_token() {
    assert_snapshot!(Provider::named("keycloak").summary().await, @r#"
    person: "36fa0f91-f94d-4a0c-afed-6b7d952e47da" "ada@example.com" "Ada Lovelace"
    operator: 403 operator-scope-required
    decisions about others: 200
    creates an organization: 201
    requires multi-factor: 200
    requires session age: 200
    "#);
}

#[tokio::test]
async fn google_id_token() {
    assert_snapshot!(Provider::named("google").summary().await, @r#"
    person: "10769150350006150715113082367" "ada@example.com" "Ada Lovelace"
    operator: 403 operator-scope-required
    decisions about others: 403 decisions-scope-required
    creates an organization: 201
    requires multi-factor: 409 would-lock-out-caller (no `amr`)
    requires session age: 409 would-lock-out-caller (no `auth_time`)
    "#);
}

#[tokio::test]
async fn plain_openid_access_token() {
    assert_snapshot!(Provider::named("plain").summary().await, @r#"
    person: "5ba552d67" "ada@example.com" "Ada Lovelace"
    operator: 200
    decisions about others: 200
    creates an organization: 201
    requires multi-factor: 200
    requires session age: 200
    "#);
}

/// INV4
#[tokio::test]
async fn missing_address_unknown_verification_and_unverified_address_are_told_apart() {
    let app = TestApp::new().await;
    let plain = || Provider::named("plain");
    let mut details = Vec::new();
    for provider in [
        plain().without("email"),
        plain().without("email_verified"),
        plain().with("email_verified", json!(false)),
    ] {
        let answer = provider.send(&app, "GET", "/v1/me/invitations", None).await.expect(403);
        let detail = answer.body["detail"].as_str().unwrap();
        details.push(format!("{}\n{detail}", outcome(&answer)));
    }
    assert_snapshot!(details.join("\n\n"), @"
    403 email-missing (no `email`)
    Your token has no e-mail address: it has no claim `email`. A service cannot do this. If you are a person, ask a platform operator: the identity provider must add the claim to its tokens, or the deployment must name another claim.

    403 email-not-verified (no `email_verified`)
    Your token does not say whether your e-mail address is verified: it has no claim `email_verified`. Ask a platform operator: the identity provider must add the claim to its tokens, or the deployment must say how addresses are verified (EmailsVerified).

    403 email-not-verified
    Your token says that your e-mail address is not verified: its claim `email_verified` is neither `true` nor `1`. Verify your address with your identity provider, then sign in again. If it is verified there, ask a platform operator: the identity provider must write it into the claim.
    ");
}

/// INV4: `EmailsVerified` = `always` is for tokens that say nothing.
#[tokio::test]
async fn issuer_with_verified_addresses_is_believed_when_it_says_false() {
    let app = TestApp::new().await;
    for name in ["okta", "entra", "entra_b2c"] {
        let provider = Provider::named(name).with("email_verified", json!(false));
        let answer = provider.send(&app, "GET", "/v1/me/invitations", None).await;
        assert_eq!(outcome(&answer), "403 email-not-verified", "{name}");
    }
}

/// OP1: the gateway checks no scope if it is in another claim than `scope` and `scp`. The function does.
#[tokio::test]
async fn functions_check_the_scope_where_the_gateway_cannot() {
    let app = TestApp::new().await;
    for (name, claim) in [("auth0", "permissions"), ("entra", "roles")] {
        let provider = Provider::named(name);
        provider.operate(&app).await.expect(200);
        let another = provider.without(claim).with("scope", json!("operator decisions"));
        assert_eq!(outcome(&another.operate(&app).await), "403 operator-scope-required", "{name}");
        assert_eq!(outcome(&another.ask(&app).await), "403 decisions-scope-required", "{name}");
    }
}

/// ORG3
#[tokio::test]
async fn member_learns_which_claim_the_identity_provider_does_not_send() {
    let app = TestApp::new().await;
    let plain = || Provider::named("plain");
    let path = "/v1/organizations";
    let created = plain().send(&app, "POST", path, Some(json!({ "name": "Acme" }))).await;
    let org = format!("{path}/{}", created.expect(201).id());
    let settings = |mfa: bool, minutes: Option<u32>| {
        let networks: [&str; 0] = [];
        Some(json!({
            "require_mfa": mfa, "max_session_minutes": minutes, "allowed_networks": networks,
            "event_retention_days": 365,
        }))
    };
    let security = format!("{org}/security");
    let mut details = Vec::new();
    for (claim, settings) in
        [("amr", settings(true, None)), ("auth_time", settings(false, Some(60)))]
    {
        let silent = plain().without(claim);
        let refused = silent.send(&app, "PUT", &security, settings.clone()).await;
        plain().send(&app, "PUT", &security, settings).await.expect(200);
        for answer in [refused, silent.send(&app, "GET", &org, None).await] {
            let detail = answer.body["detail"].as_str().unwrap();
            details.push(format!("{}\n{detail}", outcome(&answer)));
        }
    }
    // The Super Admin can lift a session age that their own token can no longer satisfy.
    let silent = plain().without("auth_time");
    silent.send(&app, "PUT", &security, settings(false, None)).await.expect(200);
    assert_snapshot!(details.join("\n\n"), @"
    409 would-lock-out-caller (no `amr`)
    These settings would lock you out, so nothing was changed. This organization requires a multi-factor sign-in, and your token has no claim `amr`, which says how you signed in. If you signed in with a second factor, ask a platform operator: the identity provider must add the claim to its tokens.

    403 mfa-required (no `amr`)
    This organization requires a multi-factor sign-in, and your token has no claim `amr`, which says how you signed in. If you signed in with a second factor, ask a platform operator: the identity provider must add the claim to its tokens.

    409 would-lock-out-caller (no `auth_time`)
    These settings would lock you out, so nothing was changed. This organization requires a sign-in within the last 60 minutes, and your token has no valid claim `auth_time`, which says when you signed in. If you signed in just now, ask a platform operator: the identity provider must add the claim to its tokens.

    403 session-too-old (no `auth_time`)
    This organization requires a sign-in within the last 60 minutes, and your token has no valid claim `auth_time`, which says when you signed in. If you signed in just now, ask a platform operator: the identity provider must add the claim to its tokens.
    ");
}

#[test]
fn page_lists_the_parameters_and_the_source_of_each_provider() {
    let page = include_str!("../../docs/guides/identity-providers.md");
    for file in fs::read_dir("api/tokens").unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let provider = Provider::named(name);
        assert!(page.contains(&provider.page), "{name}: {}", provider.page);
        for (parameter, value) in provider.parameters {
            let setting = format!("`{parameter}={value}`");
            assert!(page.contains(&setting), "{name}: {setting}");
        }
    }
}
