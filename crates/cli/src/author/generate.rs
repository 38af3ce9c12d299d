//! `podwall generate`: records of flows in, policies out.
//!
//! Two kinds of records are read, one JSON object a line: our own (`podwall observe -o json`) and
//! Hubble's (`hubble observe -o jsonpb`).

use std::collections::BTreeMap;
use std::io::Write;

use podwall_author::generate::{Asked, Seen, Side, generate};
use podwall_files::read_source;
use podwall_model::{Protocol, WorkloadName};
use serde_json::Value;

use super::{EXIT_FINE, EXIT_FOUND, flags, set};

/// Writes the least policies for recorded flows.
pub(crate) fn run(arguments: &flags::Generate) -> anyhow::Result<u8> {
    let mut flows = Vec::new();
    let mut passed_over = 0usize;
    for source in read_source(&arguments.flows)? {
        for (number, line) in source.text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty())
        {
            let record: Value = serde_json::from_str(line).map_err(|error| {
                anyhow::anyhow!("{}:{}: not a record of a flow: {error}", source.name, number + 1)
            })?;
            match read(&record) {
                Some(seen) => add(&mut flows, seen),
                None => passed_over += 1,
            }
        }
    }
    anyhow::ensure!(
        !flows.is_empty(),
        "no flow that passed is in the records, hint: `podwall observe --last 1000 -o json`"
    );
    let world = set::world(arguments.world.as_deref())?;
    let draft = generate(&flows, world.as_ref());
    std::io::stdout().lock().write_all(draft.text.as_bytes())?;
    for why in &draft.left_out {
        eprintln!("podwall: left out: {why}");
    }
    let of = flows.len();
    eprintln!(
        "podwall: {} policies allow {} of {of} kinds of flows; {passed_over} records of what did not \
         pass, or of answers, were passed over",
        draft.policies, draft.allowed
    );
    Ok(if draft.allowed == of { EXIT_FINE } else { EXIT_FOUND })
}

/// Equal flows are one, counted.
fn add(flows: &mut Vec<Seen>, seen: Seen) {
    let same = |known: &&mut Seen| {
        (&known.from, &known.to, known.protocol, known.port, &known.asked)
            == (&seen.from, &seen.to, seen.protocol, seen.port, &seen.asked)
    };
    match flows.iter_mut().find(same) {
        Some(known) => known.count += seen.count,
        None => flows.push(seen),
    }
}

/// A flow that passed; nothing for any other record.
fn read(record: &Value) -> Option<Seen> {
    match record.get("flow") {
        Some(flow) => hubble(flow),
        None if record.get("traffic_direction").is_some() => hubble(record),
        None => own(record),
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn number(value: &Value, key: &str) -> Option<u16> {
    value.get(key)?.as_u64()?.try_into().ok()
}

fn words(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn own(record: &Value) -> Option<Seen> {
    if !matches!(text(record, "verdict")?, "forwarded" | "would_drop") {
        return None;
    }
    let side = |key: &str| -> Option<Side> {
        let peer = record.get(key)?;
        let workload = text(peer, "workload").and_then(workload_name);
        Some(side(workload, text(peer, "ip"), &words(peer, "labels"), words(peer, "names")))
    };
    Some(Seen {
        from: side("source")?,
        to: side("destination")?,
        protocol: text(record, "protocol")?.parse().ok()?,
        port: number(record, "port")?,
        asked: own_request(record),
        count: record.get("count").and_then(Value::as_u64).unwrap_or(1),
    })
}

/// What was asked, in the words of test files.
fn own_request(record: &Value) -> Option<Asked> {
    if let Some(http) = record.get("http") {
        return http_request(text(http, "method")?, text(http, "path")?);
    }
    let name = text(record.get("dns")?, "name")?.to_owned();
    Some(Asked::Dns { name })
}

/// A request by its path; a path that is a whole address is cut to what a server is asked for.
fn http_request(method: &str, path: &str) -> Option<Asked> {
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => path,
    };
    let path = path.split('#').next().unwrap_or(path);
    Some(Asked::Http { method: method.to_owned(), path: path.to_owned() })
}

/// What Hubble's layer 7 says was asked.
fn hubble_request(layer: &Value) -> Option<Asked> {
    if let Some(http) = layer.get("http") {
        return http_request(text(http, "method")?, text(http, "url")?);
    }
    let name = text(layer.get("dns")?, "query")?.to_owned();
    Some(Asked::Dns { name })
}

fn hubble(flow: &Value) -> Option<Seen> {
    let passed = matches!(text(flow, "verdict")?, "FORWARDED" | "REDIRECTED" | "AUDIT");
    let reply = match flow.get("is_reply") {
        Some(Value::Bool(reply)) => *reply,
        Some(_) | None => flow.get("reply").and_then(Value::as_bool).unwrap_or(false),
    };
    // An answer of layer 7 runs the other way, whatever the record says of replies.
    let answer = flow.get("l7").and_then(|layer| text(layer, "type")) == Some("RESPONSE");
    if !passed || reply || answer {
        return None;
    }
    let (protocol, port) = layer4(flow.get("l4")?)?;
    let side = |key: &str, names: &str| -> Option<Side> {
        let end = flow.get(key)?;
        let workload =
            text(end, "pod_name").zip(text(end, "namespace")).map(|(name, namespace)| {
                WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() }
            });
        let address = flow.get("IP").and_then(|ip| text(ip, key));
        Some(side(workload, address, &words(end, "labels"), words(flow, names)))
    };
    let from = side("source", "source_names")?;
    let to = side("destination", "destination_names")?;
    let asked = flow.get("l7").and_then(hubble_request);
    Some(Seen { from, to, protocol, port, asked, count: 1 })
}

/// Protocol and server's port of Hubble's layer 4.
fn layer4(layer: &Value) -> Option<(Protocol, u16)> {
    let ports = [("TCP", Protocol::TCP), ("UDP", Protocol::UDP), ("SCTP", Protocol::SCTP)];
    for (key, protocol) in ports {
        if let Some(part) = layer.get(key) {
            return Some((protocol, number(part, "destination_port")?));
        }
    }
    // Protobuf's JSON leaves zeros out: an echo reply has no type.
    let kind = |part: &Value| number(part, "type").unwrap_or(0);
    let icmp = [("ICMPv4", Protocol::ICMP), ("ICMPv6", Protocol::ICMP6)];
    icmp.into_iter().find_map(|(key, protocol)| Some((protocol, kind(layer.get(key)?))))
}

fn workload_name(text: &str) -> Option<WorkloadName> {
    let (namespace, name) = text.split_once('/')?;
    Some(WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() })
}

/// One end by what its record says. Labels that Kubernetes or Cilium add are not the user's own.
fn side(
    workload: Option<WorkloadName>,
    address: Option<&str>,
    labels: &[String],
    names: Vec<String>,
) -> Side {
    let reserved = labels.iter().filter_map(|label| label.strip_prefix("reserved:"));
    let entity = reserved.filter(|name| !name.starts_with("world")).min_by_key(|name| {
        // The API server may be a node too; that it is the API server says more.
        (*name != "kube-apiserver", *name)
    });
    let own = labels.iter().filter_map(|label| {
        let label = label.strip_prefix("k8s:")?;
        let (key, value) = label.split_once('=').unwrap_or((label, ""));
        let added = key.starts_with("io.kubernetes.") || key.starts_with("io.cilium.");
        (!added).then(|| (key.to_owned(), value.to_owned()))
    });
    let labels: BTreeMap<String, String> = own.collect();
    Side {
        entity: entity.filter(|_| workload.is_none()).map(str::to_owned),
        workload,
        labels,
        names,
        address: address.and_then(|ip| ip.parse().ok()),
    }
}
