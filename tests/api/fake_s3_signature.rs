//! Checks requests that are signed in their headers (AWS Signature Version 4), as S3 does. It does not check the age of a
//! signature.

use std::{fmt::Write as _, sync::LazyLock};

use aws_sdk_s3::config::Credentials;
use aws_sigv4::sign::v4::{calculate_signature, generate_signing_key};
use axum::http::{header::AUTHORIZATION, request::Parts};
use jiff::{civil::DateTime, tz::TimeZone};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: &str = "x-amz-date";
const BODY_DIGEST: &str = "x-amz-content-sha256";

/// A secret that only this process knows, so that no other one can sign.
static SECRET: LazyLock<String> = LazyLock::new(|| format!("{:032x}", rand::random::<u128>()));

/// The credentials of this process.
pub(crate) fn credentials() -> Credentials {
    Credentials::new("local", SECRET.as_str(), None, None, "local")
}

/// A request whose head has a valid signature.
pub(crate) struct SignedHead {
    body_digest: String,
}

impl SignedHead {
    /// Checks the signature of a request's head. `None` if it is missing or wrong.
    pub(crate) fn check(parts: &Parts) -> Option<Self> {
        let header = |name: &str| parts.headers.get(name)?.to_str().ok();
        let authorization = Authorization::parse(header(AUTHORIZATION.as_str())?)?;
        let (date, body_digest) = (header(DATE)?, header(BODY_DIGEST)?.to_owned());
        let mut canonical = format!(
            "{}\n{}\n{}\n",
            parts.method,
            parts.uri.path(),
            parts.uri.query().unwrap_or_default()
        );
        for name in authorization.signed_headers.split(';') {
            writeln!(canonical, "{name}:{}", header(name)?.trim()).ok()?;
        }
        write!(canonical, "\n{}\n{body_digest}", authorization.signed_headers).ok()?;
        let [_, region, service, _] = authorization.scope.split('/').collect::<Vec<_>>()[..] else {
            return None;
        };
        let at = DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?.to_zoned(TimeZone::UTC).ok()?;
        let key = generate_signing_key(&SECRET, at.timestamp().into(), region, service);
        let signed = format!("{ALGORITHM}\n{date}\n{}\n{}", authorization.scope, digest(canonical));
        let is_valid = calculate_signature(key, signed.as_bytes()) == authorization.signature;
        is_valid.then_some(Self { body_digest })
    }

    /// Whether the signature covers this body.
    pub(crate) fn covers(&self, body: &[u8]) -> bool {
        self.body_digest == digest(body)
    }
}

/// The parts of an `Authorization` header.
struct Authorization<'a> {
    /// Date, region, service and `aws4_request`, separated by slashes.
    scope: &'a str,
    /// Names, separated by semicolons.
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix(ALGORITHM)?;
        let field = |name: &str| {
            let mut fields = fields.split(',').map(str::trim);
            fields.find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let (_, scope) = field("Credential")?.split_once('/')?;
        Some(Self {
            scope,
            signed_headers: field("SignedHeaders")?,
            signature: field("Signature")?,
        })
    }
}

fn digest(text: impl AsRef<[u8]>) -> String {
    let hex = |bytes: [u8; 16]| format!("{:032x}", u128::from_be_bytes(bytes));
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.as_chunks().0.iter().copied().map(hex).collect()
}
