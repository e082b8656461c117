//! Takes the types out of TypeScript: a parser that is WebAssembly itself, since what it reads comes from strangers.
//!
//! The parser is the one that Node uses for the same purpose (`engines/typescript/contract.md`). Some texts of a few bytes keep it busy for
//! longer than anybody would wait, and nothing in it bounds that. So every text gets an instance of its own, with the time and the memory
//! that its run has left, and no import but a few operations on values.

mod imports;
mod instance;
mod values;

use wasmtime::{InstancePre, Linker};

use super::image::{Image, Language};
use super::reading::Budget;
use super::runtime::Counting;
use crate::error::{Error, Result};
use crate::host::stop::Stop;
use instance::Instance;
use values::Values;

/// The image of the parser, under whose name it is found.
pub(crate) const IMAGE: &str = "typescript";

/// The parser, ready to be instantiated.
pub(crate) struct Eraser(InstancePre<State>);

/// What belongs to one instance of the parser.
struct State {
    budget: Budget,
    values: Values,
    memory: Option<wasmtime::Memory>,
}

/// Why code was not read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The parser complains about the code.
    Complaint(Complaint),
    /// The run's time or memory is used up, or it was cancelled.
    Stopped(Stop),
    /// The code is nested deeper than the parser's stack.
    TooDeep,
    /// The parser failed.
    Broken(String),
}

/// What the parser says about code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    pub(crate) message: String,
    /// Line, from 1.
    pub(crate) line: u32,
    /// Column, from 0, as a terminal would show it.
    pub(crate) shown_column: u32,
}

impl Eraser {
    /// Maps the machine code of `image`, which must be that of the parser.
    ///
    /// # Errors
    ///
    /// [`Error::Image`] when it is another one, or cannot be mapped.
    pub(crate) fn new(image: &Image) -> Result<Self> {
        if image.language() != Language::TypeScript {
            let reason = "it holds no parser of TypeScript".to_owned();
            return Err(Error::Image { path: image.folder().to_owned(), reason });
        }
        let engine = image.runtime().eraser_engine()?;
        let module = image.module(engine, Counting::Nothing)?;
        let mut linker = Linker::new(engine);
        imports::add_to_linker(&mut linker, &module).map_err(internal)?;
        linker.instantiate_pre(&module).map(Self).map_err(internal)
    }

    /// The code without its types, which are spaces now: every other character is at the place where it was. The budget comes back with
    /// what reading took.
    pub(crate) async fn erase(&self, code: &str, budget: Budget) -> (Result<String, Failure>, Budget) {
        let mut instance = Instance::new(&self.0, budget);
        let read = instance.transform(&self.0, code).await;
        (read, instance.into_budget())
    }
}

fn internal(error: wasmtime::Error) -> Error {
    Error::Internal(format!("{error:#}"))
}
