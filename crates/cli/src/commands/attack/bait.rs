//! What code must not reach, laid out anew for each case: a file, a folder, a port and a variable of this machine. Whether it was reached is
//! seen here, and not in what a sandbox says.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::exit::Failure;

/// The variable that every sandbox is started with.
const VARIABLE: &str = "BELLJAR_ATTACK_CANARY";

/// Something to be reached.
pub(super) struct Bait {
    /// Our own place, which nobody is told of.
    place: PathBuf,
    folder: PathBuf,
    file: PathBuf,
    /// What is in the file.
    content: String,
    /// What the variable holds.
    secret: String,
    connections: TcpListener,
    datagrams: Option<UdpSocket>,
    port: u16,
}

impl Bait {
    /// Lays it out.
    pub(super) fn lay() -> Result<Self, Failure> {
        let (content, secret) = (nonce()?, nonce()?);
        let place = std::env::temp_dir().join(format!("belljar-attack-{}", nonce()?));
        let folder = place.join("bait");
        let file = folder.join("canary.py");
        let doing = |what: &str| format!("cannot make {what}");
        let listening = |error| Failure::system("cannot listen on this machine", error);
        fs::create_dir_all(&folder)
            .map_err(|error| Failure::system(doing(&folder.display().to_string()), error))?;
        // It can be imported, too, and then raises what it holds.
        fs::write(&file, format!("raise SystemError('{content}')\n"))
            .map_err(|error| Failure::system(doing(&file.display().to_string()), error))?;
        let connections = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(listening)?;
        connections.set_nonblocking(true).map_err(listening)?;
        let port = connections.local_addr().map_err(listening)?.port();
        // Somebody else may have the port for datagrams; then none is waited for.
        let datagrams = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok();
        if let Some(datagrams) = &datagrams {
            datagrams.set_nonblocking(true).map_err(listening)?;
        }
        Ok(Self { place, folder, file, content, secret, connections, datagrams, port })
    }

    /// Tells a sandbox of the variable, as whoever starts one may have secrets there.
    pub(super) fn show(&self, command: &mut Command) {
        command.env(VARIABLE, &self.secret);
    }

    /// Where a file can be left that goes when this does.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// A program that knows what there is to be reached.
    pub(super) fn point(&self, code: &str) -> String {
        code.replace("@FILE@", &self.file.to_string_lossy())
            .replace("@FOLDER@", &self.folder.to_string_lossy())
            .replace("@PORT@", &self.port.to_string())
    }

    /// What was reached, if anything was: seen in what came back, and on this machine.
    pub(super) fn reached<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Vec<String> {
        let mut reached = Vec::new();
        for text in texts {
            for (what, bait) in [("a file", &self.content), ("the environment", &self.secret)] {
                if text.contains(bait.as_str()) {
                    reached.push(format!("it read {what} of this machine"));
                }
            }
        }
        match fs::read_to_string(&self.file) {
            Ok(text) if text.contains(&self.content) && text.lines().count() == 1 => {}
            _ => reached.push("it changed a file of this machine".to_owned()),
        }
        let there = fs::read_dir(&self.folder).map_or(0, Iterator::count);
        if there != 1 {
            reached.push("it made or removed a file of this machine".to_owned());
        }
        if self.connections.accept().is_ok() {
            reached.push("it connected to a port of this machine".to_owned());
        }
        let heard = self.datagrams.as_ref().map(|datagrams| datagrams.recv(&mut [0; 16]));
        if heard.is_some_and(|heard| heard.is_ok_and(|count| count > 0)) {
            reached.push("it sent a datagram to a port of this machine".to_owned());
        }
        reached.dedup();
        reached
    }
}

impl Drop for Bait {
    fn drop(&mut self) {
        // A folder of temporary files that stays behind does no harm.
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// A text that nobody can guess.
pub(super) fn nonce() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .map_err(|error| Failure::system("cannot draw random numbers", error.into()))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn whatever_is_reached_is_seen() {
        let bait = Bait::lay().expect("this machine has temporary files");
        let none = || std::iter::empty();
        assert!(bait.reached(none()).is_empty());
        let code = bait.point("open('@FILE@') and connect(@PORT@)");
        assert!(code.contains(&*bait.file.to_string_lossy()) && !code.contains('@'));
        let text = fs::read_to_string(&bait.file).expect("it is there");
        assert_eq!(bait.reached([text.as_str()].into_iter()), ["it read a file of this machine"]);
        let secret = format!("x{}x", bait.secret);
        assert_eq!(bait.reached([secret.as_str()].into_iter()), ["it read the environment of this machine"]);
        let connected = TcpStream::connect((Ipv4Addr::LOCALHOST, bait.port));
        assert_eq!(bait.reached(none()), ["it connected to a port of this machine"]);
        drop(connected);
        fs::write(bait.folder.join("made"), "").expect("the folder is ours");
        assert_eq!(bait.reached(none()), ["it made or removed a file of this machine"]);
        fs::remove_file(bait.folder.join("made")).expect("it is there");
        fs::write(&bait.file, "").expect("it is ours");
        assert_eq!(bait.reached(none()), ["it changed a file of this machine"]);
    }
}
