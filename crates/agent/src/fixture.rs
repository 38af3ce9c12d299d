//! Workloads and flows that unit tests share.

use std::collections::BTreeMap;
use std::time::Duration;

use podwall_model::{
    Connection, Direction, Flow, FlowKind, Protocol, Reason, Side, Verdict, Workload, WorkloadName,
};

/// `shop/NAME`.
pub(crate) fn name(name: &str) -> WorkloadName {
    WorkloadName { namespace: "shop".into(), name: name.into() }
}

/// A workload `shop/NAME` with the label `app: NAME`.
pub(crate) fn workload(app: &str, addresses: &[&str]) -> Workload {
    Workload {
        name: name(app),
        labels: BTreeMap::from([("app".to_owned(), app.to_owned())]),
        service_account: "default".into(),
        node: String::new(),
        addresses: addresses.iter().map(|ip| ip.parse().unwrap()).collect(),
        ports: vec![],
        host_network: false,
        labels_resolved: true,
        cluster: "default".into(),
    }
}

/// A would-be drop of web -> db at this port.
pub(crate) fn flow(port: u16) -> Flow {
    Flow {
        time: Duration::from_secs(1),
        kind: FlowKind::Judged,
        workload: name("db"),
        direction: Direction::Ingress,
        connection: Connection {
            source: "10.0.0.5".parse().unwrap(),
            destination: "10.0.0.9".parse().unwrap(),
            source_port: 40_000,
            destination_port: port,
            protocol: Protocol::TCP,
        },
        source: Side::default(),
        destination: Side::default(),
        backend: None,
        service: None,
        verdict: Verdict::WouldDrop,
        reason: Reason::DefaultDeny,
        rule: None,
        nearest: vec![],
        tcp_flags: 2,
        generation: 1,
        count: 1,
    }
}
