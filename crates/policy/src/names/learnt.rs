//! What was learnt of names, and for how long: each workload's own, as it was answered to it.
//!
//! An address whose time is over stays while a connection to it lives, or while another address of
//! the same name is in use: rotating answers do not cut what they led to. It goes at the second
//! sweep of the connection table after its time that finds neither.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use podwall_model::{ExternalName, WorkloadName};

use super::{Name, Taught};

/// The bounds of what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The shortest time that an answer holds, whatever it says itself.
    pub least: Duration,
    /// How long an address stays after its time without a connection.
    pub grace: Duration,
    /// The most addresses of one name for one workload; the one that ends first makes room.
    pub addresses_per_name: usize,
    /// The most names of one workload; a new one beyond it is refused.
    pub names_per_workload: usize,
}

impl Default for Limits {
    /// Cilium's defaults; the number of names is our own.
    fn default() -> Limits {
        Limits {
            least: Duration::ZERO,
            grace: Duration::ZERO,
            addresses_per_name: 1000,
            names_per_workload: 10_000,
        }
    }
}

/// How long one address holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Lease {
    until: Duration,
    /// How many sweeps found its time over and no connection to it, one after the other.
    idle_sweeps: u8,
}

/// How many idle sweeps end a lease. The first may have begun before its time was over.
const IDLE_SWEEPS: u8 = 2;

type Leases = BTreeMap<IpAddr, Lease>;

/// What all workloads of a node learnt.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    limits: Limits,
    workloads: BTreeMap<WorkloadName, BTreeMap<Name, Leases>>,
}

/// What became of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted {
    /// Addresses that the name did not have for this workload.
    pub added: Vec<IpAddr>,
    /// Addresses that made room.
    pub evicted: Vec<IpAddr>,
    /// The workload has as many names as it may: nothing was noted.
    pub refused: bool,
}

impl Learnt {
    /// Nothing yet, within these limits.
    pub fn new(limits: Limits) -> Learnt {
        Learnt { limits, workloads: BTreeMap::new() }
    }

    /// Notes what an answer taught the workload that asked. A later end of an address wins.
    pub fn note(&mut self, asked_by: &WorkloadName, taught: &Taught, now: Duration) -> Noted {
        let mut noted = Noted::default();
        if taught.addresses.is_empty() {
            return noted;
        }
        let names = self.workloads.entry(asked_by.clone()).or_default();
        let is_new = !names.contains_key(&taught.name);
        if is_new && names.len() >= self.limits.names_per_workload {
            noted.refused = true;
            return noted;
        }
        let until = now + taught.lasts.max(self.limits.least);
        let leases = names.entry(taught.name.clone()).or_default();
        for ip in &taught.addresses {
            match leases.get_mut(ip) {
                Some(lease) => *lease = Lease { until: lease.until.max(until), idle_sweeps: 0 },
                None => {
                    leases.insert(*ip, Lease { until, idle_sweeps: 0 });
                    noted.added.push(*ip);
                }
            }
        }
        while leases.len() > self.limits.addresses_per_name {
            let first = leases.iter().min_by_key(|(ip, lease)| (lease.until, **ip));
            let Some(ip) = first.map(|(ip, _)| *ip) else { break };
            leases.remove(&ip);
            match noted.added.iter().position(|added| *added == ip) {
                Some(at) => drop(noted.added.remove(at)),
                None => noted.evicted.push(ip),
            }
        }
        noted
    }

    /// A sweep of the connection table has ended: forgets what is over, and says whether something
    /// was. `is_connected` says whether the sweep saw a connection of the workload to the address.
    pub fn sweep(
        &mut self,
        now: Duration,
        is_connected: impl Fn(&WorkloadName, IpAddr) -> bool,
    ) -> bool {
        let mut forgot = false;
        let grace = self.limits.grace;
        for (workload, names) in &mut self.workloads {
            for leases in names.values_mut() {
                let in_use = leases
                    .iter()
                    .any(|(ip, lease)| lease.until > now || is_connected(workload, *ip));
                let before = leases.len();
                leases.retain(|ip, lease| {
                    let is_over = lease.until + grace <= now;
                    if in_use || !is_over || is_connected(workload, *ip) {
                        lease.idle_sweeps = 0;
                        return true;
                    }
                    lease.idle_sweeps += 1;
                    lease.idle_sweeps < IDLE_SWEEPS
                });
                forgot |= leases.len() != before;
            }
            names.retain(|_, leases| !leases.is_empty());
        }
        self.workloads.retain(|_, names| !names.is_empty());
        forgot
    }

    /// A workload went away, and what it learnt with it. Says whether it had learnt something.
    pub fn forget(&mut self, workload: &WorkloadName) -> bool {
        self.workloads.remove(workload).is_some()
    }

    /// What is known, as a world has it: names in order, each with who asked.
    pub fn names(&self) -> Vec<ExternalName> {
        let mut known: BTreeMap<(&Name, Vec<IpAddr>), Vec<WorkloadName>> = BTreeMap::new();
        for (workload, names) in &self.workloads {
            for (name, leases) in names {
                let addresses = leases.keys().copied().collect();
                known.entry((name, addresses)).or_default().push(workload.clone());
            }
        }
        known
            .into_iter()
            .map(|((name, addresses), queried_by)| ExternalName {
                name: name.as_str().to_owned(),
                addresses,
                queried_by,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(name: &str) -> WorkloadName {
        WorkloadName { namespace: "d".into(), name: name.into() }
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn taught(name: &str, seconds: u64, addresses: &[u8]) -> Taught {
        let addresses = addresses.iter().map(|last| ip(*last)).collect();
        Taught { name: Name::new(name), addresses, lasts: Duration::from_secs(seconds) }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn known(learnt: &Learnt) -> Vec<IpAddr> {
        learnt.names().into_iter().flat_map(|name| name.addresses).collect()
    }

    #[test]
    fn an_address_goes_at_the_second_idle_sweep_after_its_time() {
        let mut learnt = Learnt::default();
        let noted = learnt.note(&workload("a"), &taught("a.io", 60, &[1]), at(0));
        assert_eq!(noted.added, [ip(1)]);
        assert!(!learnt.sweep(at(59), |_, _| false));
        assert!(!learnt.sweep(at(61), |_, _| false));
        assert_eq!(known(&learnt), [ip(1)]);
        assert!(learnt.sweep(at(62), |_, _| false));
        assert_eq!(learnt.names(), []);
    }

    #[test]
    fn a_connection_keeps_its_address() {
        let mut learnt = Learnt::default();
        learnt.note(&workload("a"), &taught("a.io", 60, &[1]), at(0));
        learnt.sweep(at(61), |_, _| false);
        for second in 62..70 {
            assert!(!learnt.sweep(at(second), |workload, to| workload.name == "a" && to == ip(1)));
        }
        assert!(!learnt.sweep(at(70), |_, _| false));
        assert!(learnt.sweep(at(71), |_, _| false));
    }

    #[test]
    fn another_address_of_the_same_name_keeps_it_too() {
        let mut learnt = Learnt::default();
        learnt.note(&workload("a"), &taught("a.io", 60, &[1]), at(0));
        learnt.note(&workload("a"), &taught("a.io", 60, &[2]), at(50));
        for second in 61..110 {
            assert!(!learnt.sweep(at(second), |_, _| false));
        }
        assert_eq!(known(&learnt), [ip(1), ip(2)]);
        learnt.sweep(at(111), |_, _| false);
        assert!(learnt.sweep(at(112), |_, _| false));
        assert_eq!(known(&learnt), Vec::<IpAddr>::new());
    }

    #[test]
    fn the_least_time_and_the_grace_hold() {
        let limits = Limits { least: at(100), grace: at(10), ..Limits::default() };
        let mut learnt = Learnt::new(limits);
        learnt.note(&workload("a"), &taught("a.io", 0, &[1]), at(0));
        for second in 90..110 {
            assert!(!learnt.sweep(at(second), |_, _| false), "{second}");
        }
        assert!(!learnt.sweep(at(110), |_, _| false));
        assert!(learnt.sweep(at(111), |_, _| false));
    }

    #[test]
    fn what_ends_first_makes_room_and_names_are_bounded() {
        let limits = Limits { addresses_per_name: 2, names_per_workload: 1, ..Limits::default() };
        let mut learnt = Learnt::new(limits);
        learnt.note(&workload("a"), &taught("a.io", 30, &[1]), at(0));
        learnt.note(&workload("a"), &taught("a.io", 60, &[2]), at(0));
        let noted = learnt.note(&workload("a"), &taught("a.io", 60, &[3]), at(1));
        assert_eq!((noted.added, noted.evicted), (vec![ip(3)], vec![ip(1)]));
        assert!(learnt.note(&workload("a"), &taught("b.io", 60, &[4]), at(1)).refused);
        assert!(!learnt.note(&workload("b"), &taught("b.io", 60, &[4]), at(1)).refused);
    }

    #[test]
    fn each_workload_learns_for_itself() {
        let mut learnt = Learnt::default();
        learnt.note(&workload("a"), &taught("x.io", 60, &[1]), at(0));
        learnt.note(&workload("b"), &taught("x.io", 60, &[1]), at(0));
        learnt.note(&workload("c"), &taught("x.io", 60, &[2]), at(0));
        let askers: Vec<usize> = learnt.names().iter().map(|name| name.queried_by.len()).collect();
        assert_eq!(askers, [2, 1]);
        assert!(learnt.forget(&workload("c")));
        assert!(!learnt.forget(&workload("c")));
        assert_eq!(learnt.names().len(), 1);
    }
}
