use crate::run::{Run, example, folder, without_ids_and_times};

#[test]
fn quickstart_prints_what_stands_beside_it() {
    let folder = folder("quickstart");
    let run = Run::from(example("quickstart", &folder).output().unwrap());
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    // No endpoint is set: the exporter says so, and nothing else is said.
    assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
    assert!(run.stderr.contains("OpenInference spans are off"), "{}", run.stderr);
    let expected = include_str!("../../quickstart.stdout");
    assert_eq!(without_ids_and_times(&run.stdout), without_ids_and_times(expected));
}
