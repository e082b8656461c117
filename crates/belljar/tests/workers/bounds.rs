//! Bounds that the kernel holds for a worker as a whole, on machines that have them and on machines that do not.

use std::time::Duration;

use belljar::{Error, Image, Jar, Lack, Layer, Layers, Limits, MIB, Runtime, Standing, Workers};

use crate::crashes::crashed;
use crate::log;
use crate::shared::{pid, plain, repr, until};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    bounds::a_worker_that_uses_more_memory_than_it_may_is_a_crash_and_the_log_says_why,
    bounds::a_worker_is_ended_before_others_when_memory_runs_out,
];

/// So much memory is not enough for a run that may have more.
const FEW_BYTES: u64 = 192 * MIB;

/// So few sessions need few addresses: small machines, on which this can be tried, do not have many.
const FEW_SESSIONS: u32 = 8;

/// Uses a gigabyte, and holds on to it.
const GREEDY: &str = "x = []\nfor _ in range(1024): x.append(bytearray(b'x') * 1048576)";

/// The kernel bounds workers only where control groups are delegated to this test, which is `systemd-run --user --scope -p Delegate=yes`, or root's.
/// Elsewhere what is shown is that nothing runs without the bound.
pub(crate) fn a_worker_that_uses_more_memory_than_it_may_is_a_crash_and_the_log_says_why() {
    let workers = Workers::builder(1).sessions_max(FEW_SESSIONS).memory_max_bytes(FEW_BYTES).build();
    let limits = Limits { memory_bytes: 2048 * MIB, time_ms: 120_000, ..Limits::default() };
    let image = Image::open(&Runtime::new(FEW_SESSIONS).unwrap(), "python").unwrap();
    let jar = Jar::new(image).unwrap().with_limits(limits).unwrap();
    if let Standing::Missing(lack) = Layers::probe().standing(Layer::ControlGroup) {
        println!("partly skipped: no worker can be bounded here ({lack})");
        let refused = jar.in_workers(&workers).unwrap_err();
        let Error::Jail { missing } = &refused else { panic!("{refused:?}") };
        assert_eq!(missing, &[(Layer::ControlGroup, lack)]);
        assert_eq!(refused.to_string(), format!("the jail cannot be closed: control group: {lack}"));
        if lack == Lack::NotDelegated {
            assert!(refused.hint().unwrap().contains("Delegate=yes"));
        }
        assert!(workers.processes().is_empty());
        return;
    }
    let jar = jar.in_workers(&workers).unwrap();
    let first = pid(&workers);
    let group = std::fs::read_to_string(format!("/proc/{first}/cgroup")).unwrap();
    let group = group.lines().find_map(|line| line.strip_prefix("0::")).unwrap().to_owned();
    assert!(group.contains("/belljar-worker-"), "{group}");
    let fault = crashed(&jar.run_blocking(GREEDY).unwrap());
    let line = log::line_with(&fault);
    assert!(line.contains("used more memory than it may (`memory_max_bytes`)"), "{line}");
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
    assert_ne!(pid(&workers), first);
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let place = mounts.lines().find(|line| line.contains(" - cgroup2 ")).unwrap();
    let folder = format!("{}{group}", place.split(' ').nth(4).unwrap());
    until(Duration::from_secs(5), || !std::path::Path::new(&folder).exists());
}

pub(crate) fn a_worker_is_ended_before_others_when_memory_runs_out() {
    let workers = Workers::new(1);
    let _jar = plain("microjs").in_workers(&workers).unwrap();
    let score = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", pid(&workers))).unwrap();
    assert_eq!(score.trim(), "1000");
}
