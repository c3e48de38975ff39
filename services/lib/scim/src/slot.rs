//! The place of an attribute in a canonical resource.

use serde_json::Value;

use crate::Object;
use crate::schema::{Attribute, Resolved};

/// A place in a resource: a core attribute at the top level, or an extension's attribute under its URN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    pub(crate) extension: Option<&'static str>,
    pub(crate) attribute: &'a Attribute,
}

impl<'a> From<Resolved<'a>> for Slot<'a> {
    fn from(found: Resolved<'a>) -> Self {
        Self { extension: found.extension, attribute: found.attribute }
    }
}

impl Slot<'_> {
    pub(crate) fn get<'r>(&self, resource: &'r Object) -> Option<&'r Value> {
        match self.extension {
            None => resource.get(self.attribute.name.as_ref()),
            Some(urn) => resource.get(urn)?.get(self.attribute.name.as_ref()),
        }
    }

    pub(crate) fn get_mut<'r>(&self, resource: &'r mut Object) -> Option<&'r mut Value> {
        match self.extension {
            None => resource.get_mut(self.attribute.name.as_ref()),
            Some(urn) => resource.get_mut(urn)?.get_mut(self.attribute.name.as_ref()),
        }
    }

    pub(crate) fn set(&self, resource: &mut Object, value: Value) {
        if is_empty(&value) {
            return self.clear(resource);
        }
        let name = self.attribute.name.to_string();
        match self.extension {
            None => {
                resource.insert(name, value);
            }
            Some(urn) => {
                let extension = resource.entry(urn).or_insert_with(|| Value::Object(Object::new()));
                if let Some(extension) = extension.as_object_mut() {
                    extension.insert(name, value);
                }
            }
        }
    }

    pub(crate) fn clear(&self, resource: &mut Object) {
        match self.extension {
            None => {
                resource.shift_remove(self.attribute.name.as_ref());
            }
            Some(urn) => {
                let Some(extension) = resource.get_mut(urn).and_then(Value::as_object_mut) else { return };
                extension.shift_remove(self.attribute.name.as_ref());
                if extension.is_empty() {
                    resource.shift_remove(urn);
                }
            }
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(parts) => parts.is_empty(),
        _ => false,
    }
}
