//! Several processes in one folder, and those that came before.

use super::*;

#[test]
fn what_a_process_leaves_is_sent_by_the_next_one_before_its_own() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..4)).unwrap();
    drop(first);
    assert_eq!(folder.ending("-4.jsonl").len(), 1);
    let (mut second, tally) = open(&folder);
    assert!(!second.is_empty());
    second.append(&spans(4..6)).unwrap();
    assert_eq!(tally.counts().recovered, 4);
    assert_eq!(drain(&mut second), [0, 1, 2, 3, 4, 5]);
    drop(second);
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn what_was_sent_is_not_sent_again_after_a_restart() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    for number in 0..4 {
        first.append(&spans(number..number + 1)).unwrap();
    }
    let packet = first.next(1).unwrap().unwrap();
    first.done(packet.ticket).unwrap();
    drop(first);
    let (mut second, tally) = open(&folder);
    assert_eq!(tally.counts().recovered, 3);
    let packet = second.next(1).unwrap().unwrap();
    assert_eq!(numbers(&packet), [1]);
    second.done(packet.ticket).unwrap();
    crash(second);
    let (mut third, tally) = open(&folder);
    assert_eq!(drain(&mut third), [2, 3]);
    assert_eq!((tally.counts().recovered, tally.counts().resent), (2, 0));
}

#[test]
fn what_nobody_has_taken_is_not_in_doubt() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..4)).unwrap();
    let packet = first.next(usize::MAX).unwrap().unwrap();
    first.give_back(packet.ticket);
    drop(first);
    let (mut second, tally) = open(&folder);
    assert_eq!(drain(&mut second), [0, 1, 2, 3]);
    assert_eq!((tally.counts().recovered, tally.counts().resent), (4, 0));
}

#[test]
fn a_packet_that_was_out_at_a_crash_is_sent_again_and_counted_once() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    for number in 0..6 {
        first.append(&spans(number..number + 1)).unwrap();
    }
    let packet = first.next(1).unwrap().unwrap();
    first.done(packet.ticket).unwrap();
    let size = 40;
    let packet = first.next(size).unwrap().unwrap();
    let out = numbers(&packet);
    assert!(out.len() > 1 && out[0] == 1);
    crash(first);

    let (mut second, tally) = open(&folder);
    // In smaller portions than before, and the first of them twice.
    drop(second.next(1).unwrap().unwrap());
    assert_eq!(drain(&mut second), [1, 2, 3, 4, 5]);
    assert_eq!(tally.counts().resent, out.len() as u64);
}

#[test]
fn the_segments_of_a_process_that_lives_are_left_alone() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..1)).unwrap();
    first.close().unwrap();
    first.append(&spans(1..2)).unwrap();
    let (mut second, tally) = open(&folder);
    assert!(second.is_empty());
    second.append(&spans(10..11)).unwrap();
    assert_eq!(drain(&mut second), [10]);
    assert_eq!(tally.counts().recovered, 0);
    assert_eq!(drain(&mut first), [0, 1]);
}

#[test]
fn a_process_takes_over_what_another_one_left_while_it_ran() {
    let folder = Folder::new();
    let clock = Clock::new();
    let (mut first, _) = open_with(&settings(&folder.0), &clock);
    let (mut second, tally) = open_with(&settings(&folder.0), &clock);
    first.append(&spans(0..2)).unwrap();
    crash(first);
    clock.advance(1);
    second.append(&spans(2..3)).unwrap();
    assert_eq!(tally.counts().recovered, 0);
    clock.advance(60);
    second.append(&spans(3..4)).unwrap();
    assert_eq!(tally.counts().recovered, 2);
    assert_eq!(drain(&mut second), [0, 1, 2, 3]);
}

#[test]
fn a_torn_tail_is_cut_off_and_counted() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..2)).unwrap();
    let open_segment = folder.only(".open");
    crash(first);
    let mut bytes = fs::read(&open_segment).unwrap();
    bytes.extend_from_slice(b"{\"resourceSpans\":[{\"scopeSp");
    fs::write(&open_segment, bytes).unwrap();
    let (mut second, tally) = open(&folder);
    assert_eq!(tally.counts().torn_lines, 1);
    assert_eq!(tally.counts().recovered, 2);
    assert_eq!(drain(&mut second), [0, 1]);
    assert_eq!((tally.counts().torn_lines, tally.counts().dropped), (1, 0));
}

#[test]
fn an_open_segment_without_a_whole_line_is_removed() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..1)).unwrap();
    let open_segment = folder.only(".open");
    crash(first);
    fs::write(&open_segment, "{\"reso").unwrap();
    let (second, tally) = open(&folder);
    assert!(second.is_empty());
    assert_eq!(tally.counts().torn_lines, 1);
    assert_eq!(folder.ending(".open").len(), 0);
}

#[test]
fn a_damaged_line_is_passed_over_and_its_spans_count_as_dropped() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    for batch in 0..3 {
        first.append(&spans(batch * 2..batch * 2 + 2)).unwrap();
    }
    drop(first);
    let path = folder.only(".jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines[1] = lines[1].replace("spans", "\0");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    let (mut second, tally) = open(&folder);
    assert_eq!(tally.counts().recovered, 6);
    // Looked at twice, counted once.
    drop(second.next(usize::MAX).unwrap());
    assert_eq!(drain(&mut second), [0, 1, 4, 5]);
    assert_eq!((tally.counts().torn_lines, tally.counts().dropped), (1, 2));
}

#[test]
fn a_segment_of_damaged_lines_alone_does_not_stand_in_the_way() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..2)).unwrap();
    drop(first);
    fs::write(folder.only(".jsonl"), "?\n\n?\n").unwrap();
    let (mut second, tally) = open(&folder);
    second.append(&spans(2..3)).unwrap();
    assert_eq!(drain(&mut second), [2]);
    assert_eq!((tally.counts().torn_lines, tally.counts().dropped), (2, 2));
}

#[test]
fn a_position_that_cannot_be_understood_means_that_nothing_was_sent() {
    let folder = Folder::new();
    let (mut first, _) = open(&folder);
    first.append(&spans(0..1)).unwrap();
    first.append(&spans(1..2)).unwrap();
    let packet = first.next(1).unwrap().unwrap();
    first.done(packet.ticket).unwrap();
    drop(first);
    fs::write(folder.only(".position"), "{").unwrap();
    let (mut second, _) = open(&folder);
    assert_eq!(drain(&mut second), [0, 1]);
}

#[test]
fn a_segment_that_somebody_removed_is_an_error_once_and_counts_as_dropped() {
    let folder = Folder::new();
    let (mut spool, tally) = open(&folder);
    spool.append(&spans(0..2)).unwrap();
    spool.close().unwrap();
    spool.append(&spans(2..3)).unwrap();
    fs::remove_file(folder.only(".jsonl")).unwrap();
    assert!(spool.next(1).unwrap_err().is_file());
    assert_eq!(drain(&mut spool), [2]);
    assert_eq!(tally.counts().dropped, 2);
}

#[test]
fn files_of_others_are_neither_sent_nor_removed() {
    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    for file in ["spans.jsonl", "notes.txt", "x.lock"] {
        fs::write(folder.0.join(file), "theirs").unwrap();
    }
    fs::create_dir(folder.0.join("1790000000000-000001-00000000000000ab-1.jsonl")).unwrap();
    let (mut spool, _) = open(&folder);
    assert!(spool.is_empty());
    spool.append(&spans(0..1)).unwrap();
    assert_eq!(drain(&mut spool), [0]);
    drop(spool);
    assert_eq!(folder.files().len(), 4);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_folder_is_not_followed() {
    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    let elsewhere = Folder::new();
    fs::create_dir(&elsewhere.0).unwrap();
    let target = elsewhere.0.join("target");
    let (mut spool, _) = open(&elsewhere);
    spool.append(&spans(0..1)).unwrap();
    spool.close().unwrap();
    fs::copy(elsewhere.only(".jsonl"), &target).unwrap();
    drain(&mut spool);
    for link in ["-1.jsonl", ".jsonl.open"] {
        let name = format!("1790000000000-000001-00000000000000ab{link}");
        std::os::unix::fs::symlink(&target, folder.0.join(name)).unwrap();
    }
    let (mut spool, tally) = open(&folder);
    assert_eq!(drain(&mut spool), [0; 0]);
    assert_eq!(tally.counts().recovered, 0);
    // Nor is one written through that stands where a position is to be written.
    spool.append(&spans(0..1)).unwrap();
    spool.append(&spans(1..2)).unwrap();
    spool.close().unwrap();
    let position = folder.only("-2.jsonl").with_extension("new");
    let before = fs::read(&target).unwrap();
    std::os::unix::fs::symlink(&target, position).unwrap();
    drop(spool.next(1).unwrap());
    assert_eq!(fs::read(&target).unwrap(), before);
}

#[test]
fn a_folder_that_cannot_be_made_is_a_clear_error() {
    let folder = Folder::new();
    fs::write(&folder.0, "").unwrap();
    let error = Spool::open(
        &settings(&folder.0.join("spool")),
        &Resource::default(),
        &InstrumentationScope::default(),
        Arc::default(),
    );
    let error = error.err().unwrap();
    assert!(error.is_file());
    assert!(error.to_string().starts_with("could not create the folder "), "{error}");
    fs::remove_file(&folder.0).unwrap();
}
