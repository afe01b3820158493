//! The bucket for files that are too large for a response, and the links to them.

use std::{
    fmt::{Debug, Write},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The time to live of a link. The link ends earlier if the credentials that sign it do.
const LINK_LIFETIME: Duration = Duration::from_mins(5);
/// The longest name of an organization in the name of a file, in characters.
pub const MAX_NAME_IN_FILE_NAME: usize = 60;

/// The boxed future of a [`FileStore`] method.
pub type StoreFuture<'a, T> =
    Pin<Box<dyn Future<Output = Result<T, BucketUnavailable>> + Send + 'a>>;

/// Keeps files for a day. Only a link gives access to one.
pub trait FileStore: Debug + Send + Sync {
    /// Stores a file at `key`, to be downloaded as `name`.
    fn save<'a>(&'a self, key: &'a str, name: &'a str, file: Vec<u8>) -> StoreFuture<'a, ()>;

    /// The file at `key`. `None` if it has been deleted.
    fn load<'a>(&'a self, key: &'a str) -> StoreFuture<'a, Option<Vec<u8>>>;

    /// A URL that gives access to the file at `key` from `from` for `lifetime`, without
    /// credentials.
    fn link<'a>(
        &'a self,
        key: &'a str,
        from: Timestamp,
        lifetime: Duration,
    ) -> StoreFuture<'a, String>;
}

/// The bucket cannot be reached or refuses the request. Contains the cause.
#[derive(Debug)]
pub struct BucketUnavailable(pub String);

/// A private bucket whose lifecycle rule deletes the files.
#[derive(Clone, Debug)]
pub struct ExportBucket(Arc<dyn FileStore>);

/// The key of a stored file. It is random, so only the link gives access.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct FileKey(String);

/// A link to a stored file.
#[derive(Debug, Serialize)]
pub(crate) struct Link {
    /// The signed URL. It needs no further credentials.
    pub(crate) url: String,
    /// The time when the link expires.
    pub(crate) expires_at: Timestamp,
}

impl ExportBucket {
    /// An export bucket whose files `files` keeps.
    pub fn new(files: impl FileStore + 'static) -> Self {
        Self(Arc::new(files))
    }

    /// Stores a file, to be downloaded as `name`.
    ///
    /// # Errors
    ///
    /// [`BucketUnavailable`] if the upload fails.
    pub(crate) async fn save(
        &self,
        file: Vec<u8>,
        name: &str,
    ) -> Result<FileKey, BucketUnavailable> {
        let key = format!("{:032x}.xlsx", rand::random::<u128>());
        self.0.save(&key, name, file).await?;
        Ok(FileKey(key))
    }

    /// A stored file. `None` if the bucket has deleted it.
    ///
    /// # Errors
    ///
    /// [`BucketUnavailable`] if the bucket cannot be reached.
    pub(crate) async fn load(
        &self,
        FileKey(key): &FileKey,
    ) -> Result<Option<Vec<u8>>, BucketUnavailable> {
        self.0.load(key).await
    }

    /// A link to a stored file, valid from `now` on.
    ///
    /// # Errors
    ///
    /// [`BucketUnavailable`] if the link cannot be signed.
    pub(crate) async fn link(
        &self,
        FileKey(key): &FileKey,
        now: Timestamp,
    ) -> Result<Link, BucketUnavailable> {
        let url = self.0.link(key, now, LINK_LIFETIME).await?;
        Ok(Link { url, expires_at: now.saturating_add(LINK_LIFETIME).unwrap_or(Timestamp::MAX) })
    }
}

impl From<BucketUnavailable> for shared::http::Problem {
    fn from(BucketUnavailable(cause): BucketUnavailable) -> Self {
        tracing::error!(%cause, "the bucket of exports is not available");
        Self::unavailable(1)
    }
}

/// The `Content-Disposition` of a download (RFC 6266): the name in ASCII, and the whole one for
/// clients that know `filename*`.
pub fn attachment(name: &str) -> String {
    let mut plain = String::new();
    for c in name.chars() {
        match c {
            '"' | '\\' | '%' => plain.push('_'),
            c if c.is_ascii() && !c.is_control() => plain.push(c),
            // A run of characters that are not ASCII becomes one `_`, also after a replaced
            // character.
            _ if plain.ends_with('_') => {}
            _ => plain.push('_'),
        }
    }
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// The name of a file about an organization, without the characters that file systems refuse:
/// `Acme users 2026-11-21.xlsx`.
pub(crate) fn file_name(organization: &str, at: Timestamp) -> String {
    let refused = |c: char| c.is_control() || "\"\\/:*?<>|%".contains(c);
    let spaced = organization.replace(refused, " ");
    let words: Vec<_> = spaced.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(MAX_NAME_IN_FILE_NAME).collect();
    let name = short.trim_matches(['.', ' ']);
    let (space, at) = (if name.is_empty() { "" } else { " " }, at.strftime("%Y-%m-%d"));
    format!("{name}{space}users {at}.xlsx")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_named_after_the_organization_and_the_day() {
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        for (organization, expected) in [
            ("Acme", "Acme users 2026-11-21.xlsx"),
            ("..\\a/b: \"c\"\r\n*", "a b c users 2026-11-21.xlsx"),
            ("Zoë & 山田", "Zoë & 山田 users 2026-11-21.xlsx"),
            ("???", "users 2026-11-21.xlsx"),
        ] {
            assert_eq!(file_name(organization, at), expected);
        }
        assert!(file_name(&"ü".repeat(100), at).chars().count() <= 100);
    }

    #[test]
    fn disposition_has_a_name_in_ascii_and_the_whole_one() {
        assert_eq!(
            attachment("Zoë 山田\".xlsx"),
            "attachment; filename=\"Zo_ __.xlsx\"; \
             filename*=UTF-8''Zo%C3%AB%20%E5%B1%B1%E7%94%B0%22.xlsx"
        );
        assert_eq!(attachment("a b"), "attachment; filename=\"a b\"; filename*=UTF-8''a%20b");
    }
}
