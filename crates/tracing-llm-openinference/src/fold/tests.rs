use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use tracing_llm::{Context, Log, Message, Outcome, Template};

use super::*;
use crate::testing::{START, event_with_id};

/// An event below the parent 1 that runs from one moment to another.
fn at(event_type: EventType, id: u64, from: u64, to: u64) -> Event {
    let mut event = event_with_id(event_type, "event", id);
    event.parent_id = SpanId::new(1);
    event.start = START + Duration::from_millis(from);
    event.elapsed = Duration::from_millis(to - from);
    if event_type == EventType::TEMPLATING {
        event.payload.template = Some(Template::new("Answer {q}"));
    }
    event
}

fn template(id: u64, from: u64, to: u64) -> Event {
    at(EventType::TEMPLATING, id, from, to)
}

fn call(id: u64, from: u64, to: u64) -> Event {
    at(EventType::LLM, id, from, to)
}

/// Delivers starts and ends in the order of time, then the end of the trace. Says what was
/// decided: `2` alone, `2>3` folded.
fn decide(events: &[Event]) -> String {
    let mut fold = Fold::default();
    let mut decided = Vec::new();
    let moments = |event: &Event| [(event.start, 1), (event.end(), 0)];
    let mut steps: Vec<_> = events
        .iter()
        .flat_map(|event| moments(event).map(|(time, starts)| (time, starts, event)))
        .collect();
    steps.sort_by_key(|(time, starts, _)| (*time, *starts));
    for (_, starts, event) in steps {
        if starts == 1 {
            fold.start(event, &mut decided);
        } else {
            fold.end(&Arc::new(event.clone()), true, &mut decided);
        }
    }
    fold.trace_ended(events[0].trace_id, &mut decided);
    assert!(fold.families.is_empty() && fold.candidates.is_empty());
    shown(&decided)
}

fn shown(decided: &[Decided]) -> String {
    let id = |event: &Event| event.span_id.get().to_string();
    let shown: Vec<String> = decided
        .iter()
        .map(|decided| match decided {
            Decided::Alone(event) => id(event),
            Decided::Folded { call, template } => format!("{}>{}", id(template), id(call)),
        })
        .collect();
    shown.join(" ")
}

#[test]
fn a_template_folds_into_the_call_that_follows_it() {
    assert_eq!(decide(&[template(2, 0, 1), call(3, 2, 5)]), "2>3");
    assert_eq!(
        decide(&[template(2, 0, 1), call(3, 1, 5), template(4, 6, 7), call(5, 8, 9)]),
        "2>3 4>5"
    );
    let other = at(EventType::RETRIEVE, 6, 0, 9);
    assert_eq!(decide(&[other, template(2, 1, 2), call(3, 3, 4)]), "2>3 6");
}

#[test]
fn a_call_whose_end_is_told_late_was_alone_all_the_same() {
    let told = |next: u64| {
        let (mut fold, mut decided) = (Fold::default(), Vec::new());
        let [template, first, second] = [template(2, 0, 1), call(3, 2, 4), call(5, next, 9)];
        fold.start(&template, &mut decided);
        fold.end(&Arc::new(template), true, &mut decided);
        fold.start(&first, &mut decided);
        fold.start(&second, &mut decided);
        fold.end(&Arc::new(second), true, &mut decided);
        fold.end(&Arc::new(first), true, &mut decided);
        shown(&decided)
    };
    assert_eq!(told(4), "5 2>3");
    assert_eq!(told(3), "5 2 3");
}

#[test]
fn two_branches_at_once_fold_nothing() {
    // join!(fill(2) → call(3), fill(4) → call(5))
    assert_eq!(
        decide(&[template(2, 0, 1), template(4, 2, 3), call(3, 4, 6), call(5, 5, 7)]),
        "2 4 3 5"
    );
    assert_eq!(decide(&[template(2, 0, 1), call(3, 2, 9), call(5, 4, 6)]), "5 2 3");
    assert_eq!(decide(&[call(3, 0, 9), template(2, 1, 2), call(5, 3, 4)]), "2 5 3");
    assert_eq!(decide(&[template(2, 0, 3), call(3, 2, 9)]), "2 3");
    assert_eq!(decide(&[template(2, 0, 3), template(4, 1, 2), call(3, 4, 5)]), "4 2 3");
}

#[test]
fn while_an_earlier_template_waits_for_its_call_no_later_one_folds() {
    let events =
        [template(2, 0, 1), template(4, 2, 3), call(3, 4, 5), template(6, 6, 7), call(5, 8, 9)];
    assert_eq!(decide(&events), "2 4 3 6 5");
    // After one that failed nobody was called.
    let mut failed = template(2, 0, 1);
    failed.outcome = Outcome::Error;
    assert_eq!(decide(&[failed, template(4, 2, 3), call(3, 4, 5)]), "2 4>3");
}

#[test]
fn a_template_that_no_call_follows_is_a_span_when_its_parent_ends() {
    let mut parent = at(EventType::QUERY, 1, 0, 5);
    parent.parent_id = None;
    assert_eq!(decide(&[parent.clone(), template(2, 1, 2)]), "2 1");
    // A call that outlives the parent was begun while it ran.
    assert_eq!(decide(&[parent.clone(), template(2, 1, 2), call(3, 3, 9)]), "1 2>3");
    assert_eq!(decide(&[parent, template(2, 1, 2), call(3, 7, 9)]), "2 1 3");
    assert_eq!(decide(&[template(2, 1, 2)]), "2");
}

#[test]
fn a_call_elsewhere_gets_no_template() {
    let mut below = call(3, 2, 3);
    below.parent_id = SpanId::new(9);
    assert_eq!(decide(&[template(2, 0, 1), below]), "3 2");
    // One with an event below it stays, else that would lose its parent.
    let mut child = at(EventType::FUNCTION_CALL, 4, 1, 2);
    child.parent_id = SpanId::new(2);
    assert_eq!(decide(&[template(2, 0, 3), child, call(3, 4, 5)]), "4 2 3");
}

#[test]
fn what_has_no_place_on_a_call_keeps_its_template_a_span() {
    let alone: [fn(&mut Event); 8] = [
        |event| event.kind = Some("PROMPT".into()),
        |event| event.payload.template = None,
        |event| event.outcome = Outcome::Cancelled,
        |event| event.renamed = true,
        |event| event.logs = vec![Log::new(START, "odd")],
        |event| drop(event.payload.attributes.insert("customer".into(), 7.into())),
        |event| event.payload.output = Some("filled".into()),
        |event| {
            let mut context = Context::default();
            context.user_id = Some("u".into());
            event.context = Arc::new(context);
        },
    ];
    for change in alone {
        let mut template = template(2, 0, 1);
        change(&mut template);
        assert_eq!(decide(&[template, call(3, 2, 3)]), "2 3");
    }
    let own: [fn(&mut Event); 2] = [
        |event| event.payload.template = Some(Template::new("mine")),
        |event| {
            let mut context = Context::default();
            context.template = Some(Template::new("around"));
            event.context = Arc::new(context);
        },
    ];
    for change in own {
        let mut call = call(3, 2, 3);
        change(&mut call);
        assert_eq!(decide(&[template(2, 0, 1), call]), "2 3");
    }
}

#[test]
fn a_filled_text_must_be_in_what_was_sent() {
    let mut as_prompt = template(2, 0, 1);
    as_prompt.payload.prompt = Some("Answer why?".into());
    let mut as_output = template(2, 0, 1);
    as_output.payload.output = Some("Answer why?".into());
    for filled in [as_prompt, as_output] {
        must_be_in_what_was_sent(filled);
    }
}

fn must_be_in_what_was_sent(filled: Event) {
    let mut sent = call(3, 2, 3);
    assert_eq!(decide(&[filled.clone(), sent.clone()]), "2 3");
    sent.payload.messages =
        vec![Message::system("Be brief."), Message::user("Q: Answer why?")].into();
    assert_eq!(decide(&[filled.clone(), sent.clone()]), "2>3");
    sent.payload.messages = vec![Message::user("something else")].into();
    assert_eq!(decide(&[filled.clone(), sent.clone()]), "2 3");
    sent.payload.prompt = Some("Answer why?".into());
    assert_eq!(decide(&[filled, sent]), "2>3");
}

#[test]
fn a_template_by_openinference_names_folds_too() {
    let mut named = template(2, 0, 1);
    let mut context = Context::default();
    context.template = named.payload.template.take();
    named.context = Arc::new(context);
    assert_eq!(decide(&[named, call(3, 2, 3)]), "2>3");
}

#[test]
fn what_is_not_shown_disturbs_but_is_no_span() {
    let mut fold = Fold::default();
    let mut decided = Vec::new();
    let (hidden, filled) = (Arc::new(template(2, 0, 1)), Arc::new(template(4, 2, 3)));
    let made = Arc::new(call(3, 4, 5));
    fold.end(&hidden, false, &mut decided);
    fold.end(&filled, true, &mut decided);
    fold.end(&made, true, &mut decided);
    assert_eq!(shown(&decided), "4 3");
    decided.clear();
    fold.trace_ended(made.trace_id, &mut decided);
    // A call that is not shown gives its template back.
    fold.end(&filled, true, &mut decided);
    fold.end(&made, false, &mut decided);
    assert_eq!(shown(&decided), "4");
}

#[test]
fn a_flush_decides_what_waits() {
    let mut fold = Fold::default();
    let mut decided = Vec::new();
    let (filled, made) = (Arc::new(template(2, 0, 1)), Arc::new(call(3, 2, 5)));
    fold.end(&filled, true, &mut decided);
    fold.start(&made, &mut decided);
    fold.release(&mut decided);
    assert_eq!(shown(&decided), "2");
    fold.end(&made, true, &mut decided);
    assert_eq!(shown(&decided), "2 3");
    assert!(fold.families.is_empty());
}

#[test]
fn parents_beyond_the_bound_give_the_oldest_template_back() {
    let mut fold = Fold::default();
    let mut decided = Vec::new();
    for parent in 0..=PLACES as u64 {
        let mut event = template(10_000 + parent, 0, 1);
        event.parent_id = SpanId::new(1 + parent);
        fold.end(&Arc::new(event), true, &mut decided);
    }
    assert_eq!(shown(&decided), "10000");
    assert_eq!((fold.families.len(), fold.candidates.len()), (PLACES, PLACES));
}

/// Siblings and others at random: type, parent, times, and whether each is shown.
fn any_events() -> impl Strategy<Value = Vec<(Event, bool)>> {
    let types = vec![
        EventType::TEMPLATING,
        EventType::TEMPLATING,
        EventType::LLM,
        EventType::LLM,
        EventType::QUERY,
    ];
    let one = (proptest::sample::select(types), 0..6_u64, 0..40_u64, 0..8_u64, 0..10_u8);
    proptest::collection::vec(one, 1..14).prop_map(|list| {
        let made =
            list.into_iter().enumerate().map(|(index, (kind, parent, from, length, odd))| {
                let mut event = at(kind, index as u64 + 1, from, from + length);
                // Its parent is an event before it, or the trace.
                event.parent_id = SpanId::new(parent.min(index as u64));
                if odd == 1 && kind == EventType::TEMPLATING {
                    event.kind = Some("PROMPT".into());
                }
                (event, odd != 0)
            });
        made.collect()
    })
}

/// The siblings of a template and its call that run from the start of the one to the end of the
/// other.
fn beside<'a>(all: &'a [(Event, bool)], template: &Event, call: &Event) -> Vec<&'a Event> {
    let (from, to) = (template.start, call.end());
    let is_sibling = |event: &Event| {
        event.parent_id == call.parent_id
            && matches!(event.event_type, EventType::TEMPLATING | EventType::LLM)
            && ![template.span_id, call.span_id].contains(&event.span_id)
    };
    let runs = |event: &Event| event.start < to && event.end() > from;
    all.iter().map(|(event, _)| event).filter(|event| is_sibling(event) && runs(event)).collect()
}

proptest! {
    #[test]
    fn every_event_is_decided_once_and_every_fold_has_no_other_reading(
        events in any_events(),
        flush in 0..60_usize,
    ) {
        let mut steps: Vec<_> = events
            .iter()
            .flat_map(|(event, shown)| {
                [(event.start, 1, event, *shown), (event.end(), 2, event, *shown)]
            })
            .collect();
        steps.sort_by_key(|(time, step, event, _)| (*time, *step, event.span_id));
        let mut fold = Fold::default();
        let mut decided = Vec::new();
        for (index, (_, step, event, shown)) in steps.into_iter().enumerate() {
            if index == flush {
                fold.release(&mut decided);
            }
            if step == 1 {
                fold.start(event, &mut decided);
            } else {
                fold.end(&Arc::new(event.clone()), shown, &mut decided);
            }
        }
        let trace = events[0].0.trace_id;
        fold.trace_ended(trace, &mut decided);
        prop_assert!(fold.families.is_empty() && fold.candidates.is_empty());

        let mut times: BTreeMap<u64, usize> = BTreeMap::new();
        for decision in &decided {
            match decision {
                Decided::Alone(event) => *times.entry(event.span_id.get()).or_default() += 1,
                Decided::Folded { call, template } => {
                    *times.entry(call.span_id.get()).or_default() += 1;
                    *times.entry(template.span_id.get()).or_default() += 1;
                    prop_assert_eq!(call.parent_id, template.parent_id);
                    prop_assert_eq!(template.event_type, EventType::TEMPLATING);
                    prop_assert!(template.kind.is_none() && call.start >= template.end());
                    prop_assert_eq!(beside(&events, template, call), Vec::<&Event>::new());
                    let below = |event: &Event| {
                        event.parent_id == Some(template.span_id)
                            && event.start >= template.start
                            && event.start < call.end()
                    };
                    prop_assert!(!events.iter().any(|(event, _)| below(event)));
                }
            }
        }
        for (event, shown) in &events {
            let count = times.get(&event.span_id.get()).copied().unwrap_or_default();
            prop_assert_eq!(count, usize::from(*shown), "{}", event.span_id);
        }
    }
}
