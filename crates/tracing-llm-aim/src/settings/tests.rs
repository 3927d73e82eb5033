use serde_json::json;

use super::*;

impl Builder {
    /// What is settled where no server is asked for.
    pub(crate) fn settings_for_tests(self) -> Settings {
        self.settle().unwrap()
    }
}

fn filled(builder: Builder, variables: &[(&str, &str)]) -> Result<Builder, Error> {
    builder.fill(&|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn the_environment_sets_what_the_code_does_not() {
    let variables = [
        ("AIM_REPO", " aim://tracking:1234 "),
        ("AIM_EXPERIMENT", "rag"),
        ("AIM_RUN_NAME", ""),
        ("AIM_RUN_TAGS", "nightly, ,main"),
    ];
    let settings = filled(Aim::builder().tag("mine"), &variables).unwrap().settle().unwrap();
    assert_eq!(settings.server.unwrap().to_string(), "aim://tracking:1234");
    assert_eq!(settings.about.experiment.as_deref(), Some("rag"));
    assert_eq!(settings.about.name, None);
    assert_eq!(settings.about.tags, ["mine", "nightly", "main"]);

    let own = Aim::builder().server("aim://own").experiment("own").name("own");
    let settings = filled(own, &variables).unwrap().settle().unwrap();
    assert_eq!(settings.server.unwrap().to_string(), "aim://own:53800");
    assert_eq!(settings.about.experiment.as_deref(), Some("own"));
}

#[test]
fn a_folder_in_the_environment_is_an_error_that_names_the_variable() {
    let error = filled(Aim::builder(), &[("AIM_REPO", "/data/hidden")]).unwrap_err();
    assert!(error.is_setting());
    assert_eq!(error.to_string(), "AIM_REPO is no aim://host:port or http://host:port address");
}

#[test]
fn settings_that_cannot_be_used_are_told() {
    for (builder, told) in [
        (Aim::builder().header("no name", "x"), "a header has a name that HTTP does not allow"),
        (Aim::builder().header("x", "a\nb"), "a header has a value that HTTP does not allow"),
        (Aim::builder().timeout(Duration::ZERO), "the timeout is zero"),
        (Aim::builder().parameter("", 1), "a parameter has no name"),
    ] {
        assert_eq!(builder.settle().unwrap_err().to_string(), told);
    }
}

#[test]
fn no_header_is_shown() {
    let builder = Aim::builder().header("authorization", "Bearer hidden");
    assert!(!format!("{builder:?}").contains("hidden"));
    let settings = builder.parameter("k", json!([1])).settle().unwrap();
    assert!(!format!("{settings:?}").contains("hidden"));
    assert_eq!(settings.headers.len(), 1);
}
