//! The roster: the labels that selectors see of each workload, made once for all that look alike.

use podwall_model::{Label, Labels, Namespace, Source, Workload, World, is_identity_key};

use crate::hash::HashMap;

/// The labels of workloads, by what they are made of.
pub(crate) struct Roster<'a> {
    namespaces: HashMap<&'a str, &'a Namespace>,
    /// The place of a workload's own label by key and value; `None` if selectors do not see it.
    own: HashMap<(&'a str, &'a str), Option<u32>>,
    labels: Vec<Label>,
    /// What Kubernetes gives, by namespace, cluster and service account.
    given: HashMap<(&'a str, &'a str, &'a str), u32>,
    gifts: Vec<Vec<Label>>,
    known: HashMap<Vec<u32>, Look>,
    looks: Vec<Labels>,
    key: Vec<u32>,
}

/// Workloads of one look have equal labels, and the same labels in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Look(u32);

/// In the place of what Kubernetes gives: nothing is known of the workload yet.
const UNRESOLVED: u32 = u32::MAX;

impl<'a> Roster<'a> {
    /// Of the workloads of a world.
    pub(crate) fn of(world: &'a World) -> Roster<'a> {
        let named = world.namespaces.iter().map(|namespace| (namespace.name.as_str(), namespace));
        Roster {
            namespaces: named.collect(),
            own: HashMap::default(),
            labels: Vec::new(),
            given: HashMap::default(),
            gifts: Vec::new(),
            known: HashMap::default(),
            looks: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The namespace of this name.
    pub(crate) fn namespace(&self, name: &str) -> Option<&'a Namespace> {
        self.namespaces.get(name).copied()
    }

    /// The labels of a look.
    pub(crate) fn labels(&self, look: Look) -> &Labels {
        &self.looks[look.0 as usize]
    }

    /// The look of a workload.
    pub(crate) fn look(&mut self, workload: &'a Workload) -> Look {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.push(if workload.labels_resolved { self.gift(workload) } else { UNRESOLVED });
        if workload.labels_resolved {
            let own = workload.labels.iter();
            key.extend(own.filter_map(|(name, value)| self.label(name, value)));
        }
        let look = match self.known.get(&key) {
            Some(look) => *look,
            None => {
                let look = Look(u32::try_from(self.looks.len()).expect("fewer than 2^32 looks"));
                self.looks.push(self.made(&key));
                self.known.insert(key.clone(), look);
                look
            }
        };
        self.key = key;
        look
    }

    fn made(&self, key: &[u32]) -> Labels {
        if key[0] == UNRESOLVED {
            return Labels::from_iter([Label::reserved("init")]);
        }
        let own = key[1..].iter().map(|place| self.labels[*place as usize].clone());
        own.chain(self.gifts[key[0] as usize].iter().cloned()).collect()
    }

    fn gift(&mut self, workload: &'a Workload) -> u32 {
        let namespace = workload.name.namespace.as_str();
        let place = (namespace, workload.cluster.as_str(), workload.service_account.as_str());
        if let Some(gift) = self.given.get(&place) {
            return *gift;
        }
        let gift = u32::try_from(self.gifts.len()).expect("fewer than 2^32 gifts");
        self.gifts.push(workload.given_labels(self.namespace(namespace)));
        self.given.insert(place, gift);
        gift
    }

    fn label(&mut self, key: &'a str, value: &'a str) -> Option<u32> {
        *self.own.entry((key, value)).or_insert_with(|| {
            is_identity_key(key).then(|| {
                self.labels.push(Label::new(Source::K8s, key, value));
                u32::try_from(self.labels.len() - 1).expect("fewer than 2^32 labels")
            })
        })
    }
}
