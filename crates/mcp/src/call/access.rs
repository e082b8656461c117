//! `access_request`: a wider grant, if the person at the client agrees and whoever runs the server lets him be asked.

use belljar::{Mount, MountMode, Reach};

use super::{Called, Caller, blocking, told};
use crate::arguments::{AccessRequest, Language};
use crate::own::widened;
use crate::person::{Said, ask, quoted};
use crate::refusal::Refusal;
use crate::results::GrantedAccess;

/// The most that is asked for at once: a person must be able to read it.
const ENTRIES_MAX: usize = 8;

/// How much of the reason is shown, in characters.
const REASON_MAX: usize = 300;

pub(crate) async fn request(caller: &Caller<'_>, arguments: AccessRequest) -> Called {
    let askable = &caller.shared.settings.askable;
    let asked = admitted(askable, &arguments)?;
    if !caller.owner.is_one() {
        return Err(Refusal::new(
            "access is granted to one client, and this one cannot be told from others",
            "whoever runs the server can give it a token",
        ));
    }
    // What cannot be had need not be asked for.
    let mut languages = [Language::Python, Language::Javascript].into_iter();
    if let Some(jar) = languages.find_map(|language| caller.shared.jar(caller.owner, language).ok()) {
        let jar = widened(&jar, &asked);
        blocking(move || jar.session()).await?;
    }
    match ask(question(&asked, &arguments.reason)).await {
        Said::Yes => {}
        Said::No => {
            return Err(Refusal::new("the user did not agree", "do without, or tell the user what for"));
        }
        Said::Nothing => {
            let message = "this client cannot ask its user";
            return Err(Refusal::new(message, "whoever runs the server can grant it at the start"));
        }
    }
    let granted = GrantedAccess {
        hosts: asked.net.iter().map(ToString::to_string).collect(),
        mounts: asked.mounts.iter().map(ToString::to_string).collect(),
    };
    let lines: Vec<&str> = granted.hosts.iter().chain(&granted.mounts).map(String::as_str).collect();
    let text = format!("granted, for sessions and runs that begin now:\n{}", lines.join("\n"));
    caller.shared.owns.widen(caller.owner, asked);
    told(text, &granted)
}

/// What is asked for, if it may be.
fn admitted(askable: &Reach, arguments: &AccessRequest) -> Result<Reach, Refusal> {
    let count = arguments.hosts.len() + arguments.mounts.len();
    if count == 0 || count > ENTRIES_MAX {
        let message = format!("{count} hosts and mounts are asked for");
        return Err(Refusal::new(message, format!("ask for 1 to {ENTRIES_MAX}")));
    }
    let asked = Reach {
        net: arguments.hosts.iter().map(|text| text.parse()).collect::<belljar::Result<_>>()?,
        mounts: arguments.mounts.iter().map(|text| text.parse()).collect::<belljar::Result<_>>()?,
        ..Reach::default()
    };
    askable.part(&asked).map_err(|uncovered| {
        let hint = "whoever runs the server says what may be asked for, with --ask-net and --ask-mount";
        Refusal::new(format!("{uncovered} may not be asked for"), hint)
    })
}

/// What the person reads.
fn question(asked: &Reach, reason: &str) -> String {
    let mount = |mount: &Mount| {
        let mode = match mount.mode() {
            MountMode::ReadOnly => "to read",
            MountMode::ReadWrite => "to read and to CHANGE",
            MountMode::CopyOnWrite => "to read, and to change in memory only",
        };
        format!("- the directory {}, {mode}", quoted(&mount.source().display().to_string(), 4096))
    };
    let mut lines = vec!["May code that the model writes from now on reach this?".to_owned()];
    lines.extend(asked.net.iter().map(|rule| format!("- over the network: {rule}")));
    lines.extend(asked.mounts.iter().map(mount));
    lines.push(format!("The model says what for: {}", quoted(reason, REASON_MAX)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(hosts: &[&str], mounts: &[String]) -> AccessRequest {
        let hosts = hosts.iter().map(ToString::to_string).collect();
        AccessRequest { hosts, mounts: mounts.to_vec(), reason: "to\nsee".to_owned() }
    }

    #[test]
    fn only_what_may_be_asked_for_is() {
        let folder = std::env::temp_dir().canonicalize().unwrap();
        let mount = |mode| format!("{}:/work/x:{mode}", folder.display());
        let askable = Reach {
            net: vec!["*.example.com".parse().unwrap()],
            mounts: vec![mount("cow").parse().unwrap()],
            ..Reach::default()
        };
        let reach = admitted(&askable, &asked(&["api.example.com"], &[])).unwrap();
        assert_eq!((reach.net.len(), reach.mounts.len()), (1, 0), "and nothing else");
        let reach = admitted(&askable, &asked(&[], &[mount("ro")])).unwrap();
        assert_eq!((reach.net.len(), reach.mounts.len()), (0, 1));
        let text = question(&reach, "to\nsee");
        assert!(text.contains(", to read\n") && text.ends_with("\u{ab}to\\u{a}see\u{bb}"), "{text}");
        for wrong in [
            asked(&[], &[]),
            asked(&["example.com"], &[]),
            asked(&["*.com"], &[]),
            asked(&[], &[mount("rw")]),
            asked(&[], &["/:/work/x:ro".to_owned()]),
            asked(&["a.example.com"; 9], &[]),
        ] {
            assert!(admitted(&askable, &wrong).is_err(), "{wrong:?}");
        }
        assert!(admitted(&Reach::default(), &asked(&["api.example.com"], &[])).is_err());
    }
}
