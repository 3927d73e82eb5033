use super::{Shape, TABLE, is_list};

const KNOWN: &str = include_str!("known_keys.txt");

fn known() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    KNOWN.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let mut words = line.split(' ');
        (words.next().unwrap(), words.next().unwrap(), words.next() == Some("deprecated"))
    })
}

#[test]
fn the_table_names_every_known_key_that_is_not_deprecated_and_no_other() {
    let expected: Vec<(&str, String)> = known()
        .filter(|(_, _, deprecated)| !deprecated)
        .map(|(key, shape, _)| (key, shape.to_owned()))
        .collect();
    let ours: Vec<(&str, String)> =
        TABLE.iter().map(|(key, shape)| (*key, format!("{shape:?}"))).collect();
    assert_eq!(expected.len(), 139);
    assert_eq!(ours, expected);
}

#[test]
fn the_table_is_sorted_so_that_it_can_be_searched() {
    assert!(TABLE.is_sorted_by_key(|(key, _)| key));
    for (key, shape) in TABLE {
        assert_eq!(is_list(key), *shape == Shape::List, "{key}");
    }
    assert!(!is_list("no.such.key"));
}
