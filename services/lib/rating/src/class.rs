//! Seat classes as rating uses them.

/// A seat class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatClass {
    /// Its name: `regular`.
    pub name: String,
    /// Its rank: the highest class counts if a person had several on one date.
    pub rank: u16,
    /// Whether it costs anything; a free class needs no price.
    pub priced: bool,
}

impl From<usher_seats::SeatClass> for SeatClass {
    fn from(class: usher_seats::SeatClass) -> Self {
        Self { name: class.as_str().to_owned(), rank: class as u16 + 1, priced: class.is_paid() }
    }
}

/// Returns the classes of the ledger, each at its position.
pub fn classes() -> Vec<SeatClass> {
    (0..usher_seats::SeatClass::COUNT).map(|index| usher_seats::SeatClass::at(index).into()).collect()
}
