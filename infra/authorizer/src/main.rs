//! Stands before the function that lies beside it; without one, judges tokens as a Lambda authorizer. For
//! `sam local` alone: never deployed.

use std::{collections::HashMap, env, path::Path};

use authorizer::{Keys, Verifier, bearer, gateway};
use jiff::Timestamp;
use lambda_http::{
    Error,
    lambda_runtime::{LambdaEvent, run, service_fn},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a `REQUEST` authorizer is told (payload format 2.0), as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    /// The `Authorization` header, which must be the first identity source.
    #[serde(default)]
    identity_source: Vec<String>,
    #[serde(default)]
    route_key: String,
}

/// Which scopes a route asks for, one of which will do; `SCOPES` tells it as JSON.
type Scopes = HashMap<String, Vec<String>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let task = env::var("LAMBDA_TASK_ROOT").unwrap_or_else(|_| ".".to_owned());
    let function = Path::new(&task).join("function");
    if function.exists() {
        let runtime = env::var("AWS_LAMBDA_RUNTIME_API")?;
        return gateway::stand_before(&function, &runtime).await;
    }
    let scopes: Scopes = serde_json::from_str(&env::var("SCOPES")?)?;
    let verifier = verifier()?;
    run(service_fn(async |event: LambdaEvent<Request>| {
        Ok::<_, Error>(authorize(&verifier, &scopes, &event.payload, now()))
    }))
    .await
}

/// As `ISSUER` and `AUDIENCE` say. In a container the issuer has another address: `JWKS_URL` gives it.
fn verifier() -> Result<Verifier, Error> {
    let [issuer, audience, url] =
        ["ISSUER", "AUDIENCE", "JWKS_URL"].map(|name| env::var(name).unwrap_or_default());
    let keys = if url.is_empty() { Keys::discover(&issuer) } else { Keys::fetch(&url) }?;
    Ok(Verifier::new(&issuer, &audience, keys)?)
}

fn authorize(verifier: &Verifier, scopes: &Scopes, request: &Request, now: Timestamp) -> Value {
    let header = request.identity_source.first().map_or("", String::as_str);
    match verifier.verify(bearer(header), now) {
        Ok(token) => {
            let has = token.scopes.unwrap_or_default();
            let wanted = scopes.get(&request.route_key);
            let may = wanted.is_none_or(|any| any.iter().any(|scope| has.contains(scope)));
            json!({ "isAuthorized": may, "context": token.claims })
        }
        Err(denied) => {
            eprintln!("denied: {denied}");
            json!({ "isAuthorized": false })
        }
    }
}

/// The emulator's events all tell the second in which the emulator was started, so the event cannot be asked.
#[expect(clippy::disallowed_methods, reason = "the event does not tell the time here")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_brings_no_token_is_not_authorized() {
        let keys = Keys::from_jwks(r#"{"keys": []}"#).unwrap();
        let verifier = Verifier::new("https://id.example.com", "rolecall", keys).unwrap();
        for event in [json!({ "type": "REQUEST" }), json!({ "identitySource": ["Bearer x"] })] {
            let request = serde_json::from_value(event).unwrap();
            let answer = authorize(&verifier, &Scopes::new(), &request, Timestamp::UNIX_EPOCH);
            assert_eq!(answer, json!({ "isAuthorized": false }));
        }
    }
}
