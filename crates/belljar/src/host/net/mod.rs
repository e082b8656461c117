//! The network: the host speaks HTTP for the guest, with hosts that were granted, and checks every exchange from the beginning.
//!
//! The guest has no sockets and no names to look up. It hands over a request; the host checks it against the rules, looks the name up
//! once, checks the addresses, connects to one of them, and sends what it has put together itself. URL, connection, TLS and the header
//! `Host` name the same host because all are made from the one URL that was checked. Redirects are answers like others: following
//! one is another exchange.

pub(crate) mod address;
mod exchange;
pub(crate) mod policy;
pub(crate) mod request;
pub(crate) mod resolve;
pub(crate) mod rule;
mod runtime;
mod tls;
mod traffic;

use std::sync::{Arc, LazyLock};

use tokio::sync::Semaphore;

use super::audit::{Audit, Entry};
use super::meter::Meter;
use super::operations::{Answer, Failure};
use super::secrets::Secrets;
use crate::audit::AuditKind;
use crate::limits::Limits;
use exchange::Exchange;
use policy::{Policy, Refusal};
use request::HttpRequest;
use traffic::{Allowance, Traffic};

/// The most connections that a session has at once. Further exchanges wait for one.
const CONNECTIONS_MAX: usize = 16;

/// What the meter holds for an exchange besides its request: fields that wait, and the buffers of connection and encryption.
const EXCHANGE_BYTES: u64 = 256 * 1024;

/// What the meter holds for an exchange.
pub(crate) fn held_for(request: &[u8]) -> u64 {
    EXCHANGE_BYTES + 2 * request.len() as u64
}

/// What most sessions may reach.
static NOTHING: LazyLock<Arc<Policy>> = LazyLock::new(Arc::default);

/// A session's side of the network. What takes memory is made when something is sent: most sessions never do.
#[derive(Debug)]
pub(crate) struct Net {
    policy: Arc<Policy>,
    allowance: Allowance,
    line: Option<Line>,
}

/// What the exchanges of a session share.
#[derive(Debug)]
struct Line {
    traffic: Arc<Traffic>,
    connections: Arc<Semaphore>,
}

impl Default for Net {
    fn default() -> Self {
        Self::new(Arc::clone(&NOTHING))
    }
}

impl Net {
    pub(crate) fn new(policy: Arc<Policy>) -> Self {
        Self { policy, allowance: Allowance::default(), line: None }
    }

    /// Begins a run.
    pub(crate) fn begin_run(&mut self, limits: &Limits) {
        self.allowance = Allowance { requests: limits.net_requests, bytes: limits.net_bytes };
        if let Some(line) = &self.line {
            line.traffic.begin_run(self.allowance);
        }
    }

    fn line(&mut self) -> &Line {
        self.line.get_or_insert_with(|| {
            let traffic = Traffic::default();
            traffic.begin_run(self.allowance);
            Line { traffic: Arc::new(traffic), connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
        })
    }

    /// Begins an exchange. What is not granted, or cannot be sent, is refused in the answer; nothing has been looked up by then.
    pub(crate) fn begin(
        &mut self,
        meter: &mut Meter,
        secrets: Option<&Arc<Secrets>>,
        audit: &Audit,
        request: &[u8],
    ) -> Answer {
        let held = held_for(request);
        if meter.hold(held).is_err() {
            let text = "there is no memory left for a request over the network";
            audit.entry(AuditKind::Net, || "a request that was not read".to_owned()).refuse(text);
            return Answer::failed(Failure::Limit, text);
        }
        let (sender, answer) = Answer::channel(held);
        let mut told = Entry::none();
        let begun = self.admit(secrets, audit, request, &mut told).and_then(|request| {
            let Some(request) = request else { return Ok(()) };
            let told = audit.share(std::mem::replace(&mut told, Entry::none()));
            let policy = Arc::clone(&self.policy);
            let Line { traffic, connections } = self.line();
            let connections = Arc::clone(connections);
            let exchange =
                Exchange { request, policy, traffic: Arc::clone(traffic), secrets: secrets.cloned(), told };
            runtime::spawn(exchange.serve(connections, sender)).map_err(|error| {
                (Failure::Unreachable, format!("there is no thread for the network: {error}"))
            })
        });
        match begun {
            Ok(()) => answer,
            Err((failure, text)) => {
                told.refuse(&text);
                answer.instead(failure, &text)
            }
        }
    }

    /// Checks a request. None when there is nothing to send: the guest asked whether it might.
    fn admit(
        &mut self,
        secrets: Option<&Arc<Secrets>>,
        audit: &Audit,
        request: &[u8],
        told: &mut Entry,
    ) -> Result<Option<HttpRequest>, Refusal> {
        let read = HttpRequest::read(request).inspect_err(|_| {
            *told = audit.entry(AuditKind::Net, || "a request that cannot be read".to_owned());
        });
        let mut request = read.map_err(|text| (Failure::Invalid, text))?;
        *told = audit.entry(AuditKind::Net, || request.described());
        told.detail("request_bytes", || request.body.len().into());
        self.policy.check(&request)?;
        if request.method.is_none() {
            return Ok(None);
        }
        if let Some(secrets) = secrets {
            let used = secrets.put_into(&mut request).inspect_err(|text| {
                audit.entry(AuditKind::Secret, || request.place()).refuse(text);
            });
            for name in used.map_err(|text| (Failure::Denied, text))? {
                let mut used = audit.entry(AuditKind::Secret, || name);
                used.detail("host", || request.place().into());
            }
        }
        self.line().traffic.request()?;
        Ok(Some(request))
    }
}
