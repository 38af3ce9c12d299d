//! The authors' commands as their users call them: output, and exit codes.

mod generate;
mod thousands;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder of its own for one test, removed with it.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Desk {
        let folder = std::env::temp_dir().join(format!("pw-author-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder of its own");
        Desk(folder)
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        fs::write(&path, text).expect("a file of its own");
        path.display().to_string()
    }

    fn run(&self, words: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_podwall"))
            .args(words)
            .current_dir(&self.0)
            .output()
            .expect("the command starts")
    }

    fn git(&self, words: &[&str]) {
        let identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
        let done = Command::new("git")
            .args(identity)
            .args(words)
            .current_dir(&self.0)
            .output()
            .expect("git starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a command and gives what it printed, if it ended with this code.
#[track_caller]
fn check(desk: &Desk, words: &[&str], code: i32) -> String {
    let output = desk.run(words);
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{words:?}\n{out}\n{err}");
    out.into_owned()
}

const WORLD: &str = "\
namespaces: [{name: shop, labels: {kubernetes.io/metadata.name: shop}}, {name: data}]
nodes: [{name: n1, ips: [192.0.2.1], local: true}]
pods:
- {name: web, namespace: shop, labels: {app: web}, ips: [10.0.0.1]}
- {name: db, namespace: data, labels: {app: db}, ips: [10.0.0.2]}
";

const POLICY: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: data}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
  - from:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
      podSelector: {matchLabels: {app: web}}
    ports: [{port: 5432, protocol: TCP}]
";

const LOOSE: &str = "\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
  - toPorts:
    - ports:
      - port: \"8080\" # the door
";

#[test]
fn lint_says_what_it_finds_in_every_form() {
    let desk = Desk::new("lint");
    desk.write("policies/loose.yaml", LOOSE);
    assert_eq!(
        check(&desk, &["lint", "policies"], 0),
        "policies/loose.yaml:9:15: warning PW1004: port without a protocol: `8080` means TCP, UDP and SCTP\n  \
         9 |       - port: \"8080\" # the door\n    |               ^\n  \
         hint: write the one that is meant, or `protocol: ANY`\n  \
         --fix: write `protocol: ANY`, which is what it means now\n  \
         more: podwall lint --explain PW1004\n\n\
         1 documents in 1 files: 0 errors, 1 warnings\n"
    );
    check(&desk, &["lint", "--strict", "policies"], 1);
    for (form, wanted) in [
        ("json", "\"code\": \"PW1004\""),
        ("sarif", "\"ruleId\": \"PW1004\""),
        ("gitlab", "\"check_name\": \"PW1004\""),
        ("junit", "<failure message=\"port without a protocol"),
    ] {
        let told = check(&desk, &["lint", "-o", form, "policies"], 0);
        assert!(told.contains(wanted), "{form}: {told}");
        if form != "junit" {
            serde_json::from_str::<serde_json::Value>(&told).expect("as the test wrote it");
        }
    }
    assert!(check(&desk, &["lint", "--explain", "pw1004"], 0).starts_with("# PW1004: "));
    check(&desk, &["lint", "--explain", "PW9999"], 2);
    check(&desk, &["lint", "nowhere"], 2);
    check(&desk, &["lint", "--fix", "--strict", "policies"], 0);
    let mended =
        fs::read_to_string(desk.0.join("policies/loose.yaml")).expect("as the test wrote it");
    assert_eq!(mended, format!("{LOOSE}        protocol: ANY\n"));
}

#[test]
fn lint_tells_what_means_something_else_in_a_version_of_cilium() {
    let desk = Desk::new("target");
    desk.write(
        "db.yaml",
        &POLICY
            .replace("protocol: TCP", "protocol: TCP}, {port: 53, protocol: UDP")
            .replace("- from:", "- from:\n    - ipBlock: {cidr: 10.0.0.0/8}"),
    );
    let words = "means something else in cilium-1.20: the range means no pod and no node";
    check(&desk, &["lint", "--strict", "db.yaml"], 0);
    for form in ["text", "json", "junit", "sarif", "gitlab"] {
        let run = ["lint", "--strict", "--target", "cilium-1.20", "-o", form, "db.yaml"];
        let told = check(&desk, &run, 1);
        assert!(told.contains(words) && told.contains("PW1014"), "{form}: {told}");
    }
    let page = check(&desk, &["lint", "--explain", "PW1014"], 0);
    assert!(page.starts_with("# PW1014: "), "{page}");
    check(&desk, &["lint", "--target", "cilium-1.16", "db.yaml"], 2);
    assert!(check(&desk, &["completion", "bash"], 0).contains("cilium-1.17"));
}

#[test]
fn errors_of_several_documents_are_told_at_once() {
    let desk = Desk::new("errors");
    desk.write(
        "a.yaml",
        &format!("{}---\n{}", LOOSE.replace("toPorts", "toPort"), POLICY.replace("from:", "form:")),
    );
    let told = check(&desk, &["lint", "a.yaml"], 1);
    assert!(
        told.contains("a.yaml:7:5: error PW0101")
            && told.contains("error PW0101: unknown field: `form`"),
        "{told}"
    );
}

#[test]
fn standard_input_and_revisions_are_read() {
    let desk = Desk::new("git");
    desk.git(&["init", "-q", "-b", "main"]);
    desk.write("policies/db.yaml", POLICY);
    desk.git(&["add", "."]);
    desk.git(&["commit", "-q", "-m", "one"]);
    desk.write("policies/db.yaml", &POLICY.replace("5432", "5433"));
    desk.git(&["commit", "-q", "-a", "-m", "two"]);
    let world = desk.write("world.yaml", WORLD);
    check(&desk, &["lint", "HEAD~1:policies"], 0);
    check(&desk, &["lint", "HEAD:policies/db.yaml"], 0);
    check(&desk, &["lint", "gone:policies"], 2);
    let plan = check(&desk, &["plan", "--world", &world, "HEAD~1..HEAD:policies"], 0);
    assert!(plan.contains("+ gained: shop/web -> data/db  5433/TCP"), "{plan}");
    assert!(plan.contains("- lost: shop/web -> data/db  5432/TCP"), "{plan}");
    check(&desk, &["plan", "--exit-code", "HEAD~1:policies", "policies"], 1);
    check(&desk, &["plan", "--exit-code", "HEAD:policies", "policies"], 0);
    let markdown = check(&desk, &["plan", "-o", "markdown", "HEAD~1:policies", "HEAD:policies"], 0);
    assert!(markdown.starts_with("### Podwall plan"), "{markdown}");
    let mut child = Command::new(env!("CARGO_BIN_EXE_podwall"))
        .args(["lint", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("as the test wrote it");
    child
        .stdin
        .take()
        .expect("as the test wrote it")
        .write_all(LOOSE.as_bytes())
        .expect("as the test wrote it");
    let output = child.wait_with_output().expect("as the test wrote it");
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("-:9:15: warning PW1004"));
}

#[test]
fn tests_are_run_and_told() {
    let desk = Desk::new("test");
    let world = desk.write("world.yaml", WORLD);
    desk.write("policies/db.yaml", POLICY);
    let case = |expect: &str| {
        format!(
            "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {{name: db, labels: {{suite: shop}}}}\ntests:\n- {{name: web reads, from: shop/web, to: data/db, port: 5432/TCP, expect: {expect}}}\n- {{from: shop/gone, to: data/db, port: 5432/TCP, expect: UNKNOWN}}\n"
        )
    };
    desk.write("tests/db.yaml", &case("ALLOW"));
    let run = |words: &[&str], code: i32| {
        let given = ["test", "--world", &world, "--policies", "policies"];
        check(&desk, &[&given, words].concat(), code)
    };
    assert_eq!(run(&["tests"], 0), "2 tests in 1 cases: 2 as expected, 0 not\n");
    run(&["--select", "suite=other", "tests"], 2);
    run(&["policies"], 2);
    desk.write("tests/db.yaml", &case("DROP"));
    let told = run(&["tests"], 1);
    for part in ["tests/db.yaml:5: db: web reads", "expected DROP", "got      ALLOW", "allows it"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(
        run(&["-o", "junit", "tests"], 1)
            .contains("<testsuites name=\"podwall\" tests=\"2\" failures=\"1\">")
    );
    assert!(run(&["-o", "tap", "tests"], 1).contains("not ok 1 - db: web reads\n"));
    let json: serde_json::Value =
        serde_json::from_str(&run(&["-o", "json", "tests"], 1)).expect("as the test wrote it");
    assert_eq!((&json["tests"], &json["failures"]), (&2.into(), &1.into()));
    run(&["--filter", "nothing like it", "tests"], 2);
    desk.write("tests/db.yaml", &case("PERHAPS"));
    run(&["tests"], 2);
}

#[test]
fn tests_of_a_revision_are_run_with_the_files_of_that_revision() {
    let desk = Desk::new("test-git");
    desk.git(&["init", "-q", "-b", "main"]);
    desk.write("policies/db.yaml", POLICY);
    desk.write("world.yaml", WORLD);
    let case = "apiVersion: podwall.io/v1\nkind: PolicyTest\nmetadata: {name: db}\n\
                policies: [{file: ../policies/db.yaml}]\n\
                tests: [{from: shop/web, to: data/db, port: 5432/TCP, expect: ALLOW}]\n";
    desk.write("tests/db.yaml", case);
    desk.git(&["add", "."]);
    desk.git(&["commit", "-q", "-m", "one"]);
    desk.write("policies/db.yaml", &POLICY.replace("5432", "5433"));
    let run =
        |word: &str, code: i32| check(&desk, &["test", "--world", "HEAD:world.yaml", word], code);
    run("HEAD:tests", 0);
    run("HEAD:tests/db.yaml", 0);
    run("tests", 1);
    run("gone", 2);
    run("HEAD:gone", 2);
}

#[test]
fn explain_map_and_generate_work_without_anything_that_runs() {
    let desk = Desk::new("explain");
    let world = desk.write("world.yaml", WORLD);
    desk.write("policies/db.yaml", POLICY);
    let ask = |to: &str, port: &str, code: i32| {
        let words = [
            "explain",
            "--world",
            &world,
            "--policies",
            "policies",
            "--from",
            "shop/web",
            "--to",
            to,
            "--port",
            port,
        ];
        check(&desk, &words, code)
    };
    assert!(
        ask("data/db", "5432", 0)
            .starts_with("forwarded: TCP 5432 from shop/web to data/db is allowed")
    );
    let dropped = ask("data/db", "80", 1);
    assert!(
        dropped.contains("nearest: NetworkPolicy/data/db#ingress[0], but it is about"),
        "{dropped}"
    );
    assert!(
        ask("data/gone", "80", 2).starts_with("UNKNOWN: neither a pod nor a service: `data/gone`")
    );
    let map = check(&desk, &["map", "--world", &world, "policies"], 0);
    assert!(map.contains("shop/web -> data/db  5432/TCP"), "{map}");
    for form in ["json", "dot", "mermaid", "svg"] {
        assert!(check(&desk, &["map", "-o", form, "policies"], 0).contains("5432/TCP"), "{form}");
    }
    let hubble = r#"{"flow":{"verdict":"FORWARDED","IP":{"source":"10.0.0.1","destination":"10.0.0.2"},"l4":{"TCP":{"source_port":40000,"destination_port":5432}},"source":{"namespace":"shop","pod_name":"web","labels":["k8s:app=web","k8s:io.kubernetes.pod.namespace=shop"]},"destination":{"namespace":"data","pod_name":"db","labels":["k8s:app=db"]},"is_reply":false,"traffic_direction":"INGRESS"}}"#;
    let own = r#"{"seq":1,"verdict":"forwarded","workload":"data/db","direction":"ingress","source":{"ip":"198.51.100.7","labels":["reserved:world-ipv4"],"identity":9},"destination":{"workload":"data/db","ip":"10.0.0.2","labels":["k8s:app=db"],"identity":300},"protocol":"TCP","port":5432,"source_port":1,"count":4}"#;
    let flows = desk.write("flows.jsonl", &format!("{hubble}\n{own}\n"));
    let draft = check(&desk, &["generate", "--flows", &flows], 0);
    assert!(draft.contains("- fromCIDR: [\"198.51.100.7/32\"]"), "{draft}");
    desk.write("draft.yaml", &draft);
    check(&desk, &["lint", "draft.yaml"], 0);
    check(&desk, &["generate", "--flows", "world.yaml"], 2);
}

#[test]
fn names_and_requests_are_in_the_map_and_in_the_plan() {
    let desk = Desk::new("names");
    let world = desk.write("world.yaml", WORLD);
    let policy = |name: &str, path: &str| {
        format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {{name: web, namespace: shop}}\n\
             spec:\n  endpointSelector: {{matchLabels: {{app: web}}}}\n  egress:\n  - toFQDNs: [{{matchName: {name}}}]\n    \
             toPorts: [{{ports: [{{port: \"443\", protocol: TCP}}]}}]\n  - toEndpoints: [{{matchLabels: {{app: db, \
             \"k8s:io.kubernetes.pod.namespace\": data}}}}]\n    toPorts: [{{ports: [{{port: \"80\", protocol: TCP}}], \
             rules: {{http: [{{method: GET, path: {path}}}]}}}}]\n"
        )
    };
    desk.write("old.yaml", &policy("api.example.com", "/v1"));
    desk.write("new.yaml", &policy("new.example.com", "/v2"));
    for form in ["text", "dot", "mermaid", "svg", "json"] {
        let told = check(&desk, &["map", "--world", &world, "-o", form, "old.yaml"], 0);
        assert!(told.contains("name api.example.com") && told.contains("/v1"), "{form}: {told}");
    }
    check(&desk, &["map", "old.yaml"], 0);
    let plan = check(&desk, &["plan", "--world", &world, "old.yaml", "new.yaml"], 0);
    for part in [
        "+ gained: shop/web -> name new.example.com  443/TCP",
        "- lost: shop/web -> name api.example.com  443/TCP",
        "~ other requests: shop/web -> data/db  80/TCP",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    let words = ["explain", "--world", &world, "--policies", "old.yaml", "--from", "shop/web"];
    let asked = ["--to", "name:api.example.com", "--port", "443"];
    let told = check(&desk, &[&words[..], &asked[..]].concat(), 2);
    assert!(told.contains("no address of this name is known"), "{told}");
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let desk = Desk::new("man");
    for shell in ["bash", "zsh", "fish"] {
        assert!(check(&desk, &["completion", shell], 0).contains("generate"), "{shell}");
    }
    let folder = desk.0.display().to_string();
    check(&desk, &["man", &folder], 0);
    for page in ["podwall.1", "podwall-lint.1", "podwall-plan.1"] {
        assert!(Path::new(&desk.0).join(page).is_file(), "{page}");
    }
    for command in ["lint", "test", "map", "plan", "generate", "explain", "completion", "man"] {
        assert!(check(&desk, &[command, "--help"], 0).contains("Examples:"), "{command}");
    }
}
