//! From text to values: TOML is read, held against the schema of policies, and every value keeps its place in the text.
//!
//! The schema decides which keys there are and of what type, so that both are written once. Sizes and times may be written with a unit.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::{Map, Value};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::problem::{Problems, nearest};
use crate::units::{Duration, Size};

/// Values, and where each stands, by its key.
pub(super) struct Located {
    pub(super) values: Map<String, Value>,
    places: BTreeMap<String, Range<usize>>,
}

impl Located {
    /// Where the value of a key stands; what has none stands at the beginning.
    pub(super) fn place(&self, key: &str) -> Range<usize> {
        self.places.get(key).cloned().unwrap_or_default()
    }
}

/// Reads `text` as what `schema` describes. What does not fit is taken down, and left out.
pub(super) fn read(text: &str, schema: &Value, problems: &mut Problems<'_>) -> Located {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let twice = error.message().contains("duplicate");
        let hint =
            if twice { "keep one of them" } else { "write TOML: [table], key = \"text\", key = [1, 2]" };
        problems.add(error.span().unwrap_or_default(), "", error.message().replace('\n', ", "), hint);
    }
    let mut reader = Reader { schema, problems, places: BTreeMap::new() };
    // What could be read of a text that is broken says nothing about what was meant.
    let values = if errors.is_empty() { reader.table(table.get_ref(), schema, "") } else { Map::new() };
    Located { values, places: reader.places }
}

struct Reader<'a, 'b> {
    schema: &'a Value,
    problems: &'a mut Problems<'b>,
    places: BTreeMap<String, Range<usize>>,
}

impl Reader<'_, '_> {
    fn table(&mut self, table: &DeTable<'_>, schema: &Value, key: &str) -> Map<String, Value> {
        let empty = Map::new();
        let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut values = Map::new();
        for (name, value) in table {
            let within =
                if key.is_empty() { name.get_ref().to_string() } else { format!("{key}.{}", name.get_ref()) };
            let Some(schema) = known.get(name.get_ref().as_ref()) else {
                self.unknown(name, known, key);
                continue;
            };
            if let Some(value) = self.value(value, schema, &within) {
                values.insert(name.get_ref().to_string(), value);
            }
        }
        values
    }

    fn unknown(&mut self, name: &Spanned<impl AsRef<str>>, known: &Map<String, Value>, key: &str) {
        let text = name.get_ref().as_ref();
        let place = if key.is_empty() { "at the top of a policy".to_owned() } else { format!("in [{key}]") };
        let elsewhere = || {
            let tables =
                known.iter().filter(|(_, table)| properties(self.resolve(table)).any(|known| known == text));
            tables.map(|(table, _)| format!("it belongs into [{table}]")).next()
        };
        let names =
            || format!("there are {}", known.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
        let hint = elsewhere()
            .or_else(|| {
                nearest(text, known.keys().map(String::as_str)).map(|name| format!("did you mean `{name}`?"))
            })
            .unwrap_or_else(names);
        let full = if key.is_empty() { text.to_owned() } else { format!("{key}.{text}") };
        self.problems.add(name.span(), &full, format!("there is no key `{text}` {place}"), hint);
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &Value, key: &str) -> Option<Value> {
        self.places.insert(key.to_owned(), value.span());
        let kind = kind_of(value.get_ref());
        let alternatives = self.alternatives(schema);
        let Some(schema) = alternatives.iter().find(|schema| types(schema).any(|known| known == kind)) else {
            let wanted: Vec<&str> = alternatives.iter().flat_map(types).filter_map(word).collect();
            let message =
                format!("`{key}` is {}, and must be {}", shown(value.get_ref()), wanted.join(" or "));
            self.problems.add(
                value.span(),
                key,
                message,
                format!("write `{}` as {}", last(key), wanted.join(" or ")),
            );
            return None;
        };
        match value.get_ref() {
            DeValue::Table(table) => {
                let values = self.table(table, schema, key);
                self.has_all(&values, schema, key, value.span()).then_some(Value::Object(values))
            }
            DeValue::Array(items) => {
                let of = schema.get("items").cloned().unwrap_or(Value::Bool(true));
                let items = items.iter().enumerate();
                let items: Vec<_> =
                    items.map(|(number, item)| self.value(item, &of, &format!("{key}[{number}]"))).collect();
                // One that is left out would move the others to other places.
                items.into_iter().collect::<Option<_>>().map(Value::Array)
            }
            DeValue::String(text) => self.text(text, schema, key, value.span()),
            DeValue::Integer(number) => self.number(number, schema, key, value.span()),
            DeValue::Boolean(truth) => Some(Value::Bool(*truth)),
            DeValue::Float(_) | DeValue::Datetime(_) => None,
        }
    }

    fn has_all(
        &mut self,
        values: &Map<String, Value>,
        schema: &Value,
        key: &str,
        span: Range<usize>,
    ) -> bool {
        let required =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<&str> = required.filter(|name| !values.contains_key(*name)).collect();
        if !missing.is_empty() {
            let message = format!("`{key}` lacks {}", missing.join(" and "));
            self.problems.add(span, key, message, "`belljar policy schema` says what it needs");
        }
        missing.is_empty()
    }

    fn text(&mut self, text: &str, schema: &Value, key: &str, span: Range<usize>) -> Option<Value> {
        let amount = match schema.get("format").and_then(Value::as_str) {
            Some("size") => Some(text.parse().map(|Size(bytes)| bytes)),
            Some("time") => Some(text.parse().map(|Duration(ms)| ms)),
            _ => None,
        };
        match amount {
            Some(Ok(amount)) => return Some(amount.into()),
            Some(Err(hint)) => {
                let message = format!(
                    "`{key}` is {text:?}, which is no {}",
                    schema["format"].as_str().unwrap_or("amount")
                );
                self.problems.add(span, key, message, hint);
                return None;
            }
            None => {}
        }
        let choices: Vec<&str> = choices(schema).collect();
        if choices.is_empty() || choices.contains(&text) {
            return Some(text.into());
        }
        let hint = nearest(text, choices.iter().copied()).map_or_else(
            || format!("it is one of {}", choices.join(", ")),
            |name| format!("did you mean {name:?}?"),
        );
        self.problems.add(span, key, format!("`{key}` cannot be {text:?}"), hint);
        None
    }

    fn number(
        &mut self,
        number: &DeInteger<'_>,
        schema: &Value,
        key: &str,
        span: Range<usize>,
    ) -> Option<Value> {
        let most = if schema.get("format").and_then(Value::as_str) == Some("uint32") {
            u32::MAX.into()
        } else {
            u64::MAX
        };
        let read = u64::from_str_radix(number.as_str(), number.radix()).ok().filter(|number| *number <= most);
        if read.is_none() {
            let message = format!("`{key}` is {number}, but must be from 0 to {most}");
            self.problems.add(span, key, message, "give a whole number in that range");
        }
        read.map(Value::from)
    }

    /// What a value may be: the schema itself, what it refers to, or each of what it lists.
    fn alternatives(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        match schema.get("anyOf").and_then(Value::as_array) {
            Some(schemas) => schemas.iter().map(|schema| self.resolve(schema).clone()).collect(),
            None => vec![schema.clone()],
        }
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let reference = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
        reference.and_then(|path| self.schema.pointer(path)).unwrap_or(schema)
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = &str> {
    schema.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).map(String::as_str)
}

/// What a text may be, where only some will do.
fn choices(schema: &Value) -> impl Iterator<Item = &str> {
    let one_of = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    one_of.filter_map(|choice| choice.get("const").and_then(Value::as_str))
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let own = schema.get("type");
    let one = own.and_then(Value::as_str).into_iter();
    let many = own.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    // Where only some texts will do, each says that it is one.
    let chosen = choices(schema).next().map(|_| "string");
    one.chain(many).chain(chosen)
}

fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Boolean(_) => "boolean",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
        DeValue::Float(_) => "float",
        DeValue::Datetime(_) => "datetime",
    }
}

/// How a type is called that a policy can hold.
fn word(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "string" => "text in quotes",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list in brackets",
        "object" => "a table",
        _ => return None,
    })
}

fn shown(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::Float(_) => "a number with a point",
        DeValue::Datetime(_) => "a date or a time",
        other => word(kind_of(other)).unwrap_or("something else"),
    }
}

/// The last name of a key.
fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
