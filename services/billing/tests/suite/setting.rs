//! The setting of a case of the billing rules: the usual values, and how the case differs.

use serde_json::{Value, json};
use usher_rating::simulate::{Case, Outcome, simulate};

/// A case in which everything but the events has the usual values.
pub struct Setting {
    document: Value,
}

/// Returns the usual setting.
pub fn june() -> Setting {
    Setting {
        document: json!({
            "currency": "EUR", "exponent": 2, "timezone": "UTC",
            "period": {"start": "2026-06-01", "end": "2026-07-01"},
            "classes": [
                {"class": "regular", "rank": 3, "priced": true},
                {"class": "external", "rank": 2, "priced": true},
                {"class": "collaborator", "rank": 1, "priced": false},
            ],
            "prices": [
                {"class": "regular", "unit_price": "12.00", "valid_from": "2020-01-01"},
                {"class": "external", "unit_price": "8.00", "valid_from": "2020-01-01"},
            ],
            "events": [],
        }),
    }
}

impl Setting {
    pub fn period(mut self, start: &str, end: &str) -> Self {
        self.document["period"] = json!({"start": start, "end": end});
        self
    }

    pub fn zone(mut self, zone: &str) -> Self {
        self.document["timezone"] = zone.into();
        self
    }

    pub fn money(mut self, currency: &str, exponent: u32, regular: &str) -> Self {
        self.document["currency"] = currency.into();
        self.document["exponent"] = exponent.into();
        self.document["prices"][0]["unit_price"] = regular.into();
        self
    }

    /// Sets a field of the price of Regular.
    pub fn regular(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.document["prices"][0][name] = value.into();
        self
    }

    pub fn price(mut self, version: Value) -> Self {
        self.document["prices"].as_array_mut().unwrap().push(version);
        self
    }

    /// Adds an event: a person becomes active in a class, or inactive.
    pub fn event(mut self, person: &str, at: &str, class: Option<&str>) -> Self {
        let event = match class {
            Some(class) => json!({"at": at, "person": person, "active": true, "class": class}),
            None => json!({"at": at, "person": person, "active": false}),
        };
        self.document["events"].as_array_mut().unwrap().push(event);
        self
    }

    pub fn on(self, person: &str, at: &str) -> Self {
        self.event(person, at, Some("regular"))
    }

    pub fn off(self, person: &str, at: &str) -> Self {
        self.event(person, at, None)
    }

    /// Adds `count` persons who are Regular from an instant on.
    pub fn crowd(mut self, count: usize, name: &str, at: &str) -> Self {
        for index in 0..count {
            self = self.on(&format!("{name}{index:04}"), at);
        }
        self
    }

    pub fn run(&self) -> Outcome {
        let case: Case = serde_json::from_value(self.document.clone()).unwrap();
        let outcome = simulate(&case).unwrap();
        for line in outcome.lines.iter().filter(|line| line.kind == "seat") {
            let shares = outcome.allocations.iter().filter(|share| share.class == line.class);
            let shares: i64 = shares.map(|share| share.amount_minor).sum();
            assert_eq!(shares, line.amount_minor, "the shares of a line sum to it");
        }
        outcome
    }

    pub fn fault(&self) -> String {
        let case: Case = serde_json::from_value(self.document.clone()).unwrap();
        simulate(&case).unwrap_err().to_string()
    }

    /// Asserts the seat-days and the amount of each class, and the total.
    #[track_caller]
    pub fn costs(&self, lines: &[(&str, i64, i64)], total: i128) {
        let outcome = self.run();
        let found: Vec<_> = outcome
            .lines
            .iter()
            .map(|line| (line.class.as_str(), line.seat_days, line.amount_minor))
            .collect();
        assert_eq!(found, lines);
        assert_eq!(outcome.total_minor, total);
    }
}
