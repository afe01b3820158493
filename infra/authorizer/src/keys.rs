//! The public keys of the issuer, given or fetched. Only RSA keys for RS256 signatures are kept.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, PublicKeyUse},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use ureq::{Agent, http::Uri};

use crate::Unset;

/// The shortest time between two fetches for an unknown key.
const REFETCH_INTERVAL: SignedDuration = SignedDuration::from_mins(1);
const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest response, in bytes.
const MAX_RESPONSE: u64 = 1 << 20;

/// Public keys by their `kid`.
#[derive(Debug)]
pub struct Keys {
    /// The URL of the key set, if it can be fetched again.
    url: Option<String>,
    cache: Mutex<CachedKeys>,
}

#[derive(Debug)]
struct CachedKeys {
    keys: BTreeMap<String, DecodingKey>,
    /// The last fetch for an unknown key.
    refetched: Option<Timestamp>,
}

/// The reason why keys cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The issuer is empty.
    #[error(transparent)]
    Unset(#[from] Unset),
    /// The URL is not `https`, nor `http` on this machine or a private network.
    #[error("{0} is neither an https URL nor an http URL of this machine or a private network")]
    Insecure(String),
    /// The connection failed or the status is an error.
    #[error("the request to {url} failed: {cause}")]
    Unreachable {
        /// The URL of the request.
        url: String,
        /// The failure.
        cause: ureq::Error,
    },
    /// The response is not the expected document.
    #[error("{url} is not the expected JSON document: {cause}")]
    Unreadable {
        /// The URL of the request.
        url: String,
        /// The parse error.
        cause: serde_json::Error,
    },
    /// The discovery document names another issuer.
    #[error("{url} names another issuer: {issuer}")]
    OtherIssuer {
        /// The URL of the request.
        url: String,
        /// The issuer in the document.
        issuer: String,
    },
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

impl Keys {
    /// The usable keys of a JSON Web Key Set.
    ///
    /// # Errors
    ///
    /// `json` is not a key set.
    pub fn from_jwks(json: &str) -> Result<Self, serde_json::Error> {
        let jwks = serde_json::from_str(json)?;
        let cache = CachedKeys { keys: usable(jwks), refetched: None };
        Ok(Self { url: None, cache: Mutex::new(cache) })
    }

    /// The keys that the discovery document of `issuer` refers to.
    ///
    /// # Errors
    ///
    /// The document or the keys cannot be fetched, or the document names another issuer.
    pub fn discover(issuer: &str) -> Result<Self, KeysError> {
        if issuer.is_empty() {
            return Err(Unset("issuer").into());
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document: Discovery = read(&url)?;
        if document.issuer != issuer {
            return Err(KeysError::OtherIssuer { url, issuer: document.issuer });
        }
        Self::fetch(&document.jwks_uri)
    }

    /// The keys at `url`. They are fetched again when a token names an unknown key, at most once a minute.
    ///
    /// # Errors
    ///
    /// The keys cannot be fetched.
    pub fn fetch(url: &str) -> Result<Self, KeysError> {
        let cache = CachedKeys { keys: usable(read(url)?), refetched: None };
        Ok(Self { url: Some(url.to_owned()), cache: Mutex::new(cache) })
    }

    /// The key with this id. May fetch the keys again, which blocks.
    pub(crate) fn get(&self, kid: &str, now: Timestamp) -> Option<DecodingKey> {
        let mut cache = self.lock();
        if let Some(key) = cache.keys.get(kid) {
            return Some(key.clone());
        }
        let url = self.url.as_deref()?;
        if cache.refetched.is_some_and(|last| now.duration_since(last) < REFETCH_INTERVAL) {
            return None;
        }
        cache.refetched = Some(now);
        drop(cache); // Other requests do not wait for the fetch.
        let keys = usable(read(url).ok()?);
        let key = keys.get(kid).cloned();
        self.lock().keys = keys;
        key
    }

    fn lock(&self) -> MutexGuard<'_, CachedKeys> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usable(jwks: Jwks) -> BTreeMap<String, DecodingKey> {
    let parsed = jwks.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    parsed.filter_map(|key| Some((key.common.key_id.clone()?, rs256_key(&key)?))).collect()
}

fn rs256_key(key: &Jwk) -> Option<DecodingKey> {
    let rsa = matches!(key.algorithm, AlgorithmParameters::RSA(_));
    let signs = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let rs256 = matches!(key.common.key_algorithm, None | Some(KeyAlgorithm::RS256));
    if rsa && signs && rs256 { DecodingKey::from_jwk(key).ok() } else { None }
}

fn read<T: DeserializeOwned>(url: &str) -> Result<T, KeysError> {
    if !url.parse().is_ok_and(|uri| is_trustworthy(&uri)) {
        return Err(KeysError::Insecure(url.to_owned()));
    }
    let agent: Agent =
        Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0).build().into();
    let response = agent.get(url).call().and_then(|mut response| {
        response.body_mut().with_config().limit(MAX_RESPONSE).read_to_string()
    });
    let text = response.map_err(|cause| KeysError::Unreachable { url: url.to_owned(), cause })?;
    serde_json::from_str(&text)
        .map_err(|cause| KeysError::Unreadable { url: url.to_owned(), cause })
}

fn is_trustworthy(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_local = host == "localhost"
        || host.parse().is_ok_and(|address| match address {
            IpAddr::V4(address) => address.is_loopback() || address.is_private(),
            IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
        });
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_local,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::mpsc,
        thread,
    };

    use super::*;

    #[test]
    fn keys_come_over_https_or_from_a_private_network() {
        for url in [
            "https://id.example.com/keys",
            "http://127.0.0.1:9000/",
            "http://172.17.0.1/",
            "http://[::1]/",
        ] {
            assert!(is_trustworthy(&url.parse().unwrap()), "{url}");
        }
        for url in
            ["http://id.example.com/", "http://8.8.8.8/", "http://127.0.0.1.example.com/", "/keys"]
        {
            assert!(!is_trustworthy(&url.parse().unwrap()), "{url}");
        }
    }

    #[test]
    fn keys_of_other_kinds_and_uses_are_ignored() {
        let keys = Keys::from_jwks(
            r#"{"keys": [
                {"kid": "good", "kty": "RSA", "n": "sXch", "e": "AQAB"},
                {"kid": "for encryption", "kty": "RSA", "use": "enc", "n": "sXch", "e": "AQAB"},
                {"kid": "for RS512", "kty": "RSA", "alg": "RS512", "n": "sXch", "e": "AQAB"},
                {"kid": "secret", "kty": "oct", "k": "c2VjcmV0"},
                {"kid": "unknown", "kty": "OTHER"},
                {"kty": "RSA", "n": "sXch", "e": "AQAB"}
            ]}"#,
        );
        let cache = keys.unwrap().cache.into_inner().unwrap();
        assert_eq!(cache.keys.into_keys().collect::<Vec<_>>(), ["good"]);
    }

    #[test]
    fn unknown_key_is_fetched_at_most_once_a_minute() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (sender, requests) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                sender.send(()).unwrap();
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"keys\":[]}")
                    .unwrap();
            }
        });
        let keys = Keys::fetch(&url).unwrap();
        for second in [0, 1, 59, 60, 61, 119, 120] {
            assert!(keys.get("new", Timestamp::from_second(second).unwrap()).is_none());
        }
        assert_eq!(requests.try_iter().count(), 1 + 3);
    }

    #[test]
    fn empty_issuer_is_refused_without_a_fetch() {
        assert!(matches!(Keys::discover(""), Err(KeysError::Unset(Unset("issuer")))));
    }
}
