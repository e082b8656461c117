//! The way to another server: started when it is first needed, and again after it has died.

use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rmcp::model::{CallToolRequestParams, CallToolResult, JsonObject, PaginatedRequestParams, Tool};
use rmcp::service::{Peer, RoleClient, RunningService, ServiceExt};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::{BEGIN_TIME, CALL_TIME, LINE_BYTES_MAX, Place, TOOLS_MAX, Upstream, UpstreamProblem};

/// How long a server that has died is left alone before it is started again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// How many pages of a list of tools are asked for.
const PAGES_MAX: usize = 50;

/// A server that may be there. Cheap to clone, all clones leading to the same one.
#[derive(Clone)]
pub(super) struct Link(Arc<Inner>);

struct Inner {
    upstream: Upstream,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: Option<Running>,
    begun: Option<Instant>,
}

/// What speaks with it, and its process, if it is one, which ends with this.
struct Running {
    service: RunningService<RoleClient, ()>,
    _process: Option<Child>,
}

impl Link {
    pub(super) fn new(upstream: Upstream) -> Self {
        Self(Arc::new(Inner { upstream, state: Mutex::default() }))
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.0.upstream
    }

    /// Its tools: as many pages of them as a server with an honest list has.
    pub(super) async fn list(&self) -> Result<Vec<Tool>, UpstreamProblem> {
        let peer = self.peer().await?;
        let (mut tools, mut request) = (Vec::new(), PaginatedRequestParams::default());
        for _ in 0..PAGES_MAX {
            let listed = peer.list_tools(Some(request.clone())).await;
            let listed = listed.map_err(|error| self.problem(error.to_string()))?;
            tools.extend(listed.tools);
            request.cursor = listed.next_cursor;
            if request.cursor.is_none() || tools.len() > TOOLS_MAX {
                break;
            }
        }
        Ok(tools)
    }

    /// Calls one. Who gives up (the run is over) cancels it there as well.
    pub(super) async fn call(&self, tool: &str, arguments: JsonObject) -> Result<CallToolResult, String> {
        let call = async {
            let peer = self.peer().await.map_err(|problem| problem.to_string())?;
            let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
            peer.call_tool(request)
                .await
                .map_err(|error| format!("the MCP server {}: {error}", self.0.upstream.name))
        };
        let late = |_| {
            Err(format!("the MCP server {} took longer than {} s", self.0.upstream.name, CALL_TIME.as_secs()))
        };
        tokio::time::timeout(CALL_TIME, call).await.unwrap_or_else(late)
    }

    /// Whoever is at the other end, started anew if need be.
    async fn peer(&self) -> Result<Peer<RoleClient>, UpstreamProblem> {
        let mut state = self.0.state.lock().await;
        if let Some(Running { service, .. }) = &state.running
            && !service.is_closed()
            && !service.peer().is_transport_closed()
        {
            return Ok(service.peer().clone());
        }
        if state.begun.is_some_and(|begun| begun.elapsed() < AGAIN_AFTER) {
            return Err(self.problem("it has ended, and is started again in a moment".to_owned()));
        }
        state.running = None;
        state.begun = Some(Instant::now());
        let begun = tokio::time::timeout(BEGIN_TIME, self.start()).await;
        let late = UpstreamProblem::Late { name: self.0.upstream.name.clone() };
        let running = begun.unwrap_or(Err(late))?;
        let peer = running.service.peer().clone();
        state.running = Some(running);
        Ok(peer)
    }

    async fn start(&self) -> Result<Running, UpstreamProblem> {
        match &self.0.upstream.place {
            Place::Program(command) => self.start_program(command).await,
            Place::Http { url, token } => self.reach(url, token.as_deref()).await,
        }
    }

    async fn start_program(&self, command: &[String]) -> Result<Running, UpstreamProblem> {
        let Some((program, arguments)) = command.split_first() else {
            return Err(self.problem("there is no program to start".to_owned()));
        };
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.problem(format!("cannot start {program}: {error}")))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.problem("it has no standard input and output".to_owned()));
        };
        let transport = AsyncRwTransport::new_client(output, input).with_max_line_length(LINE_BYTES_MAX);
        let service = ().serve(transport).await.map_err(|error| self.problem(error.to_string()))?;
        Ok(Running { service, _process: Some(child) })
    }

    async fn reach(&self, url: &str, token: Option<&str>) -> Result<Running, UpstreamProblem> {
        // If there is a provider already, it is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // What it says is meant for the address that was named, and so is the token.
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|error| self.problem(error.to_string()))?;
        let mut config = StreamableHttpClientTransportConfig::with_uri(url);
        config.auth_header = token.map(str::to_owned);
        (config.max_sse_event_size, config.max_json_response_size) = (LINE_BYTES_MAX, LINE_BYTES_MAX);
        let transport = StreamableHttpClientTransport::with_client(client, config);
        let service = ().serve(transport).await.map_err(|error| self.problem(error.to_string()))?;
        Ok(Running { service, _process: None })
    }

    fn problem(&self, reason: String) -> UpstreamProblem {
        // A stranger's words, short enough to be shown.
        let reason = reason.chars().take(500).collect();
        UpstreamProblem::Begin { name: self.0.upstream.name.clone(), reason }
    }
}
