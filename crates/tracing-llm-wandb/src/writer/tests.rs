use std::fs;

use super::*;
use crate::log::read::records;
use crate::testing::scratch;

#[test]
fn every_record_is_in_the_file_when_its_call_returns() {
    let dir = scratch("written");
    let mut writer = Writer::create(&dir, "20261125_111719", "run7").unwrap();
    assert!(writer.path().ends_with("wandb/offline-run-20261125_111719-run7/run-run7.wandb"));
    let mut written: Vec<Vec<u8>> = Vec::new();
    for length in [0, 5, 40_000, 90_000] {
        written.push(vec![length as u8; length]);
        writer.append(&written[written.len() - 1]).unwrap();
        assert_eq!(records(&fs::read(writer.path()).unwrap()), written);
    }
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_torn_record_is_taken_back_before_the_next_one() {
    let dir = scratch("torn");
    let mut writer = Writer::create(&dir, "t", "run7").unwrap();
    writer.append(b"one").unwrap();
    // As a full disk leaves it.
    writer.file.write_all(&log::framed(&[7; 100], writer.len)[..50]).unwrap();
    writer.torn = true;
    writer.append(b"two").unwrap();
    assert_eq!(records(&fs::read(writer.path()).unwrap()), [b"one", b"two"]);
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_run_never_takes_the_folder_of_another() {
    let dir = scratch("twice");
    let _first = Writer::create(&dir, "t", "run7").unwrap();
    assert!(Writer::create(&dir, "t", "run7").err().unwrap().is_file());
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_hidden_folder_is_taken_where_there_is_one() {
    let dir = scratch("hidden");
    fs::create_dir_all(dir.join(".wandb")).unwrap();
    let writer = Writer::create(&dir, "t", "run7").unwrap();
    assert!(writer.folder().starts_with(dir.join(".wandb")));
    fs::remove_dir_all(dir).unwrap();
}

#[cfg(unix)]
#[test]
fn all_that_is_made_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let dir = scratch("owner").join("new");
    let writer = Writer::create(&dir, "t", "run7").unwrap();
    writer.write_file("media/table/calls.json", b"{}").unwrap();
    let mut seen = 0;
    let mut stack = vec![dir.clone()];
    while let Some(path) = stack.pop() {
        seen += 1;
        let about = fs::symlink_metadata(&path).unwrap();
        assert_eq!(about.permissions().mode() & 0o077, 0, "{}", path.display());
        if about.is_dir() {
            stack.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert_eq!(seen, 9, "new, wandb, the run, files, logs, the log, media, table, the table");
    fs::remove_dir_all(dir.parent().unwrap()).unwrap();
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;

    let dir = scratch("links");
    let elsewhere = dir.join("elsewhere");
    fs::create_dir_all(&elsewhere).unwrap();
    symlink(&elsewhere, dir.join("wandb")).unwrap();
    assert!(Writer::create(&dir, "t", "run7").err().unwrap().is_file());

    fs::remove_file(dir.join("wandb")).unwrap();
    let writer = Writer::create(&dir, "t", "run7").unwrap();
    symlink(&elsewhere, writer.folder().join("files/media")).unwrap();
    assert!(writer.write_file("media/table/calls.json", b"{}").is_err());
    symlink(elsewhere.join("new"), writer.folder().join("files/calls.json")).unwrap();
    assert!(writer.write_file("calls.json", b"{}").is_err());
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
    fs::remove_dir_all(dir).unwrap();
}
