//! Servers that are dead, or never answer.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tracing_llm_aim::Aim;
use tracing_llm_openinference::OpenInference;

use crate::books::{balance, handler};
use crate::load::{Load, Made};
use crate::stage::{Folder, PATIENCE, install, with_all_handlers};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("servers_that_are_dead_hold_nothing_back_and_what_is_lost_is_counted", dead),
        trial("servers_that_never_answer_hold_nothing_back_either", silent),
        trial("what_a_dead_collector_does_not_take_waits_in_a_spool", spooled),
    ]
}

/// A loopback address at which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn dead() {
    no_answer(&nobody());
}

fn silent() {
    // The system takes connections for it, and nobody ever reads them.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    no_answer(&format!("http://{}", listener.local_addr().unwrap()));
}

fn no_answer(address: &str) {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let timeout = Duration::from_millis(300);
    let spans = OpenInference::builder().endpoint(address).timeout(timeout).build().unwrap();
    let aim = Aim::builder().server(address).timeout(timeout).build().unwrap();
    let (dispatch, callbacks) = install(builder.handler(spans).handler(aim));
    Load::default().run(&made, &dispatch);
    let error = callbacks.shutdown_blocking(PATIENCE).unwrap_err();
    assert!(error.to_string().contains("Aim"), "{error}");

    let stats = callbacks.stats();
    balance(&stats, &made, &books);
    let output = &handler(&stats, "OpenInference 2").outputs[0];
    assert_eq!(output.exported + output.waiting, 0, "{output:?}");
    assert_eq!(output.failed + output.dropped, made.spans(), "{output:?}");
    let file = &handler(&stats, "OpenInference").outputs[0];
    assert_eq!(file.exported, made.spans(), "the file beside lost none: {file:?}");
}

fn spooled() {
    let (folder, made) = (Folder::new(), Arc::new(Made::default()));
    let (builder, books) = with_all_handlers(folder.path());
    let spans = OpenInference::builder()
        .endpoint(nobody())
        .timeout(Duration::from_millis(300))
        .spool(folder.path().join("spool"))
        .build()
        .unwrap();
    let (dispatch, callbacks) = install(builder.handler(spans));
    Load::default().run(&made, &dispatch);
    let _ = callbacks.shutdown_blocking(PATIENCE);

    let stats = callbacks.stats();
    balance(&stats, &made, &books);
    let output = &handler(&stats, "OpenInference 2").outputs[0];
    assert_eq!(output.spooled, made.spans(), "{output:?}");
}
