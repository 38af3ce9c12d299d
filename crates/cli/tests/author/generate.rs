//! `podwall generate` on records of names and requests, ours and Hubble's, as lines of JSON.

use super::{Desk, check};

#[test]
fn generate_reads_names_and_requests_of_both_kinds_of_records() {
    let desk = Desk::new("requests");
    let web = r#""source":{"namespace":"shop","pod_name":"web","labels":["k8s:app=web"]},"is_reply":false,"verdict":"FORWARDED""#;
    let db = r#""destination":{"namespace":"data","pod_name":"db","labels":["k8s:app=db"]}"#;
    let dns = r#""destination":{"namespace":"kube-system","pod_name":"dns","labels":["k8s:k8s-app=kube-dns"]}"#;
    let record = |to: &str, rest: &str| format!("{{\"flow\":{{{web},{to},{rest}}}}}");
    let own = r#"{"verdict":"forwarded","source":{"workload":"shop/web","ip":"10.0.0.1","labels":["k8s:app=web"]},"destination":{"workload":"data/db","ip":"10.0.0.2","labels":["k8s:app=db"]},"protocol":"TCP","port":80,"count":4,"http":{"method":"PUT","path":"/own"}}"#;
    let lines = [
        record(
            dns,
            r#""IP":{"source":"10.0.0.1","destination":"10.0.0.53"},"l4":{"UDP":{"destination_port":53}},"l7":{"type":"REQUEST","dns":{"query":"api.example.com.","qtypes":["A"]}}"#,
        ),
        record(
            dns,
            r#""IP":{"source":"10.0.0.1","destination":"10.0.0.53"},"l4":{"UDP":{"destination_port":40000}},"l7":{"type":"RESPONSE","dns":{"query":"evil.example.","ips":["192.0.2.9"]}}"#,
        ),
        record(
            r#""destination":{"labels":["reserved:world"]},"destination_names":["api.example.com"]"#,
            r#""IP":{"source":"10.0.0.1","destination":"198.51.100.7"},"l4":{"TCP":{"destination_port":443}}"#,
        ),
        record(
            db,
            r#""IP":{"source":"10.0.0.1","destination":"10.0.0.2"},"l4":{"TCP":{"destination_port":80}},"l7":{"type":"REQUEST","http":{"method":"GET","url":"http://db.data/v1/items?page=2"}}"#,
        ),
        own.to_owned(),
    ];
    let flows = desk.write("flows.jsonl", &lines.join("\n"));
    let draft = check(&desk, &["generate", "--flows", &flows], 0);
    for part in [
        "- toFQDNs:\n        - matchName: api.example.com\n",
        "dns:\n              - matchName: api.example.com\n",
        "- method: GET\n                path: \"/v1/items(\\\\?.*)?\"\n",
        "- method: PUT\n                path: \"/own\"\n",
    ] {
        assert!(draft.contains(part), "{part}\n{draft}");
    }
    assert!(!draft.contains("evil") && !draft.contains("198.51.100.7"), "{draft}");
    desk.write("draft.yaml", &draft);
    check(&desk, &["lint", "draft.yaml"], 0);
}
