use std::sync::atomic::AtomicU32;

use super::*;

/// A folder of its own for each test.
fn folder() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("finetuning-{}-{number}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn lines_are_appended_to_what_is_there_and_folders_are_made() {
    let path = folder().join("new/train.jsonl");
    let (mut writer, torn) = Writer::open(&path).unwrap();
    writer.append("{}").unwrap();
    assert_eq!((text(&path).as_str(), torn), ("{}\n", false));
    drop(writer);
    let (mut writer, _) = Writer::open(&path).unwrap();
    writer.append("[]").unwrap();
    assert_eq!(text(&path), "{}\n[]\n");
}

#[test]
fn cut_off_at_any_byte_the_file_goes_on_with_its_whole_lines() {
    let path = folder().join("train.jsonl");
    let whole = "{\"a\": 1}\n{\"b\": \"\\u00e9\"}\n";
    for length in 0..=whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let (mut writer, torn) = Writer::open(&path).unwrap();
        writer.append("{\"c\": 3}").unwrap();
        let found = text(&path);
        let lines: Vec<&str> = found.lines().collect();
        assert!(found.ends_with("}\n"), "{found:?}");
        for line in &lines {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        // A line that only lacks its line break is whole.
        let kept = usize::from(length >= 8) + usize::from(length >= whole.len() - 1);
        assert_eq!(lines.len(), kept + 1, "{length}: {found:?}");
        assert_eq!(torn, !matches!(length, 0 | 8 | 9) && length < whole.len() - 1, "{length}");
    }
}

#[test]
fn a_line_longer_than_a_block_is_found_from_its_beginning() {
    let path = folder().join("train.jsonl");
    let long = "x".repeat(3 * BLOCK as usize);
    fs::write(&path, format!("{{}}\n{long}")).unwrap();
    let (_, torn) = Writer::open(&path).unwrap();
    assert_eq!((text(&path).as_str(), torn), ("{}\n", true));
}

#[cfg(unix)]
#[test]
fn files_are_for_their_owner_alone_and_no_link_is_followed() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = folder.join("train.jsonl");
    Writer::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600);
    let saved = folder.join("saved.jsonl");
    replace(&saved, "{}").unwrap();
    assert_eq!((mode(&saved), text(&saved).as_str()), (0o600, "{}"));

    let elsewhere = folder.join("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    let link = folder.join("link.jsonl");
    symlink(&elsewhere, &link).unwrap();
    assert!(Writer::open(&link).is_err());
    // A link is replaced; what it leads to stays.
    replace(&link, "{}").unwrap();
    assert_eq!((text(&link).as_str(), text(&elsewhere).as_str()), ("{}", "mine"));
    // Nor is one that stands where the new text is written first.
    for number in 0..1_000 {
        let name = format!("link.jsonl.{}-{number}.new", std::process::id());
        symlink(&elsewhere, folder.join(name)).unwrap();
    }
    replace(&link, "[]").unwrap();
    assert_eq!((text(&link).as_str(), text(&elsewhere).as_str()), ("[]", "mine"));
}

#[cfg(unix)]
#[test]
fn a_saved_file_is_its_owners_alone_whatever_lay_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let path = folder().join("saved.jsonl");
    let beside = path.with_file_name("saved.jsonl.new");
    for old in [&path, &beside] {
        fs::write(old, "old").unwrap();
        fs::set_permissions(old, fs::Permissions::from_mode(0o644)).unwrap();
    }
    replace(&path, "{}").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(text(&beside), "old", "another's file");
}

#[test]
fn saves_at_once_give_the_text_of_one_of_them() {
    let path = folder().join("saved.jsonl");
    let texts: Vec<String> = ["a", "b", "c", "d"].map(|letter| letter.repeat(300_000)).into();
    std::thread::scope(|threads| {
        for text in &texts {
            threads.spawn(|| (0..10).for_each(|_| replace(&path, text).unwrap()));
        }
    });
    assert!(texts.contains(&text(&path)));
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside");
}

#[test]
fn a_file_has_one_recorder_at_a_time() {
    let path = folder().join("train.jsonl");
    let (mut first, _) = Writer::open(&path).unwrap();
    first.append("{}").unwrap();
    let error = Writer::open(&path).unwrap_err();
    let during = if cfg!(windows) { "open" } else { "lock" };
    assert!(error.to_string().starts_with(&format!("could not {during} ")), "{error}");
    first.append("[]").unwrap();
    assert_eq!(text(&path), "{}\n[]\n");
    drop(first);
    Writer::open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn what_others_append_meanwhile_stays() {
    let path = folder().join("train.jsonl");
    let (mut writer, _) = Writer::open(&path).unwrap();
    writer.append("{}").unwrap();
    let mut other = OpenOptions::new().append(true).open(&path).unwrap();
    other.write_all(b"\"theirs\"\n").unwrap();
    writer.append("[]").unwrap();
    assert_eq!(text(&path), "{}\n\"theirs\"\n[]\n");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_leaves_what_was_there() {
    let (mut writer, _) = Writer::open(Path::new("/dev/full")).unwrap();
    let error = writer.append("{}").unwrap_err();
    assert!(error.to_string().starts_with("could not write to /dev/full: "), "{error}");
}
