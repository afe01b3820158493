//! Where the portal is. Links are made of this and of ids, and of nothing that any request said.

use shared::domain::{InvitationId, OrgId};

/// The portal's address, from the configuration alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal(String);

impl Portal {
    /// Reads the address; it is `https`, or `http` on this very machine.
    pub fn parse(url: &str) -> Result<Self, String> {
        let plain =
            url.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"'?#\\".contains(&byte));
        let secure = url.starts_with("https://");
        let here = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
        if !plain || !(secure || here.iter().any(|here| url.starts_with(here))) {
            return Err(format!("{url:?} is no portal: write it like https://portal.example.com"));
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
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
    fn a_portal_is_secure_or_here() {
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
