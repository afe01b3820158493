//! The token issuer of the local server: it signs any token for any caller, so it is for development only.

use std::{fs, io, path::Path, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::Response,
    routing::{get, post},
};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use lambda_http::Error;
use rsa::{
    RsaPrivateKey,
    pkcs8::{EncodePrivateKey, LineEnding},
    rand_core::OsRng,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::http::{TokenClaims, WholeNumber};

use crate::{
    answer::{self, Problem},
    data::replace,
    gateway_context::GatewayContext,
};

/// The path of the discovery document.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The path of the public key.
pub const JWKS: &str = "/local/jwks.json";
/// The path that returns tokens.
pub const TOKEN: &str = "/local/token";

/// How long a token is valid unless the request says otherwise, in seconds.
const DEFAULT_LIFETIME: i64 = 3600;

/// An issuer with its signing key.
pub struct Issuer {
    url: String,
    audience: String,
    names: TokenClaims,
    key: EncodingKey,
    public: Jwk,
}

/// The body of a token request: the claims of the token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRequest {
    /// The address. The token of a service has none.
    email: Option<String>,
    /// The user id. By default, a text of the address.
    sub: Option<String>,
    email_verified: Option<bool>,
    name: Option<String>,
    scope: Option<String>,
    amr: Option<Vec<String>>,
    auth_time: Option<WholeNumber>,
    /// In seconds. A negative number makes an expired token.
    expires_in: Option<WholeNumber>,
}

impl TokenRequest {
    /// The user id; `None` if the request has neither one nor an address.
    fn subject(&self) -> Option<String> {
        self.sub.clone().or_else(|| self.email.as_deref().map(default_subject))
    }

    /// How long the token is valid, in seconds.
    fn lifetime(&self) -> i64 {
        self.expires_in.map_or(DEFAULT_LIFETIME, |WholeNumber(seconds)| seconds)
    }
}

impl Issuer {
    /// The issuer at `url` of tokens for `audience`, which writes claims under these names. It keeps its key in
    /// `directory`; without one, the key is new.
    ///
    /// # Errors
    ///
    /// The key cannot be read, written or parsed.
    pub fn open(
        url: &str,
        audience: &str,
        names: TokenClaims,
        directory: Option<&Path>,
    ) -> Result<Self, Error> {
        let pem = match directory {
            None => new_key()?,
            Some(directory) => stored_key(&directory.join("issuer.pem"))?,
        };
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|cause| {
            format!(
                "the issuer's key, issuer.pem in the data directory, is damaged ({cause}): remove the file, and get new \
                 tokens"
            )
        })?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256));
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { url: url.to_owned(), audience: audience.to_owned(), names, key, public })
    }

    /// The public key as a JSON Web Key Set.
    pub fn jwks(&self) -> serde_json::Value {
        json!({ "keys": [self.public] })
    }

    /// The routes of the issuer. They are behind the gateway, which gives them the time.
    pub fn router(self) -> Router {
        Router::new()
            .route(DISCOVERY, get(discovery))
            .route(JWKS, get(jwks))
            .route(TOKEN, post(token))
            .with_state(Arc::new(self))
    }

    fn sign(
        &self,
        request: TokenRequest,
        sub: String,
        now: i64,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let header =
            Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::RS256) };
        let exp = now.saturating_add(request.lifetime());
        let names = self.names;
        let verified = request.email.as_ref().map(|_| request.email_verified.unwrap_or(true));
        let optional = [
            (names.email, request.email.map(Value::from)),
            (names.email_verified, verified.map(Value::from)),
            (names.name, request.name.map(Value::from)),
            (names.scope, request.scope.map(Value::from)),
            (names.amr, request.amr.map(Value::from)),
            (names.auth_time, request.auth_time.map(|WholeNumber(at)| at.into())),
        ];
        let always = [
            // The claims that no variable names come last, so that no variable replaces them.
            ("iss", json!(self.url)),
            ("aud", json!(self.audience)),
            ("sub", sub.into()),
            ("iat", now.into()),
            ("exp", exp.into()),
        ];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let claims: Map<_, _> =
            optional.chain(always).map(|(name, value)| (name.to_owned(), value)).collect();
        encode(&header, &claims, &self.key)
    }
}

/// The `sub` of a person whose token does not name one: a text of the address. Different addresses have different ones,
/// also where they differ only in characters that are not ASCII.
fn default_subject(email: &str) -> String {
    let text = email.to_ascii_lowercase();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    let encoded = || text.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    format!("local|{}", if is_plain { text.clone() } else { encoded() })
}

async fn discovery(State(issuer): State<Arc<Issuer>>, context: GatewayContext) -> Response {
    let document = json!({
        "issuer": issuer.url,
        "jwks_uri": format!("{}{JWKS}", issuer.url),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    answer::json(&context.id, &document)
}

async fn jwks(State(issuer): State<Arc<Issuer>>, context: GatewayContext) -> Response {
    answer::json(&context.id, &issuer.jwks())
}

async fn token(
    State(issuer): State<Arc<Issuer>>,
    context: GatewayContext,
    body: Bytes,
) -> Response {
    let request = match serde_json::from_slice::<TokenRequest>(&body) {
        Ok(request) => request,
        Err(error) if error.is_data() => {
            return Problem::invalid(error.to_string()).respond(&context.id);
        }
        Err(error) => return Problem::unreadable(error.to_string()).respond(&context.id),
    };
    let Some(sub) = request.subject() else {
        return Problem::invalid("send `email` or `sub`".to_owned()).respond(&context.id);
    };
    let expires_in = request.lifetime();
    match issuer.sign(request, sub, context.now.as_second()) {
        Ok(token) => answer::json(
            &context.id,
            &json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" }),
        ),
        Err(error) => {
            eprintln!("the token cannot be signed: {error}");
            Problem::internal().respond(&context.id)
        }
    }
}

fn new_key() -> Result<String, Error> {
    Ok(RsaPrivateKey::new(&mut OsRng, 2048)?.to_pkcs8_pem(LineEnding::LF)?.to_string())
}

fn stored_key(file: &Path) -> Result<String, Error> {
    match fs::read_to_string(file) {
        Ok(pem) => Ok(pem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let pem = new_key()?;
            replace(file, pem.as_bytes())?;
            Ok(pem)
        }
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}
