//! The map as the text of two diagram languages: Graphviz' dot, and Mermaid.

use std::collections::BTreeMap;

use podwall_model::Verdict;

use super::{Link, Map, note};

/// Graphviz.
pub fn dot(map: &Map) -> String {
    let mut text = String::from(
        "digraph podwall {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  \
         edge [fontname=\"sans-serif\", fontsize=10];\n",
    );
    for (number, (namespace, places)) in by_namespace(map).into_iter().enumerate() {
        let indent = if namespace.is_some() { "    " } else { "  " };
        if let Some(namespace) = namespace {
            text += &format!("  subgraph cluster_{number} {{\n    label={};\n", quoted(namespace));
        }
        for at in places {
            text += &format!("{indent}n{at} [label={}];\n", quoted(&label(map, at)));
        }
        if namespace.is_some() {
            text += "  }\n";
        }
    }
    for link in &map.links {
        let style = if is_certain(link) { "" } else { ", style=dashed" };
        text += &format!(
            "  n{} -> n{} [label={}{style}];\n",
            link.from,
            link.to,
            quoted(&lanes(link, "\n"))
        );
    }
    text + "}\n"
}

/// Mermaid, which code hosts draw inside Markdown.
pub fn mermaid(map: &Map) -> String {
    let mut text = String::from("flowchart LR\n");
    for (number, (namespace, places)) in by_namespace(map).into_iter().enumerate() {
        let indent = if namespace.is_some() { "    " } else { "  " };
        if let Some(namespace) = namespace {
            text += &format!("  subgraph s{number}[\"{}\"]\n", plain(namespace));
        }
        for at in places {
            text += &format!("{indent}n{at}[\"{}\"]\n", plain(&label(map, at)));
        }
        if namespace.is_some() {
            text += "  end\n";
        }
    }
    for link in &map.links {
        let arrow = if is_certain(link) { "-->" } else { "-.->" };
        let lanes = plain(&lanes(link, "\n")).replace('\n', "<br/>");
        text += &format!("  n{} {arrow}|\"{lanes}\"| n{}\n", link.from, link.to);
    }
    text
}

/// The places of each namespace, then those without one.
pub(super) fn by_namespace(map: &Map) -> Vec<(Option<&str>, Vec<usize>)> {
    let mut groups: BTreeMap<(bool, &str), Vec<usize>> = BTreeMap::new();
    for (at, mapped) in map.places.iter().enumerate() {
        let namespace = mapped.place.namespace.as_deref();
        groups.entry((namespace.is_none(), namespace.unwrap_or_default())).or_default().push(at);
    }
    let named = |((none, name), places): ((bool, _), _)| (Some(name).filter(|_| !none), places);
    groups.into_iter().map(named).collect()
}

/// A place's name without the namespace that is drawn around it, with its count.
pub(super) fn label(map: &Map, at: usize) -> String {
    let place = &map.places[at].place;
    let front = place.namespace.as_ref().map(|namespace| format!("{namespace}/"));
    let name = front.and_then(|front| place.name.strip_prefix(&front)).unwrap_or(&place.name);
    match place.workloads.len() {
        0 | 1 => name.to_owned(),
        several => format!("{name} ({several})"),
    }
}

/// What passes, one line for each passage, with what is asked of requests.
pub(super) fn lanes(link: &Link, between: &str) -> String {
    let line = |passage: &super::Passage| {
        let asked = passage.asked().map_or(String::new(), |asked| format!(" {asked}"));
        format!("{}{asked}{}", passage.lanes.join(", "), note(passage.verdict))
    };
    link.passages.iter().map(line).collect::<Vec<_>>().join(between)
}

/// Whether something passes whatever is switched on.
pub(super) fn is_certain(link: &Link) -> bool {
    link.passages.iter().any(|passage| passage.verdict == Verdict::Forwarded)
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}

/// Text that Mermaid takes inside quotes.
fn plain(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;")
}
