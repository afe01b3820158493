//! The mail about services whose keeper is gone (MACH1).

use shared::{
    domain::{
        Event, MAX_NAMED_IN_DIGEST, MailPerson, MemberId, Notification, OutgoingMail,
        RequestContext,
    },
    store::{Error, Key, OrganizationCounts},
};

use crate::{MailService, selection::author_of};

impl MailService {
    /// The mails to the Super Admin and the Admins about the services whose keeper is the former
    /// member of an event. None if that member keeps none, is a member again, or if the
    /// organization was deleted.
    ///
    /// Few organizations have services, so a counter is read before any index.
    pub(crate) async fn about_services(
        &self,
        event: &Event,
        context: &RequestContext,
    ) -> Result<Vec<OutgoingMail>, Error> {
        let org = event.organization_id;
        let Ok(keeper) = event.target.id.parse::<MemberId>() else { return Ok(vec![]) };
        let keys = [Key::organization(org), Key::counts(org), Key::member(org, keeper)];
        let found = self.store.get(keys).await?;
        let Some(organization) = found.organization(org).cloned() else { return Ok(vec![]) };
        let has_services = OrganizationCounts::of(&organization, &found).all().services > 0;
        if !has_services {
            return Ok(vec![]);
        }
        // Their membership can continue with another account.
        if found.continued_member(org, keeper)?.is_some() {
            return Ok(vec![]);
        }
        let most = MAX_NAMED_IN_DIGEST + 1;
        let former = found.former_id(org, keeper);
        let mut kept = self.store.services_kept_by(&organization, keeper, former, most).await?;
        if kept.is_empty() {
            return Ok(vec![]);
        }
        let more = kept.len() == most;
        kept.truncate(MAX_NAMED_IN_DIGEST);
        kept.sort_by(|one, other| one.name.cmp(&other.name));
        let notification = Notification::ServicesWithoutKeeper {
            keeper: author_of(&found, org, keeper)?,
            services: kept.iter().map(MailPerson::member).collect(),
            more,
        };
        self.to_administrators(&organization, &notification, context.at).await
    }
}
