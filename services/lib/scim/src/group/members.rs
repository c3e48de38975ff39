//! Changes of a group's members.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::error::{ScimError, ScimType, short};
use crate::filter::{CompareOp, Filter, Literal, bind_element, parse_patch_path};
use crate::patch::{Op, Operation};
use crate::schema::{self, AttrPath};
use crate::text::canonical_id;
use crate::{Object, Profile};

/// The maximum length of a member's `display`, in characters.
const MAX_DISPLAY: usize = 1_000;

/// The maximum number of operations per PATCH that select members by anything except their id.
const MAX_SELECTIONS: usize = 10;

/// One change of a group's members.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Adds or removes members that are named by id.
    Delta(Delta),
    /// Removes the members that match a filter on their sub-attributes: `type eq "Group"`.
    RemoveWhere(Filter),
}

/// Who is a member and who is not after a change, whoever was a member before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delta {
    /// Whether everybody who is not in `add` is removed.
    pub clear: bool,
    /// The members after the change: id, as the client wrote it, and `display`.
    pub add: BTreeMap<String, Option<String>>,
    /// The ids of those who are not members after the change.
    pub remove: BTreeSet<String>,
}

impl Delta {
    /// Returns a change that adds these members.
    pub(super) fn adding(members: Vec<Member>) -> Self {
        Self {
            add: members.into_iter().map(|member| (member.id, member.display)).collect(),
            ..Self::default()
        }
    }

    /// Returns a change after which these are the only members.
    pub(super) fn exactly(members: Vec<Member>) -> Self {
        Self { clear: true, ..Self::adding(members) }
    }

    /// Applies a later change on top of this one.
    pub fn merge(&mut self, later: Self) {
        if later.clear {
            *self = later;
            return;
        }
        for id in later.remove {
            self.add.remove(&id);
            self.remove.insert(id);
        }
        for (id, display) in later.add {
            self.remove.remove(&id);
            self.add.insert(id, display);
        }
    }
}

/// A member as the client names it.
#[derive(Clone, Debug)]
pub(super) struct Member {
    id: String,
    display: Option<String>,
}

impl Step {
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Delta(delta) if *delta == Delta::default())
    }
}

pub(super) fn is_members(name: &str) -> bool {
    let path = AttrPath::parse(name);
    path.sub.is_none()
        && path.name.eq_ignore_ascii_case("members")
        && path.urn.is_none_or(|urn| urn == schema::CORE_GROUP)
}

/// Returns whether a path is the URN of the core schema alone.
fn is_core(path: &AttrPath) -> bool {
    path.name.is_empty() && path.urn.as_deref() == Some(schema::CORE_GROUP)
}

/// Removes the members from an object that names attributes, and returns them. If they are named several
/// times, all lists must be equal, so that none is dropped silently. They may also be inside an object of the
/// core schema.
pub(super) fn take_out(attributes: &mut Object) -> Result<Option<Value>, ScimError> {
    let names: Vec<String> = attributes.keys().filter(|name| is_members(name)).cloned().collect();
    let mut sent: Vec<Value> = names.iter().filter_map(|name| attributes.shift_remove(name)).collect();
    for (name, parts) in attributes.iter_mut() {
        if is_core(&AttrPath::parse(name))
            && let Some(parts) = parts.as_object_mut()
            && let Some(members) = take_out(parts)?
        {
            sent.push(members);
        }
    }
    let last = sent.pop();
    if sent.iter().any(|other| Some(other) != last.as_ref()) {
        return Err(ScimError::value("members was sent twice with different values"));
    }
    Ok(last)
}

/// Removes from an operation what it does to members, and returns the rest of it.
pub(super) fn take(
    operation: &Operation,
    steps: &mut Vec<Step>,
    profile: Profile,
) -> Result<Option<Operation>, ScimError> {
    let Some(text) = &operation.path else { return take_named(operation, steps, profile) };
    let Ok((path, filter, sub)) = parse_patch_path(text, profile) else { return Ok(Some(operation.clone())) };
    if filter.is_none() && is_core(&path) {
        return take_named(operation, steps, profile);
    }
    let whole = AttrPath { sub: None, ..path.clone() };
    if !is_members(&whole.to_string()) {
        return Ok(Some(operation.clone()));
    }
    let sub = sub.or(path.sub);
    match (filter, operation.op) {
        (None, _) if sub.is_none() => {
            let named = match operation.op {
                Op::Remove => operation.value.as_ref().filter(|value| !value.is_null()),
                Op::Add | Op::Replace => operation.value.as_ref(),
            };
            match named {
                Some(named) => push(steps, operation.op, named_by(named, profile)?),
                // An operation that names nobody means all members (RFC 7644 section 3.5.2.2).
                None => push(steps, Op::Replace, Vec::new()),
            }
        }
        (Some(filter), Op::Remove) if sub.as_deref().is_none_or(|sub| sub.eq_ignore_ascii_case("value")) => {
            remove_where(steps, filter)?;
        }
        _ => {
            let detail = format!("{}: a member can't be changed; remove it and add another", short(text));
            return Err(ScimError::new(ScimType::Mutability, detail));
        }
    }
    Ok(None)
}

/// Handles an operation whose value names the attributes.
fn take_named(
    operation: &Operation,
    steps: &mut Vec<Step>,
    profile: Profile,
) -> Result<Option<Operation>, ScimError> {
    let Some(Value::Object(attributes)) = &operation.value else { return Ok(Some(operation.clone())) };
    let mut rest = attributes.clone();
    if let Some(members) = take_out(&mut rest)? {
        push(steps, operation.op, named_by(&members, profile)?);
    }
    Ok((!rest.is_empty()).then(|| Operation { value: Some(Value::Object(rest)), ..operation.clone() }))
}

fn push(steps: &mut Vec<Step>, op: Op, members: Vec<Member>) {
    if op == Op::Replace {
        // A replacement overrides all steps before it.
        steps.clear();
    }
    if !matches!(steps.last(), Some(Step::Delta(_))) {
        steps.push(Step::Delta(Delta::default()));
    }
    if let Some(Step::Delta(delta)) = steps.last_mut() {
        delta.merge(match op {
            Op::Add => Delta::adding(members),
            Op::Replace => Delta::exactly(members),
            Op::Remove => {
                Delta { remove: members.into_iter().map(|member| member.id).collect(), ..Delta::default() }
            }
        });
    }
}

fn remove_where(steps: &mut Vec<Step>, filter: Filter) -> Result<(), ScimError> {
    let members = schema::group().schema.attribute("members");
    if let Some(members) = members {
        bind_element(&filter, members)
            .map_err(|error| ScimError::new(ScimType::InvalidPath, error.detail))?;
    }
    match named(&filter) {
        Some(members) => push(steps, Op::Remove, members),
        // Each of these filters reads all members.
        None if steps.iter().filter(|step| matches!(step, Step::RemoveWhere(_))).count()
            >= MAX_SELECTIONS =>
        {
            let detail =
                format!("at most {MAX_SELECTIONS} operations can select members by anything but their id");
            return Err(ScimError::new(ScimType::TooMany, detail));
        }
        None => steps.push(Step::RemoveWhere(filter)),
    }
    Ok(())
}

/// Returns the members of `value eq "a" or value eq "b"`; `None` for any other filter.
fn named(filter: &Filter) -> Option<Vec<Member>> {
    match filter {
        Filter::Compare(comparison)
            if comparison.op == CompareOp::Eq && comparison.path.name.eq_ignore_ascii_case("value") =>
        {
            match &comparison.value {
                Literal::Null => None,
                literal => Some(vec![Member { id: canonical_id(&literal.text()), display: None }]),
            }
        }
        Filter::Or(left, right) => {
            let mut members = named(left)?;
            members.extend(named(right)?);
            Some(members)
        }
        _ => None,
    }
}

/// Returns the members that a value names: one or a list, as objects with `value` or as ids alone.
pub(super) fn named_by(value: &Value, profile: Profile) -> Result<Vec<Member>, ScimError> {
    let sent = match value {
        Value::Array(sent) => sent.as_slice(),
        Value::Null => &[],
        Value::String(text) if text.is_empty() => &[],
        Value::Object(parts) if parts.is_empty() => &[],
        _ if profile == Profile::Strict => return Err(ScimError::value("members must be a list")),
        value => std::slice::from_ref(value),
    };
    sent.iter().filter(|sent| !sent.is_null()).map(|sent| member(sent, profile)).collect()
}

fn member(sent: &Value, profile: Profile) -> Result<Member, ScimError> {
    let of = |name: &str| {
        let parts = sent.as_object()?;
        let part = parts.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()?;
        Some(part.trim()).filter(|part| !part.is_empty())
    };
    let found = match sent {
        Value::String(text) if profile == Profile::Default => Some(text.trim()).filter(|id| !id.is_empty()),
        _ => of("value").or_else(|| of("$ref")?.rsplit('/').next()),
    };
    match found {
        Some(id) if id.contains('\0') => Err(ScimError::value("a member's id contains a NUL character")),
        Some(id) => {
            let display = of("display");
            if display.is_some_and(|display| display.contains('\0') || display.chars().count() > MAX_DISPLAY)
            {
                return Err(ScimError::value(format!(
                    "a member's display has more than {MAX_DISPLAY} characters, or a NUL character"
                )));
            }
            Ok(Member { id: canonical_id(id), display: display.map(str::to_owned) })
        }
        None => Err(ScimError::value("a member must be an object with its id in \"value\"")),
    }
}
