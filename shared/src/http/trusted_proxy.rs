//! A proxy in front of the API, such as `CloudFront`. API Gateway then sees the address of the
//! proxy, and the proxy passes on the viewer's address in a header. A client can send the same
//! header, so it counts only together with a secret that the proxy adds to each request.

use std::{
    fmt::{self, Debug, Formatter},
    net::{IpAddr, SocketAddr},
};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lambda_http::request::RequestContext as GatewayContext;
use sha2::{Digest, Sha256};

use super::{Problem, caller};

/// The header in which the proxy sends its secret.
const SECRET: HeaderName = HeaderName::from_static("x-origin-verify");
/// The header of `CloudFront`: the viewer's address, a colon and a port. IPv6 addresses have no
/// brackets.
const CLOUDFRONT: HeaderName = HeaderName::from_static("cloudfront-viewer-address");

type Hash = [u8; 32];

/// The proxy through which all requests must come.
#[derive(Clone, PartialEq, Eq)]
pub struct TrustedProxy {
    /// The header with the viewer's address.
    address_header: HeaderName,
    /// SHA-256 of each accepted secret. While a secret is being replaced, there are two.
    secrets: Vec<Hash>,
}

impl Debug for TrustedProxy {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedProxy")
            .field("address_header", &self.address_header)
            .finish_non_exhaustive()
    }
}

/// The address of the viewer in front of the proxy, as an extension of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ViewerAddress(pub IpAddr);

impl TrustedProxy {
    /// A proxy that sends the viewer's address in the header `address_header`. `hashes` lists the
    /// hexadecimal SHA-256 of each accepted secret, separated by commas.
    ///
    /// # Errors
    ///
    /// What is wrong: `address_header` is not the name of a header, or a hash is not one.
    pub fn new(address_header: &str, hashes: &str) -> Result<Self, &'static str> {
        let address_header = HeaderName::from_bytes(address_header.as_bytes())
            .map_err(|_| "not the name of a header")?;
        if address_header == SECRET {
            return Err("the header of the address must not be that of the secret");
        }
        let read = hashes.split(',').map(|text| hash_from_hex(text.trim()));
        let secrets = read.collect::<Option<_>>().ok_or("not a SHA-256 hash in hexadecimal")?;
        Ok(Self { address_header, secrets })
    }

    /// Whether the request has the proxy's secret, once. The comparison of hashes takes the same
    /// time for every secret.
    fn sent(&self, headers: &HeaderMap) -> bool {
        let Some(secret) = single(headers, &SECRET) else { return false };
        let hash: Hash = Sha256::digest(secret).into();
        self.secrets.iter().fold(false, |found, known| found | is_same(known, &hash))
    }

    /// The viewer's address; `None` if the header is absent, repeated or malformed.
    fn viewer(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let text = std::str::from_utf8(single(headers, &self.address_header)?).ok()?.trim();
        if self.address_header == CLOUDFRONT {
            let (address, port) = text.rsplit_once(':')?;
            port.parse::<u16>().ok()?;
            let inner = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
            return inner.unwrap_or(address).parse().ok();
        }
        let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
        text.parse().ok().or_else(with_port)
    }
}

/// Refuses requests with a token that bypass the proxy, and replaces the source address of the
/// others with the viewer's.
///
/// Without a token, API Gateway passes on only requests for the metadata of the API and preflight
/// requests, which are public. A scanner may send them, so they say nothing about the secret.
///
/// If the proxy sends no usable address, the source is unknown: rules about networks (ORG3) then
/// refuse the request.
pub(super) async fn require_proxy(
    State(proxy): State<&'static TrustedProxy>,
    mut request: Request,
    next: Next,
) -> Response {
    if !proxy.sent(request.headers()) {
        if caller::subject(&request).is_none() {
            return next.run(request).await;
        }
        return not_through_proxy().into_response();
    }
    let viewer = proxy.viewer(request.headers());
    request.headers_mut().remove(SECRET);
    if let Some(GatewayContext::ApiGatewayV2(context)) = request.extensions_mut().get_mut() {
        context.http.source_ip = viewer.map(|address| address.to_string());
    }
    let mut response = next.run(request).await;
    if let Some(viewer) = viewer {
        response.extensions_mut().insert(ViewerAddress(viewer));
    }
    response
}

/// 403: the request bypassed the proxy.
fn not_through_proxy() -> Problem {
    let detail = "The API cannot be called at this address. Use its public address.";
    Problem::new(StatusCode::FORBIDDEN, "not-through-proxy", "Wrong address", detail)
}

/// The value of a header that the request has once. API Gateway joins repeated headers with commas.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        _ => None,
    }
}

fn is_same(left: &Hash, right: &Hash) -> bool {
    left.iter().zip(right).fold(0, |difference, (left, right)| difference | (left ^ right)) == 0
}

fn hash_from_hex(text: &str) -> Option<Hash> {
    if !text.is_ascii() || text.len() != 2 * size_of::<Hash>() {
        return None;
    }
    let mut hash = Hash::default();
    for (index, byte) in hash.iter_mut().enumerate() {
        let digits = text.get(2 * index..2 * index + 2)?;
        let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    }
    Some(hash)
}
