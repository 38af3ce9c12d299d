//! The workload file as it is written, and its reading into a world.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::PathBuf;

use podwall_model::{
    CidrError, CidrGroup, ExternalName, Mode, NamedPort, Namespace, Node, Protocol, Service,
    ServicePort, Workload, WorkloadName, World,
};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Attachment, Workloads, WorldError};

/// The longest name of an interface (IFNAMSIZ less its end mark).
const INTERFACE_NAME_LIMIT: usize = 15;

/// A world as it is written, in a workload file or inside a test.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Document {
    namespaces: Vec<NamespaceEntry>,
    nodes: Vec<NodeEntry>,
    pods: Vec<PodEntry>,
    services: Vec<ServiceEntry>,
    cidr_groups: Vec<CidrGroupEntry>,
    api_servers: Vec<Spanned<String>>,
    names: Vec<NameEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamespaceEntry {
    name: Spanned<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    mode: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeEntry {
    name: Spanned<String>,
    #[serde(default)]
    ips: Vec<Spanned<String>>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    local: bool,
    #[serde(default)]
    apiserver: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PodEntry {
    name: Spanned<String>,
    #[serde(default = "default_name")]
    namespace: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default = "default_name")]
    service_account: String,
    #[serde(default)]
    node: String,
    #[serde(default)]
    ips: Vec<Spanned<String>>,
    #[serde(default)]
    ports: Vec<PortEntry>,
    #[serde(default)]
    host_network: bool,
    #[serde(default = "yes")]
    labels_resolved: bool,
    #[serde(default = "default_name")]
    cluster: String,
    attach: Option<Spanned<AttachEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AttachEntry {
    netns: Option<PathBuf>,
    interface: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PortEntry {
    name: String,
    port: u16,
    protocol: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceEntry {
    name: Spanned<String>,
    #[serde(default = "default_name")]
    namespace: String,
    #[serde(default)]
    ips: Vec<Spanned<String>>,
    #[serde(default)]
    ports: Vec<ServicePortEntry>,
    #[serde(default)]
    selector: BTreeMap<String, String>,
    #[serde(default)]
    endpoints: Vec<Spanned<String>>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ServicePortEntry {
    #[serde(default)]
    name: String,
    port: u16,
    target_port: Option<u16>,
    protocol: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CidrGroupEntry {
    name: Spanned<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    cidrs: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NameEntry {
    name: String,
    #[serde(default)]
    ips: Vec<Spanned<String>>,
    #[serde(default)]
    queried_by: Vec<Spanned<String>>,
}

fn default_name() -> String {
    "default".to_owned()
}

fn yes() -> bool {
    true
}

impl Document {
    /// What it says, or why it is refused.
    pub fn into_workloads(self) -> Result<Workloads, WorldError> {
        let pods: Vec<_> = self.pods.into_iter().map(workload).collect::<Result<_, _>>()?;
        let mut attachments = BTreeMap::new();
        let mut workloads = Vec::with_capacity(pods.len());
        for (workload, attachment) in pods {
            attachments.extend(attachment.map(|attachment| (workload.name.clone(), attachment)));
            workloads.push(workload);
        }
        let world = World {
            namespaces: each(self.namespaces, namespace)?,
            nodes: each(self.nodes, node)?,
            workloads,
            services: each(self.services, service)?,
            cidr_groups: each(self.cidr_groups, cidr_group)?,
            api_servers: each(self.api_servers, |text| parsed(&text))?,
            names: each(self.names, external_name)?,
        };
        unique(&world)?;
        Ok(Workloads { world, attachments })
    }
}

fn namespace(entry: NamespaceEntry) -> Result<Namespace, WorldError> {
    let mode = entry.mode.map(|word| parsed::<Mode>(&word)).transpose()?;
    Ok(Namespace { name: named(entry.name)?, labels: entry.labels, mode })
}

fn node(entry: NodeEntry) -> Result<Node, WorldError> {
    Ok(Node {
        name: named(entry.name)?,
        addresses: each(entry.ips, |text| parsed(&text))?,
        labels: entry.labels,
        local: entry.local,
        apiserver: entry.apiserver,
    })
}

fn workload(entry: PodEntry) -> Result<(Workload, Option<Attachment>), WorldError> {
    let attachment = entry.attach.map(attachment).transpose()?;
    let workload = Workload {
        name: WorkloadName { namespace: entry.namespace, name: named(entry.name)? },
        labels: entry.labels,
        service_account: entry.service_account,
        node: entry.node,
        addresses: each(entry.ips, |text| parsed(&text))?,
        ports: each(entry.ports, named_port)?,
        host_network: entry.host_network,
        labels_resolved: entry.labels_resolved,
        cluster: entry.cluster,
    };
    Ok((workload, attachment))
}

fn attachment(entry: Spanned<AttachEntry>) -> Result<Attachment, WorldError> {
    let at = &entry.referenced;
    match (entry.value.netns, entry.value.interface) {
        (Some(path), None) if path.is_absolute() => Ok(Attachment::Netns(path)),
        (Some(path), None) => Err(place(
            at,
            format!("not a full path: `{}`, hint: as in /run/netns/web", path.display()),
        )),
        (None, Some(name)) if is_interface_name(&name) => Ok(Attachment::Interface(name)),
        (None, Some(name)) => Err(place(
            at,
            format!(
                "not an interface name: `{name}`, hint: 1 to {INTERFACE_NAME_LIMIT} characters, no `/` or space"
            ),
        )),
        (None, None) | (Some(_), Some(_)) => Err(place(
            at,
            "one place is wanted, hint: write `attach: {netns: PATH}` or `attach: {interface: NAME}`"
                .to_owned(),
        )),
    }
}

fn is_interface_name(name: &str) -> bool {
    (1..=INTERFACE_NAME_LIMIT).contains(&name.len())
        && name != "."
        && name != ".."
        && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/')
}

fn named_port(entry: PortEntry) -> Result<NamedPort, WorldError> {
    Ok(NamedPort {
        name: entry.name.to_lowercase(),
        port: entry.port,
        protocol: protocol(entry.protocol)?,
    })
}

fn service(entry: ServiceEntry) -> Result<Service, WorldError> {
    let ports = each(entry.ports, |port| {
        Ok(ServicePort {
            name: port.name,
            port: port.port,
            target: port.target_port.unwrap_or(port.port),
            protocol: protocol(port.protocol)?,
        })
    })?;
    Ok(Service {
        namespace: entry.namespace,
        name: named(entry.name)?,
        addresses: each(entry.ips, |text| parsed(&text))?,
        ports,
        selector: entry.selector,
        endpoints: each(entry.endpoints, |text| parsed(&text))?,
        labels: entry.labels,
    })
}

fn cidr_group(entry: CidrGroupEntry) -> Result<CidrGroup, WorldError> {
    Ok(CidrGroup {
        name: named(entry.name)?,
        labels: entry.labels,
        cidrs: each(entry.cidrs, |text| parsed(&text))?,
    })
}

fn external_name(entry: NameEntry) -> Result<ExternalName, WorldError> {
    Ok(ExternalName {
        name: entry.name.trim_end_matches('.').to_lowercase(),
        addresses: each(entry.ips, |text| parsed(&text))?,
        queried_by: each(entry.queried_by, |text| match text.value.split_once('/') {
            Some((namespace, name)) => {
                Ok(WorkloadName { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            None => Err(refused(&text, "no workload's name", "write namespace/name")),
        })?,
    })
}

fn protocol(word: Option<Spanned<String>>) -> Result<Protocol, WorldError> {
    word.map_or(Ok(Protocol::TCP), |word| parsed(&word))
}

fn named(name: Spanned<String>) -> Result<String, WorldError> {
    if name.value.is_empty() || name.value.contains(['/', ' ']) {
        return Err(refused(&name, "no name", "write one without `/` and spaces"));
    }
    Ok(name.value)
}

/// A name or an address stands for one thing only.
fn unique(world: &World) -> Result<(), WorldError> {
    let mut seen = BTreeSet::new();
    for workload in &world.workloads {
        once(&mut seen, "pod", &workload.name)?;
        for ip in workload.addresses.iter().filter(|_| !workload.host_network) {
            once(&mut seen, "pod address", ip)?;
        }
    }
    for namespace in &world.namespaces {
        once(&mut seen, "namespace", &namespace.name)?;
    }
    for node in &world.nodes {
        once(&mut seen, "node", &node.name)?;
    }
    for group in &world.cidr_groups {
        once(&mut seen, "group of ranges", &group.name)?;
    }
    for service in &world.services {
        once(&mut seen, "service", format_args!("{}/{}", service.namespace, service.name))?;
    }
    Ok(())
}

fn once(
    seen: &mut BTreeSet<(&'static str, String)>,
    what: &'static str,
    name: impl Display,
) -> Result<(), WorldError> {
    let name = name.to_string();
    let message = format!("{what} given twice: `{name}`, hint: keep one of them");
    if seen.insert((what, name)) {
        return Ok(());
    }
    Err(WorldError { line: 0, column: 0, message })
}

fn parsed<T: std::str::FromStr<Err: Words>>(text: &Spanned<String>) -> Result<T, WorldError> {
    text.value.parse().map_err(|error: T::Err| place(&text.referenced, error.words(&text.value)))
}

/// What an error says of a text, with the text and a hint.
trait Words {
    fn words(&self, text: &str) -> String;
}

impl Words for std::net::AddrParseError {
    fn words(&self, text: &str) -> String {
        format!(
            "not an address: `{text}`, hint: as in 10.0.0.5 or fd00::5, without a prefix length"
        )
    }
}

impl Words for CidrError {
    fn words(&self, _: &str) -> String {
        self.to_string()
    }
}

impl Words for podwall_model::UnknownMode {
    fn words(&self, _: &str) -> String {
        self.to_string()
    }
}

impl Words for podwall_model::UnknownProtocol {
    fn words(&self, _: &str) -> String {
        self.to_string()
    }
}

fn refused(text: &Spanned<String>, what: &str, hint: &str) -> WorldError {
    place(&text.referenced, format!("{what}: `{}`, hint: {hint}", text.value))
}

fn place(at: &serde_saphyr::Location, message: String) -> WorldError {
    WorldError {
        line: at.line().try_into().unwrap_or(u32::MAX),
        column: at.column().try_into().unwrap_or(u32::MAX),
        message,
    }
}

fn each<A, B>(
    list: Vec<A>,
    read: impl Fn(A) -> Result<B, WorldError>,
) -> Result<Vec<B>, WorldError> {
    list.into_iter().map(read).collect()
}
