//! What documents speak of, read off their text alone: whoever knows the language better is what is
//! being tested.

use std::collections::{BTreeMap, BTreeSet};

use podwall_model::{
    Cidr, NAMESPACE_LABELS, POD_NAMESPACE, POLICY_CLUSTER, POLICY_SERVICE_ACCOUNT, Workload,
};
use serde_json::Value;

type Labels = BTreeMap<String, String>;

/// A kind of workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Profile {
    pub(super) labels: Labels,
    pub(super) account: Option<String>,
    pub(super) cluster: Option<String>,
}

/// A service that is referred to.
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) selector: Labels,
    pub(super) labels: Labels,
}

/// Everything that documents speak of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(super) namespaces: BTreeSet<String>,
    pub(super) namespace_labels: BTreeSet<Labels>,
    pub(super) node_labels: BTreeSet<Labels>,
    /// Labels of nodes that documents are about.
    pub(super) hosts: BTreeSet<Labels>,
    pub(super) profiles: BTreeSet<Profile>,
    /// Those that documents are about.
    subjects: BTreeSet<Profile>,
    pub(super) ranges: BTreeSet<Cidr>,
    pub(super) ports: BTreeSet<u16>,
    pub(super) port_names: BTreeSet<String>,
    pub(super) names: BTreeSet<String>,
    pub(super) services: Vec<Service>,
}

impl Found {
    pub(super) fn in_documents(documents: &[Value]) -> Found {
        let mut found = Found::default();
        found.profiles.insert(Profile::default());
        for document in documents {
            let namespace = document["metadata"]["namespace"].as_str().unwrap_or("default");
            found.namespaces.insert(namespace.to_owned());
            found.read("", document);
        }
        found
    }

    /// Whether peers are named by the labels of their nodes.
    pub(crate) fn has_nodes(&self) -> bool {
        !self.node_labels.is_empty()
    }

    /// Whether documents are about such a workload.
    pub(super) fn is_about(&self, workload: &Workload) -> bool {
        let is = |subject: &Profile| {
            let has = |(key, value): (&String, &String)| workload.labels.get(key) == Some(value);
            subject.labels.iter().all(has)
                && subject.account.as_ref().is_none_or(|one| *one == workload.service_account)
                && subject.cluster.as_ref().is_none_or(|one| *one == workload.cluster)
        };
        self.namespaces.contains(&workload.name.namespace) && self.subjects.iter().any(is)
    }

    /// Whether documents are about nodes.
    pub(crate) fn has_hosts(&self) -> bool {
        !self.hosts.is_empty()
    }

    fn read(&mut self, key: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                self.read_object(key, value);
                fields.iter().for_each(|(key, value)| self.read(key, value));
            }
            Value::Array(items) => items.iter().for_each(|item| self.read(key, item)),
            Value::String(text) => self.read_text(key, text),
            Value::Number(number) if ["port", "endPort"].contains(&key) => {
                let port = number.as_u64().and_then(|port| u16::try_from(port).ok());
                self.ports.extend(port);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn read_object(&mut self, key: &str, value: &Value) {
        match key {
            "namespaceSelector" => {
                self.namespace_labels.extend(fits(value).into_iter().map(plain));
            }
            "fromNodes" | "toNodes" => {
                self.node_labels.extend(fits(value).into_iter().map(plain));
            }
            "nodeSelector" => self.hosts.extend(fits(value).into_iter().map(plain)),
            "k8sService" => self.refer(value, Labels::new()),
            "k8sServiceSelector" => {
                let labels = fits(&value["selector"]).into_iter().next().map(plain);
                self.refer(value, labels.unwrap_or_default());
            }
            "endpointSelector" | "fromEndpoints" | "toEndpoints" | "podSelector"
            | "fromRequires" => {
                for labels in fits(value) {
                    self.meet(&labels);
                    if ["endpointSelector", "podSelector"].contains(&key) {
                        let subject = self.profile(labels);
                        self.subjects.insert(subject);
                    }
                }
            }
            _ => {}
        }
    }

    /// Who fits, and who lacks one label or has another value of it.
    fn meet(&mut self, labels: &Labels) {
        self.add(labels.clone());
        for key in labels.keys() {
            let (mut without, mut other) = (labels.clone(), labels.clone());
            without.remove(key);
            other.insert(key.clone(), "other".to_owned());
            self.add(without);
            self.add(other);
        }
    }

    fn add(&mut self, labels: Labels) {
        let profile = self.profile(labels);
        self.profiles.insert(profile);
    }

    /// The workload of such labels; what they say of namespaces is kept.
    fn profile(&mut self, labels: Labels) -> Profile {
        let mut profile = Profile::default();
        for (key, value) in plain(labels) {
            let of_namespace = key.strip_prefix(NAMESPACE_LABELS).and_then(|k| k.strip_prefix('.'));
            if let Some(own) = of_namespace {
                self.namespace_labels.insert(Labels::from([(own.to_owned(), value)]));
            } else if key == POD_NAMESPACE {
                self.namespaces.insert(value);
            } else if key == POLICY_CLUSTER {
                profile.cluster = Some(value);
            } else if key == POLICY_SERVICE_ACCOUNT {
                profile.account = Some(value);
            } else if !key.starts_with("reserved:") {
                profile.labels.insert(key, value);
            }
        }
        profile
    }

    fn refer(&mut self, value: &Value, labels: Labels) {
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let namespace = text("namespace").unwrap_or_else(|| "default".to_owned());
        let name = text("serviceName").unwrap_or_else(|| "labelled".to_owned());
        let behind = Labels::from([("behind".to_owned(), name.clone())]);
        let selector = if labels.is_empty() { behind } else { Labels::new() };
        if !selector.is_empty() {
            self.add(selector.clone());
        }
        self.namespaces.insert(namespace.clone());
        self.services.push(Service { namespace, name, selector, labels });
    }

    fn read_text(&mut self, key: &str, text: &str) {
        match key {
            "toCIDR" | "fromCIDR" | "cidr" | "except" => self.ranges.extend(text.parse::<Cidr>()),
            "port" => match text.parse() {
                Ok(port) => {
                    self.ports.insert(port);
                }
                Err(_) => {
                    let number = 8000 + u16::try_from(self.port_names.len()).expect("few names");
                    self.port_names.insert(text.to_owned());
                    self.ports.insert(number);
                }
            },
            "matchName" => {
                self.names.extend([text.to_owned(), format!("www.{text}"), format!("x{text}")]);
            }
            "matchPattern" => {
                let name = text.replace('*', "x");
                self.names.extend([format!("deep.{name}"), text.replace('*', "y"), name]);
            }
            _ => {}
        }
    }
}

/// The labels of those who fit a selector: one for each value that it lets choose.
fn fits(selector: &Value) -> Vec<Labels> {
    let mut all = vec![Labels::new()];
    let labels = selector["matchLabels"].as_object();
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        all.iter_mut().for_each(|one| {
            one.insert(key.clone(), value.to_owned());
        });
    }
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let values: Vec<&str> = match expression["operator"].as_str() {
            Some("In") => {
                { expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str) }
                    .collect()
            }
            Some("Exists") => vec!["some"],
            _ => continue,
        };
        // `Exists` of what everybody has says nothing.
        if values == ["some"] && key.ends_with(POD_NAMESPACE) {
            continue;
        }
        let with = |value: &&str| {
            let one = (key.to_owned(), (*value).to_owned());
            all.iter().map(move |labels| {
                labels.clone().into_iter().chain([one.clone()]).collect::<Labels>()
            })
        };
        all = values.iter().flat_map(with).collect();
    }
    all
}

/// Labels as pods and nodes carry them, without the source.
fn plain(labels: Labels) -> Labels {
    let plain = |key: String| {
        let sourced = ["k8s:", "any:", "node:"].into_iter().find_map(|s| key.strip_prefix(s));
        sourced.map(str::to_owned).unwrap_or(key)
    };
    labels.into_iter().map(|(key, value)| (plain(key), value)).collect()
}
