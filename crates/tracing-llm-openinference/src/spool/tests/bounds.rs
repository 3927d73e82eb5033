//! What the folder may hold, and what happens when it is full.

use super::*;

#[test]
fn beyond_the_bytes_the_oldest_segments_go_and_are_counted() {
    let folder = Folder::new();
    let mut settings = settings(&folder.0);
    settings.max_bytes = 20_000;
    let (mut spool, tally) = open_with(&settings, &Clock::new());
    for batch in 0..100 {
        spool.append(&spans(batch * 50..batch * 50 + 50)).unwrap();
        let bytes: u64 = folder
            .files()
            .iter()
            .filter(|name| name.contains(".jsonl"))
            .map(|name| fs::metadata(folder.0.join(name)).unwrap().len())
            .sum();
        assert!(bytes <= 20_000, "{bytes}");
    }
    let left = drain(&mut spool);
    let dropped = tally.counts().dropped;
    assert!(!left.is_empty() && dropped > 0);
    assert_eq!(left, (dropped..5_000).collect::<Vec<_>>());
}

#[test]
fn one_batch_beyond_all_that_is_allowed_is_dropped_and_counted() {
    let folder = Folder::new();
    let mut settings = settings(&folder.0);
    settings.max_bytes = 100;
    let (mut spool, tally) = open_with(&settings, &Clock::new());
    spool.append(&spans(0..50)).unwrap();
    assert!(spool.is_empty());
    assert_eq!(tally.counts().dropped, 50);
    assert_eq!(folder.ending(".jsonl").len() + folder.ending(".open").len(), 0);
}

#[test]
fn what_is_too_old_goes_and_is_counted() {
    let folder = Folder::new();
    let clock = Clock::new();
    let (mut spool, tally) = open_with(&settings(&folder.0), &clock);
    spool.append(&spans(0..3)).unwrap();
    clock.advance(1_800);
    spool.append(&spans(3..5)).unwrap();
    spool.append(&spans(5..6)).unwrap();
    clock.advance(1_801);
    assert_eq!(drain(&mut spool), [5]);
    assert_eq!(tally.counts().dropped, 5);

    spool.append(&spans(6..7)).unwrap();
    drop(spool);
    clock.advance(3_601);
    let (spool, tally) = open_with(&settings(&folder.0), &clock);
    assert!(spool.is_empty());
    assert_eq!((tally.counts().recovered, tally.counts().dropped), (1, 1));
}

#[test]
fn spans_that_are_on_their_way_are_not_dropped_to_make_room() {
    let folder = Folder::new();
    let mut settings = settings(&folder.0);
    settings.max_bytes = 10_000;
    let (mut spool, tally) = open_with(&settings, &Clock::new());
    spool.append(&spans(0..10)).unwrap();
    let packet = spool.next(usize::MAX).unwrap().unwrap();
    for batch in 1..100 {
        spool.append(&spans(batch * 10..batch * 10 + 10)).unwrap();
    }
    let dropped = tally.counts().dropped;
    assert!(dropped > 0);
    spool.done(packet.ticket).unwrap();
    // None of the ten counts as dropped as well as sent.
    assert_eq!(drain(&mut spool).len() as u64, 1_000 - 10 - dropped);

    spool.append(&spans(0..10)).unwrap();
    let packet = spool.next(usize::MAX).unwrap().unwrap();
    drop(packet.ticket);
    for batch in 1..100 {
        spool.append(&spans(batch * 10..batch * 10 + 10)).unwrap();
    }
    assert!(drain(&mut spool)[0] > 10, "a ticket that was let go holds nothing");
}

#[test]
fn a_clock_that_is_set_back_changes_no_order() {
    let folder = Folder::new();
    let clock = Clock::new();
    let (mut spool, _) = open_with(&settings(&folder.0), &clock);
    spool.append(&spans(0..1)).unwrap();
    spool.close().unwrap();
    clock.advance(-100);
    spool.append(&spans(1..2)).unwrap();
    drop(spool);
    clock.advance(-100);
    let (mut spool, _) = open_with(&settings(&folder.0), &clock);
    spool.append(&spans(2..3)).unwrap();
    assert_eq!(drain(&mut spool), [0, 1, 2]);
}

/// Needs the right to mount a file system; says so if there is none.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_loses_nothing_that_was_in_and_heals() {
    use std::process::Command;

    struct Mount<'a>(&'a Path);

    impl Drop for Mount<'_> {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(self.0).output();
        }
    }

    let folder = Folder::new();
    fs::create_dir(&folder.0).unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=64k", "none"];
    let mounted = Command::new("mount").args(mount).arg(&folder.0).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("not run: this user may not mount a small file system");
        return;
    }
    let _mount = Mount(&folder.0);
    let (mut spool, _) = open(&folder);
    let large = |number| Span { trace_state: "x".repeat(10_000), ..span(number) };
    let mut written = 0;
    let error = loop {
        match spool.append(&[large(written)]) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 10);
    };
    assert!(error.is_file(), "{error}");
    assert!(written >= 4);
    // The torn line is gone, and what fits is taken again.
    let file = fs::read_to_string(folder.only(".open")).unwrap();
    assert!(file.ends_with('\n'));
    assert_eq!(file.lines().count() as u64, written);
    assert!(spool.append(&[large(written)]).is_err());
    spool.append(&[span(written)]).unwrap();

    // The position cannot always be noted, but sending goes on, and makes room.
    fs::write(folder.0.join("filler"), vec![0; 8_000]).unwrap_or_default();
    let mut sent = Vec::new();
    while let Some(packet) = spool.next(1).unwrap() {
        sent.extend(numbers(&packet));
        let _ = spool.done(packet.ticket);
    }
    assert_eq!(sent, (0..=written).collect::<Vec<_>>());
    fs::remove_file(folder.0.join("filler")).unwrap();
    spool.append(&[large(7)]).unwrap();
    assert_eq!(drain(&mut spool), [7]);
}
