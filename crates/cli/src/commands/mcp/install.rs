//! `belljar mcp install`: how a client is told of this server.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::exit::Failure;
use crate::render;

/// The largest configuration that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// What the server finds its images and its policy with. Clients hand down few variables, or none.
const VARIABLES: [&str; 2] = ["XDG_CACHE_HOME", "BELLJAR_POLICY"];

/// Which client, and what the server is started with.
#[derive(Args)]
pub(crate) struct InstallArgs {
    /// The client
    #[arg(value_enum)]
    client: Client,
    /// Write it into the client's configuration, instead of printing it
    #[arg(long)]
    write: bool,
    /// The configuration file, where it is not in its usual place
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the client calls the server
    #[arg(long, value_name = "NAME", default_value = "belljar")]
    name: String,
    /// What `belljar mcp` is started with
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<String>,
}

/// Clients whose configuration is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Claude Desktop
    ClaudeDesktop,
    /// Claude Code, for the project in this directory
    ClaudeCode,
    /// Cursor
    Cursor,
    /// Visual Studio Code, for the project in this directory
    Vscode,
    /// Windsurf
    Windsurf,
    /// Gemini CLI
    GeminiCli,
    /// Zed
    Zed,
}

impl Client {
    /// Where its configuration lies: below the home directory, or below this one.
    fn place(self) -> (Place, &'static str) {
        match self {
            Self::ClaudeDesktop => (Place::Home, ".config/Claude/claude_desktop_config.json"),
            Self::ClaudeCode => (Place::Here, ".mcp.json"),
            Self::Cursor => (Place::Home, ".cursor/mcp.json"),
            Self::Vscode => (Place::Here, ".vscode/mcp.json"),
            Self::Windsurf => (Place::Home, ".codeium/windsurf/mcp_config.json"),
            Self::GeminiCli => (Place::Home, ".gemini/settings.json"),
            Self::Zed => (Place::Home, ".config/zed/settings.json"),
        }
    }

    /// Under which key it keeps servers.
    fn key(self) -> &'static str {
        match self {
            Self::ClaudeDesktop | Self::ClaudeCode | Self::Cursor | Self::Windsurf | Self::GeminiCli => {
                "mcpServers"
            }
            Self::Vscode => "servers",
            Self::Zed => "context_servers",
        }
    }

    /// A server as it is written there.
    fn entry(self, program: &str, arguments: &[String]) -> Value {
        let (kind, value) = match self {
            Self::Vscode => ("type", "stdio"),
            Self::Zed => ("source", "custom"),
            Self::ClaudeDesktop | Self::ClaudeCode | Self::Cursor | Self::Windsurf | Self::GeminiCli => {
                return json!({ "command": program, "args": arguments, "env": environment() });
            }
        };
        json!({ kind: value, "command": program, "args": arguments, "env": environment() })
    }
}

/// Those of the variables that are set here.
fn environment() -> Map<String, Value> {
    let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), value(name)?.into()))).collect()
}

enum Place {
    Home,
    Here,
}

/// Prints or writes a client's configuration.
pub(super) fn install(args: &InstallArgs) -> Result<ExitCode, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::system("cannot tell where this program is", error))?;
    let program = program
        .to_str()
        .ok_or_else(|| Failure::usage("the path of this program is not text", "install it elsewhere"))?;
    let mut arguments = vec!["mcp".to_owned()];
    arguments.extend(args.arguments.iter().cloned());
    let entry = args.client.entry(program, &arguments);
    if !args.write {
        let whole = json!({ args.client.key(): { args.name.as_str(): entry } });
        let file = file(args)?;
        render::note(&format!("this belongs into {}; --write puts it there", file.display()));
        return render::print(format!("{whole:#}\n").as_bytes()).map(|()| ExitCode::SUCCESS);
    }
    let file = file(args)?;
    let mut whole = read(&file)?;
    let servers = whole.entry(args.client.key()).or_insert_with(|| json!({}));
    let Some(servers) = servers.as_object_mut() else {
        let message = format!("{}: `{}` is no object", file.display(), args.client.key());
        return Err(Failure::usage(message, "leave --write out, and put it there yourself"));
    };
    servers.insert(args.name.clone(), entry);
    write(&file, &Value::Object(whole))?;
    render::note(&format!("{} knows {} now; start the client anew", file.display(), args.name));
    Ok(ExitCode::SUCCESS)
}

fn file(args: &InstallArgs) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    let (place, path) = args.client.place();
    match place {
        Place::Here => Ok(PathBuf::from(path)),
        Place::Home => match std::env::var_os("HOME").filter(|home| !home.is_empty()) {
            Some(home) => Ok(Path::new(&home).join(path)),
            None => Err(Failure::usage("there is no home directory", "name the configuration with --file")),
        },
    }
}

/// What the configuration says now: nothing, where there is none.
fn read(file: &Path) -> Result<Map<String, Value>, Failure> {
    let cannot = |error| Failure::system(format!("cannot read {}", file.display()), error);
    let text = match fs::metadata(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Map::new()),
        Err(error) => return Err(cannot(error)),
        Ok(seen) if seen.len() > FILE_BYTES_MAX => {
            return Err(Failure::usage(
                format!("{} is too large", file.display()),
                "name another file with --file",
            ));
        }
        Ok(_) => fs::read_to_string(file).map_err(cannot)?,
    };
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    // One with comments in it would lose them.
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("{} is not plain JSON: {error}", file.display());
        Failure::usage(message, "leave --write out, and put it there yourself")
    })
}

/// Puts the new configuration in the place of the old one, whole or not at all.
fn write(file: &Path, whole: &Value) -> Result<(), Failure> {
    let cannot = |error| Failure::system(format!("cannot write {}", file.display()), error);
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(cannot)?;
    }
    let beside = file.with_extension(format!("belljar-{}", std::process::id()));
    let written = fs::File::create_new(&beside)
        .and_then(|mut new| {
            if let Ok(old) = fs::metadata(&file) {
                new.set_permissions(old.permissions())?;
            }
            new.write_all(format!("{whole:#}\n").as_bytes())?;
            new.sync_all()
        })
        .and_then(|()| fs::rename(&beside, &file));
    written.map_err(|error| {
        // What is left of it is of no use.
        let _ = fs::remove_file(&beside);
        cannot(error)
    })
}
