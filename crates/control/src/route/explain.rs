//! What would become of a connection as the policies stand.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use podwall_model::{Protocol, WorkloadName, World};
use podwall_policy::end::End;
use podwall_policy::explain::{ExplainedDirection, explain as explain_packet};
use podwall_policy::judge::Court;
use podwall_policy::matching::Packet;
use podwall_policy::options::Options;
use podwall_policy::{icmp_kind, rule};
use podwall_wire::rest::{self, ApiError, Explanation};

use super::query::{Pairs, number, unknown};
use crate::app::App;
use crate::refusal::Refusal;

/// What would become of a connection as the policies stand. A service is judged by its backends;
/// where they differ, the first that is refused is told.
#[utoipa::path(
    get, operation_id = "explain",
    path = "/api/v1/explain",
    params(
        ("from" = String, Query, description = "namespace/name or an address"),
        ("to" = String, Query, description = "namespace/name of a workload or service, or an address"),
        ("port" = String, Query, description = "5432, 5432/TCP, 53/UDP, icmp or icmp6")
    ),
    responses(
        (status = 200, body = Explanation),
        (status = 400, body = ApiError),
        (status = 404, body = ApiError)
    )
)]
pub(crate) async fn explain(
    State(app): State<Arc<App>>,
    Query(pairs): Query<Pairs>,
) -> Result<Json<Explanation>, Refusal> {
    let (mut from, mut to, mut port) = (None, None, None);
    for (word, value) in &pairs {
        match word.as_str() {
            "from" => from = Some(value.as_str()),
            "to" => to = Some(value.as_str()),
            "port" => port = Some(value.as_str()),
            other => return Err(unknown(other, "from, to, port")),
        }
    }
    let (Some(from), Some(to), Some(port)) = (from, to, port) else {
        return Err(Refusal::bad_filter("from, to and port are all needed"));
    };
    let state = app.state();
    let policies: Vec<rule::Policy> = state.documents.policies().cloned().collect();
    let options = Options { mode: state.mode, ..Options::default() };
    let court = Court::new(&policies, state.world(), options);
    let packet = packet(port)?;
    let client = end(from, state.world(), &options)?.ok_or_else(|| no_end(from))?;
    let servers = servers(to, packet, state.world(), &options)?;
    let mut answers = servers
        .iter()
        .map(|(server, packet)| explain_packet(&court, &client, server, *packet))
        .collect::<Vec<_>>();
    let first = answers.iter().position(|answer| !answer.verdict.passed()).unwrap_or(0);
    let answer = answers.swap_remove(first);
    Ok(Json(Explanation {
        verdict: answer.verdict.into(),
        summary: answer.summary,
        directions: answer.directions.into_iter().map(direction).collect(),
        change: answer.change,
    }))
}

fn direction(direction: ExplainedDirection) -> rest::ExplainedDirection {
    let nearest = direction.nearest.into_iter().map(|near| rest::Nearest {
        rule: near.rule.to_string(),
        why: near.why,
        peer: near.fit.peer,
        protocol: near.fit.protocol,
        port: near.fit.port,
    });
    rest::ExplainedDirection {
        workload: direction.workload.to_string(),
        direction: direction.direction.into(),
        verdict: direction.verdict.into(),
        rule: direction.rule.map(|rule| rule.to_string()),
        sentences: direction.sentences,
        nearest: nearest.collect(),
    }
}

/// A workload or an address.
fn end(text: &str, world: &World, options: &Options) -> Result<Option<End>, Refusal> {
    if let Some(name) = workload_name(text) {
        let workload = world.workload(&name);
        return Ok(workload.map(|workload| End::of(workload, None, world, options)));
    }
    let ip: IpAddr = text.parse().map_err(|_| {
        Refusal::bad_filter(format!(
            "neither a workload nor an address: `{text}`, hint: write namespace/name or an address"
        ))
    })?;
    Ok(Some(End::at(ip, world, options)))
}

/// The ends that a name leads to: one, or every backend of a service with the port it has there.
fn servers(
    text: &str,
    packet: Packet,
    world: &World,
    options: &Options,
) -> Result<Vec<(End, Packet)>, Refusal> {
    let address = text.parse::<IpAddr>().ok();
    let named = workload_name(text);
    let service = world.services.iter().find(|service| {
        let by_name = named
            .as_ref()
            .is_some_and(|name| service.namespace == name.namespace && service.name == name.name);
        by_name || address.is_some_and(|address| service.addresses.contains(&address))
    });
    let workload = named.as_ref().and_then(|name| world.workload(name));
    let (Some(service), None) = (service, workload) else {
        let end = end(text, world, options)?.ok_or_else(|| no_end(text))?;
        return Ok(vec![(end, packet)]);
    };
    let port = service
        .ports
        .iter()
        .find(|port| port.port == packet.port && port.protocol == packet.protocol)
        .ok_or_else(|| {
            Refusal::not_found(format!(
                "service has no such port: `{text}` {}/{}",
                packet.port, packet.protocol
            ))
        })?;
    let backends = world.backends(service, port);
    let ends: Vec<_> = backends
        .map(|(ip, target)| (End::at(ip, world, options), Packet { port: target, ..packet }))
        .collect();
    if ends.is_empty() {
        return Err(Refusal::not_found(format!("service has no backend: `{text}`")));
    }
    Ok(ends)
}

pub(crate) fn workload_name(text: &str) -> Option<WorkloadName> {
    let (namespace, name) = text.split_once('/')?;
    Some(WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() })
}

fn no_end(text: &str) -> Refusal {
    Refusal::not_found(format!(
        "no such workload: `{text}`, hint: names are namespace/name, as /api/v1/workloads lists them"
    ))
}

/// `5432`, `5432/TCP`, `icmp`, or `proto: N` as a plain `N` behind a slash (`0/47`).
fn packet(text: &str) -> Result<Packet, Refusal> {
    let echo = |family: podwall_model::IcmpFamily| Packet {
        protocol: family.protocol(),
        port: icmp_kind(family, "EchoRequest").map_or(8, u16::from),
    };
    match text.to_ascii_lowercase().as_str() {
        "icmp" | "icmpv4" => return Ok(echo(podwall_model::IcmpFamily::V4)),
        "icmp6" | "icmpv6" => return Ok(echo(podwall_model::IcmpFamily::V6)),
        _ => {}
    }
    let (port, protocol) = text.split_once('/').unwrap_or((text, "TCP"));
    let protocol: Protocol = protocol
        .parse()
        .map_err(|error: podwall_model::UnknownProtocol| Refusal::bad_filter(error.to_string()))?;
    Ok(Packet { protocol, port: number("port", port)? })
}
