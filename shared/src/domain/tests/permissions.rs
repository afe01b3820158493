//! The level that each operation needs: INV1, ORG1, ORG3, ORG4, ROLE6, SA4, SUB2, U4, OP1.

use RoleObject::{
    CriticalAlertUsers, OrganizationGeneralInformation, RoleManagement, SecurityManagement,
    UserManagement, UserManagementSubOrganizations,
};

use crate::{domain::*, fixtures::*};

/// Each operation with its role object and its outcome for the actor.
fn operations(actor: &Standing) -> Vec<(&'static str, RoleObject, Result<(), Refusal>)> {
    let org = &actor.org;
    let (bob, guests) = (member("bob", org, RoleId::USER), custom_role(1, nothing()));
    let pending = invited(&super_admin(org), "cy", RoleId::USER).unwrap();
    let offered = [OfferedRole { id: RoleId::USER, reassigned_to: None }];
    let in_batch = check_batch(actor, offered).map_err(|BatchRefusal { position, refusal }| {
        assert_eq!(position, None, "the batch is refused as a whole");
        refusal
    });
    let facts = RequesterFacts { domain_approved: true, ..RequesterFacts::default() };
    let asked = ask_to_join(&person("tom"), org, &facts, String::new(), now()).unwrap();
    let facts = ApprovalFacts { domain_approved: true, slot: None, tombstone: None };
    let approved = approve_request(actor, &asked, RoleId::USER, &facts, now());
    let created = create_role(actor, custom_id(2), name("R"), RoleDraft::default(), now());
    let edited = edit_role(actor, &guests, RoleDraft::default(), now());
    let no_users = UserCount::default();
    let deleted = delete_role(actor, &guests, no_users, None);
    let used = UserCount { persons: 1, ..no_users };
    let reassigned = delete_role(actor, &guests, used, Some(replacement(RoleId::USER)));
    let domain = approve_domain(actor, MailDomain::parse("example.com"), None, now());
    let alerted = add_critical_alert_user(actor, email("cy"), None, now());
    let below = create_sub_organization(actor, org_id(2), name("Below"), now());
    vec![
        ("invite", UserManagement, invited(actor, "cy", RoleId::USER).map(drop)),
        ("invite in a batch", UserManagement, in_batch),
        (
            "resend",
            UserManagement,
            resend(actor, &pending, &Budgets::default(), in_days(1)).map(drop),
        ),
        ("revoke", UserManagement, revoke(actor)),
        ("change a role", UserManagement, change_role(actor, &bob, RoleId::USER, now()).map(drop)),
        ("remove", UserManagement, remove_member(actor, &bob)),
        ("decide", UserManagement, check_decide_requests(actor)),
        ("approve", UserManagement, approved.map(drop)),
        ("create a role", RoleManagement, created.map(drop)),
        ("edit a role", RoleManagement, edited.map(drop)),
        ("delete a role", RoleManagement, deleted.map(drop)),
        ("delete a used role", RoleManagement, reassigned.map(drop)),
        ("approve a domain", OrganizationGeneralInformation, domain.map(drop)),
        ("add an alert user", CriticalAlertUsers, alerted.map(drop)),
        (
            "change security",
            SecurityManagement,
            update_security(actor, Security::default(), now()).map(drop),
        ),
        ("create below", UserManagementSubOrganizations, below.map(drop)),
    ]
}

#[test]
fn each_operation_requires_full_access_to_its_role_object() {
    let org = partner();
    for role in BuiltIn::ALL {
        for (name, object, outcome) in operations(&standing("ann", &org, RoleId::BuiltIn(role))) {
            let level = Level::FullAccess;
            let lacks = Refusal::MissingPermission { object, level, shown: true };
            let full = stated(role)[object.key()] == 2;
            assert_eq!(outcome, if full { Ok(()) } else { Err(lacks) }, "{role}: {name}");
        }
    }
}

#[test]
fn operator_without_a_membership_performs_no_operation() {
    for (name, _, outcome) in operations(&operator_in(&partner())) {
        let refusal = match name {
            "revoke" => Refusal::OperatorInvitationsOnly,
            _ => Refusal::OperatorReadOnly,
        };
        assert_eq!(outcome, Err(refusal), "{name}");
    }
}
