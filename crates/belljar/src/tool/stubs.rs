//! Tools as declarations that people, models and editors read: Python stubs (PEP 484) and TypeScript declarations, made from their schemas.

use std::cell::Cell;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{KEYWORDS, OTHERS, Tool};
use crate::engine::image::Language;

/// How deep a schema is followed: what lies deeper is shown as anything.
const DEPTH_MAX: u32 = 8;

/// How many bytes the types of a declaration have, about: what comes after them is shown as anything. A schema that refers to itself from many
/// places would be written for ever.
const BYTES_MAX: usize = 32 << 10;

/// As how many bytes a type counts beside the names and values in it.
const TYPE_BYTES: usize = 8;

impl Tool {
    /// The tool as code of that language would declare it.
    pub(crate) fn stub(&self, language: Language) -> String {
        let types = Types::new(language, &self.parameters);
        let returns = self.returns.as_ref().map_or_else(
            || types.any().to_owned(),
            |schema| Types::new(language, schema).of(schema, DEPTH_MAX),
        );
        match language {
            Language::Python => self.python(&types, &returns),
            Language::JavaScript | Language::TypeScript => self.typescript(&types, &returns),
        }
    }

    fn python(&self, types: &Types<'_>, returns: &str) -> String {
        let (named, others): (Vec<_>, Vec<_>) = self.fields().partition(|(name, ..)| is_word(name));
        let mut parameters: Vec<String> = named
            .into_iter()
            .map(|(name, schema, required)| {
                let default = if required { "" } else { " = ..." };
                format!("{name}: {}{default}", types.of(schema, DEPTH_MAX))
            })
            .collect();
        if !others.is_empty() {
            parameters.push(format!("**{OTHERS}: {}", types.any()));
        }
        let kind = if self.is_awaited() { "async def" } else { "def" };
        let mut stub = format!("{kind} {}({}) -> {returns}:\n", self.name, parameters.join(", "));
        for (name, schema, _) in others {
            // In JSON's writing, which has no line breaks: whatever the name is, it stays in the comment.
            let _ = writeln!(stub, "    # {OTHERS}: {}: {}", Value::from(name), types.of(schema, DEPTH_MAX));
        }
        let about = self.about.replace('\\', "\\\\");
        let ends_early = about.contains("\"\"\"") || about.ends_with('"');
        let about = if ends_early { about.replace('"', "\\\"") } else { about };
        let body = if about.is_empty() { "..." } else { &format!("\"\"\"{about}\"\"\"") };
        let _ = writeln!(stub, "    {body}");
        stub
    }

    fn typescript(&self, types: &Types<'_>, returns: &str) -> String {
        let about = self.about.replace("*/", "* /");
        let comment = if about.is_empty() { String::new() } else { format!("/** {about} */\n") };
        let result = if self.is_awaited() { format!("Promise<{returns}>") } else { returns.to_owned() };
        let arguments = types.of(&self.parameters, DEPTH_MAX);
        let optional = if self.fields().any(|(_, _, required)| required) { "" } else { "?" };
        format!("{comment}function {}(args{optional}: {arguments}): {result};\n", self.name)
    }

    /// The parameters in order: name, schema, whether there must be one. Required ones come first.
    fn fields(&self) -> impl Iterator<Item = (&str, &Value, bool)> {
        let required = required(self.parameters.get("required"));
        let properties = self.parameters.get("properties").and_then(Value::as_object);
        let mut fields: Vec<_> = properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema, required.contains(&name.as_str())))
            .collect();
        fields.sort_by_key(|(_, _, required)| !required);
        fields.into_iter()
    }
}

/// Whether a name can be written as that of a parameter.
fn is_word(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.chars().all(is_letter)
        && name != OTHERS
        && !KEYWORDS.contains(&name)
}

fn required(names: Option<&Value>) -> Vec<&str> {
    names.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Writes schemas as types of a language.
struct Types<'a> {
    language: Language,
    /// Where references within the schema begin.
    root: &'a Value,
    /// How many bytes may be written yet.
    left: Cell<usize>,
}

impl<'a> Types<'a> {
    fn new(language: Language, root: &'a Value) -> Self {
        Self { language, root, left: Cell::new(BYTES_MAX) }
    }

    fn any(&self) -> &'static str {
        self.word("Any", "unknown")
    }

    /// Takes so many bytes from those that may be written yet, if they are there.
    fn spend(&self, bytes: usize) -> bool {
        let left = self.left.get().checked_sub(bytes);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    fn word(&self, python: &'static str, typescript: &'static str) -> &'static str {
        match self.language {
            Language::Python => python,
            Language::JavaScript | Language::TypeScript => typescript,
        }
    }

    fn of(&self, schema: &Value, depth: u32) -> String {
        let Some(schema) = schema.as_object().filter(|_| depth > 0 && self.spend(TYPE_BYTES)) else {
            return self.any().to_owned();
        };
        if let Some(found) = schema.get("$ref").and_then(Value::as_str).and_then(|path| self.find(path)) {
            return self.of(found, depth - 1);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(choices) = schema.get(key).and_then(Value::as_array) {
                return self.any_of(choices.iter().map(|choice| self.of(choice, depth - 1)));
            }
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.literals(values);
        }
        if let Some(value) = schema.get("const") {
            return self.literals(std::slice::from_ref(value));
        }
        match schema.get("type") {
            Some(Value::String(name)) => self.named(name, schema, depth),
            Some(Value::Array(names)) => self
                .any_of(names.iter().filter_map(Value::as_str).map(|name| self.named(name, schema, depth))),
            _ => self.any().to_owned(),
        }
    }

    fn named(&self, name: &str, schema: &Map<String, Value>, depth: u32) -> String {
        match name {
            "string" => self.word("str", "string").to_owned(),
            "integer" => self.word("int", "number").to_owned(),
            "number" => self.word("float", "number").to_owned(),
            "boolean" => self.word("bool", "boolean").to_owned(),
            "null" => self.word("None", "null").to_owned(),
            "array" => {
                let item = schema
                    .get("items")
                    .map_or_else(|| self.any().to_owned(), |item| self.of(item, depth - 1));
                match self.language {
                    Language::Python => format!("list[{item}]"),
                    Language::JavaScript | Language::TypeScript => format!("Array<{item}>"),
                }
            }
            "object" => self.object(schema, depth),
            _ => self.any().to_owned(),
        }
    }

    fn object(&self, schema: &Map<String, Value>, depth: u32) -> String {
        let anything = || self.word("dict[str, Any]", "Record<string, unknown>");
        let properties = schema.get("properties").and_then(Value::as_object);
        let (Language::JavaScript, Some(properties)) = (self.language, properties) else {
            return anything().to_owned();
        };
        if !self.spend(properties.keys().map(|name| name.len() + TYPE_BYTES).sum()) {
            return anything().to_owned();
        }
        let required = required(schema.get("required"));
        let fields: Vec<String> = properties
            .iter()
            .map(|(name, property)| {
                let optional = if required.contains(&name.as_str()) { "" } else { "?" };
                format!("{}{optional}: {}", Value::from(name.as_str()), self.of(property, depth - 1))
            })
            .collect();
        format!("{{ {} }}", fields.join("; "))
    }

    fn any_of(&self, types: impl Iterator<Item = String>) -> String {
        let mut types: Vec<String> = types.collect();
        types.dedup();
        if types.is_empty() { self.any().to_owned() } else { types.join(" | ") }
    }

    fn literals(&self, values: &[Value]) -> String {
        let literal = |value: &Value| match (self.language, value) {
            (Language::Python, Value::Bool(true)) => "True".to_owned(),
            (Language::Python, Value::Bool(false)) => "False".to_owned(),
            (Language::Python, Value::Null) => "None".to_owned(),
            (_, value) => value.to_string(),
        };
        let values: Vec<String> = values.iter().map(literal).collect();
        if !self.spend(values.iter().map(|value| value.len() + TYPE_BYTES).sum()) {
            return self.any().to_owned();
        }
        match self.language {
            Language::Python => format!("Literal[{}]", values.join(", ")),
            Language::JavaScript | Language::TypeScript => values.join(" | "),
        }
    }

    /// What a reference within the schema points at.
    fn find(&self, path: &str) -> Option<&Value> {
        self.root.pointer(path.strip_prefix('#')?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool() -> Tool {
        Tool::answered_by_caller("book").about("Books a room").parameters(json!({
            "type": "object",
            "properties": {
                "nights": {"type": "integer"},
                "kind": {"enum": ["single", "double"]},
                "guests": {"type": "array", "items": {"$ref": "#/$defs/guest"}},
            },
            "required": ["kind", "guests"],
            "$defs": {"guest": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
        }))
    }

    #[test]
    fn a_tool_is_declared_in_both_languages() {
        assert_eq!(
            tool().stub(Language::Python),
            "async def book(kind: Literal[\"single\", \"double\"], guests: list[dict[str, Any]], nights: int = ...) -> Any:\n    \"\"\"Books a room\"\"\"\n"
        );
        assert_eq!(
            tool().stub(Language::JavaScript),
            "/** Books a room */\nfunction book(args: { \"nights\"?: number; \"kind\": \"single\" | \"double\"; \"guests\": Array<{ \"name\": string }> }): Promise<unknown>;\n"
        );
    }

    #[test]
    fn whatever_a_tool_says_of_itself_stays_where_it_belongs() {
        let properties = json!({ "n): pass\nimport os\ndef x(y": {}, "class": {"type": "string"}, "ok": {} });
        let tool = Tool::answered_by_caller("odd")
            .about("says \"\"\" and ends with \"")
            .parameters(json!({"type": "object", "properties": properties}));
        assert_eq!(
            tool.stub(Language::Python),
            "async def odd(ok: Any = ..., **arguments: Any) -> Any:\n\
             \x20   # arguments: \"n): pass\\nimport os\\ndef x(y\": Any\n\
             \x20   # arguments: \"class\": str\n\
             \x20   \"\"\"says \\\"\\\"\\\" and ends with \\\"\"\"\"\n"
        );
    }

    #[test]
    fn a_schema_that_holds_itself_comes_to_an_end() {
        let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
        assert!(
            Tool::answered_by_caller("walk")
                .parameters(schema)
                .stub(Language::JavaScript)
                .contains("unknown")
        );
    }

    #[test]
    fn a_schema_that_holds_itself_many_times_comes_to_an_end_as_well() {
        let names = (0..500).map(|number| (format!("next{number}"), json!({"$ref": "#"})));
        let schema = json!({"type": "object", "properties": names.collect::<Map<_, _>>()});
        let long =
            json!({"type": "object", "properties": {"one": {"enum": (0..100_000).collect::<Vec<_>>()}}});
        for schema in [schema, long] {
            for language in [Language::Python, Language::JavaScript] {
                let stub = Tool::answered_by_caller("walk").parameters(schema.clone()).stub(language);
                assert!(stub.len() < 2 * BYTES_MAX, "{} bytes", stub.len());
            }
        }
    }
}
