//! Seat classes as rating takes them.

/// A seat class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatClass {
    /// Its name: `regular`.
    pub name: String,
    /// The higher class wins where a person touches several on one date.
    pub rank: u16,
    /// Whether it costs anything; if not, no price is needed.
    pub priced: bool,
}

impl From<usher_seats::SeatClass> for SeatClass {
    fn from(class: usher_seats::SeatClass) -> Self {
        Self { name: class.as_str().to_owned(), rank: class as u16 + 1, priced: class.is_paid() }
    }
}

/// The classes of the ledger, each at its position.
pub fn classes() -> Vec<SeatClass> {
    (0..usher_seats::SeatClass::COUNT).map(|index| usher_seats::SeatClass::at(index).into()).collect()
}
