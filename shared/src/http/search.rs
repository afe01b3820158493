//! What the lists of users and of roles are asked alike: where to look, and for what (SUB6).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{FieldError, Problem};
use crate::domain::{MAX_CHOSEN, OrgId};

/// In the organization alone, or below it, too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeParam {
    /// Nothing below.
    #[default]
    Organization,
    /// All below.
    Subtree,
}

/// Where in a text to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// At its beginning.
    #[default]
    Prefix,
    /// Anywhere.
    Contains,
}

/// The organizations chosen, each once: at most so many.
pub fn chosen(organization_id: &[OrgId]) -> Result<Vec<OrgId>, Problem> {
    if organization_id.len() > MAX_CHOSEN {
        let detail = format!("choose at most {MAX_CHOSEN} organizations");
        let pointer = "/organization_id".to_owned();
        return Err(Problem::invalid(FieldError { pointer, detail }));
    }
    Ok(organization_id.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
}
