//! The steps of an item from one version of the schema to the next.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    Error, Key,
    index::{self, IndexAttribute},
    item::{Item, attribute, list},
    keys,
    organizations::FOLDED_NAME,
};
use crate::domain::{Email, MemberId, OrgId, PersonId, UserId, fold};

/// Version 3 names people by ids. Events hold no `sub`, no name and no address. Entities name their
/// authors by the ids of members. The index `by_identity` has hashes, the addresses of members and
/// the names of organizations.
///
/// # Errors
///
/// [`Error::Broken`] if an address in the item cannot be read.
pub(super) fn name_people_by_ids(item: &mut Item) -> Result<(), Error> {
    let Ok(Key { pk, sk }) = Key::of_item(item) else { return Ok(()) };
    let Ok(org) = keys::owner(&pk) else { return Ok(()) };
    if keys::is_history(&pk) {
        return event(item, org);
    }
    if !keys::is_organization(&pk) || item.contains_key("deleted") {
        return Ok(());
    }
    match sk.split_once('#').unwrap_or((&sk, "")).0 {
        "MEMBER" => {
            let user = text(item, "user_id").map(UserId::new);
            set_identity(item, user.map(|user| index::person(PersonId::of(&user))));
        }
        "ORG" => {
            let folded = fold(&text(item, "name").unwrap_or_default());
            set_identity(item, Some(index::organizations_named(&folded)));
            item.insert(FOLDED_NAME.to_owned(), super::item::text(folded));
        }
        "EMAIL" if text(item, "status").as_deref() == Some("pending") => invitation(item, org)?,
        "EMAIL" if text(item, "status").as_deref() == Some("taken") => {
            let address = address(item, "email")?;
            set_identity(item, address.map(index::known_address));
        }
        "REQUEST" => {
            let user = text(item, "user_id").map(UserId::new);
            set_identity(item, user.map(|user| index::requests_of(PersonId::of(&user))));
        }
        "DOMAIN" => author(item, "added_by", org)?,
        "ALERT" => {
            let address = address(item, "value")?;
            set_identity(item, address.map(index::known_address));
            author(item, "added_by", org)?;
        }
        "ROLE" => role(item, org)?,
        _ => {}
    }
    Ok(())
}

fn invitation(item: &mut Item, org: OrgId) -> Result<(), Error> {
    let address = address(item, "email")?;
    set_identity(item, address.map(index::address));
    let creator = item.remove("invited_by");
    if let Some(AttributeValue::M(inviter)) = item.get_mut("inviter") {
        let sender = inviter.get("user_id").cloned();
        member_id(inviter, org)?;
        if let (Some(creator), true) = (&creator, creator != sender) {
            item.insert("created_by".to_owned(), creator.clone());
            author(item, "created_by", org)?;
        }
    }
    Ok(())
}

fn role(item: &mut Item, org: OrgId) -> Result<(), Error> {
    if let Some(AttributeValue::M(reassignment)) = item.get_mut("reassignment")
        && let Some(AttributeValue::M(by)) = reassignment.get_mut("by")
    {
        member_id(by, org)?;
    }
    Ok(())
}

fn event(item: &mut Item, org: OrgId) -> Result<(), Error> {
    if let Some(AttributeValue::M(actor)) = item.get_mut("actor") {
        actor.remove("email");
        member_id(actor, org)?;
    }
    for values in ["old", "new"] {
        let Some(AttributeValue::M(values)) = item.get_mut(values) else { continue };
        values.remove("email");
        if values.contains_key("user_id") {
            values.remove("name");
            member_id(values, org)?;
        }
        if let Some(user) = values.remove("super_admin_user_id") {
            let id = user.as_s().ok().map(|user| MemberId::of(org, &UserId::new(user)));
            values.insert("super_admin_id".to_owned(), attribute(&id)?);
        }
        if let Some(name) = values.remove("display_name") {
            values.insert("has_display_name".to_owned(), attribute(&name.as_s().is_ok())?);
        }
    }
    Ok(())
}

/// Replaces `user_id` by `member_id`.
fn member_id(values: &mut Item, org: OrgId) -> Result<(), Error> {
    if let Some(user) = values.remove("user_id") {
        let id = user.as_s().ok().map(|user| MemberId::of(org, &UserId::new(user)));
        values.insert("member_id".to_owned(), attribute(&id)?);
    }
    Ok(())
}

/// Replaces the `sub` of the author of an item by the id of the member.
fn author(item: &mut Item, name: &str, org: OrgId) -> Result<(), Error> {
    if let Some(user) = text(item, name) {
        let id = MemberId::of(org, &UserId::new(user));
        item.insert(name.to_owned(), attribute(&id)?);
    }
    Ok(())
}

fn set_identity(item: &mut Item, identity: Option<String>) {
    if let Some(identity) = identity {
        list(item, vec![(IndexAttribute::Identity, identity)]);
    }
}

fn address(item: &Item, name: &str) -> Result<Option<PersonId>, Error> {
    let address = text(item, name).map(|text| Email::parse(&text).map_err(Error::broken));
    Ok(address.transpose()?.as_ref().map(PersonId::of_address))
}

fn text(item: &Item, name: &str) -> Option<String> {
    item.get(name)?.as_s().ok().cloned()
}
