//! What an operator decides once for a whole cluster, and judge and compiler both follow.
//!
//! Options that only change how a document is read belong to the reading, not here.

use podwall_model::Mode;

/// The cluster-wide choices that change a verdict. The default is Podwall's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The mode of policies where neither they nor their subject's namespace say one.
    pub mode: Mode,
    /// When a direction of a workload is default-deny.
    pub enforcement: Enforcement,
    /// The node may reach its own workloads without a rule, as its probes must.
    pub host_access: bool,
    /// Ranges of CNP and CCNP mean nodes too, if their address lies in them.
    pub cidr_means_nodes: bool,
    /// Ranges of CNP and CCNP mean pods too, if their address lies in them.
    pub cidr_means_pods: bool,
    /// Selectors see the labels of nodes, under the source `node`.
    pub node_labels: bool,
    /// Policies about nodes hold for the local node.
    pub host_policies: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            mode: Mode::Detect,
            enforcement: Enforcement::Default,
            host_access: true,
            cidr_means_nodes: false,
            cidr_means_pods: false,
            node_labels: false,
            host_policies: false,
        }
    }
}

/// When a direction of a workload is default-deny.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Enforcement {
    /// Where a policy selects it and does not say otherwise.
    #[default]
    Default,
    /// Always, with policies or without.
    Always,
    /// Never: everything passes.
    Never,
}
