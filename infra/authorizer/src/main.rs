//! The Lambda function `authorizer` for `sam local`. Never deployed.
//!
//! With a program named `function` in its directory, it runs that program behind [`gateway`]. Without one, it is a Lambda
//! authorizer.

use std::{collections::HashMap, env, path::Path};

use authorizer::{Keys, Verifier, bearer, gateway};
use jiff::Timestamp;
use lambda_http::{
    Error,
    lambda_runtime::{LambdaEvent, run, service_fn},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The event of a `REQUEST` authorizer (payload format 2.0), reduced to the members that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    /// The `Authorization` header, which must be the first identity source.
    #[serde(default)]
    identity_source: Vec<String>,
    #[serde(default)]
    route_key: String,
}

/// The scopes of each route, from the JSON in `SCOPES`. A token needs one of them.
type Scopes = HashMap<String, Vec<String>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let task = env::var("LAMBDA_TASK_ROOT").unwrap_or_else(|_| ".".to_owned());
    let function = Path::new(&task).join("function");
    if function.exists() {
        let runtime = env::var("AWS_LAMBDA_RUNTIME_API")?;
        return gateway::run_behind_gateway(&function, &runtime).await;
    }
    let scopes: Scopes = serde_json::from_str(&env::var("SCOPES")?)?;
    let verifier = verifier()?;
    run(service_fn(async |event: LambdaEvent<Request>| {
        Ok::<_, Error>(authorize(&verifier, &scopes, &event.payload, now()))
    }))
    .await
}

/// A verifier for `ISSUER` and `AUDIENCE`, which are audiences separated by commas. `JWKS_URL` is the address of the keys if the container cannot reach `ISSUER`.
fn verifier() -> Result<Verifier, Error> {
    let [issuer, audience, url] =
        ["ISSUER", "AUDIENCE", "JWKS_URL"].map(|name| env::var(name).unwrap_or_default());
    let keys = if url.is_empty() { Keys::discover(&issuer) } else { Keys::fetch(&url) }?;
    let audiences: Vec<_> = audience.split(',').map(str::trim).collect();
    Ok(Verifier::new(&issuer, &audiences, keys)?)
}

fn authorize(verifier: &Verifier, scopes: &Scopes, request: &Request, now: Timestamp) -> Value {
    let header = request.identity_source.first().map_or("", String::as_str);
    match verifier.verify(bearer(header), now) {
        Ok(token) => {
            let granted = token.scopes.unwrap_or_default();
            let required = scopes.get(&request.route_key);
            let authorized =
                required.is_none_or(|any| any.iter().any(|scope| granted.contains(scope)));
            json!({ "isAuthorized": authorized, "context": token.claims })
        }
        Err(denied) => {
            eprintln!("denied: {denied}");
            json!({ "isAuthorized": false })
        }
    }
}

/// The events of `sam local` have the time at which it started, not the time of the request.
#[expect(clippy::disallowed_methods, reason = "the event has no usable time")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_without_valid_token_is_not_authorized() {
        let keys = Keys::from_jwks(r#"{"keys": []}"#).unwrap();
        let verifier = Verifier::new("https://id.example.com", &["rolecall"], keys).unwrap();
        for event in [json!({ "type": "REQUEST" }), json!({ "identitySource": ["Bearer x"] })] {
            let request = serde_json::from_value(event).unwrap();
            let answer = authorize(&verifier, &Scopes::new(), &request, Timestamp::UNIX_EPOCH);
            assert_eq!(answer, json!({ "isAuthorized": false }));
        }
    }
}
