//! Many invitations at once.

use crate::{
    domain::{InvitationId, MAX_BATCH, Offer, Refusal, RoleId, Room, invite, invite_all},
    fixtures::{custom_id, email, now, org_id},
};

