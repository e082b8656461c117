//! JSON Schema in the words that all clients know. What Rust's types are described with is right, but some clients complain of it or drop it.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// What is said about a value as a whole, whatever form it has.
const ABOUT: [&str; 2] = ["description", "default"];

/// Writes one schema anew; its parts are written by themselves.
pub(crate) fn make_portable(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    // Clients print a warning for each format that they do not know. The bounds of an unsigned number are said by `minimum`, too.
    if object.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
        object.remove("format");
    }
    if let Some(form) = form_beside_null(object) {
        let mut whole = Map::new();
        for name in ABOUT {
            whole.extend(object.remove(name).map(|value| (name.to_owned(), value)));
        }
        object.insert("type".to_owned(), form);
        let branch = std::mem::replace(object, whole);
        object.insert("anyOf".to_owned(), json!([branch, { "type": "null" }]));
    }
}

/// The other type, where a value has one or is null. Some models' tool definitions know no lists of types.
fn form_beside_null(schema: &Map<String, Value>) -> Option<Value> {
    match schema.get("type")?.as_array()?.as_slice() {
        [form, Value::String(null)] if null == "null" => Some(form.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use schemars::transform::{RecursiveTransform, Transform};

    use super::*;

    #[test]
    fn null_is_a_case_of_its_own_and_unknown_formats_are_left_out() {
        let mut schema: Schema = serde_json::from_value(json!({
            "type": "object",
            "properties": {
                "line": { "type": ["integer", "null"], "format": "uint32", "minimum": 0, "description": "A line.", "default": null },
                "wall_ms": { "type": "number", "format": "double" },
                "value": { "type": ["object", "null"], "properties": { "repr": { "type": ["string", "null"] } } },
                "json": true,
            },
        }))
        .expect("it is a schema");
        RecursiveTransform(make_portable).transform(&mut schema);
        let expected = json!({
            "type": "object",
            "properties": {
                "line": {
                    "description": "A line.",
                    "default": null,
                    "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "null" }],
                },
                "wall_ms": { "type": "number", "format": "double" },
                "value": {
                    "anyOf": [
                        {
                            "type": "object",
                            "properties": { "repr": { "anyOf": [{ "type": "string" }, { "type": "null" }] } },
                        },
                        { "type": "null" },
                    ],
                },
                "json": true,
            },
        });
        assert_eq!(schema.to_value(), expected);
    }
}
