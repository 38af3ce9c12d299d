//! What modes would have done to recorded flows, tried without changing anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use podwall_ledger::{Filter, PAGE_LIMIT};
use podwall_model::{self as model, PolicyId, World};
use podwall_policy::impact::{Example, Impact, impact, switched};
use podwall_policy::options::Options;
use podwall_policy::rule;
use podwall_wire::rest::{ApiError, AskPreview, Flow, Lean, Peer, Preview, PreviewExample};

use super::flows::find;
use super::query::bounded;
use crate::app::App;
use crate::change::modes_by_id;
use crate::refusal::Refusal;

/// The most pages of flows that are judged, so that an answer takes seconds at most.
const PAGES: usize = 20;

/// What these modes would have done to the flows of a time. The policies that are not named stay as
/// they are; nothing is changed.
#[utoipa::path(
    post, operation_id = "previewModes",
    path = "/api/v1/preview",
    request_body = AskPreview,
    responses(
        (status = 200, body = Preview),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError)
    )
)]
pub(crate) async fn preview(
    State(app): State<Arc<App>>,
    body: Result<Json<AskPreview>, JsonRejection>,
) -> Result<Json<Preview>, Refusal> {
    let Json(asked) = body.map_err(|rejection| Refusal::bad_filter(rejection.body_text()))?;
    let (since, until) = (bounded("since", asked.since)?, bounded("until", asked.until)?);
    let modes = modes_by_id(&asked.policies)?;
    let (flows, more) = recorded(&app, since, until).await?;
    let judging = tokio::task::spawn_blocking(move || judge(&app, &modes, &flows, more));
    judging.await.map_err(Refusal::internal)?.map(Json)
}

fn judge(
    app: &App,
    modes: &BTreeMap<PolicyId, model::Mode>,
    flows: &[Flow],
    more: u64,
) -> Result<Preview, Refusal> {
    let (policies, world, mode, revision) = {
        let state = app.state();
        let policies: Vec<rule::Policy> = state.documents.policies().cloned().collect();
        (policies, state.world().clone(), state.mode, state.revision)
    };
    if let Some(unknown) = modes.keys().find(|id| !policies.iter().any(|p| p.id == **id)) {
        return Err(super::no_policy(&unknown.to_string()));
    }
    let tried = tried(&policies, modes, &world, mode, flows);
    Ok(Preview { revision, left_out: tried.left_out + more, ..tried })
}

/// What the flows, newest first, would have met.
fn tried(
    policies: &[rule::Policy],
    modes: &BTreeMap<PolicyId, model::Mode>,
    world: &World,
    mode: model::Mode,
    flows: &[Flow],
) -> Preview {
    let options = Options { mode, ..Options::default() };
    judged(flows, |events| impact(policies, &switched(policies, modes), world, &options, events))
}

/// What a judgement of recorded flows says, as the API tells it.
pub(super) fn judged(flows: &[Flow], judge: impl FnOnce(&[model::Flow]) -> Impact) -> Preview {
    let (kept, events): (Vec<&Flow>, Vec<model::Flow>) =
        flows.iter().filter_map(|flow| Some((flow, event(flow)?))).unzip();
    body(&judge(&events), &kept)
}

fn body(impact: &Impact, flows: &[&Flow]) -> Preview {
    let leans_on = impact.leans_on.iter();
    let leans_on = leans_on.map(|(id, count)| Lean { policy: id.to_string(), count: *count });
    Preview {
        revision: 0,
        judged: impact.judged,
        left_out: impact.unknown,
        stopped: impact.stopped.count,
        released: impact.released.count,
        examples: examples(&impact.stopped.examples, flows),
        released_examples: examples(&impact.released.examples, flows),
        leans_on: leans_on.collect(),
    }
}

/// One for each pair of names, whatever the addresses: two families of one name are one pair.
fn examples(found: &[Example], flows: &[&Flow]) -> Vec<PreviewExample> {
    let mut examples: Vec<PreviewExample> = Vec::new();
    for next in found.iter().map(|found| example(found, flows)) {
        let same = |known: &&mut PreviewExample| {
            let alike = PreviewExample { count: next.count, last: next.last, ..(**known).clone() };
            alike == next
        };
        match examples.iter_mut().find(same) {
            Some(known) => {
                known.count += next.count;
                known.last = known.last.max(next.last);
            }
            None => examples.push(next),
        }
    }
    examples.sort_by_key(|example| std::cmp::Reverse(example.count));
    examples
}

/// Flows are given newest first: the first of a group is the newest.
fn example(found: &Example, flows: &[&Flow]) -> PreviewExample {
    let flow = flows[found.flow];
    let has_ports = matches!(flow.protocol.as_str(), "TCP" | "UDP" | "SCTP");
    PreviewExample {
        source: name(&flow.source),
        destination: name(&flow.destination),
        port: if has_ports {
            format!("{}/{}", flow.port, flow.protocol)
        } else {
            flow.protocol.clone()
        },
        count: found.count,
        last: flow.time,
        rule: found.rule.as_ref().map(ToString::to_string),
        leans_on: found.leans_on.as_ref().map(ToString::to_string),
    }
}

fn name(peer: &Peer) -> String {
    peer.workload.clone().or_else(|| peer.names.first().cloned()).unwrap_or(peer.ip.clone())
}

/// The flows of a time, newest first, and how many times more than a page there were to read.
pub(super) async fn recorded(
    app: &Arc<App>,
    since: u64,
    until: u64,
) -> Result<(Vec<Flow>, u64), Refusal> {
    let mut flows = Vec::new();
    let mut before = None;
    for _ in 0..PAGES {
        let filter = Filter {
            since: Some(since),
            until: Some(until),
            before,
            limit: PAGE_LIMIT,
            ..Filter::default()
        };
        let page = find(app, filter).await?;
        flows.extend(page.flows);
        before = page.next;
        if before.is_none() {
            return Ok((flows, 0));
        }
    }
    // The numbers of flows only grow: what lies below is the most that was left out.
    Ok((flows, before.unwrap_or(0)))
}

/// The event behind a record, as far as it is needed to judge it anew.
fn event(flow: &Flow) -> Option<model::Flow> {
    let destination = flow.destination.ip.parse().ok()?;
    let asked = flow.service.as_ref().map(|service| (service.ip.parse().ok(), service.port));
    let (front, front_port) = asked.unwrap_or((Some(destination), flow.port));
    Some(model::Flow {
        time: Duration::from_millis(flow.time),
        kind: flow.kind.into(),
        workload: workload(&flow.workload)?,
        direction: flow.direction.into(),
        connection: model::Connection {
            source: flow.source.ip.parse().ok()?,
            destination: front?,
            source_port: flow.source_port,
            destination_port: front_port,
            protocol: flow.protocol.parse().ok()?,
        },
        source: side(&flow.source),
        destination: side(&flow.destination),
        backend: flow.service.as_ref().map(|_| (destination, flow.port)),
        service: None,
        verdict: flow.verdict.into(),
        reason: model::Reason::None,
        rule: None,
        nearest: Vec::new(),
        tcp_flags: 0,
        generation: 0,
        count: flow.count,
    })
}

fn side(peer: &Peer) -> model::Side {
    model::Side {
        workload: peer.workload.as_deref().and_then(workload),
        names: peer.names.clone(),
        identity: peer.identity,
        labels: peer.labels.iter().filter_map(|text| label(text)).collect(),
    }
}

fn workload(text: &str) -> Option<model::WorkloadName> {
    let (namespace, name) = text.split_once('/')?;
    Some(model::WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// `source:key=value`, as flows carry labels.
fn label(text: &str) -> Option<model::Label> {
    let (source, rest) = text.split_once(':')?;
    let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
    Some(model::Label::new(model::Source::from_prefix(source)?, key, value))
}

#[cfg(test)]
mod tests {
    use podwall_model::Mode;
    use podwall_policy::check;
    use podwall_wire::rest::{Direction, FlowKind, ServiceHop, Verdict};

    use super::*;

    const WORLD: &str = "
namespaces: [{name: shop}]
pods:
  - {name: web, namespace: shop, labels: {app: web}, ips: [10.0.0.1]}
  - {name: cart, namespace: shop, labels: {app: cart}, ips: [10.0.0.2]}
  - {name: intruder, namespace: shop, labels: {app: intruder}, ips: [10.0.0.66]}
";

    const POLICIES: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {matchLabels: {app: cart}}, policyTypes: [Ingress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 8080, protocol: TCP}]
";

    fn peer(workload: &str, ip: &str) -> Peer {
        Peer {
            workload: Some(workload.into()),
            names: vec![],
            ip: ip.into(),
            labels: vec![],
            identity: 0,
        }
    }

    /// Somebody asked the cart's service, and came to the cart.
    fn flow(source: Peer, count: u64) -> Flow {
        Flow {
            seq: 1,
            time: 5,
            kind: FlowKind::New,
            verdict: Verdict::Forwarded,
            reason: None,
            reason_text: None,
            workload: "shop/cart".into(),
            direction: Direction::Ingress,
            source,
            destination: peer("shop/cart", "10.0.0.2"),
            service: Some(ServiceHop { name: None, ip: "10.96.0.2".into(), port: 80 }),
            protocol: "TCP".into(),
            port: 8080,
            source_port: 40_000,
            tcp_flags: None,
            policy: None,
            rule: None,
            nearest: vec![],
            count,
        }
    }

    fn enforcing(ids: &[&str]) -> Preview {
        let policies = check(POLICIES, "shop.yaml").policies;
        let asked = ids.iter().map(|id| (format!("NetworkPolicy/shop/{id}"), Mode::Enforce.into()));
        let modes = modes_by_id(&asked.collect()).expect("the ids are well formed");
        let world = podwall_files::parse_world(WORLD).expect("the world can be read").world;
        let flows =
            [flow(peer("shop/web", "10.0.0.1"), 7), flow(peer("shop/intruder", "10.0.0.66"), 2)];
        tried(&policies, &modes, &world, Mode::Detect, &flows)
    }

    #[test]
    fn a_policy_alone_would_cut_what_another_only_detects() {
        let preview = enforcing(&["default-deny"]);
        assert_eq!((preview.judged, preview.stopped, preview.left_out), (9, 9, 0));
        let lean = Lean { policy: "NetworkPolicy/shop/cart".into(), count: 7 };
        assert_eq!(preview.leans_on, [lean]);
        let [web, intruder] = &preview.examples[..] else { panic!("{:?}", preview.examples) };
        assert_eq!(
            (web.source.as_str(), web.port.as_str(), web.count),
            ("shop/web", "8080/TCP", 7)
        );
        assert_eq!(web.leans_on.as_deref(), Some("NetworkPolicy/shop/cart"));
        assert_eq!((intruder.source.as_str(), intruder.leans_on.as_ref()), ("shop/intruder", None));
    }

    #[test]
    fn two_addresses_of_one_name_are_one_example() {
        let found = |flow: usize, count: u64| Example { flow, count, rule: None, leans_on: None };
        let flows = [
            flow(peer("shop/web", "10.0.0.1"), 7),
            Flow { time: 9, ..flow(peer("shop/web", "fd00::1"), 2) },
            flow(peer("shop/intruder", "10.0.0.66"), 20),
        ];
        let told = examples(&[found(0, 7), found(1, 2), found(2, 8)], &flows.each_ref());
        let said: Vec<_> = told.iter().map(|it| (it.source.as_str(), it.count, it.last)).collect();
        assert_eq!(said, [("shop/web", 9, 9), ("shop/intruder", 8, 5)]);
    }

    #[test]
    fn together_they_cut_the_intruder_alone() {
        let preview = enforcing(&["default-deny", "cart"]);
        assert_eq!((preview.stopped, preview.leans_on.len()), (2, 0));
        assert_eq!(preview.examples[0].source, "shop/intruder");
    }
}
