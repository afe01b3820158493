use super::*;

const SENDER: &str = "no-reply@rolecall.example";

fn failure(code: &str, message: &str, status: u16) -> SendFailure {
    SendFailure::from_response(ErrorResponse { code, message, status }, SENDER)
}

fn cause(code: &str, message: &str, status: u16) -> Option<WaitCause> {
    match failure(code, message, status) {
        SendFailure::Waits { cause, .. } => Some(cause),
        SendFailure::Recipient { .. } | SendFailure::Unanswered { .. } => None,
    }
}

#[test]
fn account_that_cannot_send_makes_mail_wait() {
    let unverified = "Email address is not verified. The following identities failed the check \
                      in region EU-CENTRAL-1: ";
    for (code, message, status) in [
        ("MessageRejected", &*format!("{unverified}{SENDER}"), 400),
        (
            "MessageRejected",
            &format!("{unverified}bob@example.com, No-Reply@Rolecall.example"),
            400,
        ),
        ("MessageRejected", &format!("{unverified}rolecall.example"), 400),
        ("MessageRejected", &format!("{unverified}Rolecall <{SENDER}>"), 400),
        ("MailFromDomainNotVerifiedException", "Mail-From domain is not verified", 400),
        ("MailFromDomainNotVerifiedException", "", 400),
        ("AccountSuspendedException", "Account is suspended", 400),
        (
            "SendingPausedException",
            "Sending paused for this account. For more information, \
          please check the inbox of the email address associated with your AWS account.",
            400,
        ),
        ("SendingPausedException", "Sending is disabled for the configuration set rolecall", 400),
        ("MessageRejected", "Sending paused for this account. Please check the inbox.", 400),
        ("MessageRejected", "Sending suspended for this account.", 400),
        ("AccountSendingPausedException", "", 400),
        ("ConfigurationSetSendingPausedException", "", 400),
        ("LimitExceededException", "Daily message quota exceeded.", 400),
        ("ThrottlingException", "Daily message quota exceeded", 400),
        ("TooManyRequestsException", "Daily message quota exceeded.", 429),
        ("LimitExceededException", "", 400),
        ("NotFoundException", "Configuration set <rolecall> does not exist.", 404),
        ("ConfigurationSetDoesNotExistException", "", 400),
        (
            "AccessDeniedException",
            "User: arn:aws:sts::123456789012:assumed-role/mail is not \
          authorized to perform: ses:SendEmail on resource: arn:aws:ses:eu-central-1:…",
            403,
        ),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            403,
        ),
        ("InvalidClientTokenId", "", 403),
        ("", "", 403),
    ] {
        assert_eq!(cause(code, message, status), Some(WaitCause::Account), "{code} {message}");
    }
}

#[test]
fn sandbox_is_recognized_by_the_recipient_that_is_not_verified() {
    let message = "Email address is not verified. The following identities failed the check in \
                   region EU-CENTRAL-1: bob@rolecall.example";
    assert_eq!(cause("MessageRejected", message, 400), Some(WaitCause::Sandbox));
    assert!(WaitCause::Sandbox.blocks_account());
    assert!(!WaitCause::Sandbox.stops_batch(), "another recipient can be verified");
}

#[test]
fn passing_failure_makes_mail_wait() {
    for (code, message, status) in [
        ("TooManyRequestsException", "Maximum sending rate exceeded.", 429),
        ("ThrottlingException", "Maximum sending rate exceeded.", 400),
        ("Throttling", "Rate exceeded", 400),
        ("LimitExceededException", "Maximum sending rate exceeded.", 400),
        ("InternalServiceErrorException", "", 500),
        ("InternalFailure", "", 500),
        ("ServiceUnavailable", "", 503),
        ("", "", 502),
        ("", "", 429),
        ("ConflictException", "", 409),
        ("ConcurrentModificationException", "", 500),
        ("RequestTimeout", "", 408),
    ] {
        assert_eq!(cause(code, message, status), Some(WaitCause::Service), "{code} {message}");
    }
    assert!(WaitCause::Service.stops_batch() && !WaitCause::Service.blocks_account());
}

#[test]
fn recipient_who_can_never_get_mail_ends_that_mail() {
    for message in [
        "Illegal address",
        "Missing final '@domain'",
        "Missing domain",
        "Domain contains illegal character",
        "Domain contains control or whitespace",
        "Domain starts with dot",
        "Local address contains control or whitespace",
        "Local address ends with dot",
        "Invalid domain name: 'x_y'.",
    ] {
        let expected = SendFailure::Recipient {
            delivery: Delivery::Bounced,
            code: "BadRequestException".to_owned(),
        };
        assert_eq!(failure("BadRequestException", message, 400), expected, "{message}");
        let v1 = failure("InvalidParameterValue", message, 400);
        assert!(matches!(v1, SendFailure::Recipient { .. }), "{message}");
    }
    let suppressed = failure("MessageRejected", "Address blacklisted.", 400);
    let expected = SendFailure::Recipient {
        delivery: Delivery::Suppressed,
        code: "MessageRejected".to_owned(),
    };
    assert_eq!(suppressed, expected);
}

#[test]
fn unknown_error_loses_no_mail() {
    for (code, message) in [
        ("BrandNewException", "something else"),
        ("BadRequestException", "1 validation error detected: Value at 'emailTags'"),
        ("BadRequestException", ""),
        ("MessageRejected", "The message contains invalid content."),
        ("", ""),
    ] {
        assert_eq!(cause(code, message, 400), Some(WaitCause::Unknown), "{code} {message}");
    }
    assert!(!WaitCause::Unknown.stops_batch(), "it may concern this mail alone");
}

#[test]
fn logged_text_has_no_address() {
    let message = "Unheard of: <bob@example.com> and cy@example.com!";
    let SendFailure::Waits { code, .. } = failure("New", message, 400) else { panic!() };
    assert_eq!(code, "New: Unheard of: (address) and (address)");
}
