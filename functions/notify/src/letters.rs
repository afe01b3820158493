//! From an event to its mails: reads what they say, and sends what was not sent yet.

use serde_json::Value;
use shared::{
    domain::{
        AddressDigest, Email, Event, EventAction, InvitationId, Letter, Notice, Organization,
        Place, RoleId, UserId, about_invitation, decide,
    },
    http::views::role_name,
    store::{Error, Key},
};

use crate::{Outbox, Stop, mail::Sent};

impl Outbox {
    /// Sends the mails of an event that were not sent before, each with its mark.
    pub(crate) async fn tell(&self, event: &Event) -> Result<(), Stop> {
        let letters = self.letters(event).await?;
        let mark = |letter: &Letter| {
            Key::mailed(event.id, AddressDigest::of(event.organization_id, &letter.to))
        };
        let marked = self.store.marked(letters.iter().map(mark).collect()).await?;
        for letter in letters.iter().filter(|letter| !marked.contains(&mark(letter))) {
            match self.post.send(letter).await? {
                Sent::Accepted => {}
                Sent::Never(cause) => {
                    tracing::error!(event = %event.id, cause, "a mail will never be sent");
                }
            }
            self.store.mark(event, mark(letter)).await?;
        }
        Ok(())
    }

    /// Who is to be told of an event, as things are now.
    async fn letters(&self, event: &Event) -> Result<Vec<Letter>, Error> {
        match event.action {
            EventAction::InvitationCreated | EventAction::InvitationResent => {
                self.to_invitee(event).await
            }
            EventAction::JoinRequestCreated => self.about_request(event).await,
            EventAction::JoinRequestApproved => {
                self.to_requester(event, Notice::RequestApproved).await
            }
            EventAction::JoinRequestDeclined => {
                self.to_requester(event, Notice::RequestDeclined).await
            }
            EventAction::SuperAdminTransferred => self.about_transfer(event).await,
            _ => Ok(vec![]),
        }
    }

    async fn to_invitee(&self, event: &Event) -> Result<Vec<Letter>, Error> {
        let org = event.organization_id;
        let Ok(id) = event.target.id.parse::<InvitationId>() else { return Ok(vec![]) };
        let place = Key::place(org, id.digest());
        let found = self.store.look([Key::organization(org), place.clone()]).await?;
        let Some(organization) = found.organization(org)? else { return Ok(vec![]) };
        let open = found.place(&place)?.and_then(Place::pending);
        let role = self.name_of(&organization, open.as_ref().map(|open| open.role_id)).await?;
        Ok(about_invitation(event, &organization, open, role).into_iter().collect())
    }

    /// What a role is called; a glance will do, for it is only shown.
    async fn name_of(&self, org: &Organization, role: Option<RoleId>) -> Result<String, Error> {
        let Some(role) = role else { return Ok(String::new()) };
        let key = role.custom().map(|id| Key::role(org.id(), id));
        let found = self.store.names(key.clone()).await?;
        let custom = key.map(|key| found.role(&key)).transpose()?.flatten();
        Ok(role_name(role, custom.map(|(role, _)| role).as_ref()))
    }

    /// The requester hears that the request arrived, and those who decide that there is one.
    async fn about_request(&self, event: &Event) -> Result<Vec<Letter>, Error> {
        let org = self.store.organization(event.organization_id).await?;
        let (Some(org), Some(from)) = (org, requester(event)) else { return Ok(vec![]) };
        let received = Letter::new(&org, from.clone(), Notice::RequestReceived);
        let to_decide = decide(&org, self.store.managers(&org).await?, &from);
        Ok([received].into_iter().chain(to_decide).collect())
    }

    async fn to_requester(&self, event: &Event, notice: Notice) -> Result<Vec<Letter>, Error> {
        let org = self.store.organization(event.organization_id).await?;
        let letter = org.zip(requester(event)).map(|(org, to)| Letter::new(&org, to, notice));
        Ok(letter.into_iter().collect())
    }

    /// Both hear of it, as long as the new one is a member.
    async fn about_transfer(&self, event: &Event) -> Result<Vec<Letter>, Error> {
        let org = event.organization_id;
        let user = |value: &Value| value.get("super_admin_user_id")?.as_str().map(UserId::new);
        let (former, heir) = (user(&event.old), user(&event.new));
        let keys = former.iter().chain(&heir).map(|user| Key::member(org, user));
        let found = self.store.look(keys.chain([Key::organization(org)])).await?;
        let address = |user: Option<UserId>| match user {
            Some(user) => Ok::<_, Error>(found.member(org, &user)?.map(|member| member.email)),
            None => Ok(None),
        };
        let Some(organization) = found.organization(org)? else { return Ok(vec![]) };
        let (former, Some(heir)) = (address(former)?, address(heir)?) else { return Ok(vec![]) };
        let letter = |to, notice| Letter::new(&organization, to, notice);
        let took = letter(heir.clone(), Notice::TookOver { from: former.clone() });
        let handed = former.map(|former| letter(former, Notice::HandedOver { to: heir }));
        Ok(handed.into_iter().chain([took]).collect())
    }
}

/// The address of whoever asked to join.
fn requester(event: &Event) -> Option<Email> {
    let told = [&event.new, &event.old].into_iter().find_map(|value| value.get("email")?.as_str());
    told.and_then(|email| Email::parse(email).ok())
}
