//! Budgets: limits of the mail that people can cause to strangers, and of the organizations that they
//! can create (INV14). Most budgets count uses in a day; [`Budget::SendingInterval`] is the shortest time between
//! two.

/// What a budget limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// The time between two sendings of an invitation.
    SendingInterval,
    /// The sendings of an invitation in a day.
    SendingsPerInvitation,
    /// The invitations of an address in a day, by all organizations.
    InvitationsPerAddress,
    /// The invitations of an organization in a day.
    InvitationsPerOrganization,
    /// The organizations that a person creates in a day.
    OrganizationsPerPerson,
    /// The requests of a person to join an organization in a day.
    JoinRequestsPerPerson,
}

impl Budget {
    /// The name of the budget in the API.
    pub fn key(self) -> &'static str {
        match self {
            Self::SendingInterval => "sending_interval",
            Self::SendingsPerInvitation => "sendings_per_invitation",
            Self::InvitationsPerAddress => "invitations_per_address",
            Self::InvitationsPerOrganization => "invitations_per_organization",
            Self::OrganizationsPerPerson => "organizations_per_person",
            Self::JoinRequestsPerPerson => "join_requests_per_person",
        }
    }

    /// What a person can do when the budget, of this size, is used up.
    pub(super) fn explanation(self, limit: u32) -> String {
        match self {
            Self::SendingInterval => format!(
                "This invitation was sent less than {limit} seconds ago. Wait before you send it again."
            ),
            Self::SendingsPerInvitation => format!(
                "An invitation can be sent {limit} times a day. Send it again tomorrow, or tell the person to look for the mail."
            ),
            Self::InvitationsPerAddress => format!(
                "An address can be invited, or added to the critical alert users, {limit} times a day, by all organizations together. Use this address again tomorrow."
            ),
            Self::InvitationsPerOrganization => format!(
                "This organization can invite {limit} people a day at present, critical alert users among them. Invite or add the others tomorrow."
            ),
            Self::OrganizationsPerPerson => format!(
                "You can create {limit} organizations a day. Create the next one tomorrow, or ask a platform operator."
            ),
            Self::JoinRequestsPerPerson => format!(
                "You can ask to join this organization {limit} times a day. Ask again tomorrow."
            ),
        }
    }
}
