//! Runs and the lease that keeps them apart.

use jiff::civil::date;
use perennial_store::{Error, Lease, Page, RunState, Store};

use crate::databases::{for_each_database, for_each_empty};
use crate::samples::at;

#[tokio::test]
async fn a_run_is_recorded_from_its_start_to_its_end() {
    for_each_database(async |store| {
        assert_eq!(store.last_finished_run().await.unwrap(), None);
        let first = store.start_run(date(2026, 1, 31), "host 1", at(100)).await.unwrap();
        assert_eq!((first.state, first.started_at, first.finished_at), (RunState::Running, at(100), None));
        store.finish_run(first.id, Some("2026-01-31_1"), at(160)).await.unwrap();
        let second = store.start_run(date(2026, 2, 28), "host 1", at(200)).await.unwrap();
        store.fail_run(second.id, "the orders cannot be read", at(201)).await.unwrap();

        let runs = store.runs(Page::default()).await.unwrap();
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0].state, RunState::Failed);
        assert_eq!(runs[0].error.as_deref(), Some("the orders cannot be read"));
        assert_eq!((runs[1].as_of, runs[1].state), (date(2026, 1, 31), RunState::Done));
        assert_eq!((runs[1].snapshot.as_deref(), runs[1].finished_at), (Some("2026-01-31_1"), Some(at(160))));
        assert_eq!(store.last_finished_run().await.unwrap().as_ref(), Some(&runs[1]));
        assert_eq!(store.runs(Page::before(runs[0].id, 10)).await.unwrap(), runs[1..]);
        assert!(matches!(store.finish_run(999, Some("x"), at(300)).await, Err(Error::NotFound(_))));
        // A run that has ended cannot fail afterwards.
        store.fail_run(first.id, "too late", at(300)).await.unwrap();
        assert_eq!(store.runs(Page::default()).await.unwrap(), runs);
        // A history without a date that is over has nothing to write.
        let idle = store.start_run(date(2026, 2, 28), "host 1", at(400)).await.unwrap();
        store.finish_run(idle.id, None, at(401)).await.unwrap();
        let ended = &store.runs(Page::newest(1)).await.unwrap()[0];
        assert_eq!((ended.state, ended.snapshot.as_deref()), (RunState::Done, None));
        assert_eq!(store.last_finished_run().await.unwrap().as_ref(), Some(&runs[1]));
    })
    .await;
}

#[tokio::test]
async fn of_two_runs_at_once_one_is_told_who_runs_the_other() {
    for_each_empty(async |fresh| {
        let stores = [Store::open(&fresh.url()).await.unwrap(), Store::open(&fresh.url()).await.unwrap()];
        let as_of = date(2026, 1, 31);
        let (one, other) = tokio::join!(
            stores[0].start_run(as_of, "host 1", at(100)),
            stores[1].start_run(as_of, "host 2", at(100))
        );
        let (run, refusal) = match (one, other) {
            (Ok(run), Err(refusal)) | (Err(refusal), Ok(run)) => (run, refusal),
            both => panic!("{both:?}"),
        };
        match refusal {
            Error::Held { holder, since, .. } => {
                assert!(holder.contains(&run.holder), "{holder}");
                assert_eq!(since, at(100));
            }
            error => panic!("{error:?}"),
        }
        // The refused one left no trace, and may start when the other has ended.
        assert_eq!(stores[0].runs(Page::default()).await.unwrap().len(), 1);
        stores[0].finish_run(run.id, Some("2026-01-31_1"), at(110)).await.unwrap();
        stores[1].start_run(as_of, "host 2", at(111)).await.unwrap();
        for store in stores {
            store.close().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_run_whose_process_died_gives_way_and_cannot_come_back() {
    for_each_database(async |store| {
        let as_of = date(2026, 1, 31);
        let length = Lease::LENGTH.as_secs();
        let dead = store.start_run(as_of, "host 1", at(1000)).await.unwrap();
        store.keep_run(dead.id, at(1010)).await.unwrap();
        let refused = store.start_run(as_of, "host 2", at(1010 + length - 1)).await;
        assert!(matches!(refused, Err(Error::Held { .. })), "{refused:?}");
        let next = store.start_run(as_of, "host 2", at(1010 + length)).await.unwrap();

        let runs = store.runs(Page::default()).await.unwrap();
        assert_eq!((runs[0].id, runs[0].state), (next.id, RunState::Running));
        assert_eq!((runs[1].id, runs[1].state), (dead.id, RunState::Failed));
        assert!(runs[1].error.as_deref().unwrap().contains("without finishing"));
        // Had it only slept, it is told to stop.
        assert!(matches!(store.keep_run(dead.id, at(1200)).await, Err(Error::Held { .. })));
        assert!(matches!(store.finish_run(dead.id, Some("x"), at(1200)).await, Err(Error::Held { .. })));
        store.finish_run(next.id, Some("2026-01-31_1"), at(1200)).await.unwrap();
        assert!(matches!(store.finish_run(dead.id, Some("x"), at(1201)).await, Err(Error::LeaseLost(_))));
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_goes_back_makes_no_lease_immortal() {
    for_each_database(async |store| {
        let length = Lease::LENGTH.as_secs();
        store.acquire_lease("schedule", "dead", at(1_000_000)).await.unwrap();
        // The clock is a day behind now; the holder is dead.
        let now = 1_000_000 - 86_400;
        let refused = store.acquire_lease("schedule", "living", at(now)).await;
        assert!(
            matches!(refused, Err(Error::Held { until, .. }) if until == at(now + length)),
            "{refused:?}"
        );
        let taken = store.acquire_lease("schedule", "living", at(now + length)).await.unwrap();
        assert_eq!(taken.holder, "living");
        // A holder that lives keeps it.
        let renewed = store.renew_lease("schedule", "living", at(now - 500)).await.unwrap();
        assert_eq!(renewed.until, at(now - 500 + length));
    })
    .await;
}

#[tokio::test]
async fn a_lease_is_given_back_only_by_its_holder() {
    for_each_database(async |store| {
        store.acquire_lease("schedule", "one", at(1)).await.unwrap();
        store.release_lease("schedule", "other").await.unwrap();
        assert!(matches!(store.acquire_lease("schedule", "other", at(2)).await, Err(Error::Held { .. })));
        // The same holder twice is two that call themselves the same.
        assert!(matches!(store.acquire_lease("schedule", "one", at(2)).await, Err(Error::Held { .. })));
        store.acquire_lease("delivery", "other", at(2)).await.unwrap();
        store.release_lease("schedule", "one").await.unwrap();
        assert!(matches!(store.renew_lease("schedule", "one", at(3)).await, Err(Error::LeaseLost(_))));
        store.acquire_lease("schedule", "other", at(3)).await.unwrap();
    })
    .await;
}
