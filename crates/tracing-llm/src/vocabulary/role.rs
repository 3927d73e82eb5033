//! What a field of some name means: the tables, and the names that are made by a scheme.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Vocabulary;
use super::flatten::List;
use super::key::{Key, Role, Side};
use super::parameters::REQUEST;
use super::table::{ATTRIBUTE, TABLE, part};
use super::vendors::VENDORS;

const fn list(name: &'static str, key: Key) -> List {
    List { name, key }
}

/// Lists that may come flattened. Those of OpenInference, and the messages as OpenLLMetry
/// writes them; then the lists that have no typed place, whose fields are attributes each.
static LISTS: &[List] = &[
    list("gen_ai.prompt", Key::Messages(Side::In)),
    list("gen_ai.completion", Key::Messages(Side::Out)),
    list("llm.input_messages", Key::Messages(Side::In)),
    list("llm.output_messages", Key::Messages(Side::Out)),
    list("llm.prompts", Key::Prompts),
    list("llm.choices", Key::Choices),
    list("llm.tools", Key::Tools),
    list("embedding.embeddings", Key::Embeddings),
    list("input.documents", Key::Documents(Side::In)),
    list("output.documents", Key::Attribute),
    list("retrieval.documents", Key::Documents(Side::Out)),
    list("reranker.input_documents", Key::Documents(Side::In)),
    list("reranker.output_documents", Key::Documents(Side::Out)),
    list("input.images", Key::Attribute),
    list("output.images", Key::Attribute),
    list("annotations", Key::Annotations),
    list("evaluations", Key::Annotations),
    list("trace.annotations", Key::Attribute),
    list("trace.evaluations", Key::Attribute),
    list("session.annotations", Key::Attribute),
    list("session.evaluations", Key::Attribute),
];

/// Namespaces that belong to these vocabularies whole: a name in one of them that the table does
/// not know is newer than the table, or a vendor's own.
const NAMESPACES: &[(&str, Vocabulary)] = &[
    ("gen_ai.", Vocabulary::GenAi),
    ("llm.", Vocabulary::OpenInference),
    ("openinference.", Vocabulary::OpenInference),
    ("langfuse.", Vocabulary::Langfuse),
];

static ROLES: LazyLock<HashMap<&'static str, (Role, Option<Vocabulary>)>> = LazyLock::new(|| {
    let rows = TABLE.iter().chain(VENDORS);
    rows.flat_map(|rows| {
        rows.names.iter().map(|(name, role)| (*name, (*role, rows.origin.vocabulary)))
    })
    .collect()
});

/// What a field of this name means. Asked once a callsite, when it is registered.
pub(crate) fn role(field_name: &str) -> Role {
    if let Some((role, _)) = ROLES.get(field_name) {
        return match *role {
            Role::Payload { key, .. } => Role::Payload { key, bare: !field_name.contains('.') },
            role => role,
        };
    }
    if let Some(list) = LISTS.iter().find(|list| list.holds(field_name)) {
        return if list.key == Key::Attribute { ATTRIBUTE } else { part(Key::Item(list)) };
    }
    if field_name.strip_prefix(REQUEST).is_some_and(|parameter| !parameter.is_empty()) {
        return part(Key::NamedParameter);
    }
    if NAMESPACES.iter().any(|(space, _)| field_name.starts_with(space)) {
        return ATTRIBUTE;
    }
    Role::Other
}

/// The vocabulary that a name belongs to; none if it is of none that can be switched off.
pub(crate) fn vocabulary_of(field_name: &str) -> Option<Vocabulary> {
    if let Some((_, vocabulary)) = ROLES.get(field_name) {
        return *vocabulary;
    }
    let space = NAMESPACES.iter().find(|(space, _)| field_name.starts_with(space));
    let listed = || LISTS.iter().any(|list| list.holds(field_name));
    space
        .map(|(_, vocabulary)| *vocabulary)
        .or_else(|| listed().then_some(Vocabulary::OpenInference))
}
