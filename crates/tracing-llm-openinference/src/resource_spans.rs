//! Spans below what they come from, as OTLP groups them. Pure.

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};

/// How many spans there are.
pub(crate) fn count(all: &[ResourceSpans]) -> u64 {
    let scopes = all.iter().flat_map(|origin| &origin.scope_spans);
    scopes.map(|scope| scope.spans.len() as u64).sum()
}

/// Adds spans; those of the same origin as the last ones join them.
pub(crate) fn join(all: &mut Vec<ResourceSpans>, more: Vec<ResourceSpans>) {
    for origin in more {
        match all.last_mut() {
            Some(last)
                if last.resource == origin.resource && last.schema_url == origin.schema_url =>
            {
                join_scopes(&mut last.scope_spans, origin.scope_spans);
            }
            _ => all.push(origin),
        }
    }
}

fn join_scopes(all: &mut Vec<ScopeSpans>, more: Vec<ScopeSpans>) {
    for scope in more {
        match all.last_mut() {
            Some(last) if last.scope == scope.scope && last.schema_url == scope.schema_url => {
                last.spans.extend(scope.spans);
            }
            _ => all.push(scope),
        }
    }
}

/// Keeps the first so many spans, and gives the others.
pub(crate) fn split(all: &mut Vec<ResourceSpans>, mut keep: u64) -> Vec<ResourceSpans> {
    let mut rest = Vec::new();
    for origin in all.iter_mut() {
        let mut others = Vec::new();
        for scope in &mut origin.scope_spans {
            let kept = usize::try_from(keep).unwrap_or(usize::MAX).min(scope.spans.len());
            keep -= kept as u64;
            let spans = scope.spans.split_off(kept);
            if !spans.is_empty() {
                others.push(ScopeSpans {
                    scope: scope.scope.clone(),
                    schema_url: scope.schema_url.clone(),
                    spans,
                });
            }
        }
        origin.scope_spans.retain(|scope| !scope.spans.is_empty());
        if !others.is_empty() {
            rest.push(ResourceSpans {
                resource: origin.resource.clone(),
                schema_url: origin.schema_url.clone(),
                scope_spans: others,
            });
        }
    }
    all.retain(|origin| !origin.scope_spans.is_empty());
    rest
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Span;

    use super::*;

    /// Spans by their origin's and scope's marks.
    fn spans(marks: &[(&str, &str, &[u32])]) -> Vec<ResourceSpans> {
        let mut all = Vec::new();
        for (origin, scope, flags) in marks {
            let spans = flags.iter().map(|flags| Span { flags: *flags, ..Span::default() });
            let scope_spans = vec![ScopeSpans {
                schema_url: (*scope).to_owned(),
                spans: spans.collect(),
                ..ScopeSpans::default()
            }];
            let schema_url = (*origin).to_owned();
            let more = ResourceSpans { schema_url, scope_spans, ..ResourceSpans::default() };
            join(&mut all, vec![more]);
        }
        all
    }

    #[test]
    fn spans_of_the_same_origin_stand_together_and_others_apart() {
        let all = spans(&[("a", "x", &[1]), ("a", "x", &[2]), ("a", "y", &[3]), ("b", "y", &[4])]);
        assert_eq!(count(&all), 4);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].scope_spans.len(), 2);
        assert_eq!(all[0].scope_spans[0].spans.len(), 2);
    }

    #[test]
    fn a_split_keeps_every_span_its_order_and_its_origin() {
        let marks: &[(&str, &str, &[u32])] =
            &[("a", "x", &[1, 2]), ("a", "y", &[3]), ("b", "y", &[4, 5])];
        let all = spans(marks);
        for keep in 0..=6 {
            let mut first = all.clone();
            let second = split(&mut first, keep);
            assert_eq!((count(&first), count(&second)), (keep.min(5), 5 - keep.min(5)));
            join(&mut first, second);
            assert_eq!(first, all);
        }
    }
}
