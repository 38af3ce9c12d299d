//! What a test asks in its connection: one request, and the name that its TLS asks for.

use podwall_policy::demand::api_key;
use podwall_policy::names::Name;
use podwall_policy::request::{
    Conversation, Headers, Hello, HttpRequest, KafkaRequest, Request, normalise,
};

use super::document::{GrpcEntry, HttpEntry, KafkaEntry, TestEntry, Values};

/// Reads the request of a test; `None` where it says nothing of one.
pub(super) fn conversation(test: &TestEntry) -> Result<Option<Conversation>, String> {
    let given = [
        test.http.is_some(),
        test.grpc.is_some(),
        test.dns.is_some(),
        test.kafka.is_some(),
        test.fields.is_some(),
    ];
    if given.iter().filter(|given| **given).count() > 1 {
        return Err("a test asks one thing, hint: write a test for each".to_owned());
    }
    let request = if let Some(entry) = &test.http {
        http(entry)
    } else if let Some(GrpcEntry { service, method }) = &test.grpc {
        let path = format!("/{service}/{method}");
        http(&HttpEntry { method: "POST".to_owned(), path, ..HttpEntry::default() })
    } else if let Some(entry) = &test.dns {
        Some(Request::Dns(Name::new(&entry.name)))
    } else if let Some(entry) = &test.kafka {
        Some(Request::Kafka(kafka(entry)?))
    } else {
        test.fields.clone().map(Request::Custom)
    };
    let hello = test.tls.as_ref().map(|entry| Hello { server_name: entry.sni.clone() });
    let is_said = given.contains(&true) || hello.is_some();
    Ok(is_said.then_some(Conversation { hello, request }))
}

/// A request whose path no gate would read is none.
fn http(entry: &HttpEntry) -> Option<Request> {
    let path = normalise(&entry.path).ok()?.path;
    let headers = entry.headers.iter().flat_map(|(name, values)| {
        let values = match values {
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
        };
        values.iter().map(move |value| (name.as_str(), value.as_str()))
    });
    let headers = Headers::new(headers);
    let (method, host) = (entry.method.clone(), entry.host.clone());
    Some(Request::Http(HttpRequest { method, path, host, headers }))
}

fn kafka(entry: &KafkaEntry) -> Result<KafkaRequest, String> {
    let KafkaEntry { api_key: key, api_version, topics, client_id } = entry;
    let api_key = api_key(key).ok_or_else(|| format!("not a kind of Kafka request: `{key}`"))?;
    let (topics, client) = (topics.clone(), client_id.clone());
    Ok(KafkaRequest { api_key, api_version: *api_version, client, topics })
}
