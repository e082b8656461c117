//! `file_write`, `file_read` and `file_list`: the files of a session, as its code sees them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use belljar::DirectoryEntry;

use super::{Called, Caller, blocking, told};
use crate::arguments::{Encoding, FileList, FileRead, FileWrite};
use crate::refusal::Refusal;
use crate::results::{ListedFiles, ReadFile, WrittenFile};

/// The largest file that is handed out in one piece.
pub(crate) const READ_BYTES_MAX: usize = 1 << 20;

pub(crate) async fn write(caller: &Caller<'_>, arguments: FileWrite) -> Called {
    let FileWrite { session, path, content, encoding } = arguments;
    let content = match encoding {
        Encoding::Text => content.into_bytes(),
        Encoding::Base64 => STANDARD.decode(content).map_err(|error| {
            Refusal::new(
                format!("the content is not base64: {error}"),
                "give text as it is, with the encoding text",
            )
        })?,
    };
    let kept = caller.shared.handles.find(caller.owner, &session)?;
    let lease = kept.lease().await?;
    let (session, written) = (lease.session(), WrittenFile { path, size_bytes: content.len() });
    let path = written.path.clone();
    blocking(move || session.write_file(&path, &content)).await?;
    told(format!("wrote {} ({} bytes)", written.path, written.size_bytes), &written)
}

pub(crate) async fn read(caller: &Caller<'_>, arguments: FileRead) -> Called {
    let FileRead { session, path, encoding } = arguments;
    let kept = caller.shared.handles.find(caller.owner, &session)?;
    let lease = kept.lease().await?;
    let bytes = {
        let (session, path) = (lease.session(), path.clone());
        blocking(move || session.read_file(&path)).await?
    };
    let size_bytes = bytes.len();
    if size_bytes > READ_BYTES_MAX {
        let message = format!("{path} has {size_bytes} bytes, and {READ_BYTES_MAX} can be read at once");
        return Err(Refusal::new(message, "let code in the session read it in pieces"));
    }
    let content = match encoding {
        Encoding::Base64 => STANDARD.encode(&bytes),
        Encoding::Text => String::from_utf8(bytes)
            .map_err(|_| Refusal::new(format!("{path} is not text"), "read it with the encoding base64"))?,
    };
    told(content.clone(), &ReadFile { path, size_bytes, content })
}

pub(crate) async fn list(caller: &Caller<'_>, arguments: FileList) -> Called {
    let FileList { session, path } = arguments;
    let kept = caller.shared.handles.find(caller.owner, &session)?;
    let lease = kept.lease().await?;
    let entries = {
        let (session, path) = (lease.session(), path.clone());
        blocking(move || session.list_files(&path)).await?
    };
    let lines: Vec<String> = entries.iter().map(line).collect();
    let text = if lines.is_empty() { format!("{path} is empty") } else { lines.join("\n") };
    told(text, &ListedFiles { path, entries })
}

fn line(entry: &DirectoryEntry) -> String {
    match entry.is {
        belljar::FileKind::File => format!("{} ({} bytes)", entry.name, entry.size_bytes),
        belljar::FileKind::Directory => format!("{}/", entry.name),
        belljar::FileKind::Link => format!("{} (a link)", entry.name),
    }
}
