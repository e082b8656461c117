//! The result channel: fields that an engine reports about a request, capped and kept apart from anything printed.

use super::memory::GuestMemory;
use super::meter::Meter;
use super::secrets::Secrets;
use super::stop::Stop;
use crate::limits::Limits;

/// The most bytes of an error's message, and of its traceback. An engine cuts earlier, in the middle.
pub(crate) const ERROR_TEXT_BYTES_MAX: usize = 64 * 1024;

/// The most bytes of a name: of a type, of an error class.
const NAME_BYTES_MAX: usize = 1024;

/// The most displays and completions of one request.
const REPEATS_MAX: usize = 1000;

/// The field that may be sent many times with much data.
const DISPLAY: u32 = 9;

/// What an engine has reported so far about the current request.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) value_json: Option<Vec<u8>>,
    pub(crate) value_repr: Option<Vec<u8>>,
    pub(crate) value_type: Option<Vec<u8>>,
    pub(crate) error_type: Option<Vec<u8>>,
    pub(crate) error_message: Option<Vec<u8>>,
    pub(crate) error_traceback: Option<Vec<u8>>,
    pub(crate) error_line: Option<u32>,
    pub(crate) error_column: Option<u32>,
    pub(crate) memory_error: bool,
    pub(crate) exit_code: Option<i32>,
    pub(crate) displays: Vec<Vec<u8>>,
    pub(crate) completions: Vec<Vec<u8>>,
    pub(crate) completion_start: Option<u32>,
    pub(crate) check: Option<u32>,
    pub(crate) suspended: bool,
    /// Modules that could not be imported while the image was made, each with a NUL and the reason.
    pub(crate) not_imported: Vec<Vec<u8>>,
    value_bytes_max: usize,
    held: u64,
}

impl Report {
    pub(crate) fn new(limits: &Limits) -> Self {
        let value_bytes_max = usize::try_from(limits.value_bytes).unwrap_or(usize::MAX);
        Self { value_bytes_max, ..Self::default() }
    }

    /// Takes in one field. What is too long is cut, except JSON: cut JSON is no JSON, so it is left out.
    pub(crate) fn field(
        &mut self,
        meter: &mut Meter,
        memory: &GuestMemory<'_>,
        field: u32,
        (ptr, len): (u32, u32),
    ) -> Result<(), Stop> {
        let bytes = memory.bytes(ptr, len)?;
        if field == DISPLAY {
            self.display(meter, bytes);
            return Ok(());
        }
        // The other fields have limits of their own, and must come through when the memory is used up.
        let held = &mut self.held;
        let mut keep = |max: usize| {
            let kept = &bytes[..bytes.len().min(max)];
            meter.keep(kept.len() as u64);
            *held += kept.len() as u64;
            Some(kept.to_vec())
        };
        match field {
            1 if bytes.len() <= self.value_bytes_max => self.value_json = keep(self.value_bytes_max),
            1 => self.value_json = None,
            2 => self.value_repr = keep(self.value_bytes_max),
            3 => self.value_type = keep(NAME_BYTES_MAX),
            4 => self.error_type = keep(NAME_BYTES_MAX),
            5 => self.error_message = keep(ERROR_TEXT_BYTES_MAX),
            6 => self.error_traceback = keep(ERROR_TEXT_BYTES_MAX),
            7 => self.error_line = Some(number(bytes)?),
            8 => self.exit_code = Some(number(bytes)?.cast_signed()),
            10 if self.completions.len() < REPEATS_MAX => self.completions.extend(keep(NAME_BYTES_MAX)),
            10 => {}
            11 => self.completion_start = Some(number(bytes)?),
            12 => self.check = Some(number(bytes)?),
            13 => self.memory_error = true,
            14 => self.error_column = Some(number(bytes)?),
            15 => self.suspended = true,
            16 if self.not_imported.len() < REPEATS_MAX => self.not_imported.extend(keep(NAME_BYTES_MAX)),
            16 => {}
            _ => return Err(Stop::Fault(format!("it reported an unknown field {field}"))),
        }
        Ok(())
    }

    /// Takes the session's secrets out of everything that was reported.
    pub(crate) fn scrub(&mut self, secrets: &Secrets) {
        let texts = [
            &mut self.value_json,
            &mut self.value_repr,
            &mut self.value_type,
            &mut self.error_type,
            &mut self.error_message,
            &mut self.error_traceback,
        ];
        let texts = texts.into_iter().flatten().chain(&mut self.displays).chain(&mut self.completions);
        texts.for_each(|text| *text = secrets.scrub(std::mem::take(text)));
    }

    /// Displays may be many and large: they come out of the session's memory, and those without room are left out.
    fn display(&mut self, meter: &mut Meter, bytes: &[u8]) {
        if self.displays.len() < REPEATS_MAX && meter.hold(bytes.len() as u64).is_ok() {
            self.held += bytes.len() as u64;
            self.displays.push(bytes.to_vec());
        }
    }

    /// Hands over what was reported and begins anew.
    pub(crate) fn take(&mut self, meter: &mut Meter, next: &Limits) -> Self {
        let report = std::mem::replace(self, Self::new(next));
        meter.release(report.held);
        report
    }
}

fn number(bytes: &[u8]) -> Result<u32, Stop> {
    let bytes =
        bytes.try_into().map_err(|_| Stop::Fault("it reported a number of the wrong size".to_owned()))?;
    Ok(u32::from_le_bytes(bytes))
}
