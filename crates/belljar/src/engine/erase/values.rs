//! The values that the parser works with besides bytes: what it is given, and what it makes of it, by handle.
//!
//! The parser was compiled to be called from JavaScript, and does on values what JavaScript would do. Only what it really needs is here:
//! it reads the options that we give it and makes one plain object of text and numbers.

use crate::host::meter::Meter;
use crate::host::stop::Stop;

/// Handles below this one are constants, which the parser knows by number.
const FIRST: u32 = 132;
const UNDEFINED: u32 = 128;
const NULL: u32 = 129;
const TRUE: u32 = 130;
const FALSE: u32 = 131;

/// The most handles, and the most fields of all objects: an outcome has about ten.
const MOST: usize = 256;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    /// Text that lies in the parser's memory already, for it to take once: address and length.
    Given(u32, u32),
    /// One of the objects, which a value only points to.
    Object(usize),
}

/// All values of one instance.
#[derive(Debug, Default)]
pub(super) struct Values {
    slots: Vec<Option<Value>>,
    objects: Vec<Vec<(String, Value)>>,
    fields: usize,
}

impl Values {
    /// The value behind a handle.
    pub(super) fn get(&self, handle: u32) -> Result<Value, Stop> {
        Ok(match handle {
            UNDEFINED => Value::Undefined,
            NULL => Value::Null,
            TRUE => Value::Bool(true),
            FALSE => Value::Bool(false),
            _ => {
                let slot = handle.checked_sub(FIRST).and_then(|slot| self.slots.get(slot as usize));
                slot.and_then(Clone::clone).ok_or_else(|| fault("used a value that is gone"))?
            }
        })
    }

    /// A handle for a value.
    pub(super) fn add(&mut self, value: Value) -> Result<u32, Stop> {
        let slot = match self.slots.iter().position(Option::is_none) {
            Some(free) => free,
            None if self.slots.len() < MOST => {
                self.slots.push(None);
                self.slots.len() - 1
            }
            None => return Err(fault("made too many values")),
        };
        self.slots[slot] = Some(value);
        Ok(FIRST + u32::try_from(slot).unwrap_or(u32::MAX - FIRST))
    }

    /// A handle is not used any more; its value is given back.
    pub(super) fn take(&mut self, handle: u32) -> Result<Value, Stop> {
        let slot = handle.checked_sub(FIRST).and_then(|slot| self.slots.get_mut(slot as usize));
        slot.and_then(Option::take).map_or_else(|| self.get(handle), Ok)
    }

    /// Text that the parser has written: it comes out of the memory that the run has left.
    pub(super) fn text(&mut self, meter: &mut Meter, bytes: &[u8]) -> Result<u32, Stop> {
        meter.hold(bytes.len() as u64).map_err(|_| Stop::NoMemory)?;
        let text = std::str::from_utf8(bytes).map_err(|_| fault("wrote text that is not UTF-8"))?;
        self.add(Value::Text(text.to_owned()))
    }

    /// A handle for a new object.
    pub(super) fn object(&mut self, fields: Vec<(String, Value)>) -> Result<u32, Stop> {
        self.fields += fields.len();
        self.objects.push(fields);
        self.add(Value::Object(self.objects.len() - 1))
    }

    /// The field of an object.
    pub(super) fn field(&self, object: &Value, name: &str) -> Option<Value> {
        let Value::Object(index) = object else { return None };
        let (_, value) = self.objects.get(*index)?.iter().find(|(key, _)| key == name)?;
        Some(value.clone())
    }

    /// Takes a field out of an object.
    pub(super) fn take_field(&mut self, object: &Value, name: &str) -> Option<Value> {
        let Value::Object(index) = object else { return None };
        let fields = self.objects.get_mut(*index)?;
        let at = fields.iter().position(|(key, _)| key == name)?;
        Some(fields.swap_remove(at).1)
    }

    /// Sets the field of an object.
    pub(super) fn set(&mut self, object: &Value, name: Value, value: Value) -> Result<(), Stop> {
        let (Value::Object(index), Value::Text(name)) = (object, name) else {
            return Err(fault("set a field of what has none"));
        };
        let object = self.objects.get_mut(*index).ok_or_else(|| fault("used an object that is gone"))?;
        self.fields += 1;
        if self.fields > MOST {
            return Err(fault("made too many fields"));
        }
        match object.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => object.push((name, value)),
        }
        Ok(())
    }
}

impl Value {
    /// A number that counts something; 0 for whatever does not.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is out of range is clamped"
    )]
    pub(super) fn as_u32(&self) -> u32 {
        if let Self::Number(number) = self { *number as u32 } else { 0 }
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Undefined | Self::Null)
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Given(..))
    }

    pub(super) fn is_falsy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null | Self::Bool(false) => true,
            Self::Bool(true) | Self::Object(_) => false,
            Self::Number(number) => *number == 0.0 || number.is_nan(),
            Self::Text(text) => text.is_empty(),
            Self::Given(_, length) => *length == 0,
        }
    }
}

fn fault(text: &str) -> Stop {
    Stop::Fault(format!("the parser of TypeScript {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn handles_are_used_again_and_a_used_one_is_refused() {
        let mut values = Values::default();
        let first = values.add(Value::Number(1.0)).unwrap();
        assert_eq!(values.take(first), Ok(Value::Number(1.0)));
        assert!(values.get(first).is_err() && values.take(first).is_err());
        assert_eq!(values.add(Value::Null).unwrap(), first);
        assert_eq!(values.take(UNDEFINED), Ok(Value::Undefined));
        assert_eq!(values.get(UNDEFINED), Ok(Value::Undefined));
        assert!(values.get(0).is_err() && values.get(u32::MAX).is_err());
    }

    #[test]
    fn an_object_is_what_its_handles_share() {
        let mut values = Values::default();
        let handle = values.object(vec![("a".to_owned(), Value::Null)]).unwrap();
        let object = values.get(handle).unwrap();
        values.set(&object, Value::Text("a".to_owned()), Value::Bool(true)).unwrap();
        assert_eq!(values.field(&values.get(handle).unwrap(), "a"), Some(Value::Bool(true)));
        assert_eq!(values.field(&object, "b"), None);
        assert_eq!(values.take_field(&object, "a"), Some(Value::Bool(true)));
        assert_eq!(values.take_field(&object, "a"), None);
        assert!(values.set(&Value::Null, Value::Text("a".to_owned()), Value::Null).is_err());
    }

    #[test]
    fn values_are_bounded() {
        let mut values = Values::default();
        assert!((0..=MOST).any(|_| values.add(Value::Null).is_err()));
        let mut meter = Meter::new(&Limits { memory_bytes: 3, ..Limits::default() });
        assert_eq!(Values::default().text(&mut meter, b"four"), Err(Stop::NoMemory));
        assert!(Values::default().text(&mut meter, b"\xff").is_err());
    }
}
