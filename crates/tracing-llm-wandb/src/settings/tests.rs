use std::collections::HashMap;

use super::*;

fn filled(builder: Builder, variables: &[(&str, &str)]) -> Result<Option<Settings>, Error> {
    let variables: HashMap<_, _> = variables.iter().copied().collect();
    builder.fill(&|name| variables.get(name).map(|value| (*value).to_owned()))?.settle()
}

fn of(variables: &[(&str, &str)]) -> Settings {
    filled(Builder::default(), variables).unwrap().unwrap()
}

#[test]
fn every_variable_sets_its_argument() {
    let settings = of(&[
        ("WANDB_DIR", "/data/runs"),
        ("WANDB_PROJECT", "rag"),
        ("WANDB_ENTITY", "acme"),
        ("WANDB_RUN_ID", "run-7"),
        ("WANDB_NAME", "baseline"),
        ("WANDB_NOTES", "the first"),
        ("WANDB_TAGS", "nightly, small ,,"),
        ("WANDB_RUN_GROUP", "sweep"),
        ("WANDB_JOB_TYPE", "eval"),
        ("WANDB_HOST", "box"),
    ]);
    assert_eq!(settings.dir, PathBuf::from("/data/runs"));
    let expected = Arguments {
        id: "run-7".into(),
        entity: "acme".into(),
        project: "rag".into(),
        group: "sweep".into(),
        job_type: "eval".into(),
        name: "baseline".into(),
        notes: "the first".into(),
        tags: vec!["nightly".into(), "small".into()],
        host: "box".into(),
        config: Map::new(),
    };
    assert_eq!(settings.arguments, expected);
}

#[test]
fn what_is_set_in_code_wins_over_the_environment() {
    let builder =
        Builder::default().dir("here").project("mine").tags(["a"]).mode(Mode::Offline).name("n");
    let variables = [
        ("WANDB_DIR", "there"),
        ("WANDB_PROJECT", "theirs"),
        ("WANDB_TAGS", "b"),
        ("WANDB_MODE", "disabled"),
        ("WANDB_NAME", "m"),
    ];
    let settings = filled(builder, &variables).unwrap().unwrap();
    assert_eq!(settings.dir, PathBuf::from("here"));
    assert_eq!(settings.arguments.project, "mine");
    assert_eq!(settings.arguments.tags, ["a"]);
    assert_eq!(settings.arguments.name, "n");
}

#[test]
fn the_mode_says_whether_a_run_is_written_and_an_online_one_is_written_offline() {
    for (word, online) in
        [("offline", false), ("dryrun", false), ("online", true), ("run", true), ("shared", true)]
    {
        assert_eq!(of(&[("WANDB_MODE", word)]).online, online, "{word}");
    }
    assert!(!of(&[("WANDB_MODE", "")]).online);
    assert_eq!(filled(Builder::default(), &[("WANDB_MODE", "disabled")]).unwrap(), None);
    let error = filled(Builder::default(), &[("WANDB_MODE", "of")]).unwrap_err();
    assert!(error.is_setting());
}

#[test]
fn an_argument_that_breaks_the_rules_of_w_and_b_is_an_error_and_no_path() {
    let rejected = [
        Builder::default().id("../../etc/passwd"),
        Builder::default().id("a\\b"),
        Builder::default().id(" a"),
        Builder::default().id("a\0b"),
        Builder::default().id("x".repeat(129)),
        Builder::default().project("a/b"),
        Builder::default().project("x".repeat(129)),
        Builder::default().tags([""]),
        Builder::default().tags(["x".repeat(65)]),
    ];
    for builder in rejected {
        let shown = format!("{builder:?}");
        assert!(builder.settle().unwrap_err().is_setting(), "{shown}");
    }
}

#[test]
fn ids_are_eight_letters_and_digits_and_differ() {
    let ids: std::collections::BTreeSet<_> = (0..100).map(|_| id_of(rules::random())).collect();
    assert_eq!(ids.len(), 100);
    for id in ids {
        assert_eq!(id.len(), 8);
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{id}");
    }
}
