use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::Aim;
use crate::encode::{Node, pack};
use crate::run::{About, Book};
use crate::testing::{AimServer, Mood, text};

const LIMIT: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(150);

fn client(address: &str) -> Box<dyn Server> {
    let builder = Aim::builder().server(address).header("x-key", "hidden");
    server(&builder.settings_for_tests(), "RUN").unwrap()
}

fn instructions(step: u64) -> Vec<Instruction> {
    Book::new("RUN", About::default()).track(&text(step, "why?"))
}

#[test]
fn a_run_is_taken_written_and_given_back_as_aims_client_does() {
    let aim = AimServer::start();
    let mut client = client(&aim.address());
    client.connect(LIMIT).unwrap();
    client.write(instructions(0), LIMIT).unwrap();
    client.beat(LIMIT).unwrap();
    client.close(LIMIT).unwrap();
    let taken = ["POST /tracking/get-resource/"; 4];
    let given_back = ["GET /tracking/release-resource/"; 6];
    let expected = [
        &["GET /status/", "GET /client/connect/", "GET /client/heartbeat/"][..],
        &taken[..2],
        &["POST /tracking/read-instruction/"],
        &taken[..],
        &["GET /tracking/write-instruction/", "GET /client/heartbeat/"],
        &["POST /tracking/read-instruction/", "POST /tracking/read-instruction/"],
        &given_back[..],
        &["GET /client/disconnect/"],
    ];
    assert_eq!(aim.requests(), expected.concat());
    assert_eq!(aim.texts("prompt"), ["why?"]);
    let asked: Vec<String> = aim.bodies().into_iter().filter(|body| !body.is_empty()).collect();
    // The repository comes first, and is asked for with nothing: `pack` of {}.
    assert!(
        asked[0].contains(r#""resource_type":"Repo""#) && asked[0].contains("AAAAAAABAAAABw==")
    );
    assert!(asked[2].contains(r#""method_name":"lock""#), "{}", asked[2]);
    assert!(asked[2].contains(r#""resource_handler":"handler-2""#), "{}", asked[2]);
}

/// The websocket knows no proxy, and half a connection through one is none. An environment is a
/// process's: the test above runs in one of its own.
#[test]
fn a_proxy_of_the_environment_is_not_used() {
    let test = "client::tests::a_run_is_taken_written_and_given_back_as_aims_client_does";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["ALL_PROXY", "HTTP_PROXY", "http_proxy"] {
        child.env(name, "http://127.0.0.1:9");
    }
    child.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = child.args(["--exact", test]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

#[test]
fn headers_go_with_every_request_and_into_no_error() {
    let aim = AimServer::start();
    let mut client = client(&aim.address());
    client.connect(LIMIT).unwrap();
    client.write(instructions(0), LIMIT).unwrap();
    client.close(LIMIT).unwrap();
    assert!(aim.heads().iter().all(|head| head.contains("x-key") && head.contains("hidden")));
    aim.mood(Mood::Refusing);
    assert!(!client.connect(LIMIT).unwrap_err().why().contains("hidden"));
}

#[test]
fn what_the_server_says_against_it_is_told_in_one_line() {
    let aim = AimServer::start();
    let mut client = client(&aim.address());
    client.connect(LIMIT).unwrap();
    aim.mood(Mood::Refusing);
    let refused = client.write(instructions(0), LIMIT);
    assert_eq!(refused, Err(Failure::Refused("KeyError: no such thing".to_owned())));
    let refused = client.connect(LIMIT);
    assert_eq!(refused, Err(Failure::Refused("400 Bad Request: KeyError: no".to_owned())));
    aim.mood(Mood::Foreign);
    assert_eq!(client.connect(LIMIT), Err(Failure::Away("no answer of Aim's".to_owned())));
}

#[test]
fn a_new_connection_gives_back_what_the_broken_one_held_and_forces_the_lock() {
    let aim = AimServer::start();
    let mut client = client(&aim.address());
    client.connect(LIMIT).unwrap();
    aim.mood(Mood::Refusing);
    client.write(instructions(0), LIMIT).unwrap_err();
    aim.mood(Mood::Well);
    let before = aim.heads().len();
    client.connect(LIMIT).unwrap();
    client.write(instructions(0), LIMIT).unwrap();
    let requests = &aim.requests()[before..];
    let released = requests.iter().filter(|line| line.contains("/release-resource/")).count();
    assert_eq!(released, 6);
    assert!(requests[7].contains("/client/disconnect/"), "{requests:?}");
    let locks: Vec<String> =
        aim.bodies().into_iter().filter(|body| body.contains(r#""lock""#)).collect();
    assert_eq!(locks.len(), 2);
    // Whether it forces: not at first, when the lock would be another's.
    let forces = |force| STANDARD.encode(pack(&Node::Array(vec![Node::Bool(force)])));
    assert!(locks[0].contains(&forces(false)), "{locks:?}");
    assert!(locks[1].contains(&forces(true)), "{locks:?}");
}

#[test]
fn a_server_that_never_answers_holds_nobody_longer_than_the_limit() {
    let aim = AimServer::start();
    let mut client = client(&aim.address());
    client.connect(LIMIT).unwrap();
    aim.mood(Mood::Silent);
    // They come back at all: the server keeps its connections open.
    assert_eq!(client.write(instructions(0), SHORT), Err(Failure::Away("timed out".to_owned())));
    assert!(matches!(client.connect(SHORT), Err(Failure::Away(_))));
    assert!(matches!(client.beat(SHORT), Err(Failure::Away(_))));
}

#[test]
fn a_server_that_is_gone_is_away_and_one_that_is_back_is_not() {
    let aim = AimServer::start();
    let mut client = client(&aim.address());
    client.connect(LIMIT).unwrap();
    let address = aim.stop();
    assert!(matches!(client.write(instructions(0), LIMIT), Err(Failure::Away(_))));
    assert!(matches!(client.connect(LIMIT), Err(Failure::Away(_))));
    let aim = AimServer::at(address);
    client.connect(LIMIT).unwrap();
    client.write(instructions(0), LIMIT).unwrap();
    assert_eq!(aim.texts("prompt"), ["why?"]);
}
