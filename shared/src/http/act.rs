//! What a handler is given to act with: who, when, in which request, under which idempotency key.

use axum::{
    body::Body,
    extract::{FromRequestParts, Request, State},
    http::{Method, StatusCode, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::{App, Caller, Instead, Now, Problem, RequestId, read_body};
use crate::domain::{Act, Once, Person, Refusal, UserId};

/// Where a client puts its key.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A request of a signed-in person, as the rules and the history want it.
#[derive(Clone, Debug)]
pub struct Acting {
    /// Who.
    pub person: Person,
    /// Who, when, in which request.
    pub act: Act,
}

impl Acting {
    /// The same, acting by the scope in their token (OP1).
    pub fn as_operator(self) -> Result<Self, Refusal> {
        let Self { person, act } = self;
        if !person.operator {
            return Err(Refusal::NotAnOperator);
        }
        Ok(Self { person, act: Act { as_operator: true, ..act } })
    }
}

impl<S: Sync> FromRequestParts<S> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Caller { person, .. } = Caller::from_request_parts(parts, state).await?;
        let Now(at) = Now::from_request_parts(parts, state).await?;
        let request_id = RequestId::from_request_parts(parts, state).await?.to_string();
        let keyed = parts.extensions.get::<Keyed>();
        let once = keyed.map(|keyed| keyed.of(&person.id));
        let by = Some(person.clone());
        let seed = rand::random();
        let act = Act { by, as_operator: false, at, request_id, seed, once };
        Ok(Self { person, act })
    }
}

/// A request with a key, before its caller is known.
#[derive(Clone, Debug)]
struct Keyed {
    route: String,
    key: String,
    fingerprint: String,
}

impl Keyed {
    fn of(&self, caller: &UserId) -> Once {
        let Self { route, key, fingerprint } = self.clone();
        Once { caller: caller.clone(), route, key, fingerprint }
    }
}

/// Gives a POST with an `Idempotency-Key` the answer of its first time.
///
/// The first time costs nothing but the record in its transaction. A repeat either finds that
/// record there, or is refused, because it meets the changes of the first; only then it is looked
/// up.
pub(super) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    match keyed(request).await {
        Ok((request, None)) => next.run(request).await,
        Ok((request, Some(keyed))) => repeatable(app, request, keyed, next).await,
        Err(problem) => problem.into_response(),
    }
}

async fn repeatable(app: App, mut request: Request, keyed: Keyed, next: Next) -> Response {
    request.extensions_mut().insert(keyed.clone());
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &app).await;
    let now = Now::from_request_parts(&mut parts, &app).await;
    let response = next.run(Request::from_parts(parts, body)).await;
    let refused = matches!(response.status().as_u16(), 403 | 404 | 409 | 422 | 429);
    match (caller, now) {
        (Ok(Caller { person, .. }), Ok(Now(now))) if refused => {
            match app.store.answered_before(&keyed.of(&person.id), now).await {
                Ok(()) => response,
                // Nor is a refusal the truth as long as nobody knows.
                Err(error) => Instead::from(error).into_response(),
            }
        }
        _ => response,
    }
}

async fn keyed(request: Request) -> Result<(Request, Option<Keyed>), Problem> {
    if request.method() != Method::POST {
        return Ok((request, None));
    }
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else { return Ok((request, None)) };
    let key = key.to_str().unwrap_or_default().to_owned();
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if keys.next().is_some() || !visible || !(1..=64).contains(&key.len()) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-idempotency-key",
            "Bad idempotency key",
            "`Idempotency-Key` is sent once, with 1 to 64 visible ASCII characters. Send a new one.",
        ));
    }
    let (parts, body) = request.into_parts();
    let body = read_body(body).await?;
    let fingerprint = format!("{:x}", Sha256::digest(&body));
    let route = format!("{} {}", parts.method, parts.uri.path());
    let request = Request::from_parts(parts, Body::from(body));
    Ok((request, Some(Keyed { route, key, fingerprint })))
}
