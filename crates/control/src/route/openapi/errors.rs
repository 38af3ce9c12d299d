//! Which errors each operation answers with: stable codes with their status and an example, added
//! to the description. A client meets no code that does not stand here.

use serde_json::{Map, Value, json};

/// A code, its status, and words as a caller may get them.
type Code = (&'static str, &'static str, &'static str);

const CODES: [Code; 18] = [
    ("bad_filter", "400", "not a number for port: `http`"),
    ("bad_mode", "400", "a mode is needed here, hint: detect, enforce or off"),
    ("bad_revision", "400", "If-Match is no revision, hint: send the number that the answer had"),
    ("bad_policy", "400", "no policy in the text, hint: send it as `yaml`"),
    ("token_missing", "401", "no valid token, hint: open the address that `podwall status` prints"),
    ("foreign_host", "403", "this address is not served under that name, hint: use 127.0.0.1"),
    ("cross_site", "403", "changes are taken from Podwall's own page only"),
    (
        "not_found",
        "404",
        "no such policy: `NetworkPolicy/data/db`, hint: `podwall status` lists them",
    ),
    ("allowed", "409", "some rule allows it already"),
    (
        "denied",
        "409",
        "a rule denies it, and no allow beats that: `NetworkPolicy/data/db#ingress[0]`",
    ),
    ("unsayable", "409", "no policy can name this end: `203.0.113.7`"),
    ("exists", "409", "the policy is there already: `NetworkPolicy/data/db` in `30-data.yaml`"),
    ("layout", "409", "the document cannot be edited as it is laid out, hint: edit the file"),
    ("not_readable", "409", "the file cannot be read: `30-data.yaml`, hint: mend it first"),
    ("not_writable", "409", "the file cannot be written: `30-data.yaml`"),
    ("changed_meanwhile", "409", "the file was changed meanwhile: `30-data.yaml`"),
    ("stale", "412", "changed meanwhile: revision `8` was looked at, `9` holds"),
    ("internal", "500", "unable to answer, hint: the log of `podwall up` says why"),
];

/// What every answer may be over TCP.
const GUARD: [&str; 2] = ["token_missing", "foreign_host"];
/// What a change in files may come to.
const FILES: [&str; 4] = ["layout", "not_readable", "not_writable", "changed_meanwhile"];

/// Adds the errors of an operation to its responses, with an example of each code.
pub(super) fn add(operation: &mut Map<String, Value>, changes: Changes) {
    let id = operation["operationId"].as_str().unwrap_or_default();
    let mut codes: Vec<&str> = own(id).to_vec();
    codes.extend(GUARD);
    match changes {
        Changes::Nothing => {}
        Changes::Something => codes.push("cross_site"),
    }
    if FILE_WRITERS.contains(&id) {
        codes.extend(FILES);
    }
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    responses.retain(|status, _| status.starts_with(['2', '3']));
    for (code, status, words) in CODES.iter().filter(|(code, ..)| codes.contains(code)) {
        let response = responses.entry(*status).or_insert_with(|| {
            let schema = json!({ "$ref": "#/components/schemas/ApiError" });
            let content = json!({ "schema": schema, "examples": {} });
            json!({ "description": "", "content": { "application/json": content } })
        });
        let said = response["description"].as_str().unwrap_or_default();
        let comma = if said.is_empty() { "" } else { ", " };
        response["description"] = format!("{said}{comma}`{code}`").into();
        let example = json!({ "value": { "code": code, "message": words } });
        response["content"]["application/json"]["examples"][code] = example;
    }
}

/// Whether an operation changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changes {
    Nothing,
    Something,
}

/// Operations that change files which people keep.
const FILE_WRITERS: [&str; 4] =
    ["setPolicyMode", "setModes", "setNamespaceMode", "detectEverything"];

/// The codes that an operation alone has.
fn own(operation: &str) -> &'static [&'static str] {
    match operation {
        "listFlows" | "getStats" | "listWorkloads" | "getMap" | "listNewPairs" | "listTests" => {
            &["bad_filter", "internal"]
        }
        "listPolicies" | "listChanges" => &["bad_filter"],
        "getPolicy" | "getWorkload" | "previewModes" => &["bad_filter", "not_found", "internal"],
        "explain" => &["bad_filter", "not_found"],
        "draftPolicy" => &["bad_filter", "not_found", "allowed", "denied", "unsayable", "internal"],
        "savePolicies" => {
            &["bad_filter", "bad_policy", "exists", "layout", "not_writable", "internal"]
        }
        "setPolicyMode" | "setModes" | "setNamespaceMode" => {
            &["bad_mode", "bad_revision", "not_found", "stale", "internal"]
        }
        "setClusterMode" => &["bad_mode", "bad_revision", "stale"],
        "detectEverything" => &["bad_revision", "stale", "internal"],
        _ => &[],
    }
}
