//! An issuer of tokens that gives anyone any token; it is never more than a stand-in for a real one.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

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
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    answer::{self, Problem},
    told::Told,
};

/// Where the discovery document is.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// Where the public key is.
pub const JWKS: &str = "/local/jwks.json";
/// Where tokens are given out.
pub const TOKEN: &str = "/local/token";

const HOUR: i64 = 3600;

/// An issuer with a key of its own.
pub struct Issuer {
    url: String,
    audience: String,
    key: EncodingKey,
    public: Jwk,
}

/// What a token is wished to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    email: String,
    sub: Option<String>,
    email_verified: Option<bool>,
    name: Option<String>,
    scope: Option<String>,
    amr: Option<Vec<String>>,
    auth_time: Option<i64>,
    /// In seconds; a token for which this is negative has expired.
    expires_in: Option<i64>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    iat: i64,
    exp: i64,
    email: String,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amr: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
}

impl Issuer {
    /// The issuer at `url` of tokens for `audience`, with the key kept in `directory`, or else a new one.
    pub fn open(url: &str, audience: &str, directory: Option<&Path>) -> Result<Self, Error> {
        let pem = match directory {
            None => new_key()?,
            Some(directory) => kept_key(&directory.join("issuer.pem"))?,
        };
        let key = EncodingKey::from_rsa_pem(pem.as_bytes())
            .map_err(|cause| format!("the issuer's key: {cause}"))?;
        let mut public = Jwk::from_encoding_key(&key, Algorithm::RS256)?;
        public.common.key_id = Some(public.thumbprint(ThumbprintHash::SHA256));
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { url: url.to_owned(), audience: audience.to_owned(), key, public })
    }

    /// Its public key, as a JSON Web Key Set.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        json!({ "keys": [self.public] })
    }

    /// Its routes, which stand behind the gateway like any other: from there they have the time.
    pub fn router(self) -> Router {
        Router::new()
            .route(DISCOVERY, get(discovery))
            .route(JWKS, get(jwks))
            .route(TOKEN, post(token))
            .with_state(Arc::new(self))
    }

    fn sign(&self, wish: Wish, now: i64) -> Result<String, jsonwebtoken::errors::Error> {
        let header =
            Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::RS256) };
        let claims = Claims {
            iss: &self.url,
            aud: &self.audience,
            sub: wish.sub.unwrap_or_else(|| format!("local|{}", wish.email.to_lowercase())),
            iat: now,
            exp: now.saturating_add(wish.expires_in.unwrap_or(HOUR)),
            email: wish.email,
            email_verified: wish.email_verified.unwrap_or(true),
            name: wish.name,
            scope: wish.scope,
            amr: wish.amr,
            auth_time: wish.auth_time,
        };
        encode(&header, &claims, &self.key)
    }
}

async fn discovery(State(issuer): State<Arc<Issuer>>, told: Told) -> Response {
    let document = json!({
        "issuer": issuer.url,
        "jwks_uri": format!("{}{JWKS}", issuer.url),
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    answer::json(&told.id, &document)
}

async fn jwks(State(issuer): State<Arc<Issuer>>, told: Told) -> Response {
    answer::json(&told.id, &issuer.jwks())
}

async fn token(State(issuer): State<Arc<Issuer>>, told: Told, body: Bytes) -> Response {
    let wish = match serde_json::from_slice::<Wish>(&body) {
        Ok(wish) => wish,
        Err(error) if error.is_data() => {
            return Problem::invalid(error.to_string()).answer(&told.id);
        }
        Err(error) => return Problem::unreadable(error.to_string()).answer(&told.id),
    };
    let expires_in = wish.expires_in.unwrap_or(HOUR);
    match issuer.sign(wish, told.now.as_second()) {
        Ok(token) => answer::json(
            &told.id,
            &json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" }),
        ),
        Err(error) => {
            eprintln!("no token: {error}");
            Problem::internal().answer(&told.id)
        }
    }
}

fn new_key() -> Result<String, Error> {
    Ok(RsaPrivateKey::new(&mut OsRng, 2048)?.to_pkcs8_pem(LineEnding::LF)?.to_string())
}

fn kept_key(file: &Path) -> Result<String, Error> {
    match fs::read_to_string(file) {
        Ok(pem) => Ok(pem),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let pem = new_key()?;
            keep(file, &pem)?;
            Ok(pem)
        }
        Err(error) => Err(format!("{}: {error}", file.display()).into()),
    }
}

/// Writes beside and renames, so that half a key is never found.
fn keep(file: &Path, pem: &str) -> io::Result<()> {
    let draft = file.with_extension("pem.new");
    let mut options = OpenOptions::new();
    let mut half = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    half.write_all(pem.as_bytes())?;
    half.sync_all()?;
    fs::rename(draft, file)
}
