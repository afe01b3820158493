//! Expressions of DynamoDB with their names and values.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

type Names = HashMap<String, String>;
type Values = HashMap<String, AttributeValue>;

/// An expression. It writes attribute names as `#name`, because many are reserved words, and values
/// as `:value`.
#[derive(Clone, Debug, Default)]
pub(super) struct Expression {
    pub(super) text: String,
    names: Names,
    values: Values,
}

impl Expression {
    /// An expression in which every `#name` stands for the attribute with that name.
    pub(super) fn new<const N: usize>(text: &str, values: [(&str, AttributeValue); N]) -> Self {
        let names = text.split('#').skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_owned()
        });
        Self {
            names: names.map(|name| (format!("#{name}"), name)).collect(),
            values: values.map(|(name, value)| (format!(":{name}"), value)).into(),
            text: text.to_owned(),
        }
    }

    /// `#name = :name` for each attribute, as a clause that sets them.
    pub(super) fn assignments(
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
    ) -> Self {
        values.into_iter().fold(Self::default(), |all, (name, value)| {
            let one = Self::new(&format!("#{name} = :{name}"), [(name, value)]);
            all.joined(", ", one)
        })
    }

    /// Makes `#placeholder` stand for the attribute `name`.
    pub(super) fn naming(mut self, placeholder: &str, name: &str) -> Self {
        if let Some(stands_for) = self.names.get_mut(&format!("#{placeholder}")) {
            name.clone_into(stands_for);
        }
        self
    }

    /// Whether a placeholder stands for this attribute.
    pub(super) fn names(&self, attribute: &str) -> bool {
        self.names.values().any(|name| name == attribute)
    }

    /// The attribute has one of these values, each under its name; no condition without values.
    pub(super) fn one_of<'a>(
        attribute: &str,
        values: impl Iterator<Item = (&'a str, AttributeValue)>,
    ) -> Self {
        let values: Values = values.map(|(name, value)| (format!(":{name}"), value)).collect();
        if values.is_empty() {
            return Self::default();
        }
        let list = values.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        Self { values, ..Self::new(&format!("#{attribute} IN ({list})"), []) }
    }

    /// The negation of a single condition. DynamoDB refuses redundant parentheses.
    pub(super) fn negated(self) -> Self {
        Self { text: format!("NOT {}", self.text), ..self }
    }

    /// Both conditions. Their values must have names of their own.
    pub(super) fn and(mut self, other: Self) -> Self {
        if self.text.is_empty() {
            return other;
        }
        if other.text.is_empty() {
            return self;
        }
        if self.text.contains(" OR ") {
            self.text = format!("({})", self.text);
        }
        self.text = format!("{} AND ({})", self.text, other.text);
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    /// All conditions. Their values must have names of their own.
    pub(super) fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        conditions.into_iter().fold(Self::default(), Self::and)
    }

    /// Either condition. Their values must have names of their own.
    pub(super) fn or(self, other: Self) -> Self {
        self.joined(" OR ", other)
    }

    fn joined(mut self, separator: &str, other: Self) -> Self {
        let separator = if self.text.is_empty() { "" } else { separator };
        self.text = format!("{}{separator}{}", self.text, other.text);
        self.names.extend(other.names);
        self.values.extend(other.values);
        self
    }

    /// Renames the values, so that they differ from those of another expression.
    fn renamed(self, nth: usize) -> Self {
        let rename = |name: String| name.replace(':', &format!(":v{nth}_"));
        Self {
            text: rename(self.text),
            names: self.names,
            values: self.values.into_iter().map(|(name, value)| (rename(name), value)).collect(),
        }
    }
}

/// The names and values of all expressions of one request.
#[derive(Default)]
pub(super) struct ExpressionValues {
    nth: usize,
    names: Names,
    values: Values,
}

impl ExpressionValues {
    /// Adds an expression and returns its text.
    pub(super) fn take(&mut self, piece: Expression) -> String {
        self.nth += 1;
        let piece = piece.renamed(self.nth);
        self.names.extend(piece.names);
        self.values.extend(piece.values);
        piece.text
    }

    /// All names and values. DynamoDB refuses empty maps, so these are `None`.
    pub(super) fn placeholders(self) -> (Option<Names>, Option<Values>) {
        let some = |empty: bool| (!empty).then_some(());
        let names = some(self.names.is_empty()).map(|()| self.names);
        (names, some(self.values.is_empty()).map(|()| self.values))
    }
}

#[cfg(test)]
#[path = "tests/expression.rs"]
mod tests;
