//! The texts that a row keeps of one answer for its later requests.

use std::collections::BTreeMap;

use serde_json::Value;

/// The texts by name.
#[derive(Clone, Debug, Default)]
pub struct Kept(BTreeMap<String, String>);

impl Kept {
    /// Keeps a text under a name.
    pub fn insert(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.0.insert(name.into(), text.into());
    }

    /// Replaces the names in a text with what was kept under them.
    pub fn text(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Replaces the names in a document with what was kept under them.
    pub fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Array(elements) => elements.iter().map(|element| self.value(element)).collect(),
            Value::Object(parts) => {
                Value::Object(parts.iter().map(|(name, part)| (name.clone(), self.value(part))).collect())
            }
            other => other.clone(),
        }
    }
}
