//! What the indexes know of a person or an address: accounts, addresses and organizations.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder, types::ReturnConsumedCapacity,
};
use futures_util::future::try_join_all;

use super::{
    Error, Key, Store,
    expression::{Expression, ExpressionValues},
    index::{self, Index},
    item::{Item, text},
    keys,
    meter::Meter,
    schema::upgraded,
};
use crate::domain::{Email, OrgId, PersonId, UserId};

/// The most items of each kind that say whether a user is a person.
const MAX_KNOWN_AS: i32 = 25;

impl Store {
    /// The users who are members with this address anywhere, as of a moment ago.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn users_with_address(&self, email: &Email) -> Result<BTreeSet<UserId>, Error> {
        let address = index::known_address(PersonId::of_address(email));
        let known = self.all_at(Index::ByIdentity, address).await?;
        let user = |slot: &Item| slot.get("user_id")?.as_s().ok().map(UserId::new);
        Ok(known.iter().filter_map(user).collect())
    }

    /// The users with this address in all organizations, as of a moment ago. They are members,
    /// former members, and people who asked to join or declined an invitation.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn users_known_by_address(&self, email: &Email) -> Result<BTreeSet<UserId>, Error> {
        let address = index::known_address(PersonId::of_address(email));
        let (mut users, known) = futures_util::try_join!(
            self.users_with_address(email),
            self.all_at(Index::ByEmail, address)
        )?;
        let user = |known: &Item| known.get("user_id")?.as_s().ok().map(UserId::new);
        users.extend(known.iter().filter_map(user));
        Ok(users)
    }

    /// Whether any organization knows a user as a person, as of a moment ago. It knows members and
    /// former ones with an address, and people who asked to join or declined an invitation.
    ///
    /// Bounded: of each kind, one short page of items decides. What a user is in one organization,
    /// they are in all.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`] if the table cannot be read.
    pub async fn is_known_as_person(&self, user: &UserId) -> Result<bool, Error> {
        let id = PersonId::of(user);
        let kinds = [index::person(id), index::known_person(id), index::requests_of(id)];
        let pages = kinds.into_iter().map(|identity| async {
            let query = self.query_all_at(Index::ByIdentity, identity).limit(MAX_KNOWN_AS);
            let answer = Meter::call(query.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            Ok::<_, Error>(answer.items.unwrap_or_default())
        });
        // A service has no address.
        Ok(try_join_all(pages).await?.iter().flatten().any(|item| item.contains_key("email")))
    }

    /// What the index knows of a person, of these addresses and of those that it knows of them.
    pub(super) async fn identities_of(
        &self,
        id: PersonId,
        known: &BTreeSet<Email>,
    ) -> Result<Identities, Error> {
        let mut identities = Identities::default();
        let own = [
            index::person(id),
            index::known_person(id),
            index::address(id),
            index::known_address(id),
        ];
        let (own, others) =
            futures_util::try_join!(self.identified(own), self.known_at(id, known))?;
        for item in own {
            identities.add(&item)?;
        }
        identities.orgs.extend(others);
        let others = self.known_at(id, &(&identities.addresses - known)).await?;
        identities.orgs.extend(others);
        identities.addresses.extend(known.iter().cloned());
        Ok(identities)
    }

    /// The organizations that know addresses of a person. Their items say nothing of a person.
    /// Those of an address whose id is `person` are known already.
    async fn known_at(
        &self,
        person: PersonId,
        addresses: &BTreeSet<Email>,
    ) -> Result<BTreeSet<OrgId>, Error> {
        let ids = addresses.iter().map(PersonId::of_address).filter(|address| *address != person);
        let identities = ids.flat_map(|id| [index::address(id), index::known_address(id)]);
        let items = self.identified(identities).await?;
        items.iter().map(|item| keys::owner(&Key::of_item(item)?.pk)).collect()
    }

    /// All items of these identities.
    async fn identified(
        &self,
        identities: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Item>, Error> {
        let all = identities.into_iter().map(|identity| self.all_at(Index::ByIdentity, identity));
        Ok(try_join_all(all).await?.into_iter().flatten().collect())
    }

    /// All items with a hash key of an index.
    async fn all_at(&self, index: Index, hash: String) -> Result<Vec<Item>, Error> {
        let query = self.query_all_at(index, hash);
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let request = query.clone().set_exclusive_start_key(start);
            let answer = Meter::call(request.send()).await.map_err(Error::from_read)?;
            Meter::read(answer.consumed_capacity());
            let page = answer.items.unwrap_or_default().into_iter().map(upgraded);
            items.extend(page.collect::<Result<Vec<_>, _>>()?);
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    fn query_all_at(&self, index: Index, hash: String) -> QueryFluentBuilder {
        let at_hash = Expression::new("#hash = :hash", [("hash", text(hash))]);
        let mut expressions = ExpressionValues::default();
        let condition = expressions.take(at_hash.naming("hash", index.hash()));
        let (names, values) = expressions.placeholders();
        self.client
            .query()
            .table_name(&self.table)
            .index_name(index.name())
            .key_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }
}

/// The identities of a person: what the index found.
#[derive(Default)]
pub(super) struct Identities {
    pub(super) user_id: Option<UserId>,
    pub(super) addresses: BTreeSet<Email>,
    pub(super) orgs: BTreeSet<OrgId>,
}

impl Identities {
    fn add(&mut self, item: &Item) -> Result<(), Error> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        self.orgs.insert(keys::owner(text("pk").map(String::as_str).unwrap_or_default())?);
        // Other people can have the address, too: who holds it is not who is asked about.
        let user = text("user_id").filter(|_| !item.contains_key("status")).map(UserId::new);
        self.user_id = self.user_id.take().or(user);
        // A critical alert user has the address as its value.
        let address = text("email").or_else(|| text("value"));
        self.addresses.extend(address.and_then(|address| Email::parse(address).ok()));
        Ok(())
    }
}
