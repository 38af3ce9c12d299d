//! Requests: what the gate has read of one, as plain values.

mod path;

use std::collections::BTreeMap;

use podwall_model::RuleId;

pub use self::path::{Normalised, PathError, normalise};
use crate::names::Name;

/// What a client has said on a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// Its first message of TLS, if it speaks that.
    pub hello: Option<Hello>,
    /// Its request: inside TLS, where it speaks that.
    pub request: Option<Request>,
}

/// What the gate does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission<'a> {
    /// Why it is refused; `None` if it passes.
    pub refusal: Option<Refusal>,
    /// The rule that lets it pass; `None` where nothing isolates, or on the node's own way.
    pub rule: Option<&'a RuleId>,
    /// The headers that go on, where they are other than they came.
    pub headers: Option<Headers>,
}

/// How a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// HTTP's 403.
    Forbidden,
    /// The connection is closed.
    Reset,
    /// DNS' REFUSED.
    Refused,
    /// Kafka's error 29, topic authorization failed.
    TopicDenied,
}

/// A client's first message of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The name that it asks for; empty for none.
    pub server_name: String,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// HTTP.
    Http(HttpRequest),
    /// A question for a name; the type of record is not asked for.
    Dns(Name),
    /// Kafka.
    Kafka(KafkaRequest),
    /// Another protocol, by its fields.
    Custom(BTreeMap<String, String>),
}

/// An HTTP request, its path normalised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method, as it came.
    pub method: String,
    /// The path with its query, as [`normalise`] made it.
    pub path: String,
    /// The authority, with its port if it came with one.
    pub host: String,
    /// The other headers.
    pub headers: Headers,
}

/// A Kafka request, as far as rules speak of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KafkaRequest {
    /// Its kind.
    pub api_key: i16,
    /// Its version.
    pub api_version: i16,
    /// Who the client says it is.
    pub client: String,
    /// The topics that it names.
    pub topics: Vec<String>,
}

/// Headers in their order, names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// These headers.
    pub fn new<'a>(list: impl IntoIterator<Item = (&'a str, &'a str)>) -> Headers {
        let lower = |(name, value): (&str, &str)| (name.to_ascii_lowercase(), value.to_owned());
        Headers(list.into_iter().map(lower).collect())
    }

    /// Each name and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values under a name, in one text with commas between.
    pub fn value(&self, name: &str) -> Option<String> {
        let mut values = self.0.iter().filter(|(one, _)| one == name).map(|(_, value)| value);
        let mut joined = values.next()?.clone();
        for value in values {
            joined.push(',');
            joined.push_str(value);
        }
        Some(joined)
    }

    /// Adds one, beside others of the same name.
    pub fn add(&mut self, name: &str, value: &str) {
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// Removes all of a name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(one, _)| one != name);
    }
}
