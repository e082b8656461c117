//! Who gets a worker when there are fewer than are asked for.

use std::sync::Mutex;
use std::time::Duration;

use belljar::{Error, SnapshotKey, Workers};

use crate::shared::{block_on, plain, repr, until};
use crate::tests;

pub(crate) const TESTS: &[crate::Test] = tests![
    scheduling::tenants_take_turns,
    scheduling::a_full_queue_is_told,
    scheduling::another_image_makes_another_worker_and_ends_no_session,
    scheduling::idle_sessions_rest_and_wake_when_there_are_more_than_fit,
    scheduling::idle_sessions_rest_while_there_is_too_much_memory,
    scheduling::no_process_works_for_two_tenants,
];

pub(crate) fn tenants_take_turns() {
    let workers = Workers::builder(1).runs_max(1).build();
    let of = |tenant: &str| {
        let key = SnapshotKey::new([1; 32]).tenant(tenant);
        plain("microjs").with_snapshot_key(key).in_workers(&workers).unwrap()
    };
    let (greedy, modest) = (of("greedy"), of("modest"));
    let order = Mutex::new(Vec::new());
    block_on(async {
        let blocker = greedy.run("var t = Date.now(); while (Date.now() - t < 200) {}");
        let runs = |jar: belljar::Jar, name: &'static str, count: usize| {
            let order = &order;
            async move {
                let run = |_| async {
                    jar.run("1").await.unwrap();
                    order.lock().unwrap().push(name);
                };
                join_all((0..count).map(run)).await;
            }
        };
        let first = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            runs(greedy.clone(), "greedy", 20).await;
        };
        let second = async {
            tokio::time::sleep(Duration::from_millis(60)).await;
            runs(modest.clone(), "modest", 3).await;
        };
        let (blocked, (), ()) = tokio::join!(blocker, first, second);
        blocked.unwrap();
    });
    let order = order.into_inner().unwrap();
    let last_modest = order.iter().rposition(|name| *name == "modest").unwrap();
    assert!(last_modest < 8, "{order:?}");
}

/// Drives all of them at once.
async fn join_all<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(|context| {
        for slot in &mut futures {
            if slot.as_mut().is_some_and(|future| future.as_mut().poll(context).is_ready()) {
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

pub(crate) fn a_full_queue_is_told() {
    let workers = Workers::builder(1).runs_max(1).queue_max(2).build();
    let jar = plain("microjs").in_workers(&workers).unwrap();
    block_on(async {
        let long = || jar.run("var t = Date.now(); while (Date.now() - t < 300) {}");
        let refused = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let refused = jar.run("1").await.unwrap_err();
            assert!(matches!(refused, Error::Overloaded { most: 2 }), "{refused:?}");
            assert_eq!(refused.to_string(), "all workers are busy, and 2 runs wait for one already");
        };
        let (one, two, three, ()) = tokio::join!(long(), long(), long(), refused);
        assert!(one.is_ok() && two.is_ok() && three.is_ok());
    });
    assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
}

pub(crate) fn another_image_makes_another_worker_and_ends_no_session() {
    let workers = Workers::new(1);
    let javascript = plain("javascript").in_workers(&workers).unwrap();
    let session = javascript.session().unwrap();
    session.run_blocking("let n = 1").unwrap();
    let python = plain("python").in_workers(&workers).unwrap();
    assert_eq!(repr(&python.run_blocking("6 * 7").unwrap()), "42");
    assert_eq!(workers.processes().len(), 2, "the one with a session stays");
    assert_eq!(repr(&session.run_blocking("n + 1").unwrap()), "2");
    assert_eq!(repr(&javascript.run_blocking("6 * 7").unwrap()), "42");
    drop(session);
    until(Duration::from_secs(5), || workers.processes().len() == 1);
}

pub(crate) fn idle_sessions_rest_and_wake_when_there_are_more_than_fit() {
    let workers = Workers::builder(2).sessions_max(3).build();
    let jar = plain("javascript").in_workers(&workers).unwrap();
    let sessions: Vec<_> = (0..40).map(|_| jar.session().unwrap()).collect();
    for (number, session) in sessions.iter().enumerate() {
        session.run_blocking(format!("let n = {number}")).unwrap();
    }
    for round in 1..3 {
        for (number, session) in sessions.iter().enumerate() {
            assert_eq!(
                repr(&session.run_blocking("n += 1000").unwrap()),
                (round * 1000 + number).to_string()
            );
        }
    }
    assert!(workers.processes().iter().all(|process| process.sessions <= 3), "{:?}", workers.processes());
}

pub(crate) fn idle_sessions_rest_while_there_is_too_much_memory() {
    let workers = Workers::builder(1).memory_mark_bytes(1).build();
    let jar = plain("javascript").in_workers(&workers).unwrap();
    let sessions: Vec<_> = (0..5).map(|_| jar.session().unwrap()).collect();
    for session in &sessions {
        session.run_blocking("let n = 1").unwrap();
    }
    assert!(workers.processes()[0].sessions < 5, "{:?}", workers.processes());
    for session in &sessions {
        assert_eq!(repr(&session.run_blocking("n + 1").unwrap()), "2");
    }
}

pub(crate) fn no_process_works_for_two_tenants() {
    let workers = Workers::builder(1).tenant_per_process().build();
    let of = |tenant: &str| {
        let key = SnapshotKey::new([1; 32]).tenant(tenant);
        plain("microjs").with_snapshot_key(key).in_workers(&workers).unwrap()
    };
    let process = |jar: &belljar::Jar| {
        assert_eq!(repr(&jar.run_blocking("6 * 7").unwrap()), "42");
        workers.processes()[0].id
    };
    let (alice, bob) = (of("alice"), of("bob"));
    let first = process(&alice);
    assert_eq!(process(&alice), first, "the same tenant stays");
    let second = process(&bob);
    assert_ne!(second, first);
    // While a session of one lives, the other one waits.
    let session = bob.session().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| process(&alice));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!waiting.is_finished());
        assert_eq!(repr(&session.run_blocking("1 + 1").unwrap()), "2");
        drop(session);
        assert_ne!(waiting.join().unwrap(), second);
    });
}
