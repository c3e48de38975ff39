//! `attributes` and `excludedAttributes` (RFC 7644 section 3.9).

use serde_json::Value;

use crate::Object;
use crate::schema::{AttrPath, CUSTOM_USER, ResourceType};

/// The attributes that a response includes.
#[derive(Clone, Debug, Default)]
pub struct Projection {
    only: Option<Vec<Wanted>>,
    without: Vec<Wanted>,
}

#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    /// The name of the core attribute, or the URN of the extension.
    top: String,
    /// The name of the extension's attribute.
    inner: Option<String>,
    sub: Option<String>,
}

/// Attributes that every response includes (RFC 7643 section 7); clients need `schemas` to read the others.
const ALWAYS: [&str; 2] = ["schemas", "id"];

impl Projection {
    /// Parses the two parameters. Names may be in any case, dotted or with URN; a filter inside a name
    /// (`emails[type eq "work"]`) is tolerated and selects the whole attribute. Unknown names select nothing.
    /// If the client sends both parameters, `attributes` decides.
    pub fn parse(attributes: Option<&str>, excluded: Option<&str>, resource_type: &ResourceType) -> Self {
        let read = |list: &str| -> Vec<Wanted> {
            let mut read: Vec<Wanted> = Vec::new();
            for wanted in split(list).into_iter().flat_map(|name| wanted(name, resource_type)) {
                if !read.contains(&wanted) {
                    read.push(wanted);
                }
            }
            read
        };
        let only = attributes.filter(|list| !list.trim().is_empty()).map(read);
        let without = if only.is_some() { Vec::new() } else { excluded.map(read).unwrap_or_default() };
        Self { only, without }
    }

    /// Returns whether the response includes everything.
    pub fn is_everything(&self) -> bool {
        self.only.is_none() && self.without.is_empty()
    }

    /// Returns whether the response includes a core attribute, in part or as a whole. What it omits need not
    /// be read.
    pub fn returns(&self, name: &str) -> bool {
        if let Some(only) = &self.only {
            return only.iter().any(|wanted| wanted.top == name);
        }
        let gone = |wanted: &Wanted| wanted.top == name && wanted.inner.is_none() && wanted.sub.is_none();
        !self.without.iter().any(gone)
    }

    /// Removes from a rendered resource what the response omits.
    pub fn apply(&self, document: &mut Object) {
        if let Some(only) = &self.only {
            document.retain(|name, _| {
                ALWAYS.contains(&name.as_str()) || only.iter().any(|wanted| wanted.top == *name)
            });
            for (name, value) in document.iter_mut() {
                let parts: Vec<&Wanted> = only.iter().filter(|wanted| wanted.top == *name).collect();
                if !parts.is_empty() {
                    keep(value, &parts);
                }
            }
        }
        for wanted in &self.without {
            if ALWAYS.contains(&wanted.top.as_str()) {
                continue;
            }
            match (&wanted.inner, &wanted.sub) {
                (None, None) => {
                    document.shift_remove(&wanted.top);
                }
                (None, Some(sub)) => drop_part(document.get_mut(&wanted.top), sub),
                (Some(inner), None) => drop_part(document.get_mut(&wanted.top), inner),
                (Some(inner), Some(sub)) => {
                    drop_part(
                        document.get_mut(&wanted.top).and_then(|extension| extension.get_mut(inner)),
                        sub,
                    );
                }
            }
        }
    }
}

/// Splits a list at the commas that are not inside a filter.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    list.split(move |c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .map(str::trim)
    .filter(|name| !name.is_empty())
    .collect()
}

fn wanted(name: &str, resource_type: &ResourceType) -> Vec<Wanted> {
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    if ["schemas", "meta"].iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return vec![Wanted { top: name.to_ascii_lowercase(), inner: None, sub: None }];
    }
    let path = AttrPath::parse(name);
    if let (true, Some(urn)) = (path.name.is_empty(), &path.urn) {
        return vec![Wanted { top: urn.clone(), inner: None, sub: None }];
    }
    if path.urn.as_deref() == Some(CUSTOM_USER) {
        // The definitions of a workspace's own attributes are not needed: the name in the document selects
        // the attribute.
        return vec![Wanted { top: CUSTOM_USER.to_owned(), inner: Some(path.name), sub: None }];
    }
    let Some(found) = path.resolve(resource_type) else { return Vec::new() };
    let sub = found.sub.map(|sub| sub.name.to_string());
    let attribute = found.attribute.name.to_string();
    match found.extension {
        None => vec![Wanted { top: attribute, inner: None, sub }],
        Some(urn) => vec![Wanted { top: urn.to_owned(), inner: Some(attribute), sub }],
    }
}

/// Keeps the requested parts of a core attribute or of an extension.
fn keep(value: &mut Value, wanted: &[&Wanted]) {
    if wanted.iter().any(|wanted| wanted.inner.is_none() && wanted.sub.is_none()) {
        return;
    }
    let Value::Object(attributes) = value else {
        return keep_parts(
            value,
            &wanted.iter().filter_map(|wanted| wanted.sub.as_deref()).collect::<Vec<_>>(),
        );
    };
    let is = |name: &str, wanted: &Option<String>| {
        wanted.as_deref().is_some_and(|wanted| wanted.eq_ignore_ascii_case(name))
    };
    attributes.retain(|name, value| {
        // A sub-attribute of a core attribute, or an attribute of an extension, of which sub-attributes may
        // be requested.
        let named = |one: &&&Wanted| is(name, if one.inner.is_some() { &one.inner } else { &one.sub });
        let of_this: Vec<&&Wanted> = wanted.iter().filter(named).collect();
        let whole = of_this.iter().any(|wanted| wanted.inner.is_none() || wanted.sub.is_none());
        if !whole {
            let parts: Vec<&str> = of_this.iter().filter_map(|wanted| wanted.sub.as_deref()).collect();
            keep_parts(value, &parts);
        }
        !of_this.is_empty()
    });
}

fn keep_parts(value: &mut Value, names: &[&str]) {
    let retain = |parts: &mut Object| {
        parts.retain(|name, _| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    };
    match value {
        Value::Object(parts) => retain(parts),
        Value::Array(elements) => elements.iter_mut().filter_map(Value::as_object_mut).for_each(retain),
        _ => {}
    }
}

fn drop_part(value: Option<&mut Value>, name: &str) {
    let Some(value) = value else { return };
    match value {
        Value::Object(parts) => parts.retain(|known, _| !known.eq_ignore_ascii_case(name)),
        Value::Array(elements) => {
            for parts in elements.iter_mut().filter_map(Value::as_object_mut) {
                parts.retain(|known, _| !known.eq_ignore_ascii_case(name));
            }
        }
        _ => {}
    }
}
