//! How people name one end of a flow in a filter, in the habit of `hubble observe`.

use crate::Party;

/// A workload, a namespace, a name or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `namespace/name`: workloads there whose name begins so; `namespace/` is all of them.
    Workload {
        /// The namespace; empty means any (`/name`).
        namespace: String,
        /// What the name begins with.
        name: String,
    },
    /// Anything else: an address, a DNS name, or the beginning of a workload's name anywhere.
    Word(String),
}

impl Pattern {
    /// The pattern in a text.
    pub fn parse(text: &str) -> Pattern {
        match text.split_once('/') {
            Some((namespace, name)) => {
                Pattern::Workload { namespace: namespace.to_owned(), name: name.to_owned() }
            }
            None => Pattern::Word(text.to_owned()),
        }
    }

    /// Whether one end of a flow is meant.
    pub fn matches(&self, party: &Party) -> bool {
        let names = party.names.iter().map(String::as_str);
        self.means(party.workload.as_deref(), &party.address, names)
    }

    /// The same, of an end in its parts.
    pub(crate) fn means<'a>(
        &self,
        workload: Option<&str>,
        address: &str,
        mut names: impl Iterator<Item = &'a str>,
    ) -> bool {
        let workload = workload.and_then(|name| name.split_once('/'));
        match self {
            Pattern::Workload { namespace, name } => workload.is_some_and(|(its, called)| {
                (namespace.is_empty() || namespace == its) && called.starts_with(name.as_str())
            }),
            Pattern::Word(word) => {
                address == word
                    || names.any(|name| name == word)
                    || workload.is_some_and(|(_, called)| called.starts_with(word.as_str()))
            }
        }
    }
}
