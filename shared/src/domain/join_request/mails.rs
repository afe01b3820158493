//! The mails to the members who decide about join requests (ORG2).

use crate::domain::{
    Level, MailPerson, Member, Notification, Organization, OutgoingMail, RoleId, RoleObject,
    levels_in,
};

/// The highest number of user managers that get a mail about a join request, including the Super
/// Admin.
pub const MAX_NOTIFIED_MANAGERS: usize = 20;

/// The mails to the members who can decide about a join request of `from`: the first
/// [`MAX_NOTIFIED_MANAGERS`] of them, in the order of `members`.
pub fn join_request_mails(
    org: &Organization,
    members: Vec<Member>,
    from: &MailPerson,
) -> Vec<OutgoingMail> {
    join_digest_mails(org, members, std::slice::from_ref(from), false)
}

/// The mails to the same members about the join requests of all of `from`. `more` says that further
/// people ask.
pub fn join_digest_mails(
    org: &Organization,
    members: Vec<Member>,
    from: &[MailPerson],
    more: bool,
) -> Vec<OutgoingMail> {
    let notification = match from {
        [only] if !more => Notification::RequestToDecide { from: only.clone() },
        all => Notification::RequestsToDecide { from: all.to_vec(), more },
    };
    let managers = members.into_iter().filter(|member| decides_join_requests(org, member.role_id));
    let mail = |member: Member| OutgoingMail::to_member(org, &member, notification.clone());
    managers.filter_map(mail).take(MAX_NOTIFIED_MANAGERS).collect()
}

/// The roles of `org` whose holders decide about join requests: those with full access to
/// `user_management` (U4).
pub fn roles_deciding_join_requests(org: &Organization) -> Vec<RoleId> {
    let custom = org.roles.keys().copied().map(RoleId::Custom);
    let roles = [RoleId::SUPER_ADMIN, RoleId::ADMIN].into_iter().chain(custom);
    roles.filter(|&role| decides_join_requests(org, role)).collect()
}

/// Whether the holders of `role` decide about requests to join `org`.
pub fn decides_join_requests(org: &Organization, role: RoleId) -> bool {
    let effective = |levels| org.conditions(None).effective(levels);
    let level =
        levels_in(org, role).map(|levels| effective(levels).level_on(RoleObject::UserManagement));
    level == Some(Level::FullAccess)
}
