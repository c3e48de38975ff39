//! What is bought for a term.

use usher_base::Reason;
use usher_proto::billing::v1 as pb;
use usher_rpc::Failure;

use crate::harness::{Billing, Workspace};

/// Commits paid seats.
pub async fn set(
    acme: &Workspace<'_>,
    quantity: i64,
    unit_price: &str,
    start: &str,
    end: &str,
) -> Result<pb::Commitment, Failure> {
    let commitment = pb::Commitment {
        id: String::new(),
        pool: "paid".to_owned(),
        quantity,
        unit_price: unit_price.to_owned(),
        start_date: start.to_owned(),
        end_date: end.to_owned(),
    };
    let message = pb::SetCommitmentRequest { commitment: Some(commitment) };
    Ok(acme.billing.admin().set_commitment(acme.request(message)).await?.into_inner().commitment.unwrap())
}

#[tokio::test]
async fn a_commitment_is_recorded_once_and_terms_of_a_pool_never_overlap() {
    let billing = Billing::at("2026-07-02T00:00:00Z").await;
    let (acme, _) = crate::closing::one_seat(&billing).await;
    acme.prove("2026-07-01T12:00:00Z").await;
    acme.close("2026-06-01").await.unwrap();

    let first = set(&acme, 10, "11.50", "2026-07-01", "2027-07-01").await.unwrap();

    assert_eq!(set(&acme, 10, "11.50", "2026-07-01", "2027-07-01").await.unwrap(), first);
    let renewal = set(&acme, 12, "11.00", "2027-07-01", "2028-07-01").await.unwrap();
    let overlapping = set(&acme, 11, "11.50", "2026-10-01", "2027-10-01").await.unwrap_err();
    assert_eq!(overlapping.reason, Reason::AlreadyExists);
    assert!(overlapping.message.contains("from 2026-07-01 to 2027-07-01"), "{}", overlapping.message);
    let billed = set(&acme, 10, "11.50", "2026-06-01", "2026-07-01").await.unwrap_err();
    assert_eq!(billed.reason, Reason::FailedPrecondition);
    assert!(billed.message.contains("2026-07-01 at the earliest"), "{}", billed.message);
    for (quantity, start, end) in
        [(0, "2029-01-01", "2030-01-01"), (1, "2029-01-01", "2029-01-01"), (1, "2029-01-01", "2039-01-02")]
    {
        let wrong = set(&acme, quantity, "1.00", start, end).await.unwrap_err();
        assert_eq!(wrong.reason, Reason::InvalidArgument, "{quantity} {start} {end}");
    }
    let request = acme.request(pb::ListCommitmentsRequest {});
    let listed = billing.admin().list_commitments(request).await.unwrap().into_inner().commitments;
    assert_eq!(listed, [first, renewal]);
}
