//! Links to the portal. They consist of the configured URL and ids; no part comes from a request.

use shared::domain::{InvitationId, OrgId};

/// The URL of the portal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal(String);

impl Portal {
    /// Parses the URL: `https`, or `http` on the local machine, without query and fragment.
    ///
    /// # Errors
    ///
    /// A message that names the URL, if it is anything else.
    pub fn parse(url: &str) -> Result<Self, String> {
        let is_plain =
            url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"'?#\\".contains(&byte));
        let is_https = url.starts_with("https://");
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        if !is_plain || !(is_https || local.iter().any(|local| url.starts_with(local))) {
            return Err(format!(
                "{url:?} is not a portal URL: write it like https://portal.example.com"
            ));
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// The URL of a local server, which other machines can reach by `http`. A deployment has no
    /// such portal.
    pub fn of_local_server(url: &str) -> Self {
        Self(url.trim_end_matches('/').to_owned())
    }

    pub(crate) fn invitation(&self, org: OrgId, invitation: InvitationId) -> String {
        format!("{}/organizations/{org}/invitations/{invitation}", self.0)
    }

    pub(crate) fn join_requests(&self, org: OrgId) -> String {
        format!("{}/organizations/{org}/join-requests", self.0)
    }

    pub(crate) fn organization(&self, org: OrgId) -> String {
        format!("{}/organizations/{org}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portal_url_is_https_or_local() {
        for good in
            ["https://portal.example.com/", "https://example.com/app", "http://127.0.0.1:9000"]
        {
            assert!(Portal::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "portal.example.com", "http://portal.example.com", "https://a b", "https://a?x"]
        {
            assert!(Portal::parse(bad).is_err(), "{bad}");
        }
    }
}
