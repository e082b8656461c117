//! The value of a run of Python as plain JSON, the way that pydantic writes it: what JSON has no form for becomes what it is made of.
//!
//! A value arrives with tags for what JSON lacks (`engines/values.md`). Who reads it here does not know those.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// How the text is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Over several lines, two spaces for each level; numbers that JSON lacks are written as Python has them.
    Indented,
    /// On one line, and JSON to the letter.
    Compact,
}

/// The JSON text of a value, tagged as engines report it.
pub(crate) fn plain(value: &Value, look: Look) -> String {
    let mut writer = Writer { text: String::new(), look, level: 0 };
    writer.value(value);
    writer.text
}

struct Writer {
    text: String,
    look: Look,
    level: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(items) => self.list(items),
            Value::Object(fields) => match fields.get("$type").and_then(Value::as_str) {
                Some(tag) => self.tagged(tag, fields),
                None => self.object(fields.iter().map(|(name, value)| (name.clone(), value))),
            },
            Value::String(text) => self.string(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.text.push_str(&value.to_string()),
        }
    }

    /// What is written for each kind of tag; one that is not known here is written as it is.
    fn tagged(&mut self, tag: &str, fields: &Map<String, Value>) {
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let object = |name: &str| fields.get(name).and_then(Value::as_object);
        if let Some(values) = fields.get("values").and_then(Value::as_array) {
            return self.list(values);
        }
        if let Some(entries) = fields.get("entries").and_then(Value::as_array) {
            let pairs = entries.iter().filter_map(Value::as_array);
            return self
                .object(pairs.filter_map(|pair| pair.first().map(key).zip(pair.get(1))).collect::<Vec<_>>());
        }
        match tag {
            "int" => self.text.push_str(text("value")),
            "number" => self.no_number(text("value")),
            "complex" => self.string(&complex(fields)),
            "bytes" | "bytearray" => self.string(&bytes(text("base64"))),
            "datetime" | "time" => self.string(&zulu(text("value"))),
            "date" | "Decimal" | "Fraction" | "UUID" | "Path" => self.string(text("value")),
            "timedelta" => self.string(&duration(fields)),
            "enum" => self.value(fields.get("value").unwrap_or(&Value::Null)),
            "dataclass" | "model" => {
                let fields = object("fields").cloned().unwrap_or_default();
                self.object(fields.iter().map(|(name, value)| (name.clone(), value)));
            }
            // A named tuple is a tuple.
            "namedtuple" => {
                let fields: Vec<Value> =
                    object("fields").into_iter().flat_map(Map::values).cloned().collect();
                self.list(&fields);
            }
            _ => self.object(fields.iter().map(|(name, value)| (name.clone(), value))),
        }
    }

    fn no_number(&mut self, name: &str) {
        match self.look {
            Look::Indented => self.text.push_str(name),
            Look::Compact => self.text.push_str("null"),
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push_str(&Value::from(text).to_string());
    }

    fn list(&mut self, items: &[Value]) {
        self.inside('[', ']', items.iter(), Self::value);
    }

    fn object<'v>(&mut self, fields: impl IntoIterator<Item = (String, &'v Value)>) {
        self.inside('{', '}', fields.into_iter(), |writer, (name, value)| {
            writer.string(&name);
            writer.text.push_str(if writer.look == Look::Indented { ": " } else { ":" });
            writer.value(value);
        });
    }

    fn inside<T>(
        &mut self,
        open: char,
        close: char,
        items: impl Iterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.text.push(open);
        self.level += 1;
        let mut is_empty = true;
        for item in items {
            if !is_empty {
                self.text.push(',');
            }
            is_empty = false;
            self.line();
            write(self, item);
        }
        self.level -= 1;
        if !is_empty {
            self.line();
        }
        self.text.push(close);
    }

    fn line(&mut self) {
        if self.look == Look::Indented {
            self.text.push('\n');
            self.text.extend(std::iter::repeat_n("  ", self.level));
        }
    }
}

/// The key of an object, from a key of any kind.
fn key(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        Value::Object(fields) => match fields.get("values").and_then(Value::as_array) {
            Some(parts) => parts.iter().map(key).collect::<Vec<_>>().join(","),
            None => match fields.get("value") {
                Some(inner) => key(inner),
                None => plain(value, Look::Compact),
            },
        },
        other => plain(other, Look::Compact),
    }
}

fn complex(fields: &Map<String, Value>) -> String {
    let part = |name: &str| fields.get(name).map(|value| plain(value, Look::Indented)).unwrap_or_default();
    let imag = part("imag");
    let sign = if imag.starts_with('-') { "" } else { "+" };
    format!("{}{sign}{imag}j", part("real"))
}

/// The text in bytes that are text; other bytes as they were sent.
fn bytes(base64: &str) -> String {
    let decoded = STANDARD.decode(base64).ok();
    decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| base64.to_owned())
}

/// A time in UTC ends in `Z`.
fn zulu(text: &str) -> String {
    text.strip_suffix("+00:00").map_or_else(|| text.to_owned(), |text| format!("{text}Z"))
}

/// ISO 8601.
fn duration(fields: &Map<String, Value>) -> String {
    let part = |name: &str| i128::from(fields.get(name).and_then(Value::as_i64).unwrap_or_default());
    let micros = (part("days") * 86_400 + part("seconds")) * 1_000_000 + part("microseconds");
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (days, hours, minutes, seconds) =
        (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let mut text = format!("{sign}P");
    if days > 0 {
        text += &format!("{days}D");
    }
    let mut time = String::new();
    for (amount, unit) in [(hours, 'H'), (minutes, 'M')] {
        if amount > 0 {
            time += &format!("{amount}{unit}");
        }
    }
    if micros > 0 {
        time += format!("{seconds}.{micros:06}").trim_end_matches('0');
        time.push('S');
    } else if seconds > 0 || (days == 0 && time.is_empty()) {
        time += &format!("{seconds}S");
    }
    if !time.is_empty() {
        text += &format!("T{time}");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_tag_becomes_what_it_is_made_of() {
        for (value, text) in [
            (json!({"$type": "tuple", "values": [1, {"$type": "set", "values": [2]}]}), "[1,[2]]"),
            (
                json!({"$type": "int", "value": "1267650600228229401496703205376"}),
                "1267650600228229401496703205376",
            ),
            (json!({"$type": "number", "value": "NaN"}), "null"),
            (json!({"$type": "complex", "real": 0.0, "imag": 1.0}), r#""0.0+1.0j""#),
            (json!({"$type": "bytes", "base64": "aGk="}), r#""hi""#),
            (json!({"$type": "bytes", "base64": "/w=="}), r#""/w==""#),
            (json!({"$type": "datetime", "value": "2020-01-02T03:04:05+00:00"}), r#""2020-01-02T03:04:05Z""#),
            (json!({"$type": "timedelta", "days": 1, "seconds": 3661, "microseconds": 0}), r#""P1DT1H1M1S""#),
            (
                json!({"$type": "timedelta", "days": -1, "seconds": 86399, "microseconds": 500_000}),
                r#""-PT0.5S""#,
            ),
            (json!({"$type": "timedelta", "days": 0, "seconds": 0, "microseconds": 0}), r#""PT0S""#),
            (json!({"$type": "enum", "name": "Color.RED", "value": 3}), "3"),
            (
                json!({"$type": "dataclass", "name": "P", "fields": {"x": {"$type": "UUID", "value": "u"}}}),
                r#"{"x":"u"}"#,
            ),
            (json!({"$type": "model", "name": "M", "fields": {"x": 1}}), r#"{"x":1}"#),
            (json!({"$type": "namedtuple", "name": "P", "fields": {"x": 1, "y": 2}}), "[1,2]"),
            (
                json!({"$type": "dict", "entries": [[1, "a"], [null, "b"], [{"$type": "tuple", "values": [1, "c"]}, {}]]}),
                r#"{"1":"a","None":"b","1,c":{}}"#,
            ),
            (json!({"a": [], "b": "\n"}), r#"{"a":[],"b":"\n"}"#),
        ] {
            assert_eq!(plain(&value, Look::Compact), text, "{value}");
        }
    }

    #[test]
    fn lines_are_indented_by_two_spaces() {
        let value = json!({"a": [1, 2], "b": {}, "c": {"$type": "number", "value": "Infinity"}});
        let text = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": Infinity\n}";
        assert_eq!(plain(&value, Look::Indented), text);
    }
}
