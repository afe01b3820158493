//! The issuer's public keys, given or fetched; it never keeps one that could verify anything but RS256.

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

/// An issuer is asked anew for an unknown key at most this often.
const PAUSE: SignedDuration = SignedDuration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(5);
const LIMIT: u64 = 1 << 20;

/// Public keys by their `kid`.
#[derive(Debug)]
pub struct Keys {
    /// Where to look for keys not seen yet.
    url: Option<String>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    keys: BTreeMap<String, DecodingKey>,
    asked: Option<Timestamp>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There is no issuer to ask.
    #[error(transparent)]
    Unset(#[from] Unset),
    /// Anyone on the way could answer.
    #[error("{0} is neither an https URL nor an http URL of this machine or a private network")]
    Insecure(String),
    /// No answer, or not a good one.
    #[error("{url} does not answer: {cause}")]
    Unreachable {
        /// Who was asked.
        url: String,
        /// What happened.
        cause: ureq::Error,
    },
    /// Not the document that belongs there.
    #[error("{url} answers something else: {cause}")]
    Unreadable {
        /// Who was asked.
        url: String,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
    /// The discovery document speaks for someone else.
    #[error("{url} is the document of another issuer: {issuer}")]
    Foreign {
        /// Who was asked.
        url: String,
        /// Who answered.
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
    /// The keys in a JSON Web Key Set; those of other kinds and uses are passed over.
    pub fn from_jwks(json: &str) -> Result<Self, serde_json::Error> {
        let jwks = serde_json::from_str(json)?;
        Ok(Self { url: None, known: Mutex::new(Known { keys: usable(jwks), asked: None }) })
    }

    /// The keys that `issuer`'s discovery document points at.
    pub fn discover(issuer: &str) -> Result<Self, KeysError> {
        if issuer.is_empty() {
            return Err(Unset("issuer").into());
        }
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let document: Discovery = read(&url)?;
        if document.issuer != issuer {
            return Err(KeysError::Foreign { url, issuer: document.issuer });
        }
        Self::fetch(&document.jwks_uri)
    }

    /// The keys at `url`, which is asked again when a token names one that it did not have.
    pub fn fetch(url: &str) -> Result<Self, KeysError> {
        let known = Known { keys: usable(read(url)?), asked: None };
        Ok(Self { url: Some(url.to_owned()), known: Mutex::new(known) })
    }

    pub(crate) fn get(&self, kid: &str, now: Timestamp) -> Option<DecodingKey> {
        let mut known = self.known();
        if let Some(key) = known.keys.get(kid) {
            return Some(key.clone());
        }
        let url = self.url.as_deref()?;
        if known.asked.is_some_and(|asked| now.duration_since(asked) < PAUSE) {
            return None;
        }
        known.asked = Some(now);
        drop(known); // Others need not wait for the answer.
        let keys = usable(read(url).ok()?);
        let key = keys.get(kid).cloned();
        self.known().keys = keys;
        key
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usable(jwks: Jwks) -> BTreeMap<String, DecodingKey> {
    let known = jwks.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    known.filter_map(|key| Some((key.common.key_id.clone()?, verifying_rs256(&key)?))).collect()
}

fn verifying_rs256(key: &Jwk) -> Option<DecodingKey> {
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
        Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0).build().into();
    let answer = agent
        .get(url)
        .call()
        .and_then(|mut answer| answer.body_mut().with_config().limit(LIMIT).read_to_string());
    let answer = answer.map_err(|cause| KeysError::Unreachable { url: url.to_owned(), cause })?;
    serde_json::from_str(&answer)
        .map_err(|cause| KeysError::Unreadable { url: url.to_owned(), cause })
}

fn is_trustworthy(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let near = host == "localhost"
        || host.parse().is_ok_and(|address| match address {
            IpAddr::V4(address) => address.is_loopback() || address.is_private(),
            IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
        });
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => near,
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
    fn keys_come_over_https_or_from_nearby() {
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
    fn keys_of_other_kinds_and_uses_are_passed_over() {
        let keys = Keys::from_jwks(
            r#"{"keys": [
                {"kid": "good", "kty": "RSA", "n": "sXch", "e": "AQAB"},
                {"kid": "for encryption", "kty": "RSA", "use": "enc", "n": "sXch", "e": "AQAB"},
                {"kid": "for RS512", "kty": "RSA", "alg": "RS512", "n": "sXch", "e": "AQAB"},
                {"kid": "secret", "kty": "oct", "k": "c2VjcmV0"},
                {"kid": "unheard of", "kty": "MOON"},
                {"kty": "RSA", "n": "sXch", "e": "AQAB"}
            ]}"#,
        );
        let known = keys.unwrap().known.into_inner().unwrap();
        assert_eq!(known.keys.into_keys().collect::<Vec<_>>(), ["good"]);
    }

    #[test]
    fn an_unknown_key_is_asked_for_at_most_once_a_minute() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let (asked, count) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                asked.send(()).unwrap();
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
        assert_eq!(count.try_iter().count(), 1 + 3);
    }

    #[test]
    fn no_issuer_is_refused_before_anyone_is_asked() {
        assert!(matches!(Keys::discover(""), Err(KeysError::Unset(Unset("issuer")))));
    }
}
