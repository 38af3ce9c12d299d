//! Drafts as people would write them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use podwall_policy::scalar;

use super::{Evidence, Group, Habits, Other, ports};

/// The most names that a comment tells.
const TOLD: usize = 4;

/// One document for each kind of workload.
pub(super) fn documents(habits: &BTreeMap<Group, Habits>) -> String {
    let mut text = String::new();
    let mut taken = BTreeSet::new();
    for (group, habit) in habits {
        if !text.is_empty() {
            text.push_str("---\n");
        }
        document(&mut text, group, habit, &mut taken);
    }
    text
}

fn document(
    text: &mut String,
    group: &Group,
    habit: &Habits,
    taken: &mut BTreeSet<(String, String)>,
) {
    let members: Vec<String> = habit.members.iter().cloned().collect();
    line(text, 0, &format!("# seen of {}", few(&members)));
    line(text, 0, "apiVersion: cilium.io/v2");
    line(text, 0, "kind: CiliumNetworkPolicy");
    line(text, 0, "metadata:");
    line(text, 2, &format!("name: {}", scalar(&name(group, taken))));
    line(text, 2, &format!("namespace: {}", scalar(&group.namespace)));
    line(text, 2, "annotations:");
    line(text, 4, "podwall.io/mode: detect");
    line(text, 0, "spec:");
    if group.labels.is_empty() {
        line(text, 2, "# no labels name these workloads: the whole namespace is meant");
    }
    selector(text, 2, "endpointSelector", &group.labels);
    list(text, "ingress", ("fromEndpoints", "fromEntities", "fromCIDR"), group, &habit.ingress);
    list(text, "egress", ("toEndpoints", "toEntities", "toCIDR"), group, &habit.egress);
}

fn list(
    text: &mut String,
    name: &str,
    words: (&str, &str, &str),
    group: &Group,
    rules: &BTreeMap<Other, Evidence>,
) {
    line(text, 2, &format!("{name}:"));
    if rules.is_empty() {
        line(text, 4, "# nothing was seen");
        line(text, 4, "- {}");
    }
    for (other, evidence) in rules {
        for part in ports::parts(evidence) {
            line(text, 4, &told(evidence));
            peers(text, words, group, other);
            ports::write(text, &part);
        }
    }
    // Protocols that no rule can name leave a list without an element, which must not open it.
    if !rules.is_empty() && rules.values().all(|evidence| ports::parts(evidence).is_empty()) {
        line(text, 4, "# nothing that a policy could name was seen");
        line(text, 4, "- {}");
    }
}

/// What was seen of a rule.
fn told(evidence: &Evidence) -> String {
    if evidence.flows == 0 {
        return "# names are learnt here; the cluster's name server is meant, though no question \
                was recorded"
            .to_owned();
    }
    let names: Vec<String> = evidence.names.iter().cloned().collect();
    let who = if names.is_empty() { String::new() } else { format!(": {}", few(&names)) };
    format!("# flows: {}{who}", evidence.flows)
}

fn peers(text: &mut String, words: (&str, &str, &str), group: &Group, other: &Other) {
    let (endpoints, entities, ranges) = words;
    match other {
        Other::Entity(entity) => line(text, 4, &format!("- {entities}: [{entity}]")),
        Other::Names(names) => {
            line(text, 4, "- toFQDNs:");
            for name in names {
                line(text, 8, &format!("- matchName: {}", scalar(name)));
            }
        }
        Other::Address(address) => {
            let length = if address.is_ipv4() { 32 } else { 128 };
            line(text, 4, &format!("- {ranges}: [\"{address}/{length}\"]"));
        }
        Other::Workloads(peer) => {
            line(text, 4, &format!("- {endpoints}:"));
            let mut labels = peer.labels.clone();
            if peer.namespace != group.namespace {
                let key = "k8s:io.kubernetes.pod.namespace".to_owned();
                labels.insert(key, peer.namespace.clone());
            }
            if labels.is_empty() {
                line(text, 8, "- {}");
                return;
            }
            line(text, 8, "- matchLabels:");
            for (key, value) in &labels {
                line(text, 12, &format!("{}: {}", scalar(key), scalar(value)));
            }
        }
    }
}

fn selector(text: &mut String, indent: usize, key: &str, labels: &BTreeMap<String, String>) {
    if labels.is_empty() {
        line(text, indent, &format!("{key}: {{}}"));
        return;
    }
    line(text, indent, &format!("{key}:"));
    line(text, indent + 2, "matchLabels:");
    for (key, value) in labels {
        line(text, indent + 4, &format!("{}: {}", scalar(key), scalar(value)));
    }
}

/// A name from the labels' values, that no other policy of the namespace has.
fn name(group: &Group, taken: &mut BTreeSet<(String, String)>) -> String {
    let words: Vec<&str> = group.labels.values().map(String::as_str).collect();
    let joined = words.join("-").to_ascii_lowercase();
    let plain = joined.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' });
    let plain: String = plain.take(50).collect();
    let stem = match plain.trim_matches('-') {
        "" => "workloads",
        some => some,
    };
    let numbered = |number: u32| match number {
        1 => stem.to_owned(),
        more => format!("{stem}-{more}"),
    };
    let free =
        (1..).map(numbered).find(|name| taken.insert((group.namespace.clone(), name.clone())));
    free.expect("some number is free")
}

fn few(names: &[String]) -> String {
    // Names come from records: one that breaks the line would leave the comment.
    let safe = |name: &String| name.chars().filter(|c| !c.is_control()).collect::<String>();
    let told: Vec<String> = names.iter().take(TOLD).map(safe).collect();
    match names.len().checked_sub(TOLD) {
        Some(rest) if rest > 0 => format!("{} and {rest} more", told.join(", ")),
        Some(_) | None => told.join(", "),
    }
}

pub(super) fn line(text: &mut String, indent: usize, words: &str) {
    writeln!(text, "{:indent$}{words}", "").expect("a string takes all text");
}
