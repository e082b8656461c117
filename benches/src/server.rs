//! A server on this machine for figures that speak HTTP: the same short answer to everything, one connection after the other.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use anyhow::{Context, Result};

/// What it answers.
const BODY: &str = "ready";

/// Serves until this process ends, and says on which port.
pub(crate) fn start() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening on this machine")?;
    let port = listener.local_addr().context("asking for the port")?.port();
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // A client that goes away spoils its own sample only.
            let _ = answer(stream);
        }
    });
    Ok(port)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut line = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    let length = BODY.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{BODY}")
}
