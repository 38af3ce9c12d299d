//! The roster: the labels that selectors see of each workload, made once for all that look alike.

use podwall_model::{Label, Labels, Namespace, Source, Workload, World, is_identity_key};

use crate::hash::{HashMap, HashSet};

/// The labels of workloads, by what they are made of.
pub(crate) struct Roster<'a> {
    namespaces: HashMap<&'a str, &'a Namespace>,
    /// The place of a workload's own label by key and value; `None` if selectors do not see it.
    own: HashMap<(&'a str, &'a str), Option<u32>>,
    labels: Vec<Label>,
    /// What Kubernetes gives, by namespace, cluster and service account.
    given: HashMap<(&'a str, &'a str, &'a str), u32>,
    gifts: Vec<Labels>,
    /// The latest gift: workloads of one place mostly stand together.
    latest: Option<((&'a str, &'a str, &'a str), u32)>,
    /// Labels of gifts: most of them are given in many places.
    shared: HashSet<Label>,
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
        // Growing hashes all looks again.
        let mut known = HashMap::default();
        known.reserve(world.workloads.len());
        Roster {
            namespaces: named.collect(),
            own: HashMap::default(),
            labels: Vec::new(),
            given: HashMap::default(),
            gifts: Vec::new(),
            latest: None,
            shared: HashSet::default(),
            known,
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
        // A workload's own labels stand in the order of their keys.
        let own = key[1..].iter().map(|place| self.labels[*place as usize].clone());
        Labels::merged(&own.collect::<Vec<_>>(), self.gifts[key[0] as usize].as_slice())
    }

    fn gift(&mut self, workload: &'a Workload) -> u32 {
        let namespace = workload.name.namespace.as_str();
        let place = (namespace, workload.cluster.as_str(), workload.service_account.as_str());
        if let Some((_, gift)) = self.latest.filter(|(latest, _)| *latest == place) {
            return gift;
        }
        if let Some(gift) = self.given.get(&place) {
            self.latest = Some((place, *gift));
            return *gift;
        }
        let gift = u32::try_from(self.gifts.len()).expect("fewer than 2^32 gifts");
        let given = workload.given_labels(self.namespace(namespace)).into_iter();
        let shared = given.map(|label| self.shared(label)).collect();
        self.gifts.push(shared);
        self.given.insert(place, gift);
        gift
    }

    fn shared(&mut self, label: Label) -> Label {
        if let Some(same) = self.shared.get(&label) {
            return same.clone();
        }
        self.shared.insert(label.clone());
        label
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
