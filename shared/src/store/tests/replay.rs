//! What the repeat of a request is told.

use crate::{
    domain::Refusal,
    store::{Error, replay::Record},
};

#[test]
fn a_record_that_is_gone_again_is_of_a_request_that_still_runs() {
    let told = Record::replay(None, "any");
    assert!(matches!(told, Error::Refused(Refusal::KeyInUse)), "{told:?}");
}
