//! Tokens of the shapes that identity providers document, in the text form of API Gateway. Each file in
//! `tokens` has the documentation page, the parameters of the deployment and the claims of a token.
//! `docs/guides/identity-providers.md` lists the same parameters.

use std::{collections::BTreeMap, fmt::Write as _, fs};

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
    printed::assert_printed,
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

    fn deployed_with(mut self, parameters: &[(&str, &str)]) -> Self {
        let parameters = parameters.iter();
        self.parameters.extend(parameters.map(|(name, value)| ((*name).into(), (*value).into())));
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
        let app = App { store: app.store.clone(), deployment: ample(), claims: self.names() };
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

/// The names of the files.
fn providers() -> Vec<String> {
    let files = fs::read_dir("api/tokens").unwrap().map(|file| file.unwrap().path());
    let names = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn token_of_each_provider_is_good_for_what_the_snapshot_says() {
    let mut page = String::new();
    for name in providers() {
        writeln!(page, "{name}\n{}\n", Provider::named(&name).summary().await).unwrap();
    }
    assert_printed("../tests/snapshots/identity_providers.txt", &page);
}

/// INV4: Cognito writes `false` for each account of another provider whose `email_verified` is not mapped. Entra ID writes
/// `xms_edov` as a boolean, as a number or as a text. `EmailsVerified` = `always` is for tokens that say nothing: a `false`
/// is believed.
#[tokio::test]
async fn claim_of_the_deployment_decides_whether_the_address_is_verified() {
    let app = TestApp::new().await;
    let always = ("EmailsVerified", "always");
    let never_there = [("EmailVerifiedClaim", "never"), always];
    let (unverified, entra) = (json!(false), "entra_with_optional_claims");
    for (name, claim, value, parameters, status) in [
        ("cognito_federated", "email_verified", unverified.clone(), &[][..], 403),
        ("cognito_federated", "email_verified", unverified.clone(), &[always], 403),
        ("cognito_federated", "email_verified", unverified.clone(), &never_there, 200),
        ("okta", "email_verified", unverified.clone(), &[], 403),
        ("entra", "email_verified", unverified.clone(), &[], 403),
        ("entra_b2c", "email_verified", unverified.clone(), &[], 403),
        (entra, "xms_edov", json!(1), &[], 200),
        (entra, "xms_edov", json!("true"), &[], 200),
        (entra, "xms_edov", json!(0), &[], 403),
        (entra, "xms_edov", json!("0"), &[], 403),
        (entra, "xms_edov", unverified, &[], 403),
        (entra, "xms_edov", json!(["1"]), &[], 403),
    ] {
        let provider = Provider::named(name).with(claim, value.clone()).deployed_with(parameters);
        let answer = provider.send(&app, "GET", "/v1/me/invitations", None).await;
        let expected = if status == 200 { "200" } else { "403 email-not-verified" };
        assert_eq!(outcome(&answer), expected, "{name} with {claim} {value}, {parameters:?}");
    }
}

/// INV4
#[tokio::test]
async fn missing_address_unknown_verification_and_unverified_address_have_different_refusals() {
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
    for name in providers() {
        let provider = Provider::named(&name);
        assert!(page.contains(&provider.page), "{name}: {}", provider.page);
        for (parameter, value) in provider.parameters {
            let setting = format!("`{parameter}={value}`");
            assert!(page.contains(&setting), "{name}: {setting}");
        }
    }
}
