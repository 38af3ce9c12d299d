//! Metrics in Prometheus' text format: our own names, and the two of Hubble that dashboards ask
//! for first.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use podwall_ledger::{Count, Key};
use podwall_model::{Reason, Verdict};
use podwall_wire::rest::AgentState;

use crate::app::App;
use crate::body;

/// The most series with a policy's name; what is beyond goes to one series.
const POLICY_SERIES_LIMIT: usize = 10_000;
/// The policy name of what is beyond.
const OVERFLOW: &str = "__overflow__";

/// Metrics in Prometheus' text format.
#[utoipa::path(
    get, operation_id = "getMetrics",
    path = "/metrics",
    responses((status = 200, content_type = "text/plain", body = String))
)]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let reader = app.clone();
    let counted = app.ask(|ledger| sums(ledger.counters()));
    let (policies, denies, packets) = counted.await;
    let mut text = String::new();
    write_family(
        &mut text,
        "podwall_policy_packets_total",
        "packets that a rule decided",
        &policies,
        0,
    );
    write_family(
        &mut text,
        "podwall_policy_bytes_total",
        "bytes that a rule decided",
        &policies,
        1,
    );
    write_family(
        &mut text,
        "podwall_default_deny_total",
        "packets that no rule allows",
        &denies,
        0,
    );
    write_family(&mut text, "podwall_packets_total", "packets that were judged", &packets, 0);
    write_family(&mut text, "podwall_bytes_total", "bytes that were judged", &packets, 1);
    write_state(&mut text, &reader);
    let seen = reader.seen();
    write_family(
        &mut text,
        "hubble_flows_processed_total",
        "flow events, with the labels of Hubble",
        &seen.processed,
        0,
    );
    write_family(
        &mut text,
        "hubble_drop_total",
        "dropped flow events, with the labels of Hubble",
        &seen.dropped,
        0,
    );
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// A series by its labels, with packets and bytes.
pub(crate) type Family = BTreeMap<String, [u64; 2]>;

fn sums<'a>(counters: impl Iterator<Item = (&'a Key, &'a Count)>) -> (Family, Family, Family) {
    let (mut policies, mut denies, mut packets) = (Family::new(), Family::new(), Family::new());
    for (key, count) in counters {
        let namespace = key.workload.split('/').next().unwrap_or_default();
        let direction = key.direction.to_string();
        let verdict = word(key.verdict);
        let place = [("namespace", namespace), ("direction", &direction), ("verdict", verdict)];
        add(&mut packets, labels(&place), count);
        if key.reason == Reason::DefaultDeny {
            add(&mut denies, labels(&place), count);
        }
        let Some(rule) = &key.rule else { continue };
        let (kind, name) = rule.policy.split_once('/').unwrap_or(("", &rule.policy));
        let place_in = rule.rule.split_once('#').map_or("", |(_, rule)| rule);
        let whole = labels(&[
            ("namespace", namespace),
            ("policy", name),
            ("kind", kind),
            ("rule", place_in),
            ("direction", &direction),
            ("verdict", verdict),
        ]);
        let known = policies.len() < POLICY_SERIES_LIMIT || policies.contains_key(&whole);
        let overflow = [("policy", OVERFLOW), ("direction", &direction), ("verdict", verdict)];
        add(&mut policies, if known { whole } else { labels(&overflow) }, count);
    }
    (policies, denies, packets)
}

fn add(family: &mut Family, labels: String, count: &Count) {
    let [packets, bytes] = family.entry(labels).or_default();
    *packets += count.packets;
    *bytes += count.bytes;
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Forwarded => "forwarded",
        Verdict::WouldDrop => "would_drop",
        Verdict::Dropped => "dropped",
        Verdict::WouldAllow => "would_allow",
    }
}

/// Labels as they are written, with what would break the format escaped.
pub(crate) fn labels(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        let comma = if text.is_empty() { "" } else { "," };
        let _ = write!(text, "{comma}{name}=\"{value}\"");
    }
    text
}

fn write_family(text: &mut String, name: &str, help: &str, family: &Family, column: usize) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} counter");
    for (labels, values) in family {
        let _ = writeln!(text, "{name}{{{labels}}} {}", values[column]);
    }
}

fn write_state(text: &mut String, app: &App) {
    let status = body::status(&app.state(), None);
    let mut gauge = |name: &str, help: &str, series: &[(String, u64)]| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in series {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let modes = &status.policies;
    let by_mode = [
        ("off", modes.off),
        ("detect", modes.detect),
        ("enforce", modes.enforce),
        ("refused", modes.refused),
    ];
    let by_mode: Vec<_> = by_mode
        .iter()
        .map(|(mode, count)| (format!("{{mode=\"{mode}\"}}"), u64::from(*count)))
        .collect();
    gauge("podwall_policies", "policies by the mode that takes effect", &by_mode);
    let one = |value: u64| [(String::new(), value)];
    gauge("podwall_revision", "the newest accepted policy set", &one(status.revision));
    for node in &status.nodes {
        let labelled = |value: u64| [(format!("{{node=\"{}\"}}", node.name), value)];
        gauge(
            "podwall_revision_in_force",
            "the policy set in force on a node",
            &labelled(node.revision),
        );
        let up = u64::from(node.agent == AgentState::Running);
        gauge("podwall_agent_up", "whether the agent of a node answers", &labelled(up));
    }
    let losses = app.state().node.losses;
    let (lost, killed) = (app.state().node.events_lost, app.state().node.events_killed);
    let _ = writeln!(
        text,
        "# HELP podwall_events_total events that the kernel had to tell\n\
         # TYPE podwall_events_total counter\n\
         podwall_events_total{{class=\"flow\"}} {}\n\
         # HELP podwall_events_lost_total events that were lost on their way\n\
         # TYPE podwall_events_lost_total counter\n\
         podwall_events_lost_total{{class=\"flow\",stage=\"kernel_ring\",reason=\"full\"}} {}\n\
         podwall_events_lost_total{{class=\"flow\",stage=\"queue\",reason=\"full\"}} {}\n\
         podwall_events_lost_total{{class=\"flow\",stage=\"queue\",reason=\"killed\"}} {}",
        losses.produced,
        losses.lost_kernel,
        lost.saturating_sub(losses.lost_kernel).saturating_sub(killed),
        killed,
    );
}
