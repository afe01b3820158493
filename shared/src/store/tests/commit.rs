//! The verdict on a failed write: a refusal, another try, or an error.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason,
        error::{
            InternalServerError, TransactionCanceledException, TransactionInProgressException,
        },
    },
};
use aws_smithy_runtime_api::{client::result::ConnectorError, http::StatusCode};

use crate::{
    domain::Refusal,
    store::{
        Error,
        commit::{PAUSE, Verdict, pause, verdict},
        step::{Unmet, refuse},
    },
};

/// The verdict on a cancellation with these codes. Condition `n` stands for
/// `PendingInvitationLimit(n)`.
fn cancelled(codes: &[&str]) -> Verdict {
    let reason = |code: &&str| CancellationReason::builder().code(*code).build();
    let reasons = codes.iter().map(reason).collect();
    let error = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons));
    let error = TransactWriteItemsError::TransactionCanceledException(error.build());
    let answer = HttpResponse::new(StatusCode::try_from(400).unwrap(), "".into());
    let numbers = 0_u64..;
    let on_failed: Vec<_> =
        numbers.take(codes.len()).map(|nth| refuse(Refusal::PendingInvitationLimit(nth))).collect();
    verdict(SdkError::service_error(error, answer), &on_failed)
}

/// Every combination of up to five reasons: the first failed condition gives the refusal, a
/// validation error is final, and everything else is retried.
#[test]
fn every_combination_of_cancellation_reasons_has_a_verdict() {
    const CODES: [&str; 5] = [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ThrottlingError",
        "ValidationError",
    ];
    let mut mixes = vec![vec![]];
    for _ in 0..5 {
        let longer = |mix: &Vec<&'static str>| CODES.map(|code| [mix.as_slice(), &[code]].concat());
        mixes = mixes.iter().flat_map(longer).collect();
        for mix in &mixes {
            let failed = mix.iter().position(|&code| code == "ConditionalCheckFailed");
            match (cancelled(mix), failed) {
                (
                    Verdict::Final(Unmet::Failed(Error::Refused(Refusal::PendingInvitationLimit(
                        nth,
                    )))),
                    Some(first),
                ) => {
                    assert_eq!(nth, first as u64, "{mix:?}");
                }
                (Verdict::Final(Unmet::Failed(Error::Broken(_))), None) => {
                    assert!(mix.contains(&"ValidationError"), "{mix:?}");
                }
                (Verdict::Again(Error::Unavailable(_)), None) => {
                    assert!(!mix.contains(&"ValidationError"), "{mix:?}");
                }
                _ => panic!("{mix:?}"),
            }
        }
    }
}

#[test]
fn pauses_have_a_maximum() {
    for tries in 1..40 {
        assert!(pause(tries) <= PAUSE * 64);
    }
}

#[test]
fn passing_failures_are_retried_and_others_are_final() {
    use TransactWriteItemsError as E;
    let answered = |error: E, status: u16| {
        SdkError::service_error(error, HttpResponse::new(status.try_into().unwrap(), "".into()))
    };
    let coded =
        |code, status| answered(E::generic(ErrorMetadata::builder().code(code).build()), status);
    let busy = TransactionInProgressException::builder().build();
    let failed = InternalServerError::builder().build();
    for passing in [
        answered(E::TransactionInProgressException(busy), 400),
        answered(E::InternalServerError(failed), 500),
        coded("ThrottlingException", 400),
        coded("ServiceUnavailable", 503),
        coded("", 502), // The page of a proxy.
        SdkError::dispatch_failure(ConnectorError::timeout("no answer".into())),
        SdkError::timeout_error("no answer"),
    ] {
        let text = format!("{passing:?}");
        let verdict = verdict(passing, &[]);
        assert!(matches!(verdict, Verdict::Again(Error::Unavailable(_))), "{text}");
    }
    for code in ["AccessDeniedException", "ValidationException"] {
        let verdict = verdict(coded(code, 400), &[]);
        assert!(matches!(verdict, Verdict::Final(Unmet::Failed(Error::Broken(_)))), "{code}");
    }
    let without_reasons = cancelled(&[]);
    assert!(matches!(without_reasons, Verdict::Final(Unmet::Failed(Error::Broken(_)))));
}
