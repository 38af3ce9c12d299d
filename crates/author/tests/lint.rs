//! Findings: what each is told of, what it is not told of, and what its mend leaves behind.

use podwall_author::lint::{Finding, Limits, PAGES, Surroundings, Text, lint, mended, page};
use podwall_files::{parse_world, read_source};
use podwall_model::World;
use podwall_policy::target::Target;

const WORLD: &str = "
namespaces: [{name: shop}, {name: data}]
nodes: [{name: n1, ips: [192.0.2.1], local: true}]
pods:
- {name: web, namespace: shop, labels: {app: web}, ips: [10.0.0.1], ports: [{name: http, port: 8080}]}
- {name: db, namespace: data, labels: {app: db}, ips: [10.0.0.2], ports: [{name: pg, port: 5432}]}
services:
- {name: web, namespace: shop, ips: [10.96.0.1], selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
";

fn world() -> World {
    parse_world(WORLD).expect("as the test wrote it").world
}

fn text(file: &str, text: &str) -> Text {
    Text { file: file.to_owned(), text: text.to_owned() }
}

fn cnp(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  endpointSelector: {{matchLabels: {{app: web}}}}\n{spec}\n"
    )
}

fn knp(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  podSelector: {{matchLabels: {{app: web}}}}\n{spec}\n"
    )
}

fn findings(texts: &[Text]) -> Vec<Finding> {
    let world = world();
    let around = Surroundings { world: Some(&world), ..Surroundings::default() };
    lint(texts, &around).findings
}

/// The codes of findings of the pages here, each with its line, in order.
fn codes(policy: &str) -> Vec<String> {
    let told = findings(&[text("p.yaml", policy)]).into_iter();
    told.map(|finding| finding.diagnostic)
        .filter(|told| page(told.code.0).is_some())
        .map(|told| format!("{}:{}", told.span.line, told.code))
        .collect()
}

#[track_caller]
fn check(policy: &str, expected: &[&str]) {
    assert_eq!(codes(policy), expected, "{policy}");
}

#[test]
fn selectors_that_select_nobody_are_told_with_what_is_lacking() {
    let policy = cnp("p", "  ingress: [{fromEndpoints: [{matchLabels: {app: wbe}}]}]");
    check(&policy, &["6:PW1001"]);
    let told = findings(&[text("p.yaml", &policy)]);
    let help = told[0].diagnostic.help.clone().expect("as the test wrote it");
    assert_eq!(help, "who comes nearest lacks `app: wbe` (it has `web`)");
    check(&cnp("p", "  ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]"), &[]);
    check(&cnp("p", "  ingress: [{fromEntities: [health]}]"), &[]);
    check(&policy.replace("app: web}", "app: nobody}"), &["5:PW1001", "6:PW1001"]);
}

#[test]
fn rules_by_name_need_a_dns_rule_that_lets_the_name_be_asked() {
    let dns = |rule: &str| {
        format!(
            "  - toEndpoints: [{{matchLabels: {{k8s-app: kube-dns, 'k8s:io.kubernetes.pod.namespace': kube-system}}}}]\n    toPorts: [{{ports: [{{port: '53', protocol: ANY}}], rules: {{dns: [{rule}]}}}}]\n"
        )
    };
    let names = "  egress:\n  - toFQDNs: [{matchName: api.example.com}]\n";
    let has = |policy: &str| codes(policy).iter().any(|code| code.ends_with("PW1002"));
    assert!(has(&cnp("p", names)));
    for rule in [
        "{matchPattern: '*'}",
        "{matchName: api.example.com}",
        "{matchPattern: '*.example.com'}",
        "{matchPattern: '**.example.com'}",
    ] {
        assert!(!has(&cnp("p", &format!("{names}{}", dns(rule)))), "{rule}");
    }
    for rule in
        ["{matchName: example.com}", "{matchPattern: '*.com'}", "{matchPattern: 'x*.example.com'}"]
    {
        assert!(has(&cnp("p", &format!("{names}{}", dns(rule)))), "{rule}");
    }
}

#[test]
fn a_service_port_is_told_and_mended() {
    let policy = cnp(
        "p",
        "  ingress:\n  - fromEntities: [world]\n    toPorts: [{ports: [{port: \"80\", protocol: TCP}]}] # door",
    );
    check(&policy, &["8:PW1003"]);
    let mends: Vec<_> =
        findings(&[text("p", &policy)]).into_iter().filter_map(|f| f.mend).collect();
    let (after, made) = mended(&policy, &mends);
    assert_eq!((after.as_str(), made), (policy.replace("\"80\"", "\"8080\"").as_str(), 1));
    check(&after, &[]);
}

#[test]
fn a_port_without_a_protocol_is_told_and_mended_with_its_comments_kept() {
    let block = cnp(
        "p",
        "  ingress:\n  - toPorts:\n    - ports:\n      - port: \"8080\" # the door\n      - {port: \"9090\"} # another",
    );
    check(&block, &["9:PW1004", "10:PW1004"]);
    let mends: Vec<_> = findings(&[text("p", &block)]).into_iter().filter_map(|f| f.mend).collect();
    let (after, made) = mended(&block, &mends);
    assert_eq!(made, 2);
    assert!(after.contains("- port: \"8080\" # the door\n        protocol: ANY\n"), "{after}");
    assert!(after.contains("- {port: \"9090\", protocol: ANY} # another"), "{after}");
    check(&after, &[]);
    check(&knp("p", "  ingress: [{ports: [{port: 53}]}]"), &["6:PW1004"]);
    check(&knp("p", "  ingress: [{ports: [{port: 53}, {port: 53, protocol: UDP}]}]"), &[]);
    check(&knp("p", "  ingress: [{ports: [{port: 8080}]}]"), &[]);
}

#[test]
fn rules_that_decide_nothing_are_told() {
    let within = cnp(
        "p",
        "  ingress:\n  - fromEndpoints: [{}]\n  - fromEndpoints: [{matchLabels: {app: web}}]\n    toPorts: [{ports: [{port: http, protocol: TCP}]}]",
    );
    check(&within, &["8:PW1005"]);
    let denied =
        cnp("p", "  ingressDeny:\n  - fromEntities: [all]\n  ingress:\n  - fromEndpoints: [{}]");
    check(&denied, &["9:PW1005"]);
    let beside = cnp(
        "p",
        "  ingressDeny:\n  - fromCIDR: [198.51.100.0/25]\n  ingress:\n  - fromCIDR: [198.51.100.0/24]",
    );
    check(&beside, &[]);
    let twice = cnp("p", "  ingress:\n  - fromEndpoints: [{}]\n  - fromEndpoints: [{}]");
    check(&twice, &["8:PW1005"]);
}

#[test]
fn rules_that_other_policies_make_needless_are_told() {
    let narrow = cnp("narrow", "  ingress: [{fromEndpoints: [{matchLabels: {app: web}}]}]");
    let wide = cnp("wide", "  ingress: [{fromEndpoints: [{}]}]");
    check(&format!("{narrow}---\n{wide}"), &["6:PW1005"]);
    let enforcing =
        wide.replace("{name: wide", "{annotations: {podwall.io/mode: enforce}, name: wide");
    assert_ne!(enforcing, wide);
    check(&format!("{narrow}---\n{enforcing}"), &[]);
    let elsewhere = wide.replace("namespace: shop", "namespace: data");
    check(&format!("{narrow}---\n{elsewhere}"), &["12:PW1001"]);
}

#[test]
fn requests_that_pass_unread_by_another_rule_are_told() {
    let port = "ports: [{port: '8080', protocol: TCP}]";
    let asks =
        format!("  ingress:\n  - toPorts: [{{{port}, rules: {{http: [{{path: /public}}]}}}}]\n");
    check(&cnp("p", &asks), &[]);
    let beside = format!("{asks}  - fromEndpoints: [{{}}]\n    toPorts: [{{{port}}}]\n");
    check(&cnp("p", &beside), &[]);
    let unread = format!("{asks}  - toPorts: [{{{port}}}]\n");
    check(&cnp("p", &unread), &["7:PW1005"]);
}

#[test]
fn a_network_policy_that_allows_is_told_where_it_says_deny() {
    check(&knp("deny-all", "  ingress: [{}]"), &["6:PW1006"]);
    check(&knp("allow-all", "  ingress: [{}]"), &[]);
    check(&knp("p", "  ingress: [{from: []}]"), &["6:PW1006"]);
    check(&knp("deny-all", "  policyTypes: [Ingress]"), &[]);
}

#[test]
fn an_empty_element_is_told_where_it_is_not_the_default_deny() {
    check(&cnp("lockdown", "  ingress: [{}]"), &[]);
    check(&cnp("allow-all", "  ingress: [{}]"), &["6:PW1007"]);
    check(&cnp("p", "  ingress: [{}, {fromEndpoints: [{}]}]"), &["6:PW1007"]);
    check(&cnp("p", "  ingressDeny: [{}]"), &["6:PW1007"]);
}

#[test]
fn a_range_that_holds_a_pod_is_told() {
    check(&cnp("p", "  ingress: [{fromCIDR: [10.0.0.2/32]}]"), &["6:PW1008"]);
    check(&cnp("p", "  ingress: [{fromCIDR: [10.96.0.0/16]}]"), &["6:PW1008"]);
    check(&cnp("p", "  ingress: [{fromCIDR: [0.0.0.0/0]}]"), &[]);
    check(&cnp("p", "  ingress: [{fromCIDR: [198.51.100.0/24]}]"), &[]);
    check(&knp("p", "  ingress: [{from: [{ipBlock: {cidr: 10.0.0.2/32}}]}]"), &[]);
}

#[test]
fn patterns_that_mean_something_else_are_told() {
    let http = |rule: &str| {
        cnp(
            "p",
            &format!(
                "  ingress: [{{toPorts: [{{ports: [{{port: '8080', protocol: TCP}}], rules: {{http: [{rule}]}}}}]}}]"
            ),
        )
    };
    for told in [
        "{host: api.example.com}",
        "{host: '*.example.com'}",
        "{path: /v1/*}",
        "{path: /v1/}",
        "{path: /index.html}",
    ] {
        check(&http(told), &["6:PW1009"]);
    }
    for fine in [
        "{host: 'api\\.example\\.com'}",
        "{path: /public}",
        "{path: '/v1/.*'}",
        "{path: /, method: GET}",
        "{path: '/v[0-9]+/.*'}",
        "{path: '/path1$'}",
    ] {
        check(&http(fine), &[]);
    }
    for written in ["/index.html", "'/index.html'", "\"/index.html\""] {
        let policy = http(&format!("{{path: {written}}}"));
        let mends: Vec<_> =
            findings(&[text("p", &policy)]).into_iter().filter_map(|f| f.mend).collect();
        check(&mended(&policy, &mends).0, &[]);
    }
}

#[test]
fn egress_without_dns_is_told_unless_some_rule_allows_it() {
    let db = "  egress:\n  - toEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': data, app: db}}]\n";
    check(&cnp("p", db), &["7:PW1010"]);
    let dns = "  - toEntities: [world]\n    toPorts: [{ports: [{port: '53', protocol: UDP}]}]\n";
    check(&cnp("p", &format!("{db}{dns}")), &[]);
    let elsewhere = format!(
        "{}---\n{}",
        cnp("p", db),
        knp("q", "  egress: [{ports: [{port: 53, protocol: UDP}]}]")
    );
    check(&elsewhere, &[]);
    check(&knp("p", "  policyTypes: [Egress]"), &[]);
    check(&cnp("p", "  egress: [{}]"), &[]);
}

#[test]
fn two_items_and_two_files_are_told() {
    let apart = "  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}}, {podSelector: {matchLabels: {app: web}}}]}]";
    assert!(codes(&knp("p", apart)).contains(&"6:PW1011".to_owned()));
    let policy = knp("p", "  policyTypes: [Ingress]");
    let told = findings(&[text("a.yaml", &policy), text("b.yaml", &policy)]);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].diagnostic.code.0, told[0].diagnostic.file.as_str()), ("PW1012", "b.yaml"));
}

#[test]
fn what_is_too_big_for_the_tables_is_told() {
    let ranges: Vec<String> = (0..20).map(|n| format!("198.51.100.{n}/32")).collect();
    let policy = cnp("p", &format!("  ingress: [{{fromCIDR: [{}]}}]", ranges.join(", ")));
    let world = world();
    let limits = Limits { rows: 10, steps: 100, addresses: 100, networks: 100 };
    let around =
        Surroundings { world: Some(&world), limits: Some(limits), ..Surroundings::default() };
    let told = lint(&[text("p.yaml", &policy)], &around).findings;
    let codes: Vec<&str> = told.iter().map(|finding| finding.diagnostic.code.0).collect();
    assert_eq!(codes, ["PW1013"], "{told:?}");
}

#[test]
fn every_page_opens_with_its_code() {
    for page in PAGES {
        assert!(page.text.starts_with(&format!("# {}: ", page.code)), "{}", page.code);
        assert!(page.text.contains("# mended"), "{} shows no mend", page.code);
    }
}

/// The policies of the demo are right: whatever is told of them is a false finding.
#[test]
fn nothing_is_told_of_the_policies_that_ship() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/policies");
    let texts = read_source(folder).expect("as the test wrote it").into_iter();
    let texts: Vec<Text> = texts.map(|file| text(&file.name, &file.text)).collect();
    assert!(texts.len() >= 7, "the demo has policies");
    let told = lint(&texts, &Surroundings::default()).findings;
    let told: Vec<String> = told.iter().map(|finding| finding.diagnostic.to_string()).collect();
    assert_eq!(told, Vec::<String>::new());
}

/// What is told of a policy for a version of Cilium, each with its line.
fn elsewhere(policy: &str, target: Target) -> Vec<String> {
    let target = Some(target);
    let around = Surroundings { target, ..Surroundings::default() };
    let told = lint(&[text("p.yaml", policy)], &around).findings.into_iter();
    told.map(|finding| finding.diagnostic)
        .filter(|told| told.code.0 == "PW1014")
        .map(|told| format!("{}: {}", told.span.line, told.message))
        .collect()
}

#[test]
fn what_means_something_else_in_a_version_of_cilium_is_told_with_its_rule() {
    let names = cnp(
        "p",
        "  egress:\n  - toEntities: [host]\n  - toFQDNs: [{matchPattern: '**.example.com'}]",
    );
    let said = "8: means something else in cilium-1.18: `**.` stands for one label only: more came \
                with 1.19";
    assert_eq!(elsewhere(&names, Target::Cilium1_18), [said]);
    assert_eq!(elsewhere(&names, Target::Cilium1_19), [""; 0]);
    let detects = cnp("p", "  ingress: [{fromEntities: [host]}]")
        .replace("namespace: shop}", "namespace: shop, annotations: {podwall.io/mode: detect}}");
    assert!(elsewhere(&detects, Target::Cilium1_20)[0].starts_with("1: means something else"));
}

#[test]
fn what_only_the_writing_shows_is_told_for_a_version_too() {
    let ports = "toPorts: [{ports: [{port: '443', protocol: TCP}]}]";
    let told = |spec: &str| elsewhere(&cnp("p", spec), Target::Cilium1_20);
    let empty = |list: &str| told(&format!("  egress:\n  - {list}: []\n    {ports}"));
    for list in ["toFQDNs", "toServices", "toGroups"] {
        assert_eq!(empty(list).len(), 1, "{list}");
        assert!(empty(list)[0].starts_with("7: "), "{list}");
    }
    assert_eq!(empty("toEndpoints"), [""; 0]);
    assert_eq!(told("  egress: [{toFQDNs: []}]"), [""; 0]);
    let types = "  policyTypes: [Egress]\n  ingress:\n  - from: [{podSelector: {}}]";
    let told = elsewhere(&knp("p", types), Target::Cilium1_17);
    assert!(told[0].starts_with("8: ") && told[0].contains("`policyTypes`"), "{told:?}");
    assert_eq!(
        elsewhere(&knp("p", &types.replace("[Egress]", "[Egress, Ingress]")), Target::Cilium1_20),
        [""; 0]
    );
}

#[test]
fn what_is_refused_here_and_in_force_there_is_told() {
    let spec = |element: &str| cnp("p", &format!("  egress:\n  - {element}"));
    let check = |element: &str, versions: [usize; 4], words: &str| {
        for (target, count) in Target::ALL.into_iter().zip(versions) {
            let told = elsewhere(&spec(element), target);
            assert_eq!(told.len(), count, "{element} in {}: {told:?}", target.name());
            let fits = |one: &String| one.starts_with("7: ") && one.contains(words);
            assert!(told.iter().all(fits), "{told:?}");
        }
    };
    check("toRequires: [{matchLabels: {env: prod}}]", [1, 1, 0, 0], "must also have");
    check("toRequires: []", [0; 4], "");
    let wider = "toCIDRSet: [{cidr: 10.0.0.0/16, except: [10.0.0.0/8]}]";
    check(wider, [1, 1, 1, 0], "takes the whole range away");
    check("toCIDRSet: [{cidr: 10.0.0.0/16, except: [11.0.0.0/8]}]", [0; 4], "");
    check("authentication: {mode: required}", [1; 4], "prove who they are");
    let listener = "toPorts: [{ports: [{port: '443', protocol: TCP}], listener: {name: own, \
                    envoyConfig: {name: a}}}]";
    check(listener, [1; 4], "handed to that listener");
    check("colour: blue", [0; 4], "");
}
