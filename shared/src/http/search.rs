//! Query parameters that the lists of users and of roles share (SUB6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{FieldError, Problem};
use crate::domain::{MAX_CHOSEN, OrgId};

/// The organization alone, or its subtree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeParam {
    /// The organization alone.
    #[default]
    Organization,
    /// The organization and all below it.
    Subtree,
}

/// How a search text matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// At the beginning.
    #[default]
    Prefix,
    /// Anywhere.
    Contains,
}

/// The chosen organizations without duplicates.
///
/// # Errors
///
/// `invalid-request` for more than [`MAX_CHOSEN`].
pub fn chosen(organization_id: &[OrgId]) -> Result<Vec<OrgId>, Problem> {
    if organization_id.len() > MAX_CHOSEN {
        let detail = format!("choose at most {MAX_CHOSEN} organizations");
        let pointer = "/organization_id".to_owned();
        return Err(Problem::invalid(FieldError { pointer, detail }));
    }
    Ok(organization_id.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
}
