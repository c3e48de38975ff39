//! A recursive-descent parser with limits.

use super::ast::{CompareOp, Comparison, Filter, Literal};
use super::lexer::Cursor;
use super::{FilterError, MAX_DEPTH, MAX_LENGTH, MAX_TERMS};
use crate::Profile;
use crate::schema::AttrPath;

struct Parser<'a> {
    cursor: Cursor<'a>,
    profile: Profile,
    depth: usize,
    terms: usize,
}

pub(super) fn parse(text: &str, profile: Profile) -> Result<Filter, FilterError> {
    let mut parser = Parser::new(text, profile)?;
    let filter = parser.either()?;
    if parser.cursor.at_end() { Ok(filter) } else { parser.cursor.fail("expected `and`, `or` or the end") }
}

/// Parses the path of a PATCH operation: `attribute`, `attribute[filter]` or `attribute[filter].sub`.
pub(crate) fn parse_patch_path(
    text: &str,
    profile: Profile,
) -> Result<(AttrPath, Option<Filter>, Option<String>), FilterError> {
    let mut parser = Parser::new(text, profile)?;
    let path = parser.path()?;
    let mut filter = None;
    let mut sub = None;
    if parser.cursor.take('[') {
        filter = Some(parser.bracketed(']')?);
        if parser.cursor.take('.') {
            match parser.cursor.path() {
                Some(name) => sub = Some(name.to_owned()),
                None => return parser.cursor.fail("expected a sub-attribute"),
            }
        }
    }
    if parser.cursor.at_end() { Ok((path, filter, sub)) } else { parser.cursor.fail("expected the end") }
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, profile: Profile) -> Result<Self, FilterError> {
        let mut cursor = Cursor::new(text);
        if text.len() > MAX_LENGTH {
            return cursor.fail(format!("it is longer than {MAX_LENGTH} bytes"));
        }
        cursor.skip_spaces();
        Ok(Self { cursor, profile, depth: 0, terms: 0 })
    }

    fn either(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.both()?;
        loop {
            self.cursor.skip_spaces();
            if !self.cursor.keyword("or") {
                return Ok(left);
            }
            left = Filter::Or(Box::new(left), Box::new(self.both()?));
        }
    }

    fn both(&mut self) -> Result<Filter, FilterError> {
        let mut left = self.term()?;
        loop {
            self.cursor.skip_spaces();
            if !self.cursor.keyword("and") {
                return Ok(left);
            }
            left = Filter::And(Box::new(left), Box::new(self.term()?));
        }
    }

    fn term(&mut self) -> Result<Filter, FilterError> {
        self.cursor.skip_spaces();
        if self.cursor.take('(') {
            return self.bracketed(')');
        }
        let start = self.cursor.offset();
        if self.cursor.keyword("not") {
            self.cursor.skip_spaces();
            if self.cursor.take('(') {
                return Ok(Filter::Not(Box::new(self.bracketed(')')?)));
            }
            self.cursor.reset(start);
        }
        self.comparison()
    }

    fn bracketed(&mut self, close: char) -> Result<Filter, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.cursor.fail(format!("brackets are nested more than {MAX_DEPTH} deep"));
        }
        let inner = self.either()?;
        self.depth -= 1;
        self.cursor.skip_spaces();
        if self.cursor.take(close) { Ok(inner) } else { self.cursor.fail(format!("expected `{close}`")) }
    }

    fn path(&mut self) -> Result<AttrPath, FilterError> {
        match self.cursor.path() {
            Some(text) => Ok(AttrPath::parse(text)),
            None => self.cursor.fail("expected an attribute"),
        }
    }

    fn comparison(&mut self) -> Result<Filter, FilterError> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return self.cursor.fail(format!("it has more than {MAX_TERMS} comparisons"));
        }
        let path = self.path()?;
        if self.cursor.take('[') {
            return self.value_path(path);
        }
        self.cursor.skip_spaces();
        if self.cursor.keyword("pr") {
            return Ok(Filter::Present(path));
        }
        let Some(op) = self.operator() else {
            return self.cursor.fail("expected an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr");
        };
        Ok(Filter::Compare(Comparison { path, op, value: self.literal()? }))
    }

    /// Parses the rest after `path[`. A comparison after the bracket becomes a part of the filter inside it.
    fn value_path(&mut self, path: AttrPath) -> Result<Filter, FilterError> {
        let inner = self.bracketed(']')?;
        if self.profile == Profile::Strict {
            return Ok(Filter::ValuePath(path, Box::new(inner)));
        }
        let part = if self.cursor.take('.') {
            match self.cursor.path() {
                Some(name) => AttrPath::parse(name),
                None => return self.cursor.fail("expected a sub-attribute"),
            }
        } else {
            AttrPath { urn: None, name: "value".to_owned(), sub: None }
        };
        let before = self.cursor.offset();
        self.cursor.skip_spaces();
        let behind = if self.cursor.keyword("pr") {
            Some(Filter::Present(part))
        } else if let Some(op) = self.operator() {
            Some(Filter::Compare(Comparison { path: part, op, value: self.literal()? }))
        } else {
            self.cursor.reset(before);
            None
        };
        let inner = match behind {
            Some(behind) => Filter::And(Box::new(inner), Box::new(behind)),
            None => inner,
        };
        Ok(Filter::ValuePath(path, Box::new(inner)))
    }

    fn operator(&mut self) -> Option<CompareOp> {
        let start = self.cursor.offset();
        let op = self.cursor.path().and_then(CompareOp::from_name);
        if op.is_none() {
            self.cursor.reset(start);
        }
        op
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        self.cursor.skip_spaces();
        if self.cursor.rest().starts_with('"') {
            return self.cursor.quoted().map(Literal::String);
        }
        if self.profile == Profile::Default && self.cursor.rest().starts_with('\'') {
            return self.cursor.single_quoted().map(Literal::String);
        }
        let start = self.cursor.offset();
        let text = self.cursor.bare();
        if text.is_empty() {
            return self.cursor.fail("expected a value");
        }
        // A word that is not a JSON value is taken as a string without quotes.
        Ok(match text {
            "true" => Literal::Boolean(true),
            "false" => Literal::Boolean(false),
            "null" => Literal::Null,
            _ if serde_json::from_str::<serde_json::Number>(text).is_ok() => Literal::Number(text.to_owned()),
            _ if self.profile == Profile::Strict => {
                self.cursor.reset(start);
                return self.cursor.fail("expected a JSON value; strings need double quotes");
            }
            _ => Literal::String(text.to_owned()),
        })
    }
}
