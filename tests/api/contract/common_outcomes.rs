//! The outcomes that many operations share: each operation gets a valid request, and requests with one mistake each.

use axum::{body::Body, http::Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{CONTRACT, outcome};
use crate::{
    helpers::DEE,
    matrix::{SUE, Scenario, insider, query},
    test_app::{Answer, CY, DAY, EVE, Identity, OPERATOR, with_ids},
};

const NO_ORGANIZATION: &str = "org_01KAK000000000000000000000";
const JSON: &str = "application/json";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Outcomes of requests that change something, in the order in which they can be produced.
const LAST: [&str; 4] = ["200", "201", "204", "idempotency-key-reused"];

#[tokio::test]
async fn operations_have_the_common_outcomes_that_they_document() {
    let mut missing = Vec::new();
    for operation in CONTRACT.operations() {
        let request = ValidRequest::to(&operation.name).await;
        let unknown = request.send_query("colour=red").await;
        if !unknown.status.is_client_error() || !unknown.text.contains("colour: ") {
            missing.push(format!("{} refuses unknown parameters: {unknown}", operation.name));
        }
        let mut outcomes = CONTRACT.outcomes(&operation);
        outcomes.sort_by_key(|outcome| LAST.iter().position(|last| last == outcome));
        for documented in outcomes {
            let Some(answer) = request.provoke(&documented).await else { continue };
            if outcome(&answer) != documented {
                missing.push(format!("{} {documented}: {answer}", operation.name));
            }
        }
    }
    assert!(missing.is_empty(), "not produced:\n{}", missing.join("\n"));
}

/// A request that succeeds.
struct ValidRequest {
    scenario: Scenario,
    caller: Identity,
    method: String,
    /// The path in the document.
    template: String,
    /// The path with the parameters that the operation requires.
    path: String,
    body: Option<Value>,
}

impl ValidRequest {
    async fn to(operation: &str) -> Self {
        let scenario = Scenario::of(operation).await;
        let (path, body) = scenario.request(operation).await;
        scenario.app.add_member(SUE, &scenario.here, DEE, "user").await;
        let caller = match operation {
            "POST /v1/organizations/{org}/leave" => DEE,
            "POST /v1/organizations/{org}/join-requests"
            | "GET /v1/organizations/{org}/join-requests/mine"
            | "DELETE /v1/organizations/{org}/join-requests/mine" => EVE,
            _ => insider(operation),
        };
        let (method, template) = operation.split_once(' ').unwrap();
        let (method, template) = (method.to_owned(), template.to_owned());
        let query = query(operation).map(|query| format!("?{query}")).unwrap_or_default();
        let path = format!("{}{query}", with_ids(&path));
        Self { scenario, caller, method, template, path, body }
    }

    /// Sends the request, changed so that its outcome is `outcome`; none for an outcome that is specific to a few
    /// operations.
    async fn provoke(&self, outcome: &str) -> Option<Answer> {
        Some(match outcome {
            "200" | "201" | "204" if self.template.starts_with("/.well-known") => return None,
            "200" | "201" | "204" => self.send_with_header((IDEMPOTENCY_KEY, "k")).await,
            "304" => self.send_with_header(("if-none-match", "*")).await,
            "precondition-failed" => self.send_with_header(("if-match", "\"stale\"")).await,
            "unauthenticated" => self.send_without_token().await,
            "operator-scope-required" | "decisions-scope-required" => self.send_as(EVE).await,
            "email-not-verified" => {
                self.send_as(Identity { verified: "false", ..self.caller }).await
            }
            "email-missing" => self.send_as(Identity { email: "", ..self.caller }).await,
            "operator-read-only" if self.template.starts_with("/v1/operator/") => return None,
            "operator-read-only" => self.send_as(OPERATOR).await,
            "access-expired" if self.template.contains("/accept") => return None,
            "access-expired" => self.send_after_the_end_of_access().await,
            "unreadable-request" => self.send_unreadable().await,
            "bad-idempotency-key" => self.send_with_header((IDEMPOTENCY_KEY, "a b")).await,
            "body-too-large" => self.send_raw(JSON, " ".repeat(70_000)).await,
            "unsupported-media-type" => self.send_raw("text/plain", "{}".to_owned()).await,
            "invalid-request" => self.send_unknown_field().await,
            "idempotency-key-reused" => self.reuse_idempotency_key().await,
            "bad-cursor" => self.send_query("cursor=x").await,
            "organization-outside-subtree" if self.method == "POST" => {
                let body = json!({ "organization_id": [NO_ORGANIZATION] });
                self.send(&self.path, Some(body)).await
            }
            "organization-outside-subtree" => {
                self.send_query(&format!("organization_id={NO_ORGANIZATION}")).await
            }
            "level-not-allowed"
            | "role-object-not-editable"
            | "role-object-not-available"
            | "prerequisite-not-met" => self.send_refused_level(outcome).await,
            "organization-suspended" => self.send_while_suspended().await,
            "sub-organizations-disabled" if self.template.contains("{org}") => {
                self.send_without_sub_organizations().await
            }
            _ => {
                let path = self.path_to_nothing(outcome)?;
                self.send(&path, self.body.clone()).await
            }
        })
    }

    async fn send(&self, path: &str, body: Option<Value>) -> Answer {
        self.scenario.app.send(Some(self.caller), &self.method, path, body).await
    }

    async fn send_as(&self, caller: Identity) -> Answer {
        self.scenario.app.send(Some(caller), &self.method, &self.path, self.body.clone()).await
    }

    /// The caller is a member of the organization in the path whose access has ended (END1).
    async fn send_after_the_end_of_access(&self) -> Answer {
        let app = &self.scenario.app;
        let end = Timestamp::from_millisecond(app.now() + DAY).unwrap();
        let offer = json!({ "email": CY.email, "role_id": "user", "access_expires_at": end });
        let org = self.path.split('/').take(4).collect::<Vec<_>>().join("/");
        let invited = app.post(SUE, &format!("{org}/invitations"), offer).await.expect(201);
        let accept = format!("{org}/invitations/{}/accept", invited.id());
        app.post(CY, &accept, json!({})).await.expect(200);
        app.wait(DAY);
        self.send_as(CY).await
    }

    /// The missing token is reported before the unknown parameter.
    async fn send_without_token(&self) -> Answer {
        let path = self.path_with("colour=red");
        self.scenario.app.send(None, &self.method, &path, self.body.clone()).await
    }

    async fn send_query(&self, query: &str) -> Answer {
        self.send(&self.path_with(query), self.body.clone()).await
    }

    fn path_with(&self, query: &str) -> String {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{separator}{query}", self.path)
    }

    async fn send_with_header(&self, header: (&str, &str)) -> Answer {
        let (app, caller) = (&self.scenario.app, Some(self.caller));
        app.send_with(caller, &self.method, &self.path, self.body.clone(), &[header]).await
    }

    async fn send_raw(&self, content_type: &str, body: String) -> Answer {
        let request = Request::builder().method(self.method.as_str()).uri(&self.path);
        let request = request.header("content-type", content_type).body(Body::from(body)).unwrap();
        self.scenario.app.answer(Some(self.caller), request).await
    }

    /// A malformed body, a repeated query parameter, or a malformed `If-Match`.
    async fn send_unreadable(&self) -> Answer {
        if self.body.is_some() {
            return self.send_raw(JSON, "{".to_owned()).await;
        }
        let operation =
            CONTRACT.operation(&self.method, self.path.split('?').next().unwrap()).unwrap();
        let parameters = CONTRACT.parameters(&operation);
        let mut parameters = parameters.iter();
        let single = parameters.find(|it| it["in"] == "query" && it["schema"]["type"] != "array");
        match single.and_then(|parameter| parameter["name"].as_str()) {
            Some(name) => self.send_query(&format!("{name}=1&{name}=1")).await,
            None => self.send_with_header(("if-match", "no tag")).await,
        }
    }

    async fn send_unknown_field(&self) -> Answer {
        let mut body = self.body.clone().unwrap_or_else(|| json!({}));
        body["colour"] = json!("red");
        let answer = match &*self.method {
            "GET" => self.send_query("colour=red").await,
            _ => self.send(&self.path, Some(body)).await,
        };
        assert!(self.body.is_none() || answer.pointer() == "/colour", "{answer}");
        answer
    }

    /// The key of the successful request, with another body.
    async fn reuse_idempotency_key(&self) -> Answer {
        let mut other = self.body.clone().unwrap_or_else(|| json!({}));
        for value in other.as_object_mut().unwrap().values_mut() {
            *value = json!(format!("x{}", value.as_str().unwrap_or_default()));
        }
        let (app, caller, key) = (&self.scenario.app, Some(self.caller), (IDEMPOTENCY_KEY, "k"));
        app.send_with(caller, &self.method, &self.path, Some(other), &[key]).await
    }

    /// The request in another scenario, whose tree has sub-organizations turned off.
    async fn send_without_sub_organizations(&self) -> Answer {
        let other = Box::pin(Self::to(&format!("{} {}", self.method, self.template))).await;
        let off = json!({ "manage_sub_organizations": false });
        other.scenario.app.update_settings(&other.scenario.above, off).await;
        other.send(&other.path, other.body.clone()).await
    }

    /// The request in another scenario, whose organization is suspended.
    async fn send_while_suspended(&self) -> Answer {
        let other = Box::pin(Self::to(&format!("{} {}", self.method, self.template))).await;
        let org = other.path.split('/').nth(3).unwrap().split('?').next().unwrap();
        let suspension = format!("/v1/operator/organizations/{org}/suspension");
        let reason = json!({ "reason": "Invoices are unpaid." });
        other.scenario.app.put(OPERATOR, &suspension, reason).await.expect(200);
        other.send(&other.path, other.body.clone()).await
    }

    /// A level that no custom role of a standard organization can have.
    async fn send_refused_level(&self, slug: &str) -> Answer {
        let mut body = self.body.clone().unwrap_or_default();
        body["permissions"] = match slug {
            "level-not-allowed" => json!({ "event_history": "full_access" }),
            "role-object-not-editable" => json!({ "channel_partner_portal_mdf": "none" }),
            "role-object-not-available" => {
                json!({ "support_service_customer_organizations": "none" })
            }
            _ => json!({
                "user_management_sub_organizations": "view_only",
                "user_management": "none",
            }),
        };
        self.send(&self.path, Some(body)).await
    }

    /// The path with the id of a resource that does not exist; none if the path has no such id.
    fn path_to_nothing(&self, slug: &str) -> Option<String> {
        let (parameter, id) = match slug {
            "no-such-organization" => ("{org}", "org_none"),
            "no-such-member" => ("{member}", "mem_00000000000000000000000000"),
            "no-such-role" => ("{role}", "role_01KAK000000000000000000000"),
            "no-such-invitation" => ("{inv}", "inv_01KAK000000000000000000000"),
            "partner-not-linked" => ("{partner}", NO_ORGANIZATION),
            "no-such-event" => ("{evt}", "evt_01KAK000000000000000000000"),
            "no-such-critical-alert-user" => ("{alert}", "alert_00000000000000000000000000"),
            "no-such-person" => ("{person}", "person_00000000000000000000000000"),
            _ => return None,
        };
        let at = self.template.split('/').position(|segment| segment == parameter)?;
        let mut segments: Vec<_> = self.path.split('/').collect();
        *segments.get_mut(at)? = id;
        Some(segments.join("/"))
    }
}
