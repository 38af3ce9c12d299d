//! What control wants of this node, checked: policies, the world they speak of, and where the
//! workloads are. Compiling it gives what the kernel shall hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use podwall_datapath::{Backend, ClassId, ClassTables, Endpoint, Frontend, Wanted};
use podwall_model::{Address, Mode, WorkloadName, World};
use podwall_policy::compile::{Compiled, Standing};
use podwall_policy::identity::Identities;
use podwall_policy::options::Options;
use podwall_policy::rule::Policy;
use podwall_policy::{Severity, check};
use podwall_wire::node::{self, Attachment};

use crate::event::Places;
use crate::moment::Moment;

/// A revision that was understood.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    /// The number control gave it.
    pub(crate) revision: u64,
    /// When it came.
    pub(crate) arrived: Moment,
    /// What exists.
    pub(crate) world: Arc<World>,
    /// What is demanded.
    pub(crate) policies: Arc<Vec<Policy>>,
    /// The choices of the whole cluster, its default mode among them.
    pub(crate) options: Options,
    /// Where workloads of this node are to be found.
    pub(crate) attachments: Vec<Attachment>,
}

impl Intent {
    /// Checks what control sent; one document with an error refuses it whole.
    pub(crate) fn check(wanted: node::Wanted, arrived: Moment) -> Result<Intent, Vec<String>> {
        let mut policies = Vec::new();
        let mut why = Vec::new();
        for document in &wanted.documents {
            let checked = check(&document.text, &document.file);
            let errors = checked.diagnostics.iter().filter(|d| d.severity == Severity::Error);
            why.extend(errors.map(ToString::to_string));
            policies.extend(checked.policies);
        }
        let mut seen = BTreeSet::new();
        let twice = policies.iter().filter(|policy| !seen.insert(&policy.id));
        why.extend(twice.map(|policy| format!("the same policy twice: `{}`", policy.id)));
        if !why.is_empty() {
            return Err(why);
        }
        Ok(Intent {
            revision: wanted.revision,
            arrived,
            world: Arc::new(wanted.world.into()),
            policies: Arc::new(policies),
            options: Options { mode: Mode::from(wanted.mode), ..Options::default() },
            attachments: wanted.attachments,
        })
    }

    /// Numbers and tables for this node, by what is different from what stands.
    pub(crate) fn compile(&self, standing: &mut Standing, identities: &mut Identities) -> Compiled {
        let (policies, world) = (Arc::clone(&self.policies), Arc::clone(&self.world));
        standing.follow(policies, world, self.options, identities)
    }

    /// What the kernel shall hold, for the workloads whose device was found.
    pub(crate) fn wanted(&self, compiled: &Compiled, places: &Places) -> Wanted {
        let mut wanted = Wanted {
            identities: compiled.resolved.texts(),
            addresses: compiled.resolved.addresses.clone(),
            networks: compiled.resolved.networks.clone(),
            services: services(&self.world),
            ..Wanted::default()
        };
        let mut addresses: BTreeMap<&WorkloadName, Vec<Address>> = BTreeMap::new();
        for workload in &self.world.workloads {
            let own = workload.addresses.iter().map(|ip| Address::from(*ip));
            addresses.entry(&workload.name).or_default().extend(own);
        }
        for (number, class) in &compiled.classes {
            let id = ClassId(*number);
            for workload in &class.workloads {
                let Some(Ok(interface)) = places.get(workload) else { continue };
                wanted.endpoints.push(Endpoint {
                    workload: workload.clone(),
                    interface: *interface,
                    addresses: addresses.get(workload).cloned().unwrap_or_default(),
                    class: id,
                });
                wanted.classes.entry(id).or_insert_with(|| ClassTables {
                    enforce: class.enforce.clone(),
                    both: class.both.clone(),
                });
            }
        }
        wanted
    }
}

/// Every address and port of every service, with the backends behind it.
fn services(world: &World) -> BTreeMap<Frontend, Vec<Backend>> {
    let mut services = BTreeMap::new();
    for service in &world.services {
        for port in &service.ports {
            let backends: Vec<Backend> = world
                .backends(service, port)
                .map(|(ip, port)| Backend { address: ip.into(), port })
                .collect();
            for ip in &service.addresses {
                let frontend =
                    Frontend { address: (*ip).into(), port: port.port, protocol: port.protocol };
                let same_family = |backend: &&Backend| backend.address.is_v4() == ip.is_ipv4();
                let backends = backends.iter().filter(same_family).copied().collect();
                services.insert(frontend, backends);
            }
        }
    }
    services
}
