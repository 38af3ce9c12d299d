//! The test file as it is written (`apiVersion: podwall.io/v1`, `kind: PolicyTest`): strict, so
//! that a misspelt word is an error with its place and never a test that tests nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::world::Document as WorldDocument;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) api_version: Spanned<String>,
    pub(super) kind: Spanned<String>,
    pub(super) metadata: Metadata,
    #[serde(default)]
    pub(super) options: OptionsEntry,
    pub(super) world: Option<WorldDocument>,
    #[serde(default)]
    pub(super) policies: Vec<Spanned<Source>>,
    #[serde(default)]
    pub(super) tests: Vec<Spanned<TestEntry>>,
    #[serde(default)]
    pub(super) steps: Vec<StepEntry>,
    #[serde(default)]
    pub(super) invalid: Vec<Spanned<InvalidEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) name: String,
    /// For `--select`.
    #[serde(default)]
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub(super) struct OptionsEntry {
    pub(super) mode: Spanned<String>,
    pub(super) enforcement: Spanned<String>,
    pub(super) cluster: String,
    pub(super) host_access: bool,
    pub(super) host_policies: bool,
    pub(super) node_labels: bool,
    pub(super) local_cluster_only: bool,
    pub(super) cidr_match: Vec<Spanned<String>>,
    pub(super) non_default_deny: bool,
}

impl Default for OptionsEntry {
    fn default() -> OptionsEntry {
        let nowhere = serde_saphyr::Location::UNKNOWN;
        let word = |word: &str| Spanned::new(word.to_owned(), nowhere, nowhere);
        OptionsEntry {
            mode: word("enforce"),
            enforcement: word("default"),
            cluster: "default".to_owned(),
            host_access: true,
            host_policies: true,
            node_labels: false,
            local_cluster_only: true,
            cidr_match: Vec::new(),
            non_default_deny: true,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) file: Option<String>,
    pub(super) inline: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestEntry {
    #[serde(default)]
    pub(super) name: String,
    pub(super) from: Spanned<String>,
    pub(super) to: Spanned<String>,
    pub(super) port: Option<Spanned<String>>,
    pub(super) proto: Option<u8>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Spanned<String>>,
    pub(super) expect: Spanned<Expectations>,
    pub(super) direction: Option<Spanned<String>>,
    pub(super) rule: Option<String>,
    pub(super) nearest: Option<String>,
    /// A connection that was open before: its next packet is judged like any other.
    #[serde(default)]
    #[expect(dead_code, reason = "the judge knows no connections")]
    pub(super) live: bool,
    pub(super) http: Option<HttpEntry>,
    pub(super) grpc: Option<GrpcEntry>,
    pub(super) dns: Option<DnsEntry>,
    pub(super) tls: Option<TlsEntry>,
    pub(super) kafka: Option<KafkaEntry>,
    pub(super) fields: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct HttpEntry {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) host: String,
    pub(super) headers: BTreeMap<String, Values>,
}

impl Default for HttpEntry {
    fn default() -> HttpEntry {
        let (method, path) = ("GET".to_owned(), "/".to_owned());
        HttpEntry { method, path, host: String::new(), headers: BTreeMap::new() }
    }
}

/// One value of a header, or each where it comes several times.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Values {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrpcEntry {
    pub(super) service: String,
    pub(super) method: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DnsEntry {
    pub(super) name: String,
    /// The type of record makes no difference to a verdict.
    #[serde(rename = "type")]
    #[expect(dead_code, reason = "read so that it is known")]
    pub(super) kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
pub(super) struct TlsEntry {
    pub(super) sni: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct KafkaEntry {
    pub(super) api_key: String,
    #[serde(default)]
    pub(super) api_version: i16,
    #[serde(default)]
    pub(super) topics: Vec<String>,
    #[serde(default)]
    pub(super) client_id: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Expectations {
    One(String),
    AnyOf(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepEntry {
    pub(super) change: ChangeEntry,
    #[serde(default)]
    pub(super) tests: Vec<Spanned<TestEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeEntry {
    pub(super) relabel: Option<Relabel>,
    #[serde(default)]
    pub(super) delete: Vec<String>,
    #[serde(default)]
    pub(super) apply: Vec<Spanned<Source>>,
    pub(super) namespace: Option<NamespaceEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relabel {
    pub(super) pod: Spanned<String>,
    pub(super) labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NamespaceEntry {
    pub(super) name: String,
    pub(super) mode: Option<Spanned<String>>,
    /// All its labels from now on.
    pub(super) labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvalidEntry {
    pub(super) file: Option<String>,
    pub(super) inline: Option<String>,
    pub(super) expect: Option<String>,
    pub(super) code: Option<String>,
}
