//! What a worker is told of the grants of a jar: as much as a session must know to work, and nothing that it could use by itself. No path of the
//! host, no rule of the network, no value of a secret.

use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::grants::Grants;
use crate::host::secrets::Secret;
use crate::mount::{Mount, MountMode};
use crate::tool::{GrantedTool, Tool, Work};

/// Grants as a worker knows them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Granted {
    seed: Option<u64>,
    files: Vec<(String, ByteBuf)>,
    mounts: Vec<GrantedMount>,
    /// What each secret is bound to, as it is written.
    secrets: Vec<String>,
    tools: Vec<ToldTool>,
}

#[derive(Debug, Serialize, Deserialize)]
struct GrantedMount {
    destination: String,
    mode: Mode,
    open_files_max: u32,
    protects: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Mode {
    ReadOnly,
    ReadWrite,
    CopyOnWrite,
}

#[derive(Debug, Serialize, Deserialize)]
struct ToldTool {
    name: String,
    about: String,
    /// Schemas, as JSON.
    parameters: String,
    returns: Option<String>,
    awaited: bool,
    of_the_caller: bool,
    result_bytes_max: u64,
}

impl Granted {
    /// What is told of these grants.
    pub(crate) fn of(grants: &Grants) -> Self {
        Self {
            seed: grants.seed,
            files: grants
                .files
                .iter()
                .map(|file| (file.path.clone(), ByteBuf::from(&*file.content)))
                .collect(),
            mounts: grants.mounts.iter().map(GrantedMount::of).collect(),
            secrets: grants.secrets.iter().map(ToString::to_string).collect(),
            tools: grants.tools.values().map(|tool| ToldTool::of(&tool.tool)).collect(),
        }
    }

    /// The grants of a jar in the worker.
    ///
    /// # Errors
    ///
    /// When the parent told of something that cannot be.
    pub(crate) fn into_grants(self) -> Result<Grants> {
        let mut grants = Grants { seed: self.seed, ..Grants::default() };
        for (path, content) in self.files {
            grants = grants.file(path, content.into_vec());
        }
        grants.mounts = self.mounts.into_iter().map(GrantedMount::into_mount).collect();
        grants.secrets =
            self.secrets.iter().map(|secret| Secret::unknown(secret)).collect::<Result<Vec<_>>>()?;
        for tool in self.tools {
            let tool = Arc::new(GrantedTool::new(tool.into_tool()?)?);
            Arc::make_mut(&mut grants.tools).insert(tool.tool.name.clone(), tool);
        }
        Ok(grants)
    }
}

impl GrantedMount {
    fn of(mount: &Mount) -> Self {
        let mode = match mount.mode {
            MountMode::ReadOnly => Mode::ReadOnly,
            MountMode::ReadWrite => Mode::ReadWrite,
            MountMode::CopyOnWrite => Mode::CopyOnWrite,
        };
        let Mount { destination, open_files_max, protects, .. } = mount;
        Self { destination: destination.clone(), mode, open_files_max: *open_files_max, protects: *protects }
    }

    fn into_mount(self) -> Mount {
        let source = PathBuf::new();
        let mount = match self.mode {
            Mode::ReadOnly => Mount::read_only(source, self.destination),
            Mode::ReadWrite => Mount::read_write(source, self.destination),
            Mode::CopyOnWrite => Mount::copy_on_write(source, self.destination),
        };
        Mount { protects: self.protects, ..mount.open_files_max(self.open_files_max) }
    }
}

impl ToldTool {
    fn of(tool: &Tool) -> Self {
        Self {
            name: tool.name.clone(),
            about: tool.about.clone(),
            parameters: tool.parameters.to_string(),
            returns: tool.returns.as_ref().map(Value::to_string),
            awaited: tool.is_awaited(),
            of_the_caller: tool.work.is_of_the_caller(),
            result_bytes_max: tool.result_bytes_max,
        }
    }

    fn into_tool(self) -> Result<Tool> {
        let wrong =
            |error: serde_json::Error| Error::Tool { name: self.name.clone(), reason: error.to_string() };
        let returns = self.returns.as_deref().map(serde_json::from_str).transpose().map_err(wrong)?;
        let parameters = serde_json::from_str(&self.parameters).map_err(wrong)?;
        let work =
            if self.of_the_caller { Work::OfTheCaller } else { Work::Elsewhere { awaited: self.awaited } };
        let tool = Tool::answered_by_caller(self.name).about(self.about).parameters(parameters);
        // What its own process gives is held against the schema there.
        let checks_result = self.of_the_caller;
        Ok(Tool { returns, checks_result, work, ..tool.result_bytes_max(self.result_bytes_max) })
    }
}
