use super::{Shape, TABLE, is_list, lists, stands_alone};
use crate::testing::keys_of_the_conventions;

/// The shape of a type, as the conventions call it.
fn shape(r#type: &str) -> Shape {
    match r#type {
        "string" => Shape::String,
        "json_string" => Shape::Json,
        "int" => Shape::Int,
        "float" => Shape::Float,
        "int_or_float" => Shape::Number,
        "bool" => Shape::Bool,
        "string_or_int" => Shape::StringOrInt,
        "string_array" => Shape::Strings,
        "float_array" => Shape::Floats,
        "list_of_objects" => Shape::List,
        "object" => Shape::Object,
        "prefix" => Shape::Prefix,
        other => panic!("a type that is not ours: {other}"),
    }
}

#[test]
fn the_table_names_every_key_of_the_conventions_that_is_not_deprecated_and_no_other() {
    let expected: Vec<(&str, Shape)> = keys_of_the_conventions()
        .into_iter()
        .filter(|key| !key.deprecated)
        .map(|key| (key.name, shape(key.r#type)))
        .collect();
    assert_eq!(expected.len(), 139);
    let sorted = |mut list: Vec<(&'static str, Shape)>| {
        list.sort_by_key(|(name, _)| *name);
        list
    };
    assert_eq!(sorted(TABLE.to_vec()), sorted(expected));
}

#[test]
fn the_table_is_sorted_so_that_it_can_be_searched() {
    assert!(TABLE.is_sorted_by_key(|(key, _)| key));
    for (key, shape) in TABLE {
        assert_eq!(is_list(key), *shape == Shape::List, "{key}");
    }
    assert!(!is_list("no.such.key"));
}

#[test]
fn a_name_stands_alone_where_the_conventions_write_it_so() {
    for key in keys_of_the_conventions().into_iter().filter(|key| !key.deprecated) {
        let is_list = shape(key.r#type) == Shape::List;
        let alone = key
            .paths
            .iter()
            .any(|path| *path == key.name || (is_list && path.strip_prefix(key.name).is_some()));
        // A tool's schema stands alone nowhere that we write it.
        let expected = alone && !key.name.starts_with("exception.");
        assert_eq!(stands_alone(key.name), expected, "{}: {:?}", key.name, key.paths);
    }
    assert!(lists().any(|list| list == "llm.input_messages"));
    assert!(!lists().any(|list| list == "message.contents"));
}
