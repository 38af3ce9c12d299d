//! Kafka rules, as Cilium had them up to 1.19.

use crate::request::KafkaRequest;

/// One item of a `kafka` list; everything that it names must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KafkaRule {
    /// The kinds of requests, by their numbers; `None` for any.
    pub api_keys: Option<Vec<i16>>,
    /// The version of the request.
    pub api_version: Option<i16>,
    /// Who the client says it is.
    pub client: Option<String>,
    /// The topic. A request for several needs a rule for each.
    pub topic: Option<String>,
}

/// The kinds of requests by their numbers, from 0 on.
const API_KEYS: [&str; 34] = [
    "produce",
    "fetch",
    "offsets",
    "metadata",
    "leaderandisr",
    "stopreplica",
    "updatemetadata",
    "controlledshutdown",
    "offsetcommit",
    "offsetfetch",
    "findcoordinator",
    "joingroup",
    "heartbeat",
    "leavegroup",
    "syncgroup",
    "describegroups",
    "listgroups",
    "saslhandshake",
    "apiversions",
    "createtopics",
    "deletetopics",
    "deleterecords",
    "initproducerid",
    "offsetforleaderepoch",
    "addpartitionstotxn",
    "addoffsetstotxn",
    "endtxn",
    "writetxnmarkers",
    "txnoffsetcommit",
    "describeacls",
    "createacls",
    "deleteacls",
    "describeconfigs",
    "alterconfigs",
];

/// Kinds of requests that name topics.
const WITH_TOPICS: [i16; 19] = [0, 1, 2, 3, 4, 5, 6, 8, 9, 19, 20, 21, 23, 24, 27, 28, 34, 35, 37];

/// What a producer sends.
pub(super) const PRODUCE: [i16; 3] = [0, 3, 18];
/// What a consumer sends.
pub(super) const CONSUME: [i16; 11] = [1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 18];

/// The number of a kind of request, by its name in any case or as it is.
pub fn api_key(text: &str) -> Option<i16> {
    let lower = text.to_ascii_lowercase();
    match API_KEYS.iter().position(|name| *name == lower) {
        Some(number) => i16::try_from(number).ok(),
        None => text.parse().ok().filter(|number| *number >= 0),
    }
}

impl KafkaRule {
    /// Whether the rule is about a request, its topics aside.
    pub fn fits(&self, request: &KafkaRequest) -> bool {
        self.api_keys.as_ref().is_none_or(|keys| keys.contains(&request.api_key))
            && self.api_version.is_none_or(|version| version == request.api_version)
            && self.client.as_ref().is_none_or(|client| *client == request.client)
            // A kind that names topics, and names none that could be read, is not known to fit.
            && !(self.topic.is_some()
                && request.topics.is_empty()
                && WITH_TOPICS.contains(&request.api_key))
    }
}
